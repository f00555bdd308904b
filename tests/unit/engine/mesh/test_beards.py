"""A beard is told from skin, and from a mask."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from portraits import astronaut, hopper, largest

from personae.engine.canvas import RgbCanvas
from personae.engine.mesh.beards import find_beard
from personae.engine.mesh.donor import MeshDonor, build_donor
from personae.engine.mesh.render import render_face
from personae.engine.mesh.skin import LOG_OFFSET
from personae.engine.mesh.topology import FaceMesh
from personae.engine.mesh.unrolling import unroll
from personae.engine.mesh.vertices import LIPS_INNER, LIPS_OUTER, LIPS_RED
from personae.engine.pipeline import Engine
from personae.engine.types import Face

SKIN_RGB, LIP_RGB = (190, 145, 120), (170, 95, 90)
CHIN, CHEEK = 199, 50


def colours(mesh: FaceMesh, lower: tuple[int, int, int], lips: tuple[int, int, int]) -> np.ndarray:
    """Logarithmic colours (468, 3) of a face whose lower part has another colour."""
    out = np.tile(np.float64(SKIN_RGB), (468, 1))
    out[mesh.canonical[:468, 1] > mesh.canonical[2, 1]] = lower
    out[list({*LIPS_INNER, *LIPS_OUTER, *LIPS_RED})] = lips
    return np.log(out + LOG_OFFSET)


@pytest.mark.parametrize(
    ("lower", "lips", "sure"),
    [
        (SKIN_RGB, LIP_RGB, 0),
        ((45, 36, 32), LIP_RGB, 1),  # Black.
        ((130, 136, 142), LIP_RGB, 1),  # Grey.
        ((150, 112, 92), LIP_RGB, 0),  # In shadow.
        ((90, 140, 190), (90, 140, 190), 0),  # A mask.
        ((40, 40, 42), (40, 40, 42), 0),  # A scarf.
    ],
)
def test_beards_are_dark_or_grey_and_show_the_lips(
    mesh: FaceMesh, lower: tuple[int, int, int], lips: tuple[int, int, int], sure: float
) -> None:
    beard = find_beard(mesh, colours(mesh, lower, lips))
    assert beard[CHIN] == pytest.approx(sure, abs=0.15)
    assert beard[CHEEK] == 0


def bearded(face: Face) -> np.ndarray:
    """Hopper with a black beard painted on, lips left free."""
    rgb = hopper()
    points = face.landmarks[:, :2]
    low, high = points[:468].min(0), points[:468].max(0)
    y, x = np.mgrid[: rgb.shape[0], : rgb.shape[1]]
    inside = (x > low[0]) & (x < high[0]) & (y > points[2, 1] + 2) & (y < high[1] + 20)
    lips = points[list(LIPS_OUTER)]
    middle, half = lips.mean(0), np.ptp(lips, axis=0) / 2
    free = ((x - middle[0]) / half[0]) ** 2 + ((y - middle[1]) / half[1]) ** 2 < 1
    grain = np.random.default_rng(2).integers(18, 44, (*x.shape, 1))
    return np.where((inside & ~free)[..., None], grain, rgb).astype(np.uint8)


@pytest.fixture
def with_beard(engine: Engine, mesh: FaceMesh, hopper_face: Face) -> MeshDonor:
    photo = unroll(mesh, RgbCanvas(bearded(hopper_face)), hopper_face)
    assert photo.beard[CHIN] > 0.8
    return build_donor(mesh, [photo])


def test_the_skin_below_a_beard_is_skin(
    mesh: FaceMesh, with_beard: MeshDonor, hopper_donor: MeshDonor
) -> None:
    assert abs((with_beard.skin[CHIN] - hopper_donor.skin[CHIN]).mean()) < 0.35
    x, y = np.rint(mesh.uv[CHIN]).astype(int)
    assert with_beard.alpha[y, x] > 200  # It is shown, not taken for something in front.


def test_a_beard_is_put_on_the_scene_as_a_whole(
    engine: Engine, mesh: FaceMesh, with_beard: MeshDonor
) -> None:
    canvas = RgbCanvas(astronaut())
    face = largest(engine.faces(canvas))
    (plan,) = engine.plan_still(canvas, [(face, with_beard)], 1.0)

    def chin(donor: MeshDonor) -> float:
        result = render_face(mesh, canvas, replace(plan, donor=donor))
        assert result is not None
        x, y = np.rint(face.landmarks[CHIN, :2]).astype(int) - result.box[:2]
        patch = np.s_[y - 3 : y + 4, x - 3 : x + 4]
        return float((result.scene + result.delta)[patch].mean())

    x, y = np.rint(face.landmarks[CHIN, :2]).astype(int)
    before = float(astronaut()[y - 3 : y + 4, x - 3 : x + 4].mean())
    assert chin(with_beard) < 0.6 * before
