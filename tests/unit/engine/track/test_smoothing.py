"""Landmarks are steadied without lag, and never far from what was measured."""

from __future__ import annotations

import numpy as np
import pytest
from portraits import head

from personae.engine.track.smoothing import (
    JITTER,
    RADIUS,
    average,
    between,
    smooth,
    symmetric_window,
    weights,
)

FACE = head(200, 200, 100).astype(np.float64)
SIDE = np.ptp(FACE[:468, :2], axis=0).max()


def test_constant_motion_is_exact() -> None:
    track = [FACE + np.array([5.0, -3.0, 1.0]) * i for i in range(2 * RADIUS + 1)]
    np.testing.assert_allclose(smooth(track), track[RADIUS], atol=1e-9)


def test_jitter_is_reduced() -> None:
    random = np.random.default_rng(0)
    noisy = [FACE + random.normal(0, 0.3, FACE.shape) for _ in range(200)]
    rms_before = np.sqrt(np.mean([(one - FACE) ** 2 for one in noisy]))
    steady = [smooth(noisy[i - RADIUS : i + RADIUS + 1]) for i in range(RADIUS, 200 - RADIUS)]
    rms_after = np.sqrt(np.mean([(one - FACE)[:, :2] ** 2 for one in steady]))
    assert rms_after < 0.75 * rms_before


def test_no_landmark_is_moved_further_than_the_limit() -> None:
    random = np.random.default_rng(1)
    wild = [FACE + random.normal(0, 30, FACE.shape) for _ in range(7)]
    moved = np.linalg.norm((smooth(wild) - wild[3])[:, :2], axis=1)
    side = np.ptp(wild[3][:, :2], axis=0).max()
    assert moved.max() <= JITTER * side * 1.0001
    assert moved.max() > 0.5 * JITTER * side


def test_a_blink_in_one_frame_survives() -> None:
    shut = FACE.copy()
    shut[159, 1] = shut[145, 1]
    steady = smooth([FACE, FACE, FACE, shut, FACE, FACE, FACE])
    assert abs(steady[159, 1] - steady[145, 1]) <= 2 * JITTER * SIDE


def test_windows_are_symmetric_at_the_ends() -> None:
    assert symmetric_window(9, 0) == slice(0, 1)
    assert symmetric_window(9, 1) == slice(0, 3)
    assert symmetric_window(9, 4) == slice(1, 8)
    assert symmetric_window(9, 8) == slice(8, 9)
    only = [FACE + 1, FACE, FACE - 1]
    assert smooth(only[symmetric_window(3, 0)]) is only[0]


def test_weights_add_up_and_fall_off_alike() -> None:
    weight = weights(3, 3)
    assert weight.sum() == pytest.approx(1)
    np.testing.assert_allclose(weight, weight[::-1])
    assert (np.diff(weight[:4]) > 0).all()
    assert len(weights(1, 5)) == 3
    np.testing.assert_allclose(average([np.zeros(2), np.ones(2), np.full(2, 2.0)]), 1)


def test_a_missing_frame_lies_between() -> None:
    np.testing.assert_allclose(between(FACE, FACE + 8, 0.25), FACE + 2)
