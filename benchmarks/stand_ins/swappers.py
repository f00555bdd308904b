"""Stand-ins for swappers: a crop comes out tinted and patterned by the identity that goes in."""

from __future__ import annotations

from benchmarks.stand_ins.figures import Generator
from benchmarks.stand_ins.graph import Graph, Maps
from benchmarks.stand_ins.pictures import to_network, to_unit
from personae.engine.card import Card, Part
from personae.engine.card_roles import SwapperContract

_VECTOR = 512


def swapper(graph: Graph, card: Card, generator: Generator) -> None:
    """Build the graph: encoder, blocks with the identity as style, decoder, and a calm mixture."""
    contract = card.contract
    assert isinstance(contract, SwapperContract)
    names = {tensor.name: graph.input(tensor.name, tensor.shape) for tensor in _part(card).inputs}
    face = to_unit(graph, names[contract.picture.input], contract.picture)
    identity = _identity(graph, names[contract.conditioning.input], contract)
    side = contract.picture.size_px
    texture = _generator(graph, Maps(graph.plus(face, -0.5), 3, side), identity, generator)
    tone = graph.node("Tanh", graph.dense(identity, _VECTOR, 3))
    pattern = graph.node("Tanh", graph.dense(identity, _VECTOR, 48))
    mixed = graph.plus(graph.times(face, 0.85), 0.06)
    spread = [
        (graph.node("Reshape", tone, graph.constant([-1, 3, 1, 1], "int64")), 0.08),
        (_enlarged(graph, pattern, side), 0.07),
        (graph.pool(texture, 5, 1).name, 0.12),
    ]
    for value, share in spread:
        mixed = graph.add(mixed, graph.times(value, share))
    low, high = graph.constant(0.0), graph.constant(1.0)
    mixed = graph.node("Clip", mixed, low, high)
    if contract.normalised:
        mixed = to_network(graph, mixed, contract.picture)
    (made,) = _part(card).outputs
    graph.output(mixed, made.name, made.shape)


def _part(card: Card) -> Part:
    return next(part for part in card.parts if part.inputs)


def _identity(graph: Graph, value: str, contract: SwapperContract) -> str:
    """(n, 512) with a mean square of 1, out of the vector or the picture."""
    picture = contract.conditioning.picture
    if picture is None:
        return graph.unit(value)
    face = Maps(graph.plus(to_unit(graph, value, picture), -0.5), 3, picture.size_px)
    small = graph.pool(face, picture.size_px // 4, picture.size_px // 4)
    flat = graph.node("Reshape", small.name, graph.constant([-1, 48], "int64"))
    return graph.unit(graph.dense(flat, 48, _VECTOR))


def _enlarged(graph: Graph, pattern: str, side: int) -> str:
    squares = graph.node("Reshape", pattern, graph.constant([-1, 3, 4, 4], "int64"))
    return graph.upsample(Maps(squares, 3, 4), side // 4).name


def _generator(graph: Graph, x: Maps, identity: str, shape: Generator) -> Maps:
    """(n, 3, S, S) in [-1, 1]."""
    if shape.shrink > 1:
        x = graph.pool(x, shape.shrink, shape.shrink)
    x = graph.conv(x, shape.base, 7)
    for step in range(shape.flat + shape.downs):
        x = graph.conv(x, x.channels * 2, 3, 1 if step < shape.flat else 2)
    for _ in range(shape.blocks):
        y = _styled(graph, graph.conv(x, x.channels, act=False), identity)
        y = Maps(graph.node("Relu", y.name), y.channels, y.side)
        y = _styled(graph, graph.conv(y, x.channels, act=False), identity)
        x = Maps(graph.add(x.name, graph.times(y.name, 0.3)), x.channels, x.side)
    for _ in range(shape.downs):
        x = graph.conv(graph.upsample(x, 2), x.channels // 2)
    for _ in range(shape.flat):
        x = graph.conv(x, x.channels // 2)
    x = graph.conv(x, 3, 7, gain=1.0, act=False)
    x = Maps(graph.node("Tanh", x.name), 3, x.side)
    return graph.upsample(x, shape.shrink) if shape.shrink > 1 else x


def _styled(graph: Graph, x: Maps, identity: str) -> Maps:
    """Normalise each map and give it the mean and the spread that the identity asks for.

    In the single steps that published graphs have, which no runtime takes for one operation.
    """
    style = graph.dense(identity, _VECTOR, 2 * x.channels, 0.3 * _VECTOR**-0.5)
    axes = graph.constant([2, 3], "int64")
    style = graph.node("Unsqueeze", style, axes)
    halves = graph.constant([x.channels, x.channels], "int64")
    scale, shift = graph.nodes("Split", 2, style, halves, axis=1)
    centred = graph.node("Sub", x.name, graph.node("ReduceMean", x.name, axes=[2, 3], keepdims=1))
    squares = graph.node("Mul", centred, centred)
    spread = graph.node("ReduceMean", squares, axes=[2, 3], keepdims=1)
    calm = graph.node("Div", centred, graph.node("Sqrt", graph.plus(spread, 1e-3)))
    calm = graph.node("Mul", calm, graph.plus(scale, 1.0))
    return Maps(graph.add(calm, shift), x.channels, x.side)
