"""Which part of an aligned crop is the face: where a neural engine may change the picture."""

from __future__ import annotations

import math
from typing import Final

import numpy as np

from personae.engine import imaging
from personae.engine.geometry import SKIN_POINTS, clip_box
from personae.engine.plans import FacePlan
from personae.engine.types import BoxXYXY, Float32, Float64, UInt8

_WORK_PX: Final = 112
"""The side at which masks are made: they are smooth."""
_GROWN: Final = 1.03
"""The landmarks' outline runs a little inside the face's own."""
_SOFT: Final = 0.022
_RIM: Final = 0.02
"""The crop's border, as a share of its side, that never changes: what is beyond it is unknown."""
_HEAD: Final = 1.15
"""How much larger than its face a head is taken to be that stands before another."""


def inner_box(landmarks: Float64, reach: BoxXYXY) -> BoxXYXY | None:
    """The box around a face and its soft edge, inside what its crop covers; None if it is empty."""
    points = landmarks[:SKIN_POINTS, :2]
    low, high = points.min(0), points.max(0)
    margin = (high - low).max() * (_GROWN - 1 + 4 * _SOFT) + 2
    box = clip_box(low - margin, high + margin, (reach[2], reach[3]))
    if box is None:
        return None
    x0, y0 = max(box[0], reach[0]), max(box[1], reach[1])
    return (x0, y0, box[2], box[3]) if box[2] > x0 and box[3] > y0 else None


def face_mask(plan: FacePlan, to_crop: Float64, side_px: int) -> Float32:
    """The plan's face in its crop: float32 (side, side) in [0, 1], soft, 0 along the border.

    Faces in front of it are left out.
    """
    work = min(_WORK_PX, side_px)
    scale = work / side_px
    mask = _hull(plan.landmarks, to_crop, scale, work, _GROWN)
    soft = imaging.blur(imaging.erode(mask, max(1, round(_SOFT * work))), _SOFT * work)
    for nearer in plan.nearer:
        head = _hull(nearer, to_crop, scale, work, _HEAD)
        soft *= 1 - imaging.blur(head, _SOFT * work)
    rim = max(1, math.ceil(_RIM * work))
    edge = np.zeros((work, work), np.float32)
    edge[2 * rim : -2 * rim, 2 * rim : -2 * rim] = 1
    soft *= np.clip(imaging.box_mean(edge, rim), 0, 1)
    soft[soft < 1 / 512] = 0
    return soft if work == side_px else imaging.resize_linear(soft, (side_px, side_px))


def _hull(
    landmarks: Float64, to_crop: Float64, scale: float, work_px: int, grown: float
) -> Float32:
    """The convex outline of a face, filled: float32 (work, work), 0 or 1."""
    points = landmarks[:SKIN_POINTS, :2] @ to_crop[:, :2].T + to_crop[:, 2]
    points = (points + 0.5) * scale - 0.5
    middle = (points.min(0) + points.max(0)) / 2
    points = middle + grown * (points - middle)
    mask: UInt8 = np.zeros((work_px, work_px), np.uint8)
    imaging.fill_hull_into(mask, np.clip(points, -1e4, 1e4).astype(np.float32))
    return mask.astype(np.float32)
