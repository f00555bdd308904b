"""How one face was seen best: where, when, and a crop to show it."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from personae.engine import imaging
from personae.engine.canvas import thumbnail_size
from personae.engine.types import BoxXYXY, Canvas, Face, Float32, UInt8

CROP_PX = 512
"""The longest side of a crop."""
MARGIN = 0.12
"""How far a crop reaches over the face's box on each side, as a share of its size."""
_LARGE_PX = 400.0
"""A face is not seen better for being larger than this."""


@dataclass(frozen=True, slots=True, eq=False)
class Crop:
    """A picture of one face.

    Attributes
    ----------
    box_xyxy : BoxXYXY, pixels of the picture that it was cut from
    rgb : uint8 (h, w, 3) RGB
        What is in the box, at most `CROP_PX` a side.
    points : float32 (5, 2), pixels of `rgb`, all inside it
        As `Face.points`.
    """

    box_xyxy: BoxXYXY
    rgb: UInt8
    points: Float32


@dataclass(frozen=True, slots=True, eq=False)
class View:
    """One sight of a face.

    Attributes
    ----------
    face : Face
    time_s : float, seconds
    crop : Crop
    embedding : float32 (128,), unit norm
    """

    face: Face
    time_s: float
    crop: Crop
    embedding: Float32


def worth(face: Face) -> float:
    """How well a face can be seen, from its size, its pose and the model's score; larger is better.

    A head that is turned by 60 degrees counts half of one that looks ahead.
    """
    x0, y0, x1, y1 = face.box_xyxy
    size = min(_LARGE_PX, math.sqrt(max(0.0, x1 - x0) * max(0.0, y1 - y0)))
    ahead = math.cos(math.radians(face.pose.yaw)) * math.cos(math.radians(face.pose.pitch))
    return size * max(0.0, ahead) * face.score


def crop(canvas: Canvas, face: Face) -> Crop:
    """The face with a little room around it; at least one pixel, whatever the box."""
    box = _region(face, canvas.size_wh)
    region = canvas.region_rgb(box)
    full = (region.shape[1], region.shape[0])
    size = thumbnail_size(full, CROP_PX)
    rgb = np.ascontiguousarray(imaging.resize_area(region, size))
    scale = np.array(size, np.float32) / np.array(full, np.float32)
    points = (face.points - np.array(box[:2], np.float32) + 0.5) * scale - 0.5
    # A face may reach over the picture's edge, a point of the crop not over the crop's.
    points = np.clip(points, 0, np.array(size, np.float32) - 1)
    return Crop(box, rgb, points.astype(np.float32))


def _region(face: Face, size_wh: tuple[int, int]) -> BoxXYXY:
    """The box, grown by `MARGIN`, within the picture."""
    x0, y0, x1, y1 = face.box_xyxy
    across, down = (x1 - x0) * MARGIN, (y1 - y0) * MARGIN
    left = min(max(0, int(x0 - across)), size_wh[0] - 1)
    top = min(max(0, int(y0 - down)), size_wh[1] - 1)
    right = max(left + 1, min(size_wh[0], int(x1 + across) + 1))
    bottom = max(top + 1, min(size_wh[1], int(y1 + down) + 1))
    return left, top, right, bottom
