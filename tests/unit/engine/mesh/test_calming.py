"""Creases of a smile go; skin, features and beards stay."""

from __future__ import annotations

import numpy as np
import pytest

from personae.engine.mesh.calming import calm_texture
from personae.engine.mesh.skin import LOG_OFFSET
from personae.engine.mesh.topology import TEXTURE_PX, FaceMesh

SKIN_RGB = np.array([180.0, 140.0, 120.0])
FOLD_VERTEX, FOREHEAD = 206, 151


def plain(mesh: FaceMesh) -> tuple[np.ndarray, np.ndarray]:
    """A texture of one colour, and its skin model."""
    texture = np.ones((TEXTURE_PX, TEXTURE_PX, 1), np.float32) * SKIN_RGB.astype(np.float32)
    return texture, np.tile(np.log(SKIN_RGB + LOG_OFFSET), (468, 1))


def crease(mesh: FaceMesh, texture: np.ndarray, vertex: int, share: float) -> tuple[int, int]:
    """Darken a short line; returns its middle, row and column."""
    x, y = np.rint(mesh.uv[vertex]).astype(int)
    texture[y - 8 : y + 9, x - 1 : x + 2] *= share
    return y, x


@pytest.mark.parametrize(("vertex", "gone"), [(FOLD_VERTEX, True), (FOREHEAD, False)])
def test_a_fold_beside_the_mouth_goes(mesh: FaceMesh, vertex: int, gone: bool) -> None:
    texture, skin = plain(mesh)
    y, x = crease(mesh, texture, vertex, 0.7)
    before = texture[y, x].mean()
    calmed = calm_texture(mesh, texture, skin, 1.0)
    assert texture[y, x].mean() == before  # Not modified.
    if gone:
        assert calmed[y, x].mean() > before + 0.5 * (SKIN_RGB.mean() - before)
    else:
        np.testing.assert_allclose(calmed[y, x], texture[y, x], rtol=1e-3)


def test_a_calm_face_is_left_alone(mesh: FaceMesh) -> None:
    texture, skin = plain(mesh)
    crease(mesh, texture, FOLD_VERTEX, 0.7)
    assert calm_texture(mesh, texture, skin, 0.0) is texture


def test_more_smile_takes_more_out(mesh: FaceMesh) -> None:
    texture, skin = plain(mesh)
    y, x = crease(mesh, texture, FOLD_VERTEX, 0.7)
    steps = [calm_texture(mesh, texture, skin, k)[y, x].mean() for k in (0.1, 0.3, 0.6)]
    assert texture[y, x].mean() < steps[0] < steps[1] < steps[2]


def test_a_beard_stays_dark(mesh: FaceMesh) -> None:
    texture, skin = plain(mesh)
    x, y = np.rint(mesh.uv[FOLD_VERTEX]).astype(int)
    texture[y - 30 : y + 60] *= 0.15
    calmed = calm_texture(mesh, texture, skin, 1.0)
    assert calmed[y, x].mean() < 0.3 * SKIN_RGB.mean()


def test_pores_stay(mesh: FaceMesh) -> None:
    texture, skin = plain(mesh)
    grain = np.random.default_rng(1).normal(1, 0.02, (TEXTURE_PX, TEXTURE_PX, 1))
    texture = (texture * grain).astype(np.float32)
    x, y = np.rint(mesh.uv[FOLD_VERTEX]).astype(int)
    patch = np.s_[y - 8 : y + 9, x - 8 : x + 9]
    calmed = calm_texture(mesh, texture, skin, 1.0)
    assert calmed[patch].std() > 0.6 * texture[patch].std()
