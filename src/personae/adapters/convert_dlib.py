"""dlib's face recognition ResNet as an ONNX graph: several times faster, and without dlib.

The graph takes RGB as it is and holds everything that dlib does with it: the subtraction of the
mean, the scaling and the affine layers are folded into the convolutions.
"""

from __future__ import annotations

from typing import Any

from onnx import GraphProto, NodeProto, TensorProto, helper, numpy_helper

from personae.adapters.dlib_network import (
    AddBlock,
    Conv,
    Float32,
    Input,
    Layer,
    Linear,
    Pool,
    fold,
    read_network,
)
from personae.errors import ModelError

INPUT_NAME = "face"
OUTPUT_NAME = "embedding"
_OPSET = 17  # Known to the oldest onnxruntime that we support and to every accelerator.
_IR_VERSION = 8

Shape = tuple[int, int, int]
"""Channels, height and width of what flows; the batch stays free."""


def convert_dlib_resnet(data: bytes) -> bytes:
    """Turn ``dlib_face_recognition_resnet_model_v1.dat`` into an ONNX model.

    Parameters
    ----------
    data : bytes
        The published file.

    Returns
    -------
    bytes
        An ONNX model with input ``face``, float32 (N, 3, 150, 150), RGB in [0, 255], and output
        ``embedding``, float32 (N, 128), as dlib gives it: not normalised. The same bytes for the
        same input and the same version of onnx.

    Raises
    ------
    ModelError
        If the bytes are not that network.
    """
    picture, layers = read_network(data)
    graph = _Graph(picture)
    for layer in fold(picture, layers):
        graph.append(layer)
    model = helper.make_model(
        graph.finish(),
        producer_name="personae",
        opset_imports=[helper.make_opsetid("", _OPSET)],
        ir_version=_IR_VERSION,
    )
    return model.SerializeToString(deterministic=True)


def _pooled(length: int, window: int, stride: int, padding: int) -> int:
    """How many windows fit: the same rule for a convolution and a pool, rounded down."""
    return (length + 2 * padding - window) // stride + 1


class _Graph:
    """An ONNX graph that grows layer by layer and knows the size of what flows through it."""

    def __init__(self, picture: Input) -> None:
        width, height = picture.size_wh
        self._nodes: list[NodeProto] = []
        self._weights: list[TensorProto] = []
        self._picture: Shape = (3, height, width)
        self._value, self._shape = INPUT_NAME, self._picture
        # What the residual block was given, which is added at the block's end. A block begins
        # after the first pool and after every addition.
        self._shortcut, self._shortcut_shape = self._value, self._shape
        self._block_begins = False

    def append(self, layer: Layer) -> None:
        """Add what `layer` does to the end of the graph."""
        match layer:
            case Conv():
                self._convolve(layer)
            case Pool(kind="MaxPool"):
                self._value, self._shape = self._pool(layer, self._value, self._shape)
                self._begin_block()
            case Pool(size=(0, 0)):
                self._add("GlobalAveragePool", [self._value])
                self._shape = (self._shape[0], 1, 1)
            case Pool():
                # Inside a block a mean halves the way around the convolutions, not the main one.
                self._shortcut, self._shortcut_shape = self._pool(
                    layer, self._shortcut, self._shortcut_shape
                )
            case AddBlock():
                self._add_shortcut()
            case Linear():
                self._multiply(layer)
            case _:
                self._add("Relu", [self._value])
                if self._block_begins:
                    self._begin_block()

    def finish(self) -> GraphProto:
        """The whole graph, with the fixed names of its input and output."""
        self._nodes[-1].output[0] = OUTPUT_NAME
        face = helper.make_tensor_value_info(
            INPUT_NAME, TensorProto.FLOAT, ["batch", *self._picture]
        )
        embedding = helper.make_tensor_value_info(
            OUTPUT_NAME, TensorProto.FLOAT, ["batch", self._shape[0]]
        )
        return helper.make_graph(
            self._nodes, "dlib_face_recognition_resnet", [face], [embedding], self._weights
        )

    def _begin_block(self) -> None:
        self._shortcut, self._shortcut_shape = self._value, self._shape
        self._block_begins = False

    def _add(self, operator: str, inputs: list[str], **attributes: Any) -> str:
        """Append a node that reads `inputs`; its only output becomes what flows."""
        self._value = f"{operator.lower()}_{len(self._nodes)}"
        self._nodes.append(helper.make_node(operator, inputs, [self._value], **attributes))
        return self._value

    def _weight(self, values: Float32 | Any) -> str:
        name = f"weight_{len(self._weights)}"
        self._weights.append(numpy_helper.from_array(values, name))
        return name

    def _convolve(self, conv: Conv) -> None:
        channels, inputs, kernel_h, kernel_w = conv.weights.shape
        if inputs != self._shape[0]:
            raise ModelError(
                f"A convolution of the dlib model wants {inputs} channels and gets "
                f"{self._shape[0]}."
            )
        (pad_y, pad_x), (stride_y, stride_x) = conv.padding, conv.stride
        weights = [self._weight(conv.weights), self._weight(conv.bias)]
        self._add(
            "Conv",
            [self._value, *weights],
            kernel_shape=[kernel_h, kernel_w],
            strides=[stride_y, stride_x],
            pads=[pad_y, pad_x, pad_y, pad_x],
        )
        _, height, width = self._shape
        self._shape = (
            channels,
            _pooled(height, kernel_h, stride_y, pad_y),
            _pooled(width, kernel_w, stride_x, pad_x),
        )

    def _pool(self, pool: Pool, value: str, shape: Shape) -> tuple[str, Shape]:
        """Append a pool of `value` beside what flows, and say what comes out of it."""
        if pool.padding != (0, 0):
            raise ModelError("A pool of the dlib model is padded, which it should not be.")
        flowing = self._value
        pooled = self._add(
            pool.kind, [value], kernel_shape=list(pool.size), strides=list(pool.stride)
        )
        self._value = flowing
        channels, height, width = shape
        return pooled, (
            channels,
            _pooled(height, pool.size[0], pool.stride[0], 0),
            _pooled(width, pool.size[1], pool.stride[1], 0),
        )

    def _add_shortcut(self) -> None:
        """Add what entered the block; where one of the two is smaller, it counts as zero there."""
        channels, height, width = map(max, self._shape, self._shortcut_shape)
        shape = (channels, height, width)
        main = self._padded(self._value, self._shape, shape)
        around = self._padded(self._shortcut, self._shortcut_shape, shape)
        self._add("Add", [main, around])
        self._shape = shape
        self._block_begins = True

    def _padded(self, value: str, shape: Shape, wanted: Shape) -> str:
        if shape == wanted:
            return value
        more = [want - have for have, want in zip(shape, wanted, strict=True)]
        pads = helper.make_tensor(
            f"weight_{len(self._weights)}", TensorProto.INT64, [8], [0, 0, 0, 0, 0, *more]
        )
        self._weights.append(pads)
        return self._add("Pad", [value, pads.name])

    def _multiply(self, linear: Linear) -> None:
        inputs, outputs = linear.weights.shape
        if (inputs, 1, 1) != self._shape:
            raise ModelError(
                f"The last layer of the dlib model wants {inputs} values and gets {self._shape}."
            )
        self._add("Flatten", [self._value])
        self._add("MatMul", [self._value, self._weight(linear.weights)])
        self._shape = (outputs, 1, 1)
