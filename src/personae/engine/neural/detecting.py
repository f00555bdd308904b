"""Published face detectors, decoded by what their cards say.

Three ways of telling boxes are published. ``rows`` (YOLO) tells every box outright. ``anchors``
(J. Guo et al., "Sample and Computation Redistribution for Efficient Face Detection", 2021) tells
how far a box's sides and points are from a cell's corner. ``grid`` (W. Wu et al., "YuNet: A Tiny
Millisecond-level Face Detector", 2023) tells where its middle and points are from there, and its
size as a power of e; a box counts for the root of its class times its objectness, as in OpenCV's
FaceDetectorYN.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np

from personae.engine import imaging
from personae.engine.card_roles import DetectorContract
from personae.engine.faces.rough import Detection
from personae.engine.neural.network import Network, does_not_fit
from personae.engine.neural.tensors import picture_input
from personae.engine.types import Float32, UInt8

FREE_PX: Final = 640
"""The longer side of what networks look at that take any size."""
MOST_CANDIDATES: Final = 1000
"""Boxes of one picture that are compared with one another; weaker ones are dropped."""
_POINTS: Final = 5
_ROW: Final = 5 + 3 * _POINTS


@dataclass(frozen=True, slots=True, eq=False)
class Candidates:
    """Boxes before overlapping ones are dropped, in pixels of what the network saw.

    ``scores``: float32 (N,). ``corners``: float32 (N, 2, 2), upper left and lower right.
    ``points``: float32 (N, 5, 2), eye on the viewer's left, eye on the right, nose, mouth corners.
    """

    scores: Float32
    corners: Float32
    points: Float32


class CardDetector:
    """A detector of which only its card is known; threads share it if they may share the network.

    Parameters
    ----------
    network : Network
    contract : DetectorContract
    """

    def __init__(self, network: Network, contract: DetectorContract) -> None:
        self._network = network
        self._contract = contract

    @property
    def input_px(self) -> int:
        """The longer side of what it looks at."""
        return self._contract.picture.size_px or FREE_PX

    def find(self, rgb: UInt8, min_score: float) -> list[Detection]:
        """Faces in uint8 (H, W, 3) RGB, the weaker of two that overlap dropped, best first.

        Neither the card's own `least_score` nor `min_score` is undercut.

        Raises
        ------
        ModelError
            If what the network gives does not fit its card.
        """
        contract, (height, width) = self._contract, rgb.shape[:2]
        seen, (wide, high) = self._framed(rgb)
        outputs = self._network(picture_input([seen], contract.picture))
        told = decode(outputs, contract, (seen.shape[1], seen.shape[0]))
        if told is None:
            raise does_not_fit(self._network, outputs)
        least = max(min_score, contract.least_score)
        told = strongest(sane(told, least, max(seen.shape)), contract.overlap)
        scale = np.array([width / wide, height / high], np.float32)
        corners, eyes = told.corners * scale, told.points[:, :2] * scale
        return [
            Detection(corners[i].ravel(), eyes[i], min(1.0, float(told.scores[i])))
            for i in range(len(told.scores))
        ]

    def _framed(self, rgb: UInt8) -> tuple[UInt8, tuple[int, int]]:
        """The picture, never enlarged, in the upper left of a black one; and its size there."""
        height, width = rgb.shape[:2]
        scale = min(1.0, self.input_px / max(width, height))
        wide, high = max(1, round(width * scale)), max(1, round(height * scale))
        side = self._contract.picture.size_px
        step = max(self._contract.strides, default=32)
        # What takes any size need not look at more than there is.
        across = side or -(-wide // step) * step
        down = side or -(-high // step) * step
        frame = np.zeros((down, across, 3), np.uint8)
        frame[:high, :wide] = imaging.resize_area(np.ascontiguousarray(rgb), (wide, high))
        return frame, (wide, high)


def decode(
    outputs: Sequence[Float32], contract: DetectorContract, size_wh: tuple[int, int]
) -> Candidates | None:
    """All boxes that a network tells of a picture of `size_wh`; None if they do not fit the card.

    Tensors are known by their shapes, so that it does not matter in which order they come.
    """
    if contract.decode == "rows":
        return _rows(outputs)
    levels: list[Candidates] = []
    for stride in contract.strides:
        across, down = size_wh[0] // stride, size_wh[1] // stride
        each = contract.anchors if contract.decode == "anchors" else 1
        cells = _cells(across, down, each)
        scores = _pick(outputs, len(cells), 1)
        boxes = _pick(outputs, len(cells), 4)
        points = _pick(outputs, len(cells), 2 * _POINTS)
        wanted = 1 if contract.decode == "anchors" else 2
        if (len(scores), len(boxes), len(points)) != (wanted, 1, 1):
            return None
        made = _anchored if contract.decode == "anchors" else _gridded
        levels.append(made(cells, scores, boxes[0], points[0], np.float32(stride)))
    if not levels:
        return None
    return Candidates(
        np.concatenate([level.scores for level in levels]),
        np.concatenate([level.corners for level in levels]),
        np.concatenate([level.points for level in levels]),
    )


def _rows(outputs: Sequence[Float32]) -> Candidates | None:
    """One tensor (20, N), perhaps in a batch of one."""
    shape = outputs[0].shape if len(outputs) == 1 else ()
    if shape[-2:-1] != (_ROW,) or shape[:-2] not in ((), (1,)):
        return None
    rows: Float32 = np.ascontiguousarray(outputs[0].reshape(shape[-2:]).T)
    middle = rows[:, :2]
    half: Float32 = rows[:, 2:4] * np.float32(0.5)
    points = rows[:, 5:].reshape(len(rows), _POINTS, 3)[..., :2]
    return Candidates(rows[:, 4], np.stack([middle - half, middle + half], 1), points)


def _anchored(
    cells: Float32, scores: list[Float32], boxes: Float32, points: Float32, stride: np.float32
) -> Candidates:
    corners = np.stack([cells - boxes[:, :2], cells + boxes[:, 2:]], 1)
    told = cells[:, None] + points.reshape(-1, _POINTS, 2)
    return Candidates(scores[0][:, 0], corners * stride, told * stride)


def _gridded(
    cells: Float32, scores: list[Float32], boxes: Float32, points: Float32, stride: np.float32
) -> Candidates:
    first, second = (np.clip(score[:, 0], 0, 1) for score in scores)
    middle = cells + boxes[:, :2]
    # Beyond this no box is left that any picture could hold; e to its power is still a number.
    half = np.exp(np.clip(boxes[:, 2:], -20, 20)) * np.float32(0.5)
    corners = np.stack([middle - half, middle + half], 1)
    told = cells[:, None] + points.reshape(-1, _POINTS, 2)
    return Candidates(np.sqrt(first * second), corners * stride, told * stride)


def _cells(across: int, down: int, each: int) -> Float32:
    """Corners of cells, row by row, `each` times over: float32 (N, 2), x and y in cells."""
    y, x = np.mgrid[0:down, 0:across]
    return np.repeat(np.stack([x.ravel(), y.ravel()], 1), each, 0).astype(np.float32)


def _pick(outputs: Sequence[Float32], rows: int, columns: int) -> list[Float32]:
    """Those of the tensors that are (rows, columns), perhaps in a batch of one."""
    return [
        one.reshape(rows, columns)
        for one in outputs
        if one.ndim > 1 and one.shape[-1] == columns and one.size == rows * columns
    ]


def sane(told: Candidates, least: float, longest_px: int) -> Candidates:
    """Those with a score of `least` or more that are boxes at all, the best ones first.

    What holds values that are no numbers, has no inside or is several times as large as the picture
    is dropped.
    """
    size = told.corners[:, 1] - told.corners[:, 0]
    with np.errstate(invalid="ignore"):
        good = (told.scores >= least) & (size > 1).all(1) & (size < 4 * longest_px).all(1)
    flat = np.concatenate([told.corners.reshape(-1, 4), told.points.reshape(-1, 2 * _POINTS)], 1)
    good &= np.isfinite(flat).all(1) & np.isfinite(told.scores)
    kept = np.flatnonzero(good)
    kept = kept[np.argsort(-told.scores[kept], kind="stable")][:MOST_CANDIDATES]
    return Candidates(told.scores[kept], told.corners[kept], told.points[kept])


def strongest(told: Candidates, overlap: float) -> Candidates:
    """Of boxes that overlap by more than `overlap`, the first one only."""
    low, high = told.corners[:, 0], told.corners[:, 1]
    area = np.prod(high - low, 1)
    kept: list[int] = []
    left = np.arange(len(told.scores))
    while len(left):
        best, left = left[0], left[1:]
        kept.append(int(best))
        sides = np.minimum(high[left], high[best]) - np.maximum(low[left], low[best])
        both = np.prod(np.maximum(sides, 0), 1)
        left = left[both <= overlap * (area[left] + area[best] - both)]
    return Candidates(told.scores[kept], told.corners[kept], told.points[kept])
