"""Putting a mark on the new faces of a frame."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Final

import numpy as np

from personae.engine import imaging
from personae.engine.geometry import SKIN_POINTS, clip_box
from personae.engine.marking import pattern
from personae.engine.types import BoxXYXY, Canvas, Float32, Float64, Marked

LIMIT: Final = 1.9
"""Root mean square of the change in a marked region, in levels of 255, at most: 42.6 dB."""
_LEAST_LIMIT: Final = 1.3
_LIMIT_TILES: Final = 20.0
"""In regions of more tiles than these the limit falls, by the fourth root, to `_LEAST_LIMIT`."""
GROWN, MOST_GROWN = 0.12, 0.2
"""How far the mark goes on around a rendered face, on each side, as shares of its box."""
LEAST_TILES: Final = 2.0
"""Up to so many tiles a small region is grown further than `GROWN`."""

_PLAIN, _BUSY = 0.8, 3.0
"""Levels: how strong the mark is on plain skin, and in hair, before the limit is kept."""
_BUSY_AT: Final = 14.0
"""Levels that pixels stray from their surroundings where the mark is as strong as `_BUSY`."""
_DARK, _BRIGHT, _LEAST_LIT = 20.0, 90.0, 0.5
"""On dark skin grain shows most: from a mean level of `_BRIGHT` down to `_DARK` the mark falls, but
never below this share of its strength."""
_THIN_PX: Final = 4
_FULL: Final = 0.68
"""Out to this share of the way to its edge a region is marked in full."""


def mark_into(canvas: Canvas, faces: Sequence[tuple[BoxXYXY, Float64]], mark: int) -> list[Marked]:
    """Add a mark to the brightness of all new faces, in place.

    The pattern moves with each face, by whole pixels: codecs carry it along from frame to frame
    like the skin it lies on, and no still pattern shows through a moving face.

    Parameters
    ----------
    canvas : Canvas
        The faces have been rendered into it.
    faces : sequence of (box, landmarks)
        Where they were rendered, and their landmarks, float64 (478, 3) in pixels.
    mark : int
        In [0, 2**40).

    Returns
    -------
    list of Marked
        One for each face.

    Raises
    ------
    InvalidRequest
        If there is no such mark.
    """
    side = pattern.period_px(canvas.size_wh)
    done = [_marked(canvas, rendered, side) for rendered, _ in faces]
    for number, one in enumerate(done):
        for other in done[:number]:
            _leave_into(one, other)
    for one, (_, landmarks) in zip(done, faces, strict=True):
        anchor = np.rint(landmarks[:SKIN_POINTS, :2].mean(axis=0)).astype(int)
        offset = (one.box[0] - int(anchor[0]), one.box[1] - int(anchor[1]))
        waves = pattern.spread(mark, side, _size(one.box), offset)
        canvas.brighten_into(one.box, imaging.multiply(waves, one.weight))
    return done


def _marked(canvas: Canvas, rendered: BoxXYXY, side_px: int) -> Marked:
    """Where and how strongly a face will be marked."""
    whole = region(rendered, side_px)
    box = clip_box(np.array(whole[:2]), np.array(whole[2:]) - 1, canvas.size_wh)
    assert box is not None, "a face that was rendered lies in the frame"
    width, height = _size(whole)
    weight = _weight(canvas, whole, box, _limit(width * height / side_px**2))
    return Marked(box, imaging.resize_linear(weight, _size(box)))


def region(rendered: BoxXYXY, side_px: int) -> BoxXYXY:
    """The region to mark for a face's box: somewhat grown, more where it is small.

    It may reach beyond the frame.
    """
    x0, y0, x1, y1 = rendered
    across, down = (
        round(min(max(GROWN * size, (LEAST_TILES * side_px - size) / 2), MOST_GROWN * size))
        for size in _size(rendered)
    )
    return x0 - across, y0 - down, x1 + across, y1 + down


def _limit(tiles: float) -> float:
    """What `LIMIT` is in a region of so many tiles: many of them can be read when each is faint."""
    return max(_LEAST_LIMIT, LIMIT * min(1.0, (_LIMIT_TILES / tiles) ** 0.25))


def _weight(canvas: Canvas, whole: BoxXYXY, box: BoxXYXY, limit: float) -> Float32:
    """How strong the mark may be, float32 (h, w) in levels, on every `_THIN_PX`-th pixel of `box`.

    More where the picture is busy, which hides it; nothing at the region's edge.
    """
    luma = canvas.region_luma(box, _THIN_PX)
    stray = imaging.subtract(luma, imaging.blur(luma, 2.0))
    busy: Float32 = np.sqrt(imaging.blur(imaging.multiply(stray, stray), 2.0))
    height, width = luma.shape
    corner = (box[0] - whole[0], box[1] - whole[1])
    weight = np.minimum(busy * np.float32((_BUSY - _PLAIN) / _BUSY_AT), np.float32(_BUSY - _PLAIN))
    weight += np.float32(_PLAIN)
    window = _window(_size(whole), corner, (width, height))
    weight *= window
    power = float(np.sum(imaging.multiply(weight, weight))) / max(1, np.count_nonzero(weight))
    weight *= np.float32(min(1.0, limit / max(math.sqrt(power), 1e-6)))
    # Of the whole region at once: what is dark in a bright face, hair and a hat, hides the mark.
    level = float(np.sum(imaging.multiply(luma, window))) / max(1.0, float(np.sum(window)))
    weight *= np.float32(min(1.0, max(_LEAST_LIT, (level - _DARK) / (_BRIGHT - _DARK))))
    return weight


def _window(
    whole_wh: tuple[int, int], corner_xy: tuple[int, int], size_wh: tuple[int, int]
) -> Float32:
    """1 in the middle of a region and 0 outside a rounded box in it, on thinned pixels."""
    sides: list[Float32] = []
    for whole, corner, size in zip(whole_wh, corner_xy, size_wh, strict=True):
        place = corner + _THIN_PX * np.arange(size, dtype=np.float32)
        sides.append(np.abs(2 * (place + 0.5) / whole - 1) ** 3)
    reach = np.cbrt(sides[1][:, None] + sides[0][None, :])
    ramp = np.clip((1 - reach) * np.float32(1 / (1 - _FULL)), 0, 1)
    return ramp * ramp * (3 - 2 * ramp)


def _leave_into(one: Marked, other: Marked) -> None:
    """Where `other` is marked already, only add what it lacks."""
    x0, y0 = (max(one.box[k], other.box[k]) for k in (0, 1))
    x1, y1 = (min(one.box[k], other.box[k]) for k in (2, 3))
    if x1 <= x0 or y1 <= y0:
        return
    mine, there = (
        marked.weight[
            y0 - marked.box[1] : y1 - marked.box[1], x0 - marked.box[0] : x1 - marked.box[0]
        ]
        for marked in (one, other)
    )
    mine -= np.minimum(mine, there)


def _size(box: BoxXYXY) -> tuple[int, int]:
    return box[2] - box[0], box[3] - box[1]
