"""The constants of the mesh fit together."""

from __future__ import annotations

import numpy as np
import pytest

from personae.engine.mesh import vertices as v
from personae.engine.mesh.construction import facing, near
from personae.engine.mesh.topology import COARSE_PX, TEXTURE_PX, FaceMesh, face_mesh


def test_there_is_one_mesh(mesh: FaceMesh) -> None:
    assert face_mesh() is mesh


def test_all_triangles_are_wound_alike(mesh: FaceMesh) -> None:
    positions = v.extend_positions(mesh.canonical, 0.10)
    assert (facing(positions, mesh.triangles) > 0).mean() > 0.99
    assert len(mesh.triangles) == len(mesh.kind)
    assert set(np.unique(mesh.triangles)) == set(range(v.VERTICES))


def test_every_inner_edge_has_two_sides(mesh: FaceMesh) -> None:
    edges: dict[tuple[int, int], int] = {}
    for corners in mesh.triangles.tolist():
        for a, b in zip(corners, [*corners[1:], corners[0]], strict=True):
            edges[min(a, b), max(a, b)] = edges.get((min(a, b), max(a, b)), 0) + 1
    assert max(edges.values()) == 2
    rim = {edge for edge, count in edges.items() if count == 1}
    assert all(min(edge) >= v.RING_START for edge in rim)
    assert len(rim) == len(v.OVAL)


def test_the_mirror_goes_there_and_back(mesh: FaceMesh) -> None:
    np.testing.assert_array_equal(mesh.mirror[mesh.mirror], np.arange(v.VERTICES))
    points = mesh.canonical[: v.SKIN]
    np.testing.assert_allclose(points[mesh.mirror[: v.SKIN]] * [-1, 1, 1], points, atol=0.02)
    np.testing.assert_allclose(mesh.uv[mesh.mirror] * [-1, 1] + [TEXTURE_PX, 0], mesh.uv, atol=8)


def test_the_texture_holds_the_whole_mesh(mesh: FaceMesh) -> None:
    assert mesh.uv.min() >= 3.9
    assert mesh.uv.max() <= TEXTURE_PX - 3.9
    used = mesh.texture_triangle[mesh.texture_triangle >= 0]
    assert len(np.unique(used)) > 0.98 * len(mesh.triangles)


def test_a_linear_quantity_survives_the_texture_layout(mesh: FaceMesh) -> None:
    inside = mesh.texture_triangle >= 0
    spread = mesh.on_texture(mesh.uv)
    y, x = np.mgrid[0:TEXTURE_PX, 0:TEXTURE_PX]
    off = np.abs(spread - np.stack([x, y], -1))[inside]
    assert np.median(off) < 0.2
    assert np.quantile(off, 0.95) < 3
    assert mesh.on_coarse(mesh.uv).shape == (COARSE_PX, COARSE_PX, 2)
    np.testing.assert_allclose(mesh.coarse_weights.sum(0), 1, atol=1e-5)
    assert mesh.coarse_weights.min() >= 0


def test_modes_are_an_orthonormal_basis_smoothest_first(mesh: FaceMesh) -> None:
    gram = mesh.modes.T @ (mesh.modes * mesh.area[:, None])
    np.testing.assert_allclose(gram, np.eye(60), atol=1e-8)
    assert (np.diff(mesh.mode_energy) >= -1e-9).all()
    assert mesh.mode_energy[0] == pytest.approx(0, abs=1e-6)
    assert np.ptp(mesh.modes[:, 0]) < 1e-6


@pytest.mark.parametrize(
    "name", ["skin_weight", "eye_near", "lip_near", "brow_near", "occluder_weight", "jaw_weight"]
)
def test_weights_are_shares_and_alike_on_both_sides(mesh: FaceMesh, name: str) -> None:
    weight = getattr(mesh, name)
    assert weight.shape == (v.SKIN,)
    assert weight.min() >= 0
    assert weight.max() <= 1
    np.testing.assert_allclose(weight[mesh.mirror[: v.SKIN]], weight, atol=0.15)


def test_nearness_falls_to_nothing(mesh: FaceMesh) -> None:
    weight = near(mesh.canonical, (1,), 0.2)
    away = np.linalg.norm((mesh.canonical[: v.SKIN] - mesh.canonical[1])[:, :2], axis=1)
    np.testing.assert_allclose(weight, np.clip(1 - away / 0.2, 0, 1))


def test_added_vertices_take_the_value_of_their_loop() -> None:
    values = np.arange(468.0)
    extended = v.extend_values(values)
    assert len(extended) == v.VERTICES
    assert extended[v.MOUTH_CENTRE] == pytest.approx(values[list(v.LIPS_INNER)].mean())
    np.testing.assert_array_equal(extended[v.RING_START :], values[list(v.OVAL)])


def test_the_ring_lies_outside_and_irises_are_the_eyes_centres(mesh: FaceMesh) -> None:
    points = v.extend_positions(mesh.canonical, 0.2)
    np.testing.assert_array_equal(points[v.EYE_LEFT_CENTRE], mesh.canonical[468])
    np.testing.assert_array_equal(points[v.EYE_RIGHT_CENTRE], mesh.canonical[473])
    middle = mesh.canonical[list(v.OVAL)].mean(0)
    inner = np.linalg.norm((points[list(v.OVAL)] - middle)[:, :2], axis=1)
    outer = np.linalg.norm((points[v.RING_START :] - middle)[:, :2], axis=1)
    assert (outer > inner * 1.1).all()
