"""478 landmarks of one face: the attention mesh.

Grishchenko et al., "Attention Mesh: High-fidelity Face Mesh Prediction in Real-time", 2020. The
published network contains three operators of its own, which cut small turned windows out of a
feature map; it is split there into two plain networks and the windows are cut here.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from personae.engine.faces.blazeface import ArrayModel
from personae.engine.geometry import Region, crop_square
from personae.engine.types import Canvas, Float32, Float64, Int32
from personae.errors import ModelError

INPUT_PX = 192
FEATURE_PX = 48
WINDOW_PX = 16


@dataclass(frozen=True, slots=True, eq=False)
class Window:
    """Where one refining head looks: the constants of one custom operator."""

    left: int
    right: int
    target_angle: float
    output_px: int
    scale_x: float
    scale_y: float
    landmarks: Int32

    @classmethod
    def from_constants(cls, data: Mapping[str, Any]) -> Window:
        """From the operator's options as the model store keeps them."""
        return cls(
            left=int(data["left_rotation_idx"]),
            right=int(data["right_rotation_idx"]),
            target_angle=float(data["target_rotation_radians"]),
            output_px=int(data["output_width"]),
            scale_x=float(data["scale_x"]),
            scale_y=float(data["scale_y"]),
            landmarks=np.array(data["subset_idxs"], np.int32),
        )

    def to_features(self, points: Float64) -> Float64:
        """float64 (2, 3): window pixels to feature pixels, from (468, 2) coarse points there."""
        across = points[self.right] - points[self.left]
        angle = math.atan2(float(across[1]), float(across[0])) - self.target_angle
        cos, sin = math.cos(angle), math.sin(angle)
        turn = np.array([[cos, -sin], [sin, cos]])
        subset = points[self.landmarks]
        middle = (subset.min(0) + subset.max(0)) / 2
        turned = (subset - middle) @ turn
        low, high = turned.min(0), turned.max(0)
        centre = middle + turn @ ((low + high) / 2)
        axes = turn * ((high - low) * [self.scale_x, self.scale_y] / self.output_px)
        return np.column_stack([axes, centre - axes.sum(1) * (self.output_px / 2)])


class LandmarkModel:
    """Landmarks of the face inside a region."""

    def __init__(
        self, backbone: ArrayModel, heads: ArrayModel, constants: Sequence[Mapping[str, Any]]
    ) -> None:
        if len(constants) != 3:
            raise ModelError("The landmark model's constants are damaged: pull the models again.")
        self._backbone = backbone
        self._heads = heads
        self._windows = [Window.from_constants(item) for item in constants]

    def find(self, canvas: Canvas, region: Region) -> tuple[Float32, float]:
        """Landmarks, float32 (478, 3) in pixels of the canvas, and the chance of a face, [0, 1]."""
        crop = crop_square(canvas, region, INPUT_PX)
        outputs = self._backbone((crop.astype(np.float32) * np.float32(1 / 255))[None])
        by_size = sorted(outputs, key=lambda array: array.size)
        logit, coarse, features = by_size[0], by_size[1], by_size[2]
        score = 1 / (1 + math.exp(-max(-80.0, min(80.0, float(logit.ravel()[0])))))
        points = np.zeros((478, 3))
        points[:468] = coarse.reshape(468, 3)
        self._refine_into(points, features.reshape(FEATURE_PX, FEATURE_PX, -1))
        to_square = region.to_square(INPUT_PX)
        inverse = np.linalg.inv(to_square[:, :2])
        points[:, :2] = (points[:, :2] - to_square[:, 2]) @ inverse.T
        points[:, 2] *= region.side_px / INPUT_PX
        return points.astype(np.float32), score

    def _refine_into(self, points: Float64, features: Float32) -> None:
        """Replace lips, eye contours and irises by what the three heads see."""
        shrink = FEATURE_PX / INPUT_PX
        moves = [window.to_features(points[:468, :2] * shrink) for window in self._windows]
        lips, left_eye, left_iris, right_eye, right_iris = (
            head.reshape(-1, 2) for head in self._heads(*_cut_windows(features, moves))
        )

        for window, move, head in zip(
            self._windows, moves, (lips, left_eye, right_eye), strict=True
        ):
            # Heads answer in window pixels on the scale of the network's input.
            points[window.landmarks, :2] = head @ move[:, :2].T + move[:, 2] / shrink
        for iris, window, move, start in (
            (left_iris, self._windows[1], moves[1], 468),
            (right_iris, self._windows[2], moves[2], 473),
        ):
            points[start : start + 5, :2] = iris @ move[:, :2].T + move[:, 2] / shrink
            points[start : start + 5, 2] = points[window.landmarks[:16], 2].mean()


def _cut_windows(features: Float32, moves: Sequence[Float64]) -> list[Float32]:
    """Bilinear 16 x 16 windows of a (48, 48, C) map, zero outside: three of (1, 16, 16, C)."""
    height, width, channels = features.shape
    padded = np.zeros((height + 3, width + 3, channels), np.float32)
    padded[1 : height + 1, 1 : width + 1] = features
    flat = padded.reshape(-1, channels)
    stride = width + 3
    y, x = np.mgrid[0:WINDOW_PX, 0:WINDOW_PX]
    grid = np.stack([x.ravel(), y.ravel(), np.ones(x.size)]).astype(np.float32)
    at = np.stack([move.astype(np.float32) for move in moves]) @ grid
    at_x = np.clip(at[:, 0], -1, width) + 1
    at_y = np.clip(at[:, 1], -1, height) + 1
    x0, y0 = at_x.astype(np.int32), at_y.astype(np.int32)
    fx, fy = (at_x - x0)[..., None], (at_y - y0)[..., None]
    index: Int32 = y0 * stride + x0
    below: Int32 = index + stride
    top: Float32 = flat.take(index, 0)
    top += (flat.take(index + 1, 0) - top) * fx
    bottom: Float32 = flat.take(below, 0)
    bottom += (flat.take(below + 1, 0) - bottom) * fx
    top += (bottom - top) * fy
    windows = top.reshape(len(moves), 1, WINDOW_PX, WINDOW_PX, channels)
    return [windows[i] for i in range(len(moves))]
