"""The few shapes that every engine step shares.

Coordinates are pixels of the upright scene, x to the right, y down, pixel centres at integers.
Colours are RGB. "Left" and "right" are the viewer's, as everywhere in Personae.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

Float32 = NDArray[np.float32]
Float64 = NDArray[np.float64]
UInt8 = NDArray[np.uint8]
Bool = NDArray[np.bool_]
Int32 = NDArray[np.int32]
Int16 = NDArray[np.int16]

BoxXYXY = tuple[int, int, int, int]
"""Half-open pixel box: x0, y0, x1, y1 with x1 and y1 outside."""


@dataclass(frozen=True, slots=True)
class Pose:
    """Where a head looks, in degrees.

    ``yaw``: positive when the nose points to the viewer's right. ``pitch``: positive when it
    points down. ``roll``: positive when the head is turned clockwise in the picture.
    """

    yaw: float
    pitch: float
    roll: float


@dataclass(frozen=True, slots=True, eq=False)
class Face:
    """One face in one picture.

    Attributes
    ----------
    box_xyxy : four floats, pixels
        Around the 468 landmarks of the skin, brow to chin; may reach over the picture's edge.
    score : float in [0, 1]
        How sure the landmark model is that this is a face.
    points : float32 (5, 2), pixels
        Eye on the viewer's left, eye on the right, tip of the nose, mouth corner left, right.
    landmarks : float32 (478, 3), pixels
        MediaPipe's face mesh; the last ten are the irises. z in the same unit, smaller is nearer.
    pose : Pose
    """

    box_xyxy: tuple[float, float, float, float]
    score: float
    points: Float32
    landmarks: Float32
    pose: Pose

    def __repr__(self) -> str:
        x0, y0, x1, y1 = (round(v) for v in self.box_xyxy)
        return f"Face(box=({x0}, {y0}, {x1}, {y1}), score={self.score:.2f}, {self.pose})"


@dataclass(frozen=True, slots=True, eq=False)
class Marked:
    """A region that carries the invisible mark.

    Attributes
    ----------
    box : half-open pixels
    weight : float32 (h, w), levels of 255
        How strong the mark is around each pixel, root mean square; 0 where nothing was changed.
    """

    box: BoxXYXY
    weight: Float32


class Canvas(Protocol):
    """A picture that faces are read from and written to, whatever its pixel format.

    The engine never sees whole frames: it reads a thumbnail and small regions as RGB and adds
    differences back. A canvas decides how its samples change; where a difference is exactly 0 it
    must leave every sample as it was, bit for bit.
    """

    @property
    def size_wh(self) -> tuple[int, int]:
        """Width and height in pixels, upright."""
        ...

    def region_rgb(self, box: BoxXYXY) -> UInt8:
        """The pixels in `box` (which must lie inside the canvas): uint8 (h, w, 3) RGB, a copy."""
        ...

    def thumbnail_rgb(self, limit_px: int) -> UInt8:
        """The whole picture, area-averaged until its longer side is at most `limit_px`.

        uint8 (h, w, 3) RGB; never enlarged. Positions scale by ``w / width``, ``h / height``.
        """
        ...

    def add_into(self, box: BoxXYXY, delta: Float32) -> None:
        """Add `delta`, float32 (h, w, 3) RGB in [-255, 255], to the pixels in `box`, in place.

        Samples are rounded and clipped to their range. Samples whose delta is exactly 0 (for
        subsampled chroma: all of the pixels that share the sample) stay bit-identical.
        """
        ...

    def region_luma(self, box: BoxXYXY, step: int) -> Float32:
        """The brightness of every `step`-th pixel in `box`: float32 (h, w), in [0, 255]."""
        ...

    def brighten_into(self, box: BoxXYXY, change: Float32) -> None:
        """Add `change`, float32 (h, w) in [-255, 255], to the brightness of the pixels in `box`.

        As `add_into` with three equal channels, in a fraction of the time: chroma samples are not
        touched.
        """
        ...


@dataclass(frozen=True, slots=True)
class SceneFrame:
    """One decoded frame on its way through the pipeline.

    ``number`` counts from 0 within the job; ``time_s`` is its presentation time in seconds
    counted from the job's start, for steps that need to know how much time passed.
    """

    number: int
    time_s: float
    canvas: Canvas
