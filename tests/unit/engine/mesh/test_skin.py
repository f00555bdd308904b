"""The skin's colour is found under hair, beards and highlights."""

from __future__ import annotations

import numpy as np
import pytest

from personae.engine.mesh.skin import (
    DETAIL_MODES,
    LOG_OFFSET,
    MODES,
    fit_skin,
    light_detail,
    log_colour,
    sample,
    skin_model,
    with_detail,
)
from personae.engine.mesh.topology import FaceMesh
from personae.engine.mesh.vertices import SKIN


@pytest.fixture
def truth(mesh: FaceMesh) -> np.ndarray:
    """Logarithmic colours (468, 3) of fair skin, lit from one side."""
    x, y = mesh.canonical[:SKIN, 0], mesh.canonical[:SKIN, 1]
    light = 0.35 * x - 0.15 * y
    return np.log(np.array([200.0, 150.0, 120.0]) + LOG_OFFSET) + light[:, None]


def error(mesh: FaceMesh, fitted: np.ndarray, truth: np.ndarray) -> float:
    plain = mesh.skin_weight > 0.5
    return float(np.abs(skin_model(mesh, fitted) - truth)[plain].mean())


def test_smooth_skin_is_fitted(mesh: FaceMesh, truth: np.ndarray) -> None:
    fitted = fit_skin(mesh, truth, mesh.skin_weight + 1e-4)
    assert fitted.shape == (MODES, 3)
    assert error(mesh, fitted, truth) < 0.02


@pytest.mark.parametrize(
    ("where", "by"),
    [("forehead", -1.2), ("forehead", 0.9), ("chin", -1.0)],
    ids=["dark hair", "blond hair", "beard"],
)
def test_what_is_no_skin_is_let_go(
    mesh: FaceMesh, truth: np.ndarray, where: str, by: float
) -> None:
    y = mesh.canonical[:SKIN, 1]
    strange = y < np.quantile(y, 0.2) if where == "forehead" else y > np.quantile(y, 0.8)
    colours = truth + np.where(strange, by, 0)[:, None]
    robust = fit_skin(mesh, colours, mesh.skin_weight + 1e-4)
    plain = fit_skin(mesh, colours, mesh.skin_weight + 1e-4, rounds=1)
    rest = ~strange & (mesh.skin_weight > 0.5)
    off = [np.abs(skin_model(mesh, one) - truth)[rest].mean() for one in (robust, plain)]
    assert off[0] < 0.06
    assert off[0] < 0.8 * off[1]


def test_scattered_highlights_and_noise_do_little(mesh: FaceMesh, truth: np.ndarray) -> None:
    random = np.random.default_rng(0)
    colours = truth + random.normal(0, 0.04, truth.shape)
    colours[random.random(SKIN) < 0.1] += 0.5
    assert error(mesh, fit_skin(mesh, colours, mesh.skin_weight + 1e-4), truth) < 0.05


def test_vertices_that_are_not_seen_do_not_count(mesh: FaceMesh, truth: np.ndarray) -> None:
    left = mesh.canonical[:SKIN, 0] < 0
    garbage = np.where(left[:, None], np.log(LOG_OFFSET + 5), truth)
    weights = mesh.skin_weight * ~left + 1e-4
    fitted = skin_model(mesh, fit_skin(mesh, garbage, weights))
    right = ~left & (mesh.skin_weight > 0.5)
    assert np.abs(fitted - truth)[right].mean() < 0.05


def test_samples_are_bilinear_and_stay_at_the_edge() -> None:
    ramp = np.zeros((4, 10, 3), np.float32)
    ramp[..., 0] = np.arange(10)
    at = np.array([[2.5, 1.0], [-3.0, 2.0], [20.0, 0.0]])
    assert sample(ramp, at)[:, 0].tolist() == [2.5, 0, 9]
    np.testing.assert_allclose(log_colour(ramp, at)[:, 0], np.log(np.array([2.5, 0, 9]) + 8))


def spot(mesh: FaceMesh, vertices: list[int], height: float) -> np.ndarray:
    """A soft spot of light, or of dark, around each of `vertices`; (468, 3)."""
    off = mesh.canonical[:468, None, :2] - mesh.canonical[None, vertices, :2]
    bump = np.exp(-(np.linalg.norm(off, axis=2).min(1) ** 2) / 0.03)
    return height * np.repeat(bump[:, None], 3, 1)


LEFT_CHEEK, RIGHT_CHEEK = 50, 280


@pytest.mark.parametrize(
    ("vertices", "height", "least", "most"),
    [
        ([LEFT_CHEEK, RIGHT_CHEEK], 0.5, 0.15, 0.5),  # Shine.
        ([LEFT_CHEEK], 0.5, 0.15, 0.5),
        ([LEFT_CHEEK], -0.5, -0.25, -0.08),  # The shadow of something, half of it.
        ([LEFT_CHEEK, RIGHT_CHEEK], -0.5, -0.03, 0.03),  # Creases, a beard, dark circles.
    ],
)
def test_what_shines_or_is_dark_on_one_side_is_light(
    mesh: FaceMesh, vertices: list[int], height: float, least: float, most: float
) -> None:
    trust = mesh.skin_weight * mesh.inner
    detail = skin_model(mesh, light_detail(mesh, spot(mesh, vertices, height), trust))
    assert least < detail[LEFT_CHEEK].mean() < most
    assert np.abs(detail[152]).max() < 0.05  # The chin is far away.


def test_detail_is_added_to_the_smooth_skin(mesh: FaceMesh) -> None:
    random = np.random.default_rng(3)
    skin, detail = random.normal(size=(MODES, 3)), random.normal(size=(DETAIL_MODES, 3))
    both = with_detail(skin, detail)
    assert both.shape == (DETAIL_MODES, 3)
    np.testing.assert_allclose(
        skin_model(mesh, both), skin_model(mesh, skin) + skin_model(mesh, detail)
    )
