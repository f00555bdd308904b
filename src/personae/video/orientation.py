"""Display matrices: how a coded frame is turned to stand upright."""

from __future__ import annotations

import struct
from dataclasses import dataclass
from typing import TypeVar

import av
import numpy as np
from numpy.typing import NDArray

_ONE = 1 << 16
_Sample = TypeVar("_Sample", bound=np.generic)


@dataclass(frozen=True, slots=True)
class Orientation:
    """A turn by quarters, perhaps mirrored: first transpose, then flip.

    Attributes
    ----------
    transpose, flip_x, flip_y : bool
        The coded planes are transposed, then mirrored left to right, then top to bottom.
    matrix : nine integers or None
        The display matrix of ISO 14496-12, 6.2.2, as FFmpeg lays it out, for the output.
    """

    transpose: bool = False
    flip_x: bool = False
    flip_y: bool = False
    matrix: tuple[int, ...] | None = None

    @property
    def rotation_deg(self) -> int:
        """Clockwise turn that sets the picture upright: 0, 90, 180 or 270."""
        if self.transpose:
            return 270 if self.flip_y else 90
        return 180 if self.flip_y else 0

    @property
    def mirrored(self) -> bool:
        """Whether the picture is also mirrored left to right, after the turn."""
        return self.transpose ^ self.flip_x ^ self.flip_y

    @property
    def is_upright(self) -> bool:
        """Whether the coded planes already stand upright."""
        return not (self.transpose or self.flip_x or self.flip_y)

    def size_wh(self, coded_wh: tuple[int, int]) -> tuple[int, int]:
        """Upright size of a frame of `coded_wh` pixels."""
        width, height = coded_wh
        return (height, width) if self.transpose else (width, height)

    def upright(self, plane: NDArray[_Sample]) -> NDArray[_Sample]:
        """A view of a coded plane, (H, W), that stands upright; writes go through."""
        if self.transpose:
            plane = plane.T
        rows = slice(None, None, -1) if self.flip_y else slice(None)
        columns = slice(None, None, -1) if self.flip_x else slice(None)
        return plane[rows, columns]


def orientation_of(matrix: tuple[int, ...]) -> Orientation:
    """Read a display matrix of nine integers (16.16 fixed point).

    A pixel at (x, y) is shown at (a x + c y, b x + d y), up to a shift. A matrix that is not a
    turn by quarters cannot be undone by moving samples: faces are then looked for in the coded
    frame, and the matrix is kept for the output.
    """
    a, b, _, c, d = matrix[:5]
    straight, turned = (abs(a), abs(d)), (abs(b), abs(c))
    if min(straight) > 0 and max(turned) < min(straight) / 256:
        return Orientation(False, a < 0, d < 0, matrix)
    if min(turned) > 0 and max(straight) < min(turned) / 256:
        return Orientation(True, c < 0, b < 0, matrix)
    return Orientation(matrix=matrix)


def frame_orientation(frame: av.VideoFrame) -> Orientation:
    """How a decoded frame says that it should be turned; upright when it says nothing."""
    for data in frame.side_data:  # pyright: ignore[reportUnknownVariableType] - stub: a TypedDict
        if data.type.name == "DISPLAYMATRIX":  # pyright: ignore
            matrix = struct.unpack("=9i", bytes(data))  # pyright: ignore
            if matrix != (_ONE, 0, 0, 0, _ONE, 0, 0, 0, 1 << 30):
                return orientation_of(matrix)
    return Orientation()
