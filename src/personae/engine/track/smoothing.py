"""Steady landmarks without lag: the mean of a symmetric window, never far from what was seen.

A causal filter pays for steadiness with lag. A job can look a few frames ahead, and a window that
reaches as far back as ahead is exact on any constant motion. What it would get wrong (a start, a
blink) is bounded: no landmark moves further from its measurement than the jitter that is to be
removed.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from personae.engine.types import Float64

RADIUS = 3
"""Frames on each side."""
SIGMA_FRAMES = 1.4
JITTER = 0.008
"""The most a landmark is moved, relative to the larger side of the face's box."""


def weights(before: int, after: int) -> Float64:
    """Gaussian weights of a symmetric window: `before` and `after` frames are to be had."""
    radius = min(RADIUS, before, after)
    offsets = np.arange(-radius, radius + 1)
    weight = np.exp(-0.5 * (offsets / SIGMA_FRAMES) ** 2)
    return weight / weight.sum()


def symmetric_window(count: int, centre: int) -> slice:
    """The items around `centre` that `smooth` will average, out of `count`."""
    radius = min(RADIUS, centre, count - 1 - centre)
    return slice(centre - radius, centre + radius + 1)


def average(values: Sequence[Float64]) -> Float64:
    """Weighted mean of an odd number of arrays around the middle one."""
    radius = len(values) // 2
    return np.tensordot(weights(radius, radius), np.stack(values), 1)


def smooth(landmarks: Sequence[Float64]) -> Float64:
    """Steady landmarks for the middle frame of an odd number of neighbours, float64 (478, 3)."""
    measured = landmarks[len(landmarks) // 2]
    if len(landmarks) == 1:
        return measured
    offset = average(landmarks) - measured
    limit = JITTER * float(np.ptp(measured[:, :2], axis=0).max())
    far = np.linalg.norm(offset[:, :2], axis=1, keepdims=True)
    # tanh leaves small offsets as they are and lets none pass the limit.
    return measured + offset * (np.tanh(far / limit) / np.maximum(far / limit, 1e-9))


def between(a: Float64, b: Float64, share: float) -> Float64:
    """Landmarks for a frame in which they were not found: `share` of the way from `a` to `b`."""
    return a + (b - a) * share
