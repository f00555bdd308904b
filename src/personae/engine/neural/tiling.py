"""Larger crops through a small network: interleaved tiles, each a thinned whole face.

A crop of k times the network's side is taken apart into k * k tiles, tile (i, j) made of every
k-th row from i on and every k-th column from j on. The network sees whole faces, a fraction of a
pixel apart, and what it makes of them is put together again the same way. Peers call it pixel
boost.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from personae.engine.types import Float32, UInt8


def take_apart(crop: UInt8, times: int) -> list[UInt8]:
    """The tiles of a crop (k * s, k * s, 3), row by row: k * k of uint8 (s, s, 3)."""
    if times == 1:
        return [crop]
    return [
        np.ascontiguousarray(crop[row::times, column::times])
        for row in range(times)
        for column in range(times)
    ]


def put_together(tiles: Sequence[Float32], times: int) -> Float32:
    """A crop out of its tiles, in the order of `take_apart`: float32 (k * s, k * s, 3)."""
    if times == 1:
        return tiles[0]
    height, width, channels = tiles[0].shape
    crop = np.empty((height * times, width * times, channels), np.float32)
    for number, tile in enumerate(tiles):
        row, column = divmod(number, times)
        crop[row::times, column::times] = tile
    return crop
