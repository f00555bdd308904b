"""What every detector gives: rough boxes, which the landmark model confirms or not."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

from personae.engine.types import Float32, UInt8


@dataclass(frozen=True, slots=True, eq=False)
class Detection:
    """A rough face, in pixels of the picture that was searched.

    ``box_xyxy``: float32 (4,), about brow to chin. ``eyes``: float32 (2, 2), the eye on the face's
    own right first, which an upright face shows on the viewer's left. ``in_tile``: seen only close
    up, in a tile of the picture, where more things look like faces.
    """

    box_xyxy: Float32
    eyes: Float32
    score: float
    in_tile: bool = False

    @property
    def side_px(self) -> float:
        return float((self.box_xyxy[2:] - self.box_xyxy[:2]).max())


class RoughDetector(Protocol):
    """Finds boxes around faces."""

    @property
    def input_px(self) -> int:
        """The longer side of what it looks at; a larger picture is scaled down to that."""
        ...

    def find(self, rgb: UInt8, min_score: float) -> list[Detection]:
        """Faces in uint8 (H, W, 3) RGB, one for each place, best first."""
        ...


def iou(a: Float32, b: Float32) -> float:
    """Intersection over union of two x0, y0, x1, y1 boxes, in [0, 1]."""
    width = min(a[2], b[2]) - max(a[0], b[0])
    height = min(a[3], b[3]) - max(a[1], b[1])
    if width <= 0 or height <= 0:
        return 0.0
    both = float(width * height)
    return both / float((a[2] - a[0]) * (a[3] - a[1]) + (b[2] - b[0]) * (b[3] - b[1]) - both)
