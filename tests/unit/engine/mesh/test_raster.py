"""The mesh is drawn without holes, and nothing is made up between its corners."""

from __future__ import annotations

import cv2
import numpy as np
import pytest
from portraits import head

from personae.engine.mesh.raster import (
    draw_triangles,
    interpolate,
    skin_extent,
    texture_positions,
    vertex_normals,
    visibility,
)
from personae.engine.mesh.topology import TEXTURE_PX, FaceMesh
from personae.engine.mesh.vertices import KIND_RING, RING_START, SKIN, extend_positions

POSES = [(0, 0), (12, 0), (25, 5), (33, -10), (40, 0), (-40, 15), (0, 30), (20, -25)]


def positions(yaw: float, pitch: float, roll: float = 0) -> np.ndarray:
    return extend_positions(head(64, 64, 80, yaw=yaw, pitch=pitch, roll=roll).astype(float), 0.22)


@pytest.mark.parametrize(("yaw", "pitch"), POSES)
@pytest.mark.parametrize("roll", [0, 37])
def test_there_is_no_hole_inside_the_outline(
    mesh: FaceMesh, yaw: float, pitch: float, roll: float
) -> None:
    points = positions(yaw, pitch, roll)
    number, _ = draw_triangles(mesh, points[:, :2], points[:, 2], (128, 128))
    outside = (number < 0).astype(np.uint8)
    outside = np.pad(outside, 1, constant_values=1)
    cv2.floodFill(outside, None, (0, 0), 2)
    assert not (outside == 1).any()
    assert (number >= 0).mean() > 0.25


@pytest.mark.parametrize(("yaw", "pitch"), POSES)
def test_nothing_lies_beyond_a_triangles_corners(mesh: FaceMesh, yaw: float, pitch: float) -> None:
    points = positions(yaw, pitch)
    number, _ = draw_triangles(mesh, points[:, :2], points[:, 2], (128, 128))
    inside = number >= 0
    for k, layer in enumerate(interpolate(mesh, number, points[:, :2], mesh.uv)):
        corners = mesh.uv[mesh.triangles[number[inside]], k]
        assert (layer[inside] >= corners.min(1) - 1e-2).all()
        assert (layer[inside] <= corners.max(1) + 1e-2).all()


def test_a_linear_quantity_is_interpolated_exactly(mesh: FaceMesh) -> None:
    points = positions(0, 0)
    number, front = draw_triangles(mesh, points[:, :2], points[:, 2], (128, 128))
    flat = points[:, :2].astype(np.float32)
    x, y = interpolate(mesh, number, points[:, :2], flat)
    rows, columns = np.nonzero((number >= 0) & front[number])
    # Cells on an edge may have their middle a little outside: they are held at the edge.
    for values, true in ((x, columns), (y, rows)):
        off = np.abs(values[rows, columns] - true)
        assert np.median(off) < 1e-3
        assert np.quantile(off, 0.98) < 1.0


def test_the_nearer_triangle_hides_the_farther_one(mesh: FaceMesh) -> None:
    points = positions(40, 0)
    number, front = draw_triangles(mesh, points[:, :2], points[:, 2], (128, 128))
    shown = front[number] & (number >= 0) & (mesh.kind[number] != KIND_RING)
    depth = points[:, 2].astype(np.float32)[:, None]
    (z,) = interpolate(mesh, number, points[:, :2], depth)
    flat = points[mesh.triangles]
    for i in np.flatnonzero(front & (mesh.kind == 0)):
        middle = flat[i].mean(0)
        column, row = np.rint(middle[:2]).astype(int)
        outline = flat[i, :, None, :2].astype(np.float32)
        covers = cv2.pointPolygonTest(outline, (float(column), float(row)), False) > 0
        if covers and shown[row, column]:
            assert z[row, column] <= middle[2] + 4


def test_skin_that_faces_away_lies_behind_everything(mesh: FaceMesh) -> None:
    points = positions(40, 0)
    number, front = draw_triangles(mesh, points[:, :2], points[:, 2], (128, 128))
    elsewhere = np.zeros((128, 128), np.uint8)
    for i in np.flatnonzero(front):
        cv2.fillConvexPoly(elsewhere, np.rint(points[mesh.triangles[i], :2]).astype(np.int32), 1)
    inner = cv2.erode(elsewhere, np.ones((3, 3))) > 0
    away = (number >= 0) & ~front[number] & (mesh.kind[number] != KIND_RING)
    assert not (away & inner).any()


def test_the_ring_lies_behind_the_face(mesh: FaceMesh) -> None:
    points = positions(0, 0)
    number, _ = draw_triangles(mesh, points[:, :2], points[:, 2], (128, 128))
    column, row = np.rint(points[1, :2]).astype(int)
    assert mesh.kind[number[row, column]] != KIND_RING
    # Between the oval and the ring nothing but the ring is drawn.
    between = (points[10, :2] + points[RING_START, :2]) / 2
    column, row = np.rint(between).astype(int)
    assert mesh.kind[number[row, column]] == KIND_RING


def test_drawing_outside_the_grid_is_no_trouble(mesh: FaceMesh) -> None:
    points = positions(0, 0) + np.array([-60, 30, 0])
    number, _ = draw_triangles(mesh, points[:, :2], points[:, 2], (40, 50))
    assert number.shape == (50, 40)
    number, _ = draw_triangles(mesh, points[:, :2] + 1000, points[:, 2], (40, 50))
    assert (number == -1).all()


def test_normals_face_the_viewer(mesh: FaceMesh) -> None:
    normals = vertex_normals(mesh, positions(0, 0))
    np.testing.assert_allclose(np.linalg.norm(normals, axis=1), 1, atol=1e-6)
    assert normals[151, 2] < -0.7  # The forehead.
    assert normals[50, 0] < 0 < normals[280, 0]  # The cheeks look to their own sides.


def test_the_far_half_of_a_turned_head_is_not_seen(mesh: FaceMesh) -> None:
    x = mesh.canonical[:SKIN, 0]
    right, left = x > 0.45, x < -0.45
    turned = visibility(mesh, positions(45, 0))
    # The nose points to the viewer's right, so the right cheek turns away.
    assert turned[right].mean() < 0.3 < 0.8 < turned[left].mean()
    frontal = visibility(mesh, positions(0, 0))
    assert frontal[[1, 151, 50, 280]].min() > 0.9
    assert abs(frontal[right].mean() - frontal[left].mean()) < 0.05


def test_texels_know_where_they_lie(mesh: FaceMesh) -> None:
    points = positions(10, 5)
    x, y = texture_positions(mesh, points)
    assert x.shape == y.shape == (TEXTURE_PX, TEXTURE_PX)
    for vertex in (1, 50, 280, 151):
        u, w = np.rint(mesh.uv[vertex]).astype(int)
        np.testing.assert_allclose([x[w, u], y[w, u]], points[vertex, :2], atol=0.5)


def test_an_extent_is_from_forehead_to_chin() -> None:
    points = positions(0, 0)
    assert skin_extent(points) == pytest.approx(np.linalg.norm((points[10] - points[152])[:2]))
    assert skin_extent(points * 0) == 1
