"""Fill triangles with their numbers, all of them in a few large array operations.

A call for each of the thousand triangles would cost more than the filling, and threads that render
beside each other would wait for each other at every one.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from personae.engine.types import Float32, Float64, Int16, Int32

LONG, UPPER, LOWER = 0, 1, 2
"""Edges of a triangle whose corners are sorted from top to bottom: 0 to 2, 0 to 1, 1 to 2."""
TOUCH = 1 / 64
_FROM, _TO = np.array([0, 0, 1]), np.array([2, 1, 2])


def fill_triangles_into(
    number: Int16, corners: Float64 | Float32, order: NDArray[np.intp], reach: Float64
) -> None:
    """Write the numbers of triangles where they lie, the last in `order` on top.

    Parameters
    ----------
    number : int16 (h, w)
    corners : (T, 3, 2)
        In pixels of `number`; may lie outside.
    order : int (N,)
        Numbers of triangles; one may come more than once.
    reach : float64 (N,), pixels
        A pixel is filled when its middle lies in a triangle or this near to its edge, across or
        down. With `TOUCH`, neighbours leave no gap; with 0.5, thin triangles are whole lines.
    """
    height, width = number.shape
    chosen = corners[order].astype(np.float32)
    rank = np.argsort(chosen[:, :, 1], 1)[:, :, None]
    x, y = np.ascontiguousarray(np.take_along_axis(chosen, rank, 1).T)
    near = reach.astype(np.float32)
    first = np.maximum(np.ceil(y[0] - near), 0).astype(np.int32)
    last = np.minimum(np.floor(y[2] + near), height - 1).astype(np.int32)
    owner, row = _runs(first, last)
    left, right = _spans(x, y, near, owner, row.astype(np.float32))
    left = np.maximum(np.ceil(left), 0).astype(np.int32)
    right = np.minimum(np.floor(right), width - 1).astype(np.int32)
    start = row * width
    span, pixel = _runs(start + left, start + right)
    # Where a pixel is written more than once, the last value stays: the painter's algorithm.
    number.reshape(-1)[pixel] = order.astype(np.int16)[owner][span]


def _runs(first: Int32, last: Int32) -> tuple[NDArray[np.intp], Int32]:
    """Count from each `first` to its `last`, both included: whose count it is, and the number."""
    length = np.maximum(last - first + 1, 0)
    ends = np.cumsum(length, dtype=np.int32)
    owner = np.repeat(np.arange(len(length)), length)
    return owner, np.arange(len(owner), dtype=np.int32) + (first - ends + length)[owner]


def _spans(
    x: Float32, y: Float32, near: Float32, owner: NDArray[np.intp], row: Float32
) -> tuple[Float32, Float32]:
    """From where to where triangles reach in rows: x and y are (3, T), sorted by y."""
    slope = (x[_TO] - x[_FROM]) / np.maximum(y[_TO] - y[_FROM], 1e-6)
    # A flat edge is near to a row for as long as its slope says.
    margin = np.maximum(np.abs(slope), 1) * near
    low, high = np.minimum(x[_TO], x[_FROM]) - near, np.maximum(x[_TO], x[_FROM]) + near
    tables = [part.reshape(-1) for part in (x[_FROM], y[_FROM], slope, margin, low, high)]

    def ends(edge: NDArray[np.intp]) -> tuple[Float32, Float32]:
        x0, y0, lean, more, least, most = (part.take(edge) for part in tables)
        at = x0 + (row - y0) * lean
        return np.maximum(at - more, least), np.minimum(at + more, most)

    count = x.shape[1]
    long_left, long_right = ends(owner + LONG * count)
    below = row >= y[1].take(owner)
    left, right = ends(owner + (UPPER * count + below * ((LOWER - UPPER) * count)))
    return np.minimum(long_left, left), np.maximum(long_right, right)
