"""Small pictures for the page: faces, cut out and kept as JPEG."""

from __future__ import annotations

import heapq
import io
import itertools
from dataclasses import dataclass
from typing import Final

import numpy as np
from PIL import Image

from personae.engine import imaging
from personae.engine.types import Face, UInt8
from personae.evaluating.rows import Row

SIDE_PX: Final = 240
_MARGIN: Final = 0.45
_QUALITY: Final = 86


@dataclass(frozen=True, slots=True, eq=False)
class Shots:
    """Donor, scene and output of one pair as JPEG files; empty where there is none."""

    donor: bytes
    scene: bytes
    output: bytes


def shot(rgb: UInt8, face: Face | None) -> bytes:
    """A square around a face with some room, at most `SIDE_PX` wide; without a face, all of it.

    uint8 (H, W, 3) RGB in, a JPEG out.
    """
    part = rgb if face is None else _square(rgb, face)
    height, width = part.shape[:2]
    scale = min(1.0, SIDE_PX / max(width, height))
    size = max(1, round(width * scale)), max(1, round(height * scale))
    small = imaging.resize_area(np.ascontiguousarray(part), size)
    file = io.BytesIO()
    Image.fromarray(small).save(file, "JPEG", quality=_QUALITY)
    return file.getvalue()


def _square(rgb: UInt8, face: Face) -> UInt8:
    height, width = rgb.shape[:2]
    x0, y0, x1, y1 = face.box_xyxy
    half = max(x1 - x0, y1 - y0) * (0.5 + _MARGIN)
    x, y = (x0 + x1) / 2, (y0 + y1) / 2 - half * 0.1
    left, right = max(0, round(x - half)), min(width, round(x + half))
    top, bottom = max(0, round(y - half)), min(height, round(y + half))
    return rgb[top:bottom, left:right] if right > left and bottom > top else rgb


@dataclass(frozen=True, slots=True, eq=False)
class Shown:
    """A row and its pictures."""

    row: Row
    shots: Shots


class Showcase:
    """The worst and the best rows of an engine with their pictures; the others are let go.

    Parameters
    ----------
    worst, best : int
        How many of each are kept.
    """

    def __init__(self, worst: int, best: int) -> None:
        self._limits = worst, best
        self._heaps: tuple[list[tuple[float, int, Shown]], list[tuple[float, int, Shown]]] = [], []
        self._numbers = itertools.count()

    def wants(self, row: Row) -> bool:
        """Whether it is worth drawing the pictures of a row."""
        return any(
            limit > 0 and (len(heap) < limit or sign * row.trouble > heap[0][0])
            for heap, limit, sign in zip(self._heaps, self._limits, (1, -1), strict=True)
        )

    def add(self, row: Row, shots: Shots) -> None:
        """Keep a row if it is among the worst or the best so far."""
        for heap, limit, sign in zip(self._heaps, self._limits, (1, -1), strict=True):
            if limit > 0:
                # Of equals the first stays: numbers run down, and the heap drops the smallest.
                heapq.heappush(heap, (sign * row.trouble, -next(self._numbers), Shown(row, shots)))
                if len(heap) > limit:
                    heapq.heappop(heap)

    @property
    def worst(self) -> list[Shown]:
        """The worst first."""
        return [shown for *_, shown in sorted(self._heaps[0], key=_place, reverse=True)]

    @property
    def best(self) -> list[Shown]:
        """The best first, without those that are among the worst already."""
        shown = {id(one.row) for one in self.worst}
        ordered = sorted(self._heaps[1], key=_place, reverse=True)
        return [one for *_, one in ordered if id(one.row) not in shown]


def _place(entry: tuple[float, int, Shown]) -> tuple[float, int]:
    return entry[:2]
