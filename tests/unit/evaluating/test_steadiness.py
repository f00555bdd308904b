"""Second differences over time, by hand."""

from __future__ import annotations

import numpy as np
import pytest

from personae.evaluating.steadiness import Steadiness, ratio


def rms_of(*values: float | None) -> float | None:
    steadiness = Steadiness()
    for value in values:
        steadiness.add(None if value is None else np.array([value]))
    return steadiness.rms


def test_rest_and_even_motion_are_steady() -> None:
    assert rms_of(5, 5, 5, 5) == 0
    assert rms_of(0, 3, 6, 9, 12) == pytest.approx(0)


def test_a_tremble_is_four_times_its_size() -> None:
    # +1, -1, +1: every second difference is 1 + 2 + 1.
    assert rms_of(1, -1, 1, -1, 1, -1) == pytest.approx(4)


def test_one_jump_in_five_frames() -> None:
    # Second differences of 0 0 1 0 0: 1, -2, 1.
    assert rms_of(0, 0, 1, 0, 0) == pytest.approx(np.sqrt((1 + 4 + 1) / 3))


def test_gaps_are_not_motion() -> None:
    assert rms_of(0, 0, 0, None, 9, 9, 9) == 0
    assert rms_of(0, 0, None, 9, 9) is None


def test_ratios() -> None:
    assert ratio(3.0, 2.0) == 1.5
    assert ratio(3.0, 0.0) is None
    assert ratio(None, 1.0) is None
