"""What stand-ins make of pictures: values in [0, 1] and back, and the marker that they look for.

The marker is pure magenta (255, 0, 255): no face, no wall and no sky is that colour, so that a test
plants a square of it where a network is to see something.
"""

from __future__ import annotations

import numpy as np

from benchmarks.stand_ins.graph import Graph, Maps
from personae.engine.card_roles import Picture

MARKER_RGB = (255, 0, 255)
MARKER_PX = 64
"""Side of the square that detectors' stand-ins take for a face of this size."""


def to_unit(graph: Graph, value: str, picture: Picture) -> str:
    """(n, 3, S, S) RGB in [0, 1] out of a network's input."""
    if picture.layout == "nhwc":
        value = graph.node("Transpose", value, perm=[0, 3, 1, 2])
    if any(size != 1 for size in picture.std):
        value = graph.times(value, _column(picture.std))
    if any(picture.mean):
        value = graph.plus(value, _column(picture.mean))
    if picture.order == "bgr":
        value = graph.node("Gather", value, graph.constant([2, 1, 0], "int64"), axis=1)
    return value


def to_network(graph: Graph, value: str, picture: Picture) -> str:
    """RGB in [0, 1] as a network with this input would give it."""
    rgb = slice(None) if picture.order == "rgb" else slice(None, None, -1)
    mean, std = _column(picture.mean[rgb]), _column(picture.std[rgb])
    value = graph.times(graph.plus(value, -mean), 1 / std)
    if picture.layout == "nhwc":
        value = graph.node("Transpose", value, perm=[0, 2, 3, 1])
    return value


def marked(graph: Graph, face: str, side: int) -> Maps:
    """How much of the marker's colour each pixel has: (n, 1, S, S), 1 for all and 0 for greys."""
    weight = graph.constant(np.array([0.5, -1.0, 0.5]).reshape(1, 3, 1, 1))
    value = graph.node("Conv", face, weight, kernel_shape=[1, 1])
    return Maps(value, 1, side)


def sigmoid(graph: Graph, value: str, steep: float, middle: float) -> str:
    """A soft step at `middle`."""
    return graph.node("Sigmoid", graph.times(graph.plus(value, -middle), steep))


def _column(values: tuple[float, ...]) -> np.ndarray:
    return np.array(values, np.float64).reshape(1, 3, 1, 1)
