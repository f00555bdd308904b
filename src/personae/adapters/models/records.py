"""Small records beside the models: what was made, which bytes are pinned, which licence accepted.

Each is one JSON file that is written whole or not at all.
"""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Final

from personae.engine.card import Card, Source

MADE: Final = "made.json"
PINS: Final = ".pins"


@dataclass(frozen=True, slots=True)
class Pin:
    """The bytes that were trusted when a model came for the first time.

    Attributes
    ----------
    sha256 : str
    size_bytes : int
    origin : str
        The URL, or "a file of your own".
    at : float
        Seconds since 1970.
    """

    sha256: str
    size_bytes: int
    origin: str
    at: float


@dataclass(frozen=True, slots=True)
class MadeFile:
    """One installed file as it was made."""

    size_bytes: int
    sha256: str


@dataclass(frozen=True, slots=True)
class Made:
    """What an installed model was made of, and by what."""

    source_sha256: str
    conversion: str
    conversion_version: int
    files: Mapping[str, MadeFile]

    def fits(self, card: Card, pin: Pin | None) -> bool:
        """Whether this is what `card` asks for, of the bytes that are known or pinned."""
        wanted = card.source.sha256 or (pin.sha256 if pin else "")
        return (
            (self.conversion, self.conversion_version) == (card.conversion, card.conversion_version)
            and wanted in ("", self.source_sha256)
            and _has_ends(card.source, self.source_sha256)
            and set(self.files) == {part.file for part in card.parts}
        )


def write_whole(path: Path, text: str) -> None:
    """Write a small file so that a break leaves the old one or the new one.

    Raises
    ------
    OSError
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    aside = path.with_name(f".{path.name}.{os.getpid()}.new")
    with aside.open("w", encoding="utf-8") as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())
    aside.replace(path)


def read_pin(folder: Path, name: str) -> Pin | None:
    """The pin of a model; None if it has none. An unreadable one counts as none."""
    try:
        return Pin(**_object(pin_path(folder, name)))
    except (OSError, ValueError, TypeError):
        return None


def write_pin(folder: Path, name: str, pin: Pin) -> None:
    """Pin a model's bytes."""
    write_whole(pin_path(folder, name), json.dumps(asdict(pin), indent=1) + "\n")


def pin_path(folder: Path, name: str) -> Path:
    """Where a model's pin is, in the models folder `folder`."""
    return folder / PINS / f"{name}.json"


def read_made(home: Path) -> Made | None:
    """The record in a model's own folder.

    None if it cannot be read or is of an unknown form.

    Raises
    ------
    FileNotFoundError
        If there is none.
    """
    try:
        return parse_made((home / MADE).read_text("utf-8"))
    except (FileNotFoundError, NotADirectoryError) as error:
        raise FileNotFoundError from error
    except (OSError, ValueError):
        return None


def parse_made(text: str) -> Made:
    """A record from its text.

    Raises
    ------
    ValueError
        If it is not one.
    """
    try:
        values = json.loads(text)
        files = {str(name): MadeFile(**file) for name, file in values.pop("files").items()}
        return Made(files=files, **values)
    except (KeyError, TypeError, AttributeError) as error:
        raise ValueError("no record of a model") from error


def made_text(made: Made) -> str:
    """A record as text."""
    return json.dumps(asdict(made), indent=1) + "\n"


def _has_ends(source: Source, sha256: str) -> bool:
    if not source.sha256_ends:
        return True
    start, end = source.sha256_ends
    return sha256.startswith(start) and sha256.endswith(end)


def _object(path: Path) -> dict[str, Any]:
    return dict(json.loads(path.read_text("utf-8")))
