"""Triangles are filled whole, without gaps between neighbours, the last one on top."""

from __future__ import annotations

import cv2
import numpy as np
import pytest

from personae.engine.mesh.filling import TOUCH, fill_triangles_into


def filled(
    corners: np.ndarray, order: list[int], size_wh: tuple[int, int], reach: float = 0.5
) -> np.ndarray:
    number = np.full((size_wh[1], size_wh[0]), -1, np.int16)
    fill_triangles_into(number, corners, np.array(order, int), np.full(len(order), reach))
    return number


def distance_to(triangle: np.ndarray, size_wh: tuple[int, int]) -> np.ndarray:
    """How far each pixel's middle lies inside a triangle, in pixels; negative outside."""
    outline = triangle.astype(np.float32)[:, None]
    return np.array(
        [
            [cv2.pointPolygonTest(outline, (float(x), float(y)), True) for x in range(size_wh[0])]
            for y in range(size_wh[1])
        ]
    )


@pytest.mark.parametrize("seed", range(12))
def test_all_that_is_inside_is_filled_and_nothing_far_outside(seed: int) -> None:
    triangle = np.random.default_rng(seed).uniform(-6, 30, (3, 2))
    inside = distance_to(triangle, (24, 20))
    number = filled(triangle[None], [0], (24, 20))
    assert (number[inside > 0] == 0).all()
    # Near across or down is up to the square root of two as near as the crow flies, at a corner.
    assert (number[inside < -0.71] == -1).all()
    exact = filled(triangle[None], [0], (24, 20), TOUCH)
    assert (exact[inside > 0] == 0).all()
    assert (exact[inside < -0.03] == -1).all()


@pytest.mark.parametrize("reach", [0.5, TOUCH])
def test_neighbours_leave_no_gap(reach: float) -> None:
    random = np.random.default_rng(3)
    hub, angles = np.array([20.3, 19.6]), np.sort(random.uniform(0, 2 * np.pi, 40))
    around = hub + 16 * np.column_stack([np.cos(angles), np.sin(angles)])
    fan = np.stack([np.stack([hub, around[k - 1], around[k]]) for k in range(40)])
    number = filled(fan, list(range(40)), (40, 40), reach)
    outline = around.astype(np.float32)[:, None]
    for y, x in np.ndindex(40, 40):
        if cv2.pointPolygonTest(outline, (float(x), float(y)), True) > 0:
            assert number[y, x] >= 0
    assert len(set(number[number >= 0].tolist())) > 30


def test_thin_triangles_are_whole_lines() -> None:
    slanted = np.array([[[2, 3], [17, 9], [17, 9]], [[4, 18], [4, 1], [4.01, 9]]], float)
    number = filled(slanted, [0], (20, 20))
    assert (number[:, 2:18] == 0).any(0).all()
    number = filled(slanted, [1], (20, 20))
    assert (number[1:19, 4] == 1).all()
    flat = np.array([[[3, 5], [12, 5], [8, 5]]], float)
    assert (filled(flat, [0], (20, 20))[5, 3:13] == 0).all()


def test_later_triangles_lie_on_top() -> None:
    half = np.array([[0, 0], [9, 0], [0, 9]], float)
    both = np.stack([half, half])
    number = filled(both, [1, 0], (10, 10))
    assert number[1, 1] == 0
    assert number[9, 9] == -1
    assert filled(both, [0, 1], (10, 10))[1, 1] == 1
    assert filled(both, [1], (10, 10)).max() == 1


def test_what_lies_outside_is_left_out() -> None:
    triangle = np.array([[[-50, -60], [90, -10], [-20, 80]]], float)
    assert (filled(triangle + 1000, [0], (12, 9)) == -1).all()
    assert (filled(triangle, [0], (12, 9)) == 0).all()
    assert (filled(triangle, [], (12, 9)) == -1).all()
