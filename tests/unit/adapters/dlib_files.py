"""Write dlib's serialised face network with random weights: the mirror of the reader.

With `FULL_BLOCKS` the stream has exactly the type that dlib-bin loads, so that the conversion is
compared with dlib itself without anybody's weights.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np

FULL_BLOCKS = (
    *[(32, False)] * 3,
    *[(64, True), *[(64, False)] * 3],
    *[(128, True), *[(128, False)] * 2],
    *[(256, True), *[(256, False)] * 2],
    (256, True),
)
"""Channels of every residual block, and whether it halves the picture."""

LAYER, INPUT_LAYER, TAG = 2, 3, 1  # The versions that dlib writes for each kind.
MEANS_RGB = (122.782, 117.001, 104.298)


def integer(value: int) -> bytes:
    size = max(1, (abs(value).bit_length() + 7) // 8)
    return bytes([size | (0x80 if value < 0 else 0)]) + abs(value).to_bytes(size, "little")


def real(value: float) -> bytes:
    mantissa, exponent = math.frexp(value)
    return integer(int(mantissa * 2**24)) + integer(exponent - 24)


def text(value: str) -> bytes:
    return integer(len(value)) + value.encode()


def integers(*values: int) -> bytes:
    return b"".join(map(integer, values))


def tensor(values: np.ndarray) -> bytes:
    shape = (*values.shape, 1, 1, 1)[:4]
    return integers(2, *shape) + values.astype("<f4").tobytes()


EMPTY_TENSOR = integers(2, 0, 0, 0, 0)


def _layer(details: bytes, relu_follows: bool = False) -> bytes:
    """What dlib writes after every layer: it works in place where a ReLU follows."""
    return details + (b"111" if relu_follows else b"110") + 3 * EMPTY_TENSOR


@dataclass
class RandomNetwork:
    """Bytes of a network whose every weight is random but keeps the values in range."""

    seed: int = 0
    size: int = 150
    first_channels: int = 32
    blocks: tuple[tuple[int, bool], ...] = FULL_BLOCKS
    outputs: int = 128

    def __post_init__(self) -> None:
        self._random = np.random.default_rng(self.seed)

    def write(self) -> bytes:
        channels = self.first_channels
        body = self._conv(3, channels, kernel=7, stride=2, padding=0) + integer(1)
        body += self._affine(channels, relu_follows=True) + _layer(text("relu_"))
        body += _layer(text("max_pool_2") + integers(3, 3, 2, 2, 0, 0))
        for wanted, down in self.blocks:
            body += self._block(channels, wanted, down)
            channels = wanted
        body += _layer(text("avg_pool_2") + integers(0, 0, 1, 1, 0, 0))
        body += self._linear(channels)
        head = integer(1) + text("loss_metric_2") + real(0.04) + real(0.6)
        source = text("input_rgb_image_sized") + b"".join(map(real, MEANS_RGB))
        return head + integers(*self._versions()) + source + integers(self.size, self.size) + body

    def _versions(self) -> Iterable[int]:
        """From the last layer to the first, as dlib nests them."""
        yield from (LAYER, LAYER)
        for _, down in reversed(self.blocks):
            yield from (LAYER, LAYER)
            yield from (LAYER, TAG, TAG) if down else ()
            yield from (LAYER, LAYER, LAYER, LAYER, LAYER, TAG)
        yield from (LAYER, LAYER, LAYER, INPUT_LAYER)

    def _block(self, inputs: int, outputs: int, down: bool) -> bytes:
        body = self._conv(inputs, outputs, 3, 2 if down else 1, 0 if down else 1)
        body += self._affine(outputs, relu_follows=True) + _layer(text("relu_"))
        body += self._conv(outputs, outputs, 3, 1, 1) + self._affine(outputs)
        if down:
            body += _layer(text("avg_pool_2") + integers(2, 2, 2, 2, 0, 0))
        return body + _layer(text("add_prev_"), relu_follows=True) + _layer(text("relu_"))

    def _conv(self, inputs: int, outputs: int, kernel: int, stride: int, padding: int) -> bytes:
        count = inputs * kernel * kernel
        weights = self._random.normal(0, math.sqrt(1 / count), outputs * count)
        biases = self._random.normal(0, 0.1, outputs)
        return _layer(
            text("con_4")
            + tensor(np.concatenate([weights, biases]))
            + integers(outputs, kernel, kernel, stride, stride, padding, padding)
            + integers(1, outputs, inputs, kernel, kernel)
            + integers(1, 1, outputs, 1, 1)
            + 3 * real(1.0)
            + real(0.0)
        )

    def _affine(self, channels: int, relu_follows: bool = False) -> bytes:
        values = [self._random.uniform(0.5, 1.5, channels), self._random.normal(0, 0.1, channels)]
        shape = integers(1, 1, channels, 1, 1)
        details = text("affine_") + tensor(np.concatenate(values)) + 2 * shape + integer(0)
        return _layer(details, relu_follows)

    def _linear(self, inputs: int) -> bytes:
        weights = self._random.normal(0, 1 / math.sqrt(inputs), (inputs, self.outputs))
        return _layer(
            text("fc_2")
            + integers(self.outputs, inputs)
            + tensor(weights)
            + integers(1, inputs, self.outputs, 1, 1)
            + integers(1, 0, 0, 0, 0)
            + integer(1)
            + 3 * real(1.0)
            + real(0.0)
        )


def small_network() -> bytes:
    """The same kind of network in a few kilobytes, with a halving of odd and of even sizes."""
    blocks = ((8, False), (12, True), (12, True))
    return RandomNetwork(size=39, first_channels=8, blocks=blocks, outputs=6).write()
