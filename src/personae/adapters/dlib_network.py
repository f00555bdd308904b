"""Read dlib's serialised face recognition network with nothing but NumPy.

The stream (``serialize`` in dlib's ``serialize.h`` and ``dnn/core.h``, read 2026): an integer is
one control byte (top bit: negative; low four bits: number of bytes) and its little-endian bytes;
a real is two integers, mantissa and exponent to base 2; a string is its length and its bytes; a
truth value is the character ``1`` or ``0``; a tensor is the version 2, four sizes and raw
little-endian float32. A network writes its subnetwork first, so that the file begins with the
version of every nested layer and goes on with the layers in the order that data flows.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from personae.errors import ModelError

Float32 = NDArray[np.float32]
Shape4 = tuple[int, int, int, int]

_NETWORK_VERSIONS = range(1, 4)  # What dlib writes as the version of a layer in this file.
_INPUT_DIVISOR = 256.0  # input_rgb_image_sized subtracts the means, then divides by 256.


@dataclass(frozen=True, slots=True)
class Input:
    """The mean colour that is subtracted (R, G, B, range 0 to 255) and the picture's size."""

    mean_rgb: tuple[float, float, float]
    size_wh: tuple[int, int]


@dataclass(frozen=True, slots=True, eq=False)
class Conv:
    """A convolution: weights (out, in, kh, kw), bias (out,), stride (y, x), padding (y, x)."""

    weights: Float32
    bias: Float32
    stride: tuple[int, int]
    padding: tuple[int, int]


@dataclass(frozen=True, slots=True, eq=False)
class Affine:
    """A factor and an offset for each channel: what batch normalisation is after training."""

    gamma: Float32
    beta: Float32


@dataclass(frozen=True, slots=True)
class Pool:
    """Maximum or mean over a window; a size of 0 means the whole plane."""

    kind: str
    size: tuple[int, int]
    stride: tuple[int, int]
    padding: tuple[int, int]


@dataclass(frozen=True, slots=True)
class Relu:
    """max(x, 0)."""


@dataclass(frozen=True, slots=True)
class AddBlock:
    """The end of a residual block: add what entered it to what leaves it."""


@dataclass(frozen=True, slots=True, eq=False)
class Linear:
    """x @ weights, with weights (in, out)."""

    weights: Float32


Layer = Conv | Affine | Pool | Relu | AddBlock | Linear


@dataclass(slots=True)
class _Stream:
    """A cursor over dlib's serialised values."""

    data: bytes
    at: int = 0

    def take(self, count: int) -> bytes:
        if count < 0 or self.at + count > len(self.data):
            raise ModelError("The dlib model ends too early: it is cut off or of another kind.")
        piece = self.data[self.at : self.at + count]
        self.at += count
        return piece

    def integer(self) -> int:
        control = self.take(1)[0]
        count = control & 0x0F
        if control & 0x70 or not 1 <= count <= 8:
            raise ModelError(f"The dlib model has no integer at byte {self.at - 1}.")
        value = int.from_bytes(self.take(count), "little")
        return -value if control & 0x80 else value

    def real(self) -> float:
        mantissa, exponent = self.integer(), self.integer()
        return math.ldexp(mantissa, exponent)

    def text(self) -> str:
        return self.take(self.integer()).decode("latin-1")

    def pair(self) -> tuple[int, int]:
        return self.integer(), self.integer()

    def truths(self, count: int) -> None:
        if not set(self.take(count)) <= set(b"01"):
            raise ModelError(f"The dlib model has no truth value at byte {self.at - count}.")

    def shape(self, version: int) -> Shape4:
        if self.integer() != version:
            raise ModelError(f"The dlib model has no tensor of a known version at byte {self.at}.")
        return self.integer(), self.integer(), self.integer(), self.integer()

    def tensor(self) -> Float32:
        shape = self.shape(version=2)
        raw = self.take(4 * math.prod(shape))
        return np.frombuffer(raw, "<f4").astype(np.float32).reshape(shape)


def _read_conv(stream: _Stream) -> Conv:
    params = stream.tensor().ravel()
    count = stream.integer()
    stream.pair()  # The kernel's size, which the shape of the filters repeats.
    stride, padding = stream.pair(), stream.pair()
    shape = stream.shape(version=1)
    stream.shape(version=1)
    for _ in range(4):  # Learning rate and weight decay factors: of no use after training.
        stream.real()
    size = math.prod(shape)
    if shape[0] != count or params.size != size + count:
        raise ModelError(f"A convolution of the dlib model has sizes that disagree: {shape}.")
    return Conv(params[:size].reshape(shape), params[size:], stride, padding)


def _read_affine(stream: _Stream) -> Affine:
    params = stream.tensor().ravel()
    channels = math.prod(stream.shape(version=1))
    stream.shape(version=1)
    stream.integer()  # Whether it works by channel or by value; the shape says it already.
    return Affine(params[:channels], params[channels:])


def _read_linear(stream: _Stream) -> Linear:
    outputs, inputs = stream.pair()
    params = stream.tensor()
    stream.shape(version=1)
    stream.shape(version=1)
    has_bias = stream.integer() == 0
    for _ in range(4):
        stream.real()
    if has_bias or params.size != inputs * outputs:
        raise ModelError("The last layer of the dlib model is not a plain matrix product.")
    return Linear(params.reshape(inputs, outputs))


def _pool_reader(kind: str) -> Callable[[_Stream], Pool]:
    return lambda stream: Pool(kind, stream.pair(), stream.pair(), stream.pair())


_READERS: dict[str, Callable[[_Stream], Layer]] = {
    "con_4": _read_conv,
    "affine_": _read_affine,
    "relu_": lambda _: Relu(),
    "add_prev_": lambda _: AddBlock(),
    "max_pool_2": _pool_reader("MaxPool"),
    "avg_pool_2": _pool_reader("AveragePool"),
    "fc_2": _read_linear,
}


def read_network(data: bytes) -> tuple[Input, list[Layer]]:
    """Read a serialised dlib network: its input and its layers in the order that data flows.

    Raises
    ------
    ModelError
        If the bytes are cut off, go on after the last layer or hold a layer that is not known.
    """
    stream = _Stream(data)
    stream.integer()  # The version of the loss layer, which only training needs.
    if stream.text() != "loss_metric_2":
        raise ModelError("This is not dlib's face recognition network: it has another loss.")
    for _ in range(2):  # Margin and distance that training aimed at.
        stream.real()
    length = stream.integer()
    while length in _NETWORK_VERSIONS:
        length = stream.integer()
    if stream.take(length) != b"input_rgb_image_sized":
        raise ModelError("This is not dlib's face recognition network: it has another input.")
    mean_rgb = (stream.real(), stream.real(), stream.real())
    height, width = stream.pair()
    layers: list[Layer] = []
    while stream.at < len(data):
        name = stream.text()
        reader = _READERS.get(name)
        if reader is None:
            raise ModelError(f"The dlib model has a layer of an unknown kind, {name!r}.")
        layers.append(reader(stream))
        stream.truths(3)
        for _ in range(3):  # Gradients and cached output: empty in a published network.
            stream.tensor()
        if len(layers) == 1:
            stream.integer()  # How many samples the input makes of one picture: always one here.
    return Input(mean_rgb, (width, height)), layers


def fold_affine(conv: Conv, affine: Affine) -> Conv:
    """One convolution that does what `conv` and then `affine` do."""
    weights = conv.weights * affine.gamma[:, None, None, None]
    return Conv(weights, conv.bias * affine.gamma + affine.beta, conv.stride, conv.padding)


def fold_input(picture: Input, conv: Conv) -> Conv:
    """One convolution on RGB in [0, 255] that also does dlib's mean subtraction and scaling.

    Exact only without padding, since padding adds zeros *after* the subtraction.
    """
    if conv.padding != (0, 0):
        raise ModelError("The first layer of the dlib model is padded, which cannot be folded.")
    mean = np.array(picture.mean_rgb, np.float64)
    weights = conv.weights.astype(np.float64) / _INPUT_DIVISOR
    bias = conv.bias - np.einsum("oihw,i->o", weights, mean)
    return Conv(weights.astype(np.float32), bias.astype(np.float32), conv.stride, conv.padding)


def fold(picture: Input, layers: list[Layer]) -> list[Layer]:
    """Fold the input's scaling and every affine layer into the convolutions."""
    folded: list[Layer] = []
    for layer in layers:
        last = folded[-1] if folded else None
        if isinstance(layer, Affine):
            if not isinstance(last, Conv):
                raise ModelError("An affine layer of the dlib model does not follow a convolution.")
            folded[-1] = fold_affine(last, layer)
        else:
            folded.append(layer)
    if not folded or not isinstance(folded[0], Conv):
        raise ModelError("The dlib model does not begin with a convolution.")
    folded[0] = fold_input(picture, folded[0])
    return folded
