"""The visible label: what may be written over an output, and whose word counts.

A tenant can have a label for pictures and one for whatever moves; a task can bring its own. Where
the tenant's is enforced, it is drawn whatever the task says.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any, Final

from personae.errors import InvalidRequest

PLACES: Final = ("top-left", "top", "top-right", "bottom-left", "bottom", "bottom-right")
DEFAULT_PLACE: Final = "bottom-right"
DEFAULT_SIZE: Final = 0.04
LEAST_SIZE: Final = 0.02
MOST_SIZE: Final = 0.15
MOST_CHARACTERS: Final = 80
SETTING: Final = "label"
"""The name of a tenant's labels among its settings."""

_JOINERS: Final = "\u200c\u200d"
_UNSEEN: Final = ("Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp")
_DRAWABLE: Final = (
    *((0x20, 0x7E), (0xA0, 0xAC), (0xAE, 0x17F), (0x218, 0x21B)),  # Latin
    *((0x386, 0x386), (0x388, 0x38A), (0x38C, 0x38C), (0x38E, 0x3A1), (0x3A3, 0x3CE)),  # Greek
    *((0x400, 0x482), (0x48A, 0x513)),  # Cyrillic
    (0x1EA0, 0x1EF9),  # Vietnamese
    *((0x2013, 0x2014), (0x2018, 0x201E), (0x2020, 0x2022), (0x2026, 0x2026)),
    *((0x2030, 0x2030), (0x2039, 0x203A), (0x20AC, 0x20AC), (0x2116, 0x2116), (0x2122, 0x2122)),
    *((0x3001, 0x3003), (0x3005, 0x3011), (0x3041, 0x3094), (0x30A1, 0x30F6), (0x30FB, 0x30FE)),
    *((0x4E00, 0x9FA5), (0xAC00, 0xD7A3), (0xFF01, 0xFF5E)),
)
"""Code points that the built-in letters have, first and last; a test draws every one of them."""


@dataclass(frozen=True, slots=True)
class Label:
    """A visible label; valid once constructed.

    Attributes
    ----------
    text : str, 1 to `MOST_CHARACTERS` characters, in Unicode's composed form
    place : one of `PLACES`
    size : float, [`LEAST_SIZE`, `MOST_SIZE`]
        Height of the letters' em as a share of the output's shorter side.
    """

    text: str
    place: str = DEFAULT_PLACE
    size: float = DEFAULT_SIZE

    def __post_init__(self) -> None:
        object.__setattr__(self, "text", tidy(self.text))
        check_place(self.place)
        check_size(self.size)

    def to_json(self) -> dict[str, Any]:
        """Plain values for a database column."""
        return asdict(self)

    @classmethod
    def from_json(cls, values: Mapping[str, Any]) -> Label:
        """The label that `to_json` wrote."""
        return cls(values["text"], values["place"], values["size"])


@dataclass(frozen=True, slots=True)
class TenantLabels:
    """What a tenant's outputs carry.

    ``enforced``: tasks can neither replace these nor do without; where there is none, a task may
    bring its own.
    """

    pictures: Label | None = None
    videos: Label | None = None
    enforced: bool = False

    def to_json(self) -> dict[str, Any]:
        """Plain values for the tenant's settings."""
        return {
            "pictures": None if self.pictures is None else self.pictures.to_json(),
            "videos": None if self.videos is None else self.videos.to_json(),
            "enforced": self.enforced,
        }

    @classmethod
    def of(cls, settings: Mapping[str, Any]) -> TenantLabels:
        """The labels among a tenant's settings."""
        told: Mapping[str, Any] = settings.get(SETTING) or {}
        pictures, videos = told.get("pictures"), told.get("videos")
        return cls(
            None if pictures is None else Label.from_json(pictures),
            None if videos is None else Label.from_json(videos),
            bool(told.get("enforced")),
        )

    def choose(self, asked: Label | None, *, moving: bool) -> Label | None:
        """Which label an output carries; `asked` is the task's own."""
        own = self.videos if moving else self.pictures
        if own is not None and (self.enforced or asked is None):
            return own
        return asked


def tidy(text: str) -> str:
    """A label's text in composed form, without space around it.

    Raises
    ------
    InvalidRequest
        If it is empty, too long, or has characters that cannot be seen.
    """
    text = unicodedata.normalize("NFC", text).strip()
    if not text or len(text) > MOST_CHARACTERS:
        raise InvalidRequest(f"A label has 1 to {MOST_CHARACTERS} characters.")
    for char in text:
        if char not in _JOINERS and unicodedata.category(char) in _UNSEEN:
            raise InvalidRequest(
                f"A label is one line of visible characters; U+{ord(char):04X} is none."
            )
    return " ".join(text.split())


def check_drawable(text: str) -> None:
    """Refuse a text for which the built-in letters do not suffice.

    Raises
    ------
    InvalidRequest
    """
    for char in text:
        at = ord(char)
        if not any(first <= at <= last for first, last in _DRAWABLE):
            raise InvalidRequest(
                f"The built-in letters cannot write {char!r} (U+{at:04X}) in a label: they are "
                "Latin, Cyrillic, Greek, Chinese, Japanese and Korean. Use other words, or a font "
                "file that has it."
            )


def drawable() -> list[str]:
    """Every character that the built-in letters have."""
    return [chr(at) for first, last in _DRAWABLE for at in range(first, last + 1)]


def check_place(place: str) -> None:
    """Refuse a place that is none of `PLACES`.

    Raises
    ------
    InvalidRequest
    """
    if place not in PLACES:
        raise InvalidRequest(f"A label's place is one of {', '.join(PLACES)}.")


def check_size(size: float) -> None:
    """Refuse a size outside [`LEAST_SIZE`, `MOST_SIZE`].

    Raises
    ------
    InvalidRequest
    """
    number = not isinstance(size, bool) and isinstance(size, int | float)  # pyright: ignore[reportUnnecessaryIsInstance]
    if not number or not LEAST_SIZE <= size <= MOST_SIZE:
        raise InvalidRequest(
            f"A label's size is a share of the shorter side, from {LEAST_SIZE:g} to {MOST_SIZE:g}."
        )
