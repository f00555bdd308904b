"""Coarse face boxes: BlazeFace, short and full range.

Bazarevsky et al., "BlazeFace: Sub-millisecond Neural Face Detection on Mobile GPUs", 2019.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

import numpy as np

from personae.engine import imaging
from personae.engine.faces.rough import Detection, iou
from personae.engine.types import Float32, UInt8


class ArrayModel(Protocol):
    """A network as a function of float32 arrays."""

    def __call__(self, *inputs: Float32) -> list[Float32]: ...


def _anchors(size: int, grids: Sequence[tuple[int, int]]) -> Float32:
    """Centres of the prior boxes, float32 (N, 2) in [0, 1]; `grids` holds (stride, per cell)."""
    rows: list[Float32] = []
    for stride, per_cell in grids:
        cells = size // stride
        y, x = np.mgrid[0:cells, 0:cells]
        centres = np.stack([(x + 0.5) / cells, (y + 0.5) / cells], -1).reshape(-1, 2)
        rows.append(np.repeat(centres, per_cell, 0).astype(np.float32))
    return np.concatenate(rows)


class BlazeFace:
    """One of the two published detectors.

    ``short_range`` looks at 128 px and finds faces larger than about a tenth of the picture;
    ``full_range`` looks at 192 px and finds smaller ones.
    """

    def __init__(self, model: ArrayModel, *, full_range: bool) -> None:
        self._model = model
        self.input_px = 192 if full_range else 128
        self._anchors = _anchors(self.input_px, [(4, 1)] if full_range else [(8, 2), (16, 6)])

    def find(self, rgb: UInt8, min_score: float) -> list[Detection]:
        """Faces in uint8 (H, W, 3) RGB, overlapping ones merged, best first."""
        height, width = rgb.shape[:2]
        size = self.input_px
        scale = size / max(width, height)
        w, h = max(1, round(width * scale)), max(1, round(height * scale))
        x0, y0 = (size - w) // 2, (size - h) // 2
        padded = np.zeros((size, size, 3), np.uint8)
        resize = imaging.resize_area if scale < 1 else imaging.resize_linear
        padded[y0 : y0 + h, x0 : x0 + w] = resize(rgb, (w, h))
        outputs = self._model(((padded.astype(np.float32) - 127.5) / 127.5)[None])
        boxes, logits = sorted(outputs, key=lambda array: -array.shape[-1])
        scores = 1 / (1 + np.exp(-np.clip(logits[0, :, 0], -80, 80)))
        keep = np.nonzero(scores >= min_score)[0]
        points = boxes[0][keep].reshape(len(keep), 8, 2) / size
        points[:, 0] += self._anchors[keep]
        points[:, 2:] += self._anchors[keep][:, None]
        half = points[:, 1] / 2
        corners = np.stack([points[:, 0] - half, points[:, 0] + half], 1)
        merged = np.concatenate([corners, points[:, 2:4]], 1)  # two corners, two eyes
        merged = (merged * size - [x0, y0]) / [w / width, h / height]
        return _merge(merged.astype(np.float32), scores[keep].astype(np.float32))


def _merge(points: Float32, scores: Float32, min_overlap: float = 0.3) -> list[Detection]:
    """Weighted non-maximum suppression: overlapping candidates are averaged by score.

    `points` is (N, 4, 2): two box corners and two eyes.
    """
    order = list(np.argsort(-scores, kind="stable"))
    found: list[Detection] = []
    while order:
        best = order[0]
        overlap = np.array([iou(points[best, :2].ravel(), points[i, :2].ravel()) for i in order])
        group = [i for i, o in zip(order, overlap, strict=True) if o > min_overlap or i == best]
        weights = scores[group] / scores[group].sum()
        mean = np.tensordot(weights, points[group], 1)
        found.append(Detection(mean[:2].ravel(), mean[2:], float(scores[best])))
        order = [i for i in order if i not in set(group)]
    return found
