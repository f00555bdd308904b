"""A small network that keeps a swapper's contract, and the card that belongs to it."""

from __future__ import annotations

import numpy as np
from onnx import TensorProto, helper, numpy_helper


def small_swapper(
    side: int = 16, length: int = 8, *, target: str = "target", width: int = 0, seed: int = 0
) -> bytes:
    """An ONNX network with a swapper's inputs, whose last weights are a matrix nothing uses."""
    shape = [1, 3, side, side]
    crop = helper.make_tensor_value_info(target, TensorProto.FLOAT, shape)
    source = helper.make_tensor_value_info("source", TensorProto.FLOAT, [1, length])
    out = helper.make_tensor_value_info("anything", TensorProto.FLOAT, shape)
    dice = np.random.default_rng(seed)
    weights = [
        numpy_helper.from_array(dice.random((1, 3, 1, 1), np.float32), "scale"),
        numpy_helper.from_array(dice.random((length, width or length), np.float32), "emap"),
    ]
    nodes = [
        helper.make_node("ReduceMean", ["source"], ["mean"], keepdims=0),
        helper.make_node("Mul", [target, "scale"], ["scaled"]),
        helper.make_node("Add", ["scaled", "mean"], ["anything"]),
    ]
    graph = helper.make_graph(nodes, "small", [crop, source], [out], weights)
    opset = [helper.make_opsetid("", 13)]
    return helper.make_model(graph, opset_imports=opset, ir_version=8).SerializeToString()


def swapper_text(name: str, url: str, source: str = "", side: int = 16, length: int = 8) -> str:
    """The card of a `small_swapper`, as TOML; `source` are further lines of that table."""
    return f"""
name = "{name}"
role = "swapper"
summary = "A small one."
default = false
conversion = "with_projection"
conversion_version = 1

[licence]
name = "Small non-commercial"
url = "https://example.org/licence"
statement = "For research only."
permissive = false

[source]
url = "{url}"
{source}

[[part]]
name = "graph"
file = "{name}.onnx"

[[part.input]]
name = "target"
shape = [1, 3, {side}, {side}]
meaning = "A crop."

[[part.input]]
name = "source"
shape = [1, {length}]
meaning = "A vector."

[[part.output]]
name = "*"
shape = [1, 3, {side}, {side}]
meaning = "A crop."

[[part]]
name = "projection"
file = "projection.npy"

[swapper]
normalised = false
boosts = [1, 2]
leaning = [0.35, -0.35]

[swapper.picture]
input = "target"
size_px = {side}
template = "arcface_128"
order = "rgb"
layout = "nchw"
mean = [0.0, 0.0, 0.0]
std = [1.0, 1.0, 1.0]

[swapper.conditioning]
kind = "embedding"
input = "source"
embedder = "arcface_w600k_r50"
projection = "projection"
unit = true
"""


def tiny_swap() -> bytes:
    """Half of the crop and half of red, with a trace of the donor: a stand-in, no real swapper."""
    face = helper.make_tensor_value_info("face", TensorProto.FLOAT, [1, 3, 64, 64])
    donor = helper.make_tensor_value_info("donor", TensorProto.FLOAT, [1, 3, 112, 112])
    swapped = helper.make_tensor_value_info("swapped", TensorProto.FLOAT, [1, 3, 64, 64])
    red = np.array([1, -1, -1], np.float32).reshape(1, 3, 1, 1) / 2
    weights = [
        numpy_helper.from_array(red, "red"),
        numpy_helper.from_array(np.float32([0.01]), "trace"),
        numpy_helper.from_array(np.float32([0.5]), "half"),
    ]
    nodes = [
        helper.make_node("ReduceMean", ["donor"], ["mean"], axes=[1, 2, 3], keepdims=1),
        helper.make_node("Mul", ["mean", "trace"], ["little"]),
        helper.make_node("Mul", ["face", "half"], ["halved"]),
        helper.make_node("Add", ["halved", "red"], ["reddened"]),
        helper.make_node("Add", ["reddened", "little"], ["swapped"]),
    ]
    graph = helper.make_graph(nodes, "tiny", [face, donor], [swapped], weights)
    opset = [helper.make_opsetid("", 13)]
    return helper.make_model(graph, opset_imports=opset, ir_version=8).SerializeToString()
