"""Writing ONNX graphs node by node, with weights out of a fixed seed, counting what they cost."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from onnx import ModelProto, TensorProto, checker, helper, numpy_helper, save_model

OPSET = 17
_TYPES = {
    "float32": TensorProto.FLOAT,
    "float16": TensorProto.FLOAT16,
    "float64": TensorProto.DOUBLE,
    "uint8": TensorProto.UINT8,
}


@dataclass(frozen=True)
class Maps:
    """Feature maps inside a graph; `side` is the size that costs are counted with."""

    name: str
    channels: int
    side: int


class Graph:
    """A graph under construction.

    Parameters
    ----------
    name : str
        Also the seed: the same name gives the same weights.
    half : bool
        Whether weights and sums are float16; what goes in and out stays as it is declared.
    """

    def __init__(self, name: str, half: bool = False) -> None:
        self.macs = 0
        self.parameters = 0
        self._name = name
        self._half = half
        self._random = np.random.default_rng(list(name.encode()))
        self._nodes: list[Any] = []
        self._inputs: list[Any] = []
        self._outputs: list[Any] = []
        self._weights: list[Any] = []
        self._count = 0

    # --- What goes in and out

    def input(self, name: str, shape: Sequence[int], dtype: str = "float32") -> str:
        """Declare an input; the name of its values, in the graph's own type."""
        self._inputs.append(helper.make_tensor_value_info(name, _TYPES[dtype], _shape(shape)))
        if dtype == "float32" and not self._half:
            return name
        return self.node("Cast", name, to=_TYPES["float16" if self._half else "float32"])

    def output(self, value: str, name: str, shape: Sequence[int]) -> None:
        """Declare an output; where its published name is not known (``*``), under one of ours."""
        name = f"output_{len(self._outputs)}" if name == "*" else name
        kind = TensorProto.FLOAT
        op, extra = ("Cast", {"to": kind}) if self._half else ("Identity", {})
        self._nodes.append(helper.make_node(op, [value], [name], **extra))
        self._outputs.append(helper.make_tensor_value_info(name, kind, _shape(shape)))

    def save(self, path: Path, last: NDArray[np.float32] | None = None) -> ModelProto:
        """Write the file. `last`: a matrix kept as the last weight although no node uses it."""
        if last is not None:
            self._weights.append(numpy_helper.from_array(last, "projection"))
            self.parameters += last.size
        graph = helper.make_graph(
            self._nodes, f"stand_in_{self._name}", self._inputs, self._outputs, self._weights
        )
        model = helper.make_model(
            graph,
            opset_imports=[helper.make_opsetid("", OPSET)],
            ir_version=8,
            producer_name="personae stand-in",
        )
        if model.ByteSize() < 2**28:
            checker.check_model(model, full_check=True)
        save_model(model, str(path))
        return model

    # --- Nodes

    def node(self, op: str, *inputs: str, **attributes: Any) -> str:
        """Any node with one output."""
        return self.nodes(op, 1, *inputs, **attributes)[0]

    def nodes(self, op: str, outputs: int, *inputs: str, **attributes: Any) -> list[str]:
        """Any node."""
        names = [f"v{self._count + i}" for i in range(outputs)]
        self._count += outputs
        self._nodes.append(helper.make_node(op, list(inputs), names, **attributes))
        return names

    def constant(self, values: Any, dtype: Any = None) -> str:
        """A constant; floats take the graph's own type."""
        array = np.asarray(values, dtype)
        if array.dtype.kind == "f" and dtype is None:
            array = array.astype(np.float16 if self._half else np.float32)
        name = f"w{len(self._weights)}"
        self._weights.append(numpy_helper.from_array(np.ascontiguousarray(array), name))
        return name

    def random(self, shape: Sequence[int], scale: float) -> NDArray[np.float32]:
        """Normal numbers."""
        self.parameters += int(np.prod(shape))
        return self._random.standard_normal(tuple(shape), np.float32) * np.float32(scale)

    def conv(
        self,
        x: Maps,
        channels: int,
        kernel: int = 3,
        stride: int = 1,
        gain: float = 2**0.5,
        act: bool = True,
    ) -> Maps:
        """A convolution that keeps the values' spread, and a leaky rectifier."""
        fan = x.channels * kernel * kernel
        weight = self.constant(self.random((channels, x.channels, kernel, kernel), gain / fan**0.5))
        bias = self.constant(self.random((channels,), 0.01))
        pad = kernel // 2
        out = self.node(
            "Conv",
            x.name,
            weight,
            bias,
            kernel_shape=[kernel, kernel],
            strides=[stride, stride],
            pads=[pad] * 4,
        )
        side = -(-x.side // stride)
        self.macs += fan * channels * side * side
        if act:
            out = self.node("LeakyRelu", out, alpha=0.2)
        return Maps(out, channels, side)

    def dense(self, x: str, wide: int, out: int, scale: float | None = None) -> str:
        """A matrix product with a bias: (n, wide) to (n, out)."""
        weight = self.constant(self.random((wide, out), wide**-0.5 if scale is None else scale))
        self.macs += wide * out
        return self.node("Gemm", x, weight, self.constant(self.random((out,), 0.01)))

    def add(self, one: str, other: str) -> str:
        return self.node("Add", one, other)

    def times(self, one: str, factor: Any) -> str:
        """Multiply by a number or by an array that is broadcast."""
        return self.node("Mul", one, self.constant(factor))

    def plus(self, one: str, summand: Any) -> str:
        """Add a number or an array that is broadcast."""
        return self.node("Add", one, self.constant(summand))

    def upsample(self, x: Maps, factor: int, mode: str = "linear") -> Maps:
        """Enlarge maps."""
        scales = self.constant([1.0, 1.0, factor, factor], np.float32)
        name = self.node("Resize", x.name, "", scales, mode=mode)
        return Maps(name, x.channels, x.side * factor)

    def pool(self, x: Maps, kernel: int, stride: int) -> Maps:
        """Means of squares of `kernel` pixels."""
        pad = (kernel - stride) // 2
        rest = kernel - stride - pad
        name = self.node(
            "AveragePool",
            x.name,
            kernel_shape=[kernel, kernel],
            strides=[stride, stride],
            pads=[pad, pad, rest, rest],
        )
        return Maps(name, x.channels, x.side // stride)

    def unit(self, vector: str) -> str:
        """(n, d) scaled to a mean square of 1, whatever its length was."""
        squares = self.node("ReduceMean", self.node("Mul", vector, vector), axes=[1], keepdims=1)
        return self.node("Div", vector, self.node("Sqrt", self.plus(squares, 1e-5)))

    def trunk(self, x: Maps, gmac: float, parameters: float, layers: int = 10) -> str:
        """Convolutions of about this arithmetic and size; their mean, (n, 1, 1, 1), tiny.

        A convolution costs its weights times its pixels, so that the wanted ratio of the two says
        at which size the layers work.
        """
        wanted = max(4.0, (gmac * 1e9 / parameters) ** 0.5)
        stride = 1
        while x.side // (stride * 2) >= wanted * 0.75 and stride < 32:
            stride *= 2
        side = x.side // stride
        channels = max(4, round((gmac * 1e9 / (9 * layers * side * side)) ** 0.5))
        channels = channels if channels < 16 else round(channels / 8) * 8
        while stride > 1:
            x = self.conv(x, min(channels, 16), 3, 2)
            stride //= 2
        for _ in range(layers):
            x = self.conv(x, channels)
        calm = self.node("Tanh", x.name)
        missing = parameters - 9 * channels * channels * layers
        if (
            missing > 0.1 * parameters
        ):  # A dense end, as many networks have one, costs only weights.
            flat = self.node("Flatten", self.node("GlobalAveragePool", calm))
            calm = self.dense(flat, channels, max(1, round(missing / channels)))
            calm = self.node("Unsqueeze", calm, self.constant([2, 3], "int64"))
        mean = self.node("ReduceMean", calm, axes=[1, 2, 3], keepdims=1)
        return self.times(mean, 1e-5)


def _shape(shape: Sequence[int]) -> list[int | str]:
    return [size if size >= 0 else f"free_{i}" for i, size in enumerate(shape)]
