"""A donor's glasses are painted over from beside them; bare faces, eyes and brows are not."""

from __future__ import annotations

import cv2
import numpy as np
import pytest
from portraits import BLACK, astronaut, hopper, with_frames

from personae.engine.canvas import RgbCanvas
from personae.engine.mesh.bare_eyes import without_frames
from personae.engine.mesh.glasses import donor_frames_worn
from personae.engine.mesh.topology import FaceMesh
from personae.engine.mesh.unrolling import unroll
from personae.engine.types import Face

BROWN = (74, 48, 30)


@pytest.mark.parametrize(("colour", "thick"), [(BLACK, 0.05), (BLACK, 0.03), (BROWN, 0.04)])
def test_a_drawn_frame_goes(
    astronaut_face: Face, colour: tuple[int, int, int], thick: float
) -> None:
    points = astronaut_face.landmarks.astype(np.float64)
    bare = astronaut()
    worn, line = with_frames(bare, points, colour, thick)
    out = without_frames(worn, points)
    assert out is not None
    oval = cv2.convexHull(np.rint(points[:468, :2]).astype(np.int32))
    face = np.zeros(bare.shape[:2], np.uint8)
    cv2.fillConvexPoly(face, oval, 1)
    # Near the rim hair begins, which is never made up.
    inside = line & (cv2.erode(face, np.ones((3, 3)), iterations=4) > 0)

    def off(rgb: np.ndarray) -> float:
        return float(np.abs(rgb[inside].astype(float) - bare[inside]).mean())

    assert off(out) < 0.4 * off(worn)


def test_eyes_and_everything_far_from_the_frame_stay(astronaut_face: Face) -> None:
    points = astronaut_face.landmarks.astype(np.float64)
    worn, _ = with_frames(astronaut(), points, BLACK, 0.04)
    before = worn.copy()
    out = without_frames(worn, points)
    assert out is not None
    assert (worn == before).all()  # Not modified.
    changed = (out != worn).any(2)
    for iris in (468, 473):
        x, y = np.rint(points[iris, :2]).astype(int)
        assert not changed[y - 1 : y + 2, x - 1 : x + 2].any()
    mouth, chin = points[13, 1], points[152, 1]
    assert not changed[int(mouth) : int(chin)].any()
    assert not changed[: int(points[10, 1])].any()


def test_a_bare_face_is_the_photo_itself(astronaut_face: Face) -> None:
    points = astronaut_face.landmarks.astype(np.float64)
    assert not donor_frames_worn(astronaut(), points)
    assert without_frames(astronaut(), points) is None


def test_dark_glasses_stay(astronaut_face: Face) -> None:
    """Without the frame, what is left would be two black patches."""
    points = astronaut_face.landmarks.astype(np.float64)
    worn, _ = with_frames(astronaut(), points, BLACK, 0.05)
    left, right = points[33, :2], points[263, :2]
    unit, middle = float(np.linalg.norm(right - left)), (left + right) / 2
    for side in (-1, 1):
        at = np.rint(middle + unit * np.array([0.36 * side, 0.06])).astype(int)
        axes = (round(0.27 * unit), round(0.19 * unit))
        cv2.ellipse(worn, at.tolist(), axes, 0, 0, 360, (30, 30, 34), -1)
    assert donor_frames_worn(worn, points)
    assert without_frames(worn, points) is None


def test_hoppers_glasses_are_not_in_her_texture(mesh: FaceMesh, hopper_face: Face) -> None:
    photo = unroll(mesh, RgbCanvas(hopper()), hopper_face)
    # Between eye and ear, where her frame is black.
    x, y = np.rint(mesh.uv[[139, 368]]).astype(int).T
    cheek = photo.texture[np.rint(mesh.uv[[50, 280], 1]).astype(int)].mean()
    for column, row in zip(x, y, strict=True):
        patch = photo.texture[row - 10 : row + 11, column - 10 : column + 11]
        assert patch.mean() > 0.5 * cheek


def test_the_same_photo_gives_the_same_bits(hopper_face: Face) -> None:
    points = hopper_face.landmarks.astype(np.float64)
    first, second = (without_frames(hopper(), points) for _ in range(2))
    assert first is not None
    assert (first == second).all()
