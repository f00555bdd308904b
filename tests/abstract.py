"""A picture that the content gate refuses, and nobody else would: nine soft blots before a wall.

It was found by trying out ellipses until the network took them for something. There is nothing to
see on it; it stands in for what no test should carry.
"""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

Rgb = NDArray[np.uint8]

# Middle and half axes as shares of the side, turn as a share of a full one, brightness, redness.
_BLOTS = (
    (0.38, 0.81, 0.28, 0.25, 0.79, 0.09, 0.63),
    (0.44, 0.43, 0.14, 0.15, 0.60, 1.00, 0.49),
    (0.37, 0.00, 0.05, 0.00, 0.12, 0.88, 0.16),
    (0.72, 0.62, 0.07, 0.28, 0.38, 0.84, 0.27),
    (0.73, 0.80, 0.30, 0.07, 0.19, 0.72, 0.54),
    (0.23, 0.84, 0.17, 0.12, 0.84, 0.94, 0.57),
    (0.63, 0.76, 0.07, 0.04, 0.42, 0.42, 1.00),
    (0.70, 0.32, 0.01, 0.27, 0.24, 0.09, 0.74),
    (0.08, 0.58, 0.19, 0.05, 0.40, 0.36, 0.70),
)
_DRAWN_PX = 320


def blots(size_wh: tuple[int, int] = (_DRAWN_PX, _DRAWN_PX)) -> Rgb:
    """The picture, stretched to a size: uint8 (H, W, 3) RGB."""
    side = _DRAWN_PX
    picture = np.empty((side, side, 3), np.float32)
    picture[:] = (70, 60, 60)
    for x, y, rx, ry, turn, bright, red in _BLOTS:
        soft = np.zeros((side, side), np.float32)
        middle = (int(x * side), int(y * side))
        axes = (max(2, int(rx * side)), max(2, int(ry * side)))
        cv2.ellipse(soft, middle, axes, turn * 360, 0, 360, 1.0, -1)
        soft = cv2.GaussianBlur(soft, (0, 0), 2 + 6 * bright)[..., None]
        colour = np.array([225.0, 170.0, 140.0]) * (0.55 + 0.5 * bright) + [25 * red, 0, 0]
        picture = picture * (1 - soft) + soft * colour
    drawn = picture.clip(0, 255).astype(np.uint8)
    return np.asarray(cv2.resize(drawn, size_wh, interpolation=cv2.INTER_AREA), np.uint8)


def with_blots(frame: Rgb) -> Rgb:
    """A picture most of which is the drawing: its lower right corner stays as it was, small."""
    height, width = frame.shape[:2]
    made = blots((width, height))
    small = cv2.resize(frame, (width // 3, height // 3), interpolation=cv2.INTER_AREA)
    made[-small.shape[0] :, -small.shape[1] :] = small
    return made
