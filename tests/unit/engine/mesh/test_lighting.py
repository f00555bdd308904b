"""A texture takes the scene's light and keeps what is its own."""

from __future__ import annotations

import numpy as np
import pytest

from personae.engine.mesh.donor import MeshDonor
from personae.engine.mesh.lighting import relight, relit_face, texture_level
from personae.engine.mesh.skin import MODES
from personae.engine.mesh.topology import FaceMesh
from personae.engine.mesh.vertices import SKIN, VERTICES


def flat(value: float, size: int = 8) -> np.ndarray:
    return np.full((size, size, 3), value, np.float32)


def coefficients(mesh: FaceMesh, skin: np.ndarray) -> np.ndarray:
    """What `fit_skin` would say of logarithmic colours (468, 3)."""
    return np.linalg.lstsq(mesh.modes[:, :MODES], skin, rcond=None)[0]


def test_the_own_light_leaves_skin_as_it_is(mesh: FaceMesh, hopper_donor: MeshDonor) -> None:
    table = relight(mesh, hopper_donor, coefficients(mesh, hopper_donor.skin), hopper_donor.lips)
    assert table.shape == (VERTICES, 7)
    plain = np.flatnonzero((mesh.lip_near == 0) & (mesh.eye_near == 0))
    np.testing.assert_allclose(table[plain, 0], 1, atol=0.05)
    np.testing.assert_allclose(table[plain, 1:4], 0, atol=0.1)
    np.testing.assert_allclose(table[plain, 4:], 0, atol=6)


@pytest.mark.parametrize("step", [-0.6, 0.5])
def test_skin_becomes_as_light_as_the_scenes(
    mesh: FaceMesh, hopper_donor: MeshDonor, step: float
) -> None:
    wanted = hopper_donor.skin + step
    table = relight(mesh, hopper_donor, coefficients(mesh, wanted), hopper_donor.lips)
    donor = np.exp(hopper_donor.skin) - 8
    scene = np.exp(wanted) - 8
    luma = donor @ np.array([0.299, 0.587, 0.114])
    out = table[:SKIN, :1] * donor + table[:SKIN, 1:4] * luma[:, None] + table[:SKIN, 4:]
    plain = (mesh.lip_near == 0) & (mesh.skin_weight > 0.5)
    np.testing.assert_allclose(out[plain], scene[plain], rtol=0.06, atol=4)


def test_on_lighter_skin_brows_stay_dark_and_sheen_does_not_grow(
    mesh: FaceMesh, hopper_donor: MeshDonor
) -> None:
    table = relight(
        mesh, hopper_donor, coefficients(mesh, hopper_donor.skin + 0.6), hopper_donor.lips
    )[:SKIN]
    # What a grey step of the texture becomes, beside what it would be in proportion.
    step = (table[:, 0] + table[:, 1:4] @ np.array([0.299, 0.587, 0.114])) / np.exp(0.6)
    brows, plain = mesh.brow_near > 0.7, mesh.skin_weight > 0.9
    assert step[brows].min() > 0.8
    assert step[plain].max() < 0.8


def test_colours_stay_within_their_range() -> None:
    texture = np.random.default_rng(0).integers(0, 256, (8, 8, 3)).astype(np.uint8)
    for tint, offset in ((3.0, 100.0), (0.2, -120.0)):
        face = relit_face(texture, flat(tint), flat(0.5), flat(offset))
        assert face.dtype == np.float32
        assert face.min() >= 0
        assert face.max() <= 255


def test_highlights_are_bent_down_before_they_are_cut() -> None:
    texture = np.full((8, 8, 3), 240, np.uint8)
    bright, brighter = (relit_face(texture, flat(1), flat(0), flat(k)).mean() for k in (0, 12))
    assert 205 < bright < 240
    assert bright < brighter < 255


def test_smaller_faces_take_smoother_textures(hopper_donor: MeshDonor) -> None:
    picked = [texture_level(hopper_donor, extent) for extent in (400, 200, 120, 40)]
    assert [next(i for i, x in enumerate(hopper_donor.levels) if x is one) for one in picked] == [
        0,
        1,
        2,
        3,
    ]
