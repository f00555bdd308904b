"""Stand-ins for detectors: a square of the marker's colour, 64 pixels wide, is a face to them.

Their outputs are in the form of the published networks, with the box around the square and five
points inside, so that what decodes them can be held to where the square is.
"""

from __future__ import annotations

import numpy as np

from benchmarks.stand_ins.figures import SMALL, Figures
from benchmarks.stand_ins.graph import Graph, Maps
from benchmarks.stand_ins.pictures import MARKER_PX, marked, to_unit
from personae.engine.card import Card, Tensor
from personae.engine.card_roles import DetectorContract

POINTS_IN_BOX = ((0.3, 0.4), (0.7, 0.4), (0.5, 0.6), (0.35, 0.8), (0.65, 0.8))
"""Eyes, nose, corners of the mouth, in fractions of the marker's square."""

_FIRES_AT = 16
_STRIDES = (8, 16, 32)
_HALF = MARKER_PX / 2
_CELL = 8


def detector(graph: Graph, card: Card, figures: Figures) -> None:
    """Build the graph in the form that the card's contract names."""
    contract = card.contract
    assert isinstance(contract, DetectorContract)
    part = card.part()
    (given,) = part.inputs
    side = contract.picture.size_px or 640
    entry = graph.input(given.name, given.shape)
    # Everything that makes the output works on squares of 8 pixels, so that it costs next to
    # nothing; a network of full size looks at the whole frame as well.
    coarse = graph.pool(Maps(entry, 3, side), _CELL, _CELL)
    small = to_unit(graph, coarse.name, contract.picture)
    marker = marked(graph, small, coarse.side)
    whole = figures is not SMALL
    seen = Maps(to_unit(graph, entry, contract.picture), 3, side) if whole else coarse
    tiny = graph.trunk(seen, figures.gmac, figures.mparams * 1e6)
    if contract.decode == "rows":
        _rows(graph, marker, tiny, part.outputs[0])
    else:
        _strides(graph, marker, tiny, part.outputs, contract)


def _score(graph: Graph, marker: Maps, tiny: str, stride: int, at_corner: bool) -> Maps:
    """(n, 1, h, w): near 1 where a marker's square has its middle, for one of the strides."""
    cells = 8 if at_corner or stride > _CELL else 7  # The window's middle is where the cell's is.
    step = stride // _CELL
    count = marker.side // step
    first = cells // 2 - (0 if at_corner else step // 2)
    last = (count - 1) * step + cells - marker.side - first
    mean = graph.node(
        "AveragePool",
        marker.name,
        kernel_shape=[cells, cells],
        strides=[step, step],
        pads=[first, first, last, last],
    )
    steep = graph.times(graph.plus(graph.add(mean, tiny), -0.6), 12.0)
    score = graph.node("Sigmoid", steep)
    if stride != _FIRES_AT:
        score = graph.times(score, 0.2)
    return Maps(score, 1, count)


def _same(graph: Graph, like: Maps, values: list[float]) -> Maps:
    """Maps (n, len(values), h, w) with one value each."""
    weight = graph.constant(np.zeros((len(values), like.channels, 1, 1)))
    bias = graph.constant(np.array(values))
    out = graph.node("Conv", like.name, weight, bias, kernel_shape=[1, 1])
    return Maps(out, len(values), like.side)


def _rows(graph: Graph, marker: Maps, tiny: str, made: Tensor) -> None:
    levels: list[str] = []
    for stride in _STRIDES:
        score = _score(graph, marker, tiny, stride, at_corner=False)
        middles = (np.arange(score.side) + 0.5) * stride
        x, y = np.meshgrid(middles, middles)
        channels = [x, y, np.full_like(x, MARKER_PX), np.full_like(x, MARKER_PX)]
        points = [
            part
            for right, down in POINTS_IN_BOX
            for part in (
                x + (right - 0.5) * MARKER_PX,
                y + (down - 0.5) * MARKER_PX,
                np.full_like(x, 0.9),
            )
        ]
        boxes = _moved(graph, score, np.stack(channels))
        spots = _moved(graph, score, np.stack(points))
        level = graph.node("Concat", boxes, score.name, spots, axis=1)
        levels.append(graph.node("Reshape", level, graph.constant([0, 20, -1], "int64")))
    graph.output(graph.node("Concat", *levels, axis=2), made.name, made.shape)


def _moved(graph: Graph, like: Maps, values: np.ndarray) -> str:
    zero = _same(graph, like, [0.0] * len(values))
    return graph.plus(zero.name, values[None])


def _strides(
    graph: Graph, marker: Maps, tiny: str, made: tuple[Tensor, ...], contract: DetectorContract
) -> None:
    """One set of tensors for each stride, in the card's order: scores first, points last."""
    grid = contract.decode == "grid"
    strides = contract.strides or _STRIDES
    anchors = max(1, contract.anchors)
    for kind, group in enumerate(_grouped(made, len(strides))):
        for stride, tensor in zip(strides, group, strict=True):
            score = _score(graph, marker, tiny, stride, at_corner=not grid)
            width = tensor.shape[-1]
            if width == 1:
                # The grid's score is the product of two; the second is nearly 1 everywhere.
                maps = score if kind == 0 else _same(graph, score, [0.999])
            elif width == 4:
                maps = _same(graph, score, _box(stride, grid))
            else:
                maps = _same(graph, score, _points(stride, grid))
            value = _flat(graph, maps, anchors, tensor)
            graph.output(value, tensor.name, tensor.shape)


def _grouped(made: tuple[Tensor, ...], count: int) -> list[tuple[Tensor, ...]]:
    return [made[i : i + count] for i in range(0, len(made), count)]


def _box(stride: int, grid: bool) -> list[float]:
    if grid:  # From the cell's corner to the box's middle, and the logarithm of its size.
        size = float(np.log(MARKER_PX / stride))
        return [0.5, 0.5, size, size]
    return [_HALF / stride] * 4


def _points(stride: int, grid: bool) -> list[float]:
    shift = 0.5 if grid else 0.0
    return [
        (share - 0.5) * MARKER_PX / stride + shift for point in POINTS_IN_BOX for share in point
    ]


def _flat(graph: Graph, maps: Maps, anchors: int, tensor: Tensor) -> str:
    """(n, c, h, w) as rows of cells, each anchor of a cell with the same values."""
    value = graph.node("Transpose", maps.name, perm=[0, 2, 3, 1])
    if anchors > 1:
        value = graph.node("Concat", *[value] * anchors, axis=3)
    shape = [-1, maps.channels] if len(tensor.shape) == 2 else [1, -1, maps.channels]
    return graph.node("Reshape", value, graph.constant(shape, "int64"))
