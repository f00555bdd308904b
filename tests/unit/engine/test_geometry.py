"""Fits, head poses and the squares that models look at."""

from __future__ import annotations

import math

import numpy as np
import pytest
from portraits import head, turn

from personae.engine.canonical import canonical_face
from personae.engine.canvas import RgbCanvas
from personae.engine.faces.finder import make_face
from personae.engine.geometry import (
    Region,
    clip_box,
    crop_square,
    fit_similarity_3d,
    pose_of,
    region_from_landmarks,
)


def test_a_similarity_is_found_again() -> None:
    random = np.random.default_rng(3)
    points = random.normal(size=(40, 3))
    rotation = turn(35, 2) @ turn(-20, 1) @ turn(10, 0)
    moved = 2.5 * points @ rotation.T + [3.0, -4.0, 5.0]
    fit = fit_similarity_3d(points, moved)
    assert fit.scale == pytest.approx(2.5)
    np.testing.assert_allclose(fit.rotation, rotation, atol=1e-9)
    np.testing.assert_allclose(fit.apply(points), moved, atol=1e-9)
    steps = random.normal(size=(40, 3))
    there = fit.apply(points + steps) - fit.apply(points)
    np.testing.assert_allclose(fit.undo_vectors(there), steps, atol=1e-9)


def test_a_fit_never_turns_a_face_inside_out() -> None:
    points = canonical_face()[:468, :3]
    fit = fit_similarity_3d(points, points * [-1, 1, 1])
    assert np.linalg.det(fit.rotation) == pytest.approx(1)


@pytest.mark.parametrize("roll", [0, 25, -60, 90, 135, 180])
@pytest.mark.parametrize(
    ("yaw", "pitch"), [(0, 0), (20, 0), (-35, 0), (0, 15), (30, -20), (-12, 18)]
)
def test_yaw_and_pitch_are_told_of_the_head_turned_upright(
    yaw: float, pitch: float, roll: float
) -> None:
    pose = make_face(head(yaw=yaw, pitch=pitch, roll=roll), 1.0).pose
    assert (pose.yaw, pose.pitch) == pytest.approx((yaw, pitch), abs=0.05)
    assert math.remainder(pose.roll - roll, 360) == pytest.approx(0, abs=0.05)


def test_signs_of_a_pose_are_the_viewers() -> None:
    to_the_right = make_face(head(yaw=30), 1.0)
    nose, eyes = to_the_right.points[2], to_the_right.points[:2]
    assert nose[0] > eyes[:, 0].mean() + 3
    assert to_the_right.pose.yaw > 0
    down = make_face(head(pitch=30), 1.0)
    assert down.points[2, 1] > make_face(head(), 1.0).points[2, 1] + 3
    assert down.pose.pitch > 0
    clockwise = make_face(head(roll=30), 1.0)
    assert clockwise.points[1, 1] > clockwise.points[0, 1] + 3
    assert clockwise.pose.roll > 0


def test_no_turn_is_no_pose() -> None:
    pose = pose_of(np.eye(3))
    assert (pose.yaw, pose.pitch, pose.roll) == (0, 0, 0)


@pytest.mark.parametrize("roll", [0, 30, -90, 170])
def test_a_region_turns_the_face_upright_and_holds_it(roll: float) -> None:
    landmarks = head(80, 120, 50, roll=roll)
    region = region_from_landmarks(landmarks)
    matrix = region.to_square(200)
    at = landmarks[:468, :2] @ matrix[:, :2].T + matrix[:, 2]
    eyes = at[263] - at[33]
    assert eyes[1] == pytest.approx(0, abs=0.05)
    assert eyes[0] > 0
    low, high = at.min(0), at.max(0)
    np.testing.assert_allclose((low + high) / 2, 100, atol=0.1)
    assert (high - low).max() == pytest.approx(200 / 1.5, abs=0.1)


def test_a_crop_of_the_whole_is_the_picture() -> None:
    picture = np.random.default_rng(0).integers(0, 256, (32, 32, 3)).astype(np.uint8)
    crop = crop_square(RgbCanvas(picture), Region(16, 16, 32, 0), 32)
    np.testing.assert_array_equal(crop, picture)


def test_a_crop_is_black_outside_the_picture() -> None:
    canvas = RgbCanvas(np.full((40, 40, 3), 200, np.uint8))
    crop = crop_square(canvas, Region(0, 20, 40, 0), 40)
    assert (crop[:, 22:38] == 200).all()
    assert (crop[:, :18] == 0).all()
    assert (crop_square(canvas, Region(-100, 20, 40, 0.3), 40) == 0).all()


def test_a_turned_crop_turns_back() -> None:
    picture = np.zeros((101, 101, 3), np.uint8)
    picture[50, 60:90] = 255  # A line to the right of the middle.
    crop = crop_square(RgbCanvas(picture), Region(50, 50, 100, math.radians(90)), 100)
    y, x = np.nonzero(crop[..., 0] > 100)
    # The square is turned clockwise, so its content appears turned the other way: upwards.
    assert x.min() >= 48
    assert x.max() <= 52
    assert y.max() < 50


def test_shrinking_averages_instead_of_skipping() -> None:
    board = (np.indices((512, 512)).sum(0) % 2 * 255).astype(np.uint8)
    crop = crop_square(RgbCanvas(np.stack([board] * 3, -1)), Region(256, 256, 400, 0.2), 32)
    assert np.abs(crop.astype(int) - 127).max() <= 3


def test_boxes_are_cut_to_the_picture() -> None:
    low, high = np.array([-3.5, 2.2]), np.array([9.1, 7.0])
    assert clip_box(low, high, (100, 100)) == (0, 2, 11, 8)
    assert clip_box(low, high, (5, 5)) == (0, 2, 5, 5)
    assert clip_box(low + 200, high + 200, (100, 100)) is None
    assert clip_box(low - 200, high - 200, (100, 100)) is None
