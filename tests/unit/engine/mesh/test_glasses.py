"""Frames of glasses are told from bare faces, and stay the scene's to the pixel."""

from __future__ import annotations

import cv2
import numpy as np
import pytest
from portraits import astronaut, hopper, resized

from personae.engine.canvas import RgbCanvas
from personae.engine.mesh.glasses import SMALLEST_EYES_PX, frames_mask, frames_worn
from personae.engine.mesh.render import render_face
from personae.engine.mesh.topology import FaceMesh
from personae.engine.pipeline import Engine
from personae.engine.types import Face

BLACK, SILVER = (24, 22, 22), (205, 205, 210)


def with_frames(
    rgb: np.ndarray, points: np.ndarray, colour: tuple[int, int, int], thick: float
) -> tuple[np.ndarray, np.ndarray]:
    """Clear glasses on upright eyes, and where their frame is, bool (h, w)."""
    left, right = points[33, :2].astype(float), points[263, :2].astype(float)
    unit, (x, y) = float(np.linalg.norm(right - left)), (left + right) / 2
    line = np.zeros(rgb.shape[:2], np.uint8)
    pen = max(1, round(thick * unit))

    def at(across: float, down: float) -> tuple[int, int]:
        return round(16 * (x + across * unit)), round(16 * (y + down * unit))

    for side in (-1, 1):
        axes = (round(16 * 0.28 * unit), round(16 * 0.2 * unit))
        cv2.ellipse(line, at(0.36 * side, 0.06), axes, 0, 0, 360, 255, pen, cv2.LINE_AA, 4)
        cv2.line(line, at(0.64 * side, 0.0), at(0.9 * side, -0.03), 255, pen, cv2.LINE_AA, 4)
    cv2.line(line, at(-0.08, 0.0), at(0.08, 0.0), 255, pen, cv2.LINE_AA, 4)
    share = line[..., None] / 255
    return np.rint(rgb * (1 - share) + np.array(colour) * share).astype(np.uint8), line > 200


def test_frames_are_told_from_bare_faces(astronaut_face: Face, hopper_face: Face) -> None:
    points = astronaut_face.landmarks.astype(np.float64)
    assert frames_worn(astronaut(), points) == 0
    assert frames_worn(hopper(), hopper_face.landmarks.astype(np.float64)) == 1  # she wears some
    assert frames_worn(with_frames(astronaut(), points, BLACK, 0.05)[0], points) == 1
    assert frames_worn(with_frames(astronaut(), points, BLACK, 0.03)[0], points) > 0.9


@pytest.mark.parametrize("factor", [1.2, 2.0, 5.0])
def test_size_does_little(astronaut_face: Face, factor: float) -> None:
    rgb = resized(astronaut()[:260, 60:420], factor)
    points = (astronaut_face.landmarks - np.float32([60, 0, 0])).astype(np.float64) * factor
    assert frames_worn(rgb, points) == 0
    assert frames_worn(with_frames(rgb, points, BLACK, 0.05)[0], points) > 0.8


def test_small_faces_wear_none(astronaut_face: Face) -> None:
    points = astronaut_face.landmarks.astype(np.float64)
    wide = float(np.linalg.norm(points[33, :2] - points[263, :2]))
    factor = 0.9 * SMALLEST_EYES_PX / wide
    worn = resized(with_frames(astronaut(), points, BLACK, 0.06)[0], factor)
    assert frames_worn(worn, points * factor) == 0


@pytest.mark.parametrize(("colour", "thick"), [(BLACK, 0.05), (SILVER, 0.035)])
def test_the_mask_lies_on_the_frame(
    astronaut_face: Face, colour: tuple[int, int, int], thick: float
) -> None:
    points = astronaut_face.landmarks.astype(np.float64)
    rgb, line = with_frames(astronaut(), points, colour, thick)
    mask = frames_mask(rgb, points[[33, 263], :2])
    assert mask.shape == rgb.shape[:2]
    assert 0 <= mask.min() <= mask.max() <= 1
    assert mask[line].mean() > 0.8
    wide = float(np.linalg.norm(points[33, :2] - points[263, :2]))
    beside = cv2.dilate(line.astype(np.uint8), np.ones((3, 3)), iterations=round(0.12 * wide)) == 0
    assert mask[beside].mean() < 0.01
    for iris in (468, 473):
        x, y = np.rint(points[iris, :2]).astype(int)
        assert mask[y - 2 : y + 3, x - 2 : x + 3].max() < 0.2


def test_a_frame_stays_and_the_eyes_behind_it_are_the_donors(
    engine: Engine, mesh: FaceMesh, astronaut_face: Face, hopper_face: Face
) -> None:
    bare = engine.prepare([engine.study(RgbCanvas(astronaut()), astronaut_face)[0]])
    points = astronaut_face.landmarks.astype(np.float64)
    rgb, line = with_frames(astronaut(), points, BLACK, 0.05)
    (plan,) = engine.plan_still(RgbCanvas(rgb.copy()), [(astronaut_face, bare)], 1.0)
    assert plan.frames == 1
    result = render_face(mesh, RgbCanvas(rgb), plan)
    assert result is not None
    x0, y0, x1, y1 = result.box
    frame = line[y0:y1, x0:x1] & (result.mask > 0)
    # Her own face is put on it, so where the frame is painted over the change is large.
    assert np.abs(result.delta[frame]).mean() < 30  # of some 170 if it were painted over
    assert result.mask[frame].mean() < 0.4
    for iris in (468, 473):
        x, y = np.rint(points[iris, :2]).astype(int)
        assert result.mask[y - y0, x - x0] > 0.6


def test_small_moves_change_the_mask_little(astronaut_face: Face) -> None:
    points = astronaut_face.landmarks.astype(np.float64)
    rgb, _ = with_frames(astronaut(), points, BLACK, 0.04)
    eyes = points[[33, 263], :2]
    still = frames_mask(rgb, eyes)
    for move in ([0.4, 0.0], [0.0, -0.4], [-0.3, 0.3]):
        moved = frames_mask(rgb, eyes + np.array(move))
        assert np.abs(moved - still).mean() < 0.12 * still.mean()
