"""Stand-ins for what looks at a crop: embedders, restorers, occluders, parsers, safety networks."""

from __future__ import annotations

import numpy as np

from benchmarks.stand_ins.figures import Figures
from benchmarks.stand_ins.graph import Graph, Maps
from benchmarks.stand_ins.pictures import marked, sigmoid, to_network, to_unit
from personae.engine.card import Card
from personae.engine.card_roles import (
    ConverterContract,
    EmbedderContract,
    FeaturesContract,
    OccluderContract,
    ParserContract,
    Picture,
    RestorerContract,
    SafetyContract,
)
from personae.engine.neural.aligning import template

# Where the parts of a face are in ffhq_512: middle and half axes in fractions of the side.
_REGIONS = {
    "skin": ((0.5, 0.58), (0.27, 0.36)),
    "nose": ((0.5, 0.56), (0.05, 0.08)),
    "brows": ((0.5, 0.42), (0.2, 0.02)),
    "mouth": ((0.5, 0.727), (0.08, 0.03)),
}


def _entry(graph: Graph, card: Card, picture: Picture) -> tuple[str, int]:
    """The picture's input as RGB in [0, 1], and its side."""
    shape = next(one.shape for one in card.part().inputs if one.name == picture.input)
    side = picture.size_px or max(shape)
    return to_unit(graph, graph.input(picture.input, shape), picture), side


def _tiny(graph: Graph, face: str, side: int, figures: Figures) -> str:
    return graph.trunk(Maps(face, 3, side), figures.gmac, figures.mparams * 1e6)


def embedder(graph: Graph, card: Card, figures: Figures) -> None:
    """A vector by the coarse brightness of the face: alike for like pictures."""
    contract = card.contract
    assert isinstance(contract, EmbedderContract | FeaturesContract)
    face, side = _entry(graph, card, contract.picture)
    tiny = _tiny(graph, face, side, figures)
    small = graph.pool(Maps(face, 3, side), side // 8, side // 8)
    flat = graph.node("Reshape", small.name, graph.constant([-1, 192], "int64"))
    calm = graph.node("Sub", flat, graph.node("ReduceMean", flat, axes=[1], keepdims=1))
    (made,) = card.part().outputs
    # The published vectors are about 20 long.
    vector = graph.times(graph.dense(graph.unit(calm), 192, made.shape[-1]), 0.9)
    zero = graph.node("Reshape", tiny, graph.constant([-1, 1], "int64"))
    graph.output(graph.add(vector, zero), made.name, made.shape)


def converter(graph: Graph, card: Card, full: bool) -> None:
    """A fixed turn of the vector, and a little that is not linear."""
    contract = card.contract
    assert isinstance(contract, ConverterContract)
    (given,), (made,) = card.part().inputs, card.part().outputs
    wide, out = given.shape[-1], made.shape[-1]
    entry = graph.input(given.name, given.shape)
    hidden = 2048 if full else 8
    bent = graph.node("Tanh", graph.dense(graph.unit(entry), wide, hidden))
    if full:
        bent = graph.node("Tanh", graph.dense(bent, hidden, 1700))
    bent = graph.dense(bent, 1700 if full else hidden, out)
    turned = graph.dense(entry, wide, out)
    graph.output(graph.add(turned, graph.times(bent, 0.3)), made.name, made.shape)


def restorer(graph: Graph, card: Card, figures: Figures) -> None:
    """Sharper and a little brighter; by its weight where the network takes one."""
    contract = card.contract
    assert isinstance(contract, RestorerContract)
    face, side = _entry(graph, card, contract.picture)
    tiny = _tiny(graph, face, side, figures)
    soft = graph.pool(Maps(face, 3, side), 5, 1).name
    edges = graph.node("Sub", face, soft)
    if contract.weight:
        given = next(one for one in card.part().inputs if one.name == contract.weight)
        edges = graph.node("Mul", edges, graph.input(given.name, given.shape, "float64"))
    better = graph.plus(graph.add(graph.add(face, graph.times(edges, 0.8)), tiny), 0.02)
    better = graph.node("Clip", better, graph.constant(0.0), graph.constant(1.0))
    for made in card.part().outputs:
        graph.output(to_network(graph, better, contract.picture), made.name, made.shape)


def occluder(graph: Graph, card: Card, figures: Figures) -> None:
    """Everything is the face but what has the marker's colour."""
    contract = card.contract
    assert isinstance(contract, OccluderContract)
    face, side = _entry(graph, card, contract.picture)
    tiny = _tiny(graph, face, side, figures)
    covered = sigmoid(graph, marked(graph, face, side).name, 20.0, 0.5)
    mask = graph.node("Sub", graph.plus(tiny, 1.0), covered)
    (made,) = card.part().outputs
    if len(made.shape) == 3:
        mask = graph.node("Squeeze", mask, graph.constant([1], "int64"))
    elif made.shape[-1] == 1:
        mask = graph.node("Transpose", mask, perm=[0, 2, 3, 1])
    graph.output(mask, made.name, made.shape)


def parser(graph: Graph, card: Card, figures: Figures) -> None:
    """The parts of a face where they are in the template; none where the marker is."""
    contract = card.contract
    assert isinstance(contract, ParserContract)
    face, side = _entry(graph, card, contract.picture)
    tiny = _tiny(graph, face, side, figures)
    covered = graph.times(marked(graph, face, side).name, -40.0)
    classes = card.part().outputs[0].shape[1]
    coarse = side // 4
    maps = graph.constant(_class_maps(contract, classes, coarse))
    scores = graph.upsample(Maps(maps, classes, coarse), side // coarse).name
    keep = np.ones((1, classes, 1, 1))
    keep[:, 0] = 0  # What is covered is background.
    scores = graph.add(graph.add(scores, graph.times(covered, keep)), tiny)
    for made in card.part().outputs:
        graph.output(scores, made.name, made.shape)


def _class_maps(contract: ParserContract, classes: int, side: int) -> np.ndarray:
    """(1, classes, side, side): the highest is what is there."""
    grid = (np.arange(side) + 0.5) / side
    x, y = np.meshgrid(grid, grid)
    maps = np.zeros((classes, side, side))
    maps[0] = 5.0
    eyes = [(tuple(point), (0.05, 0.025)) for point in template(contract.picture.template)[:2]]
    height = 6.0
    for name, numbers in contract.regions.items():
        places = eyes if name == "eyes" else [_REGIONS[name]] if name in _REGIONS else []
        height += 1.0
        for i, ((cx, cy), (wide, high)) in enumerate(places):
            inside = ((x - cx) / wide) ** 2 + ((y - cy) / high) ** 2 < 1
            maps[numbers[i % len(numbers)]][inside] = 6.0 if name == "skin" else height + 4
    return maps[None]


def safety(graph: Graph, card: Card, figures: Figures) -> None:
    """Unsafe is what is mostly of the marker's colour."""
    contract = card.contract
    assert isinstance(contract, SafetyContract)
    face, side = _entry(graph, card, contract.picture)
    tiny = _tiny(graph, face, side, figures)
    share = graph.node("ReduceMean", marked(graph, face, side).name, axes=[2, 3], keepdims=1)
    (made,) = card.part().outputs
    bad = graph.node("Reshape", sigmoid(graph, graph.add(share, tiny), 30.0, 0.4), _rows(graph))
    # Boxes have their own numbers before the classes' scores, and there are thousands of them.
    boxes = contract.box_numbers
    count = boxes + 5 if boxes else made.shape[1]
    unsafe = [boxes + number for number in contract.plus or range(count - boxes)]
    column = np.zeros((1, count, 1))
    column[:, unsafe] = contract.limit * 2
    column[:, list(contract.minus)] = -contract.limit
    scores = graph.times(bad, column)
    if boxes:
        scores = graph.plus(scores, np.zeros((1, 1, 8400)))
    else:
        scores = graph.node("Squeeze", scores, graph.constant([2], "int64"))
    graph.output(scores, made.name, made.shape)


def _rows(graph: Graph) -> str:
    return graph.constant([-1, 1, 1], "int64")
