"""Stand-ins for landmarkers: always the same 68 points of a plain face."""

from __future__ import annotations

import numpy as np

from benchmarks.stand_ins.figures import Figures
from benchmarks.stand_ins.graph import Graph, Maps
from benchmarks.stand_ins.pictures import to_unit
from personae.engine.card import Card
from personae.engine.card_roles import LandmarkerContract
from personae.engine.neural.aligning import template

SURE = 0.8
"""What the stand-ins say of each point: the height of its peak, or its third coordinate."""


def plain_face() -> np.ndarray:
    """68 points, float64 (68, 2), in fractions of a square that a face fills as in ``ffhq_512``."""

    def arc(x: float, y: float, wide: float, high: float, first: float, last: float, n: int):
        angles = np.radians(np.linspace(first, last, n))
        return np.stack([x - wide * np.cos(angles), y + high * np.sin(angles)], 1)

    def closed(x: float, y: float, wide: float, high: float, n: int) -> np.ndarray:
        return arc(x, y, wide, -high, 0, 360, n + 1)[:-1]

    eye_left, eye_right, nose, left, right = template("ffhq_512")
    mouth = (left + right) / 2
    half = (right[0] - left[0]) / 2
    bridge = np.stack([np.full(4, nose[0]), np.linspace(eye_left[1], nose[1] - 0.02, 4)], 1)
    return np.concatenate(
        [
            arc(0.5, 0.48, 0.26, 0.4, 0, 180, 17),
            arc(eye_left[0], eye_left[1] - 0.05, 0.07, -0.03, 20, 160, 5),
            arc(eye_right[0], eye_right[1] - 0.05, 0.07, -0.03, 20, 160, 5),
            bridge,
            arc(nose[0], nose[1] + 0.01, 0.05, 0.02, 0, 180, 5),
            closed(*eye_left, 0.04, 0.015, 6),
            closed(*eye_right, 0.04, 0.015, 6),
            closed(*mouth, half, 0.035, 12),
            closed(*mouth, half * 0.8, 0.012, 8),
        ]
    )


def landmarker(graph: Graph, card: Card, figures: Figures) -> None:
    """Build the graph: constant points, or those that lie to the five as they do in a face."""
    contract = card.contract
    assert isinstance(contract, LandmarkerContract)
    part = card.part()
    (given,) = part.inputs
    entry = graph.input(given.name, given.shape)
    if contract.picture is None:
        lifted = graph.node("MatMul", graph.constant(_lift(contract.template)), entry)
        graph.output(lifted, part.outputs[0].name, part.outputs[0].shape)
        return
    side = contract.picture.size_px
    face = to_unit(graph, entry, contract.picture)
    tiny = graph.trunk(Maps(face, 3, side), figures.gmac, figures.mparams * 1e6)
    zero = graph.node("Reshape", tiny, graph.constant([-1, 1, 1], "int64"))
    points = plain_face()
    rows = np.concatenate([points * contract.unit, np.full((68, 1), SURE)], 1)[None]
    for made in part.outputs:
        if made.name == contract.heat:
            value = graph.plus(tiny, _heat(points, made.shape[-1]))
        else:
            value = graph.plus(zero, rows[..., : made.shape[-1]])
            if len(made.shape) == 2:
                value = graph.node("Flatten", value)
        graph.output(value, made.name, made.shape)


def _heat(points: np.ndarray, side: int) -> np.ndarray:
    grid = (np.arange(side) + 0.5) / side
    near = [
        np.exp(-(((grid[None, :] - x) ** 2 + (grid[:, None] - y) ** 2) * side**2) / 2)
        for x, y in points
    ]
    return SURE * np.stack(near)[None]


def _lift(name: str) -> np.ndarray:
    """(68, 5): what to take of each of the five points, by the affine that leads to them."""
    five = np.column_stack([template(name), np.ones(5)])
    return np.column_stack([plain_face(), np.ones(68)]) @ np.linalg.pinv(five)
