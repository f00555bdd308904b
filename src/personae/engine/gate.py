"""The content gate: how likely a picture is to show nudity or sex, and what is refused for it.

The network is Yahoo's open_nsfw (Mahadeokar and Pesavento, 2016). It was trained on pictures that
were squeezed to 256 x 256 whatever their shape, went through JPEG once more, and were cut to their
middle 224; without JPEG its scores for ordinary portraits are about a third lower.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Final, Literal, Protocol

import numpy as np

from personae.engine import imaging
from personae.engine.types import Canvas, Float32, UInt8
from personae.errors import PolicyRefused

GateRole = Literal["donor", "scene", "output"]

SIDE_PX: Final = 256
_MIDDLE_PX: Final = 224
_BORDER_PX: Final = (SIDE_PX - _MIDDLE_PX) // 2
_JPEG_QUALITY: Final = 75
_MEAN_BGR: Final = np.array([104, 117, 123], np.float32)
_ELONGATED: Final = 2.5
"""Longer pictures for their width are looked at in squares as well: squeezed as a whole, what fills
one of their ends is lost among the rest."""
_MOST_SQUARES: Final = 24


class Network(Protocol):
    """Takes float32 (1, 224, 224, 3), gives float32 (1, 2) whose second number is the score."""

    def __call__(self, *arrays: Float32) -> list[Float32]: ...


class PictureScorer(Protocol):
    """Says how likely a picture is to be unsafe; threads share it."""

    def score(self, canvas: Canvas) -> float:
        """In [0, 1]."""
        ...


class Scorer:
    """Scores pictures with open_nsfw; threads may share it if they may share the network."""

    def __init__(self, network: Network) -> None:
        self._network = network

    def score(self, canvas: Canvas) -> float:
        """How likely a picture is to be unsafe: [0, 1], the highest of all its views.

        Only a thumbnail is looked at, so that the size of the picture hardly matters.
        """
        limit_px = longest_thumbnail(canvas.size_wh, SIDE_PX)
        return max(self._score(view) for view in views(canvas.thumbnail_rgb(limit_px)))

    def _score(self, rgb: UInt8) -> float:
        (told, *_) = self._network(prepared(rgb))
        return min(1.0, max(0.0, float(told[0, 1])))


def longest_thumbnail(size_wh: tuple[int, int], side_px: int) -> int:
    """The longer side of the thumbnail of whose views each has `side_px` pixels a side."""
    length = max(size_wh) / min(size_wh)
    return math.ceil(side_px * min(length, _MOST_SQUARES / 2))


def views(rgb: UInt8) -> Iterator[UInt8]:
    """The picture itself and, if it is elongated, squares along it that overlap by half."""
    yield rgb
    height, width = rgb.shape[:2]
    short, long = min(width, height), max(width, height)
    if long <= _ELONGATED * short:
        return
    count = min(_MOST_SQUARES, math.ceil(2 * (long - short) / short) + 1)
    # Of the very longest pictures, the views are no squares but still cover everything.
    side = max(short, math.ceil(2 * long / (count + 1)))
    for i in range(count):
        start = round(i * (long - side) / (count - 1))
        yield rgb[:, start : start + side] if width > height else rgb[start : start + side]


def prepared(rgb: UInt8) -> Float32:
    """A picture of any size as the network wants it: float32 (1, 224, 224, 3) BGR less the mean."""
    height, width = rgb.shape[:2]
    shrinks = min(width, height) >= SIDE_PX
    resize = imaging.resize_area if shrinks else imaging.resize_linear
    squeezed = resize(np.ascontiguousarray(rgb), (SIDE_PX, SIDE_PX))
    middle = squeezed[_BORDER_PX:-_BORDER_PX, _BORDER_PX:-_BORDER_PX]
    seen = imaging.through_jpeg(middle, _JPEG_QUALITY)
    return np.ascontiguousarray(seen[None, ..., ::-1].astype(np.float32) - _MEAN_BGR)


@dataclass(frozen=True, slots=True)
class Seen:
    """What the gate saw of one role.

    Attributes
    ----------
    looked : int
        Pictures, or frames, that were scored.
    highest : float, range [0, 1]
    above : int
        How many were above the limit.
    """

    looked: int = 0
    highest: float = 0.0
    above: int = 0

    def plus(self, score: float, limit: float) -> Seen:
        """With one more."""
        return Seen(self.looked + 1, max(self.highest, score), self.above + (score > limit))

    def joined(self, other: Seen) -> Seen:
        """Of both."""
        return Seen(
            self.looked + other.looked,
            max(self.highest, other.highest),
            self.above + other.above,
        )

    def to_plain(self) -> list[float]:
        """Numbers for a file."""
        return [self.looked, self.highest, self.above]

    @classmethod
    def from_plain(cls, plain: list[float] | None) -> Seen:
        """What `to_plain` wrote; nothing was seen where nothing was written."""
        return cls() if plain is None else cls(int(plain[0]), float(plain[1]), int(plain[2]))


NOTHING: Final = Seen()
"""What a gate has seen that has not looked."""


@dataclass(frozen=True, slots=True)
class Gate:
    """A scorer and how much is too much, for each role; a limit of None does not look.

    Attributes
    ----------
    scene, output : float or None, range [0, 1]
        The highest score that passes.
    every_s : float, seconds
        How far the frames of a clip are apart that are looked at.
    donor : Seen
        What was seen of the donors, who were let in before.
    donor_limit : float or None
    """

    scorer: PictureScorer
    scene: float | None
    output: float | None
    every_s: float
    donor: Seen = NOTHING
    donor_limit: float | None = None

    def limit(self, role: GateRole) -> float | None:
        """The highest score that passes; None if nobody looks."""
        return {"donor": self.donor_limit, "scene": self.scene, "output": self.output}[role]

    def look(self, role: GateRole, canvas: Canvas) -> Seen:
        """Let a picture through, unless it is too much for its role.

        Raises
        ------
        PolicyRefused
        """
        limit = self.limit(role)
        if limit is None:
            return NOTHING
        seen = NOTHING.plus(self.scorer.score(canvas), limit)
        check_picture(role, seen.highest, limit)
        return seen

    def report(self, seen: Mapping[GateRole, Seen]) -> dict[str, dict[str, float]]:
        """What was seen, as plain values; roles that nobody looked at are left out."""
        told: dict[str, dict[str, float]] = {}
        all_seen: dict[GateRole, Seen] = {"donor": self.donor, **seen}
        for role, one in all_seen.items():
            limit = self.limit(role)
            if limit is not None and one.looked:
                highest = round(one.highest, 4)
                told[role] = {"looked": one.looked, "highest": highest, "limit": limit}
        return told


def check_picture(role: GateRole, score: float, limit: float) -> None:
    """Refuse a single picture whose score is above the limit.

    Raises
    ------
    PolicyRefused
    """
    if score > limit:
        raise _refusal(role, Seen(1, score, 1), limit)


def check_clip(role: GateRole, seen: Seen, limit: float, time_s: float | None = None) -> None:
    """Refuse a clip of which two frames are above the limit, or one half-way from there to 1.

    One frame of many that the network takes for something else does not end a long job; once
    refused, a clip stays refused whatever else is seen of it.

    Raises
    ------
    PolicyRefused
    """
    if seen.above >= 2 or seen.highest > (1 + limit) / 2:
        raise _refusal(role, seen, limit, time_s)


_CALLED: Mapping[GateRole, str] = {
    "donor": "A photo of the donor",
    "scene": "The scene",
    "output": "The output",
}


def _refusal(
    role: GateRole, seen: Seen, limit: float, time_s: float | None = None
) -> PolicyRefused:
    facts: dict[str, float] = {
        "score": round(seen.highest, 4),
        "limit": limit,
        "looked": seen.looked,
    }
    if time_s is not None:
        facts["time_s"] = round(time_s, 3)
    instead = "use another scene or donor" if role == "output" else f"use another {role}"
    return PolicyRefused(
        f"{_CALLED[role]} seems to show nudity or sex, which the content gate does not let "
        f"through; {instead}.",
        role=role,
        reason="nsfw",
        facts=facts,
    )
