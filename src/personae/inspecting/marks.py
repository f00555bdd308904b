"""Reading the invisible mark of a file: of a picture, an animation or a video."""

from __future__ import annotations

import time
from collections.abc import Callable, Generator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Final

import numpy as np

from personae import wiring
from personae.engine.canvas import RgbCanvas
from personae.engine.geometry import clip_box
from personae.engine.marking import searching
from personae.engine.marking.searching import Reading, Sight
from personae.engine.types import BoxXYXY, Canvas, Float32
from personae.errors import Canceled
from personae.video.glimpses import glimpses

FRAMES: Final = 24
"""Frames of a clip that are looked at, at most."""
LIMIT_S: Final = 20.0
"""Seconds after which no further frame is looked at; a mark shows in the first ones or not."""
_FACES: Final = 4
_AROUND: Final = 0.42
"""How far beyond a face's box its mark reaches, as a share of the box."""
_TIGHT_PX: Final = 640
"""A picture that small may be a part of a face that is not found as one: it is searched whole."""
_DECODED: Final = 96
"""Places that are decoded in a file, at most: so many chances of 2**-24 for a false alarm."""
_PER_PIECE: Final = 8
_SHOWS: Final = 5.0
"""From this score on a place counts when several frames are put together."""


@dataclass(frozen=True, slots=True)
class MarkFound:
    """A mark that was read from a file.

    Attributes
    ----------
    mark : int
        0 says that no service made it, any other number leads a service to its task.
    confidence : float in [0, 1]
        How much of what was looked at the mark explains; 0.45 is about the least that can be read.
    time_s : float, seconds
        When the frame is shown in which it was read; 0 in a picture.
    box_xyxy : four ints, pixels
        Where in that frame.
    period_px : float
        The side of a tile of its pattern, as large as it is now.
    mirrored : bool
        Whether left and right were exchanged since.
    turned_deg : 0, 90, 180 or 270
        How far clockwise the frame must be turned to stand as it did.
    """

    mark: int
    confidence: float
    time_s: float
    box_xyxy: BoxXYXY
    period_px: float
    mirrored: bool
    turned_deg: int

    def to_json(self) -> dict[str, Any]:
        """Plain values for `json.dumps`."""
        return {
            "mark": self.mark,
            "confidence": round(self.confidence, 3),
            "time_s": round(self.time_s, 3),
            "box_xyxy": list(self.box_xyxy),
            "period_px": round(self.period_px, 1),
            "mirrored": self.mirrored,
            "turned_deg": self.turned_deg,
        }


def find_mark(
    path: Path,
    should_stop: Callable[[], bool] | None = None,
    *,
    limit_s: float = LIMIT_S,
    clock: Callable[[], float] = time.monotonic,
) -> MarkFound | None:
    """The invisible mark of a file, or None where none can be read.

    Parameters
    ----------
    path : Path
        A picture, an animation or a video.
    should_stop : callable, optional
        Asked many times a second; True ends the search with `Canceled`.
    limit_s : float, seconds
        After which the search goes no further than the frame at hand.
    clock : callable
        Seconds from any start.

    Raises
    ------
    MediaError
        If it cannot be read, or is no media with pictures.
    ModelError, Canceled
    """
    search = _Search(should_stop or _never)
    end = clock() + limit_s
    frames = glimpses(path, FRAMES)
    for number, glimpse in enumerate(frames):
        # The first frames may have been turned; a clip is not turned halfway.
        for turns in range(4 if number < 2 else 1):
            found = search.in_frame(_turned(glimpse.canvas, turns))
            if found is not None:
                frames.close()
                return replace(found, time_s=glimpse.time_s, turned_deg=90 * turns)
            if clock() > end:
                frames.close()
                return None
    return None


class _Search:
    """Looks at frame after frame, and remembers what may add up to a mark."""

    def __init__(self, should_stop: Callable[[], bool]) -> None:
        self._should_stop = should_stop
        self._left = _DECODED
        self._hints: list[Sight] = []

    def in_frame(self, canvas: Canvas) -> MarkFound | None:
        """The mark of one frame as it stands."""
        sides = searching.periods(canvas.size_wh)
        for box in _pieces(canvas):
            reading = self._in_piece(canvas.region_luma(box, 1), sides)
            if reading is not None:
                return MarkFound(
                    mark=reading.mark,
                    confidence=reading.confidence,
                    time_s=0.0,
                    box_xyxy=box,
                    period_px=reading.period_px,
                    mirrored=reading.mirrored,
                    turned_deg=0,
                )
        return None

    def _in_piece(self, luma: Float32, sides: list[float]) -> Reading | None:
        sights = searching.look(luma, sides, self._should_stop)
        if self._should_stop():
            raise Canceled("The search for a mark was stopped on request.")
        for rough in sights[:_PER_PIECE]:
            sight = searching.refine(luma, rough)
            reading = self._read(sight)
            if reading is None and sight.score >= _SHOWS:
                reading = self._with_others(sight)
            if reading is not None:
                return reading
        return None

    def _with_others(self, sight: Sight) -> Reading | None:
        """What a place says together with those in other frames that look alike."""
        alike = [
            one
            for one in self._hints
            if one.mirrored == sight.mirrored and abs(one.period_px / sight.period_px - 1) < 0.02
        ]
        self._hints.append(sight)
        return self._read(searching.fuse([*alike, sight])) if alike else None

    def _read(self, sight: Sight) -> Reading | None:
        if self._left == 0:
            return None
        self._left -= 1
        return searching.read(sight)


def _pieces(canvas: Canvas) -> Generator[BoxXYXY]:
    """Where a mark may be: around the largest faces; a small picture, everywhere."""
    faces = wiring.engine().faces(canvas)
    width, height = canvas.size_wh
    boxes = sorted((face.box_xyxy for face in faces), key=lambda box: box[0] - box[2])
    for x0, y0, x1, y1 in boxes[:_FACES]:
        across, down = _AROUND * (x1 - x0), _AROUND * (y1 - y0)
        box = clip_box(
            np.array([x0 - across, y0 - down]), np.array([x1 + across, y1 + down]), (width, height)
        )
        if box is not None:
            yield box
    if not faces and max(width, height) <= _TIGHT_PX:
        yield 0, 0, width, height


def _turned(canvas: Canvas, quarters: int) -> Canvas:
    """A canvas turned clockwise by so many quarters; itself for none."""
    if quarters == 0:
        return canvas
    width, height = canvas.size_wh
    rgb = np.rot90(canvas.region_rgb((0, 0, width, height)), -quarters)
    return RgbCanvas(np.ascontiguousarray(rgb))


def _never() -> bool:
    return False
