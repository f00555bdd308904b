"""Expressions and poses, with values that can be checked by hand."""

from __future__ import annotations

import math

import numpy as np
import pytest

from personae.engine.canonical import canonical_face
from personae.engine.types import Float64, Pose
from personae.evaluating.expressions import expression, expression_error, pose_error


def face() -> Float64:
    """The mean face, 200 pixels from eye to eye, its lids a tenth of that apart."""
    return canonical_face()[:, :3] * 200.0


def turned(points: Float64, degrees: float, axis: int) -> Float64:
    angle = math.radians(degrees)
    one, other = [i for i in range(3) if i != axis]
    out = points.copy()
    out[:, one] = points[:, one] * math.cos(angle) - points[:, other] * math.sin(angle)
    out[:, other] = points[:, one] * math.sin(angle) + points[:, other] * math.cos(angle)
    return out


@pytest.mark.parametrize(("axis", "degrees"), [(0, 12), (1, -20), (2, 33)])
def test_neither_pose_nor_size_nor_place_is_an_expression(axis: int, degrees: float) -> None:
    moved = turned(face(), degrees, axis) * 1.7 + np.array([300, 200, -50])
    error = expression_error(expression(moved), expression(face()))
    assert error.total < 1e-6


def test_a_lid_that_falls_counts_for_the_lids_alone() -> None:
    shut = face()
    shut[[160, 158], 1] += 10.0  # 10 of 200 pixels from eye corner to eye corner: 5 percent
    error = expression_error(expression(shut), expression(face()))
    assert error.lids == pytest.approx(2.5, abs=0.05)  # one eye of two
    assert error.total == pytest.approx(5.0, abs=0.1)
    assert max(error.brows, error.mouth) < 0.1


def test_brows_and_mouth_count_where_they_move() -> None:
    raised = face()
    raised[[66, 107, 296, 336], 1] -= 8.0
    error = expression_error(expression(raised), expression(face()))
    assert error.brows == pytest.approx(2.0, abs=0.1)  # 4 percent for two of four ends
    assert max(error.lids, error.mouth) < 0.2
    smiling = face()
    smiling[[61, 291], 1] -= 6.0
    smiling[61, 0] -= 5.0
    smiling[291, 0] += 5.0
    error = expression_error(expression(smiling), expression(face()))
    assert error.mouth == pytest.approx((5.0 + 3.0 + 3.0) / 4, abs=0.2)
    assert max(error.lids, error.brows) < 0.3


def test_pose_error_is_the_length_of_three_angles() -> None:
    assert pose_error(Pose(3, 4, 0), Pose(0, 0, 0)).total == pytest.approx(5)
    off = pose_error(Pose(1, -2, 2), Pose(0, 0, 0))
    assert (off.total, off.yaw, off.pitch, off.roll) == pytest.approx((3, 1, 2, 2))
    assert pose_error(Pose(0, 0, 179), Pose(0, 0, -179)).total == pytest.approx(2)
