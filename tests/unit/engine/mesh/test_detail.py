"""A large photo's detail shows in a large face, and nowhere else."""

from __future__ import annotations

from dataclasses import replace

import cv2
import numpy as np
import pytest
from portraits import astronaut, hopper, largest, resized

from personae.engine.canvas import RgbCanvas
from personae.engine.mesh.detail import DETAIL_PX, MIDDLE, where_same, with_detail
from personae.engine.mesh.donor import MeshDonor
from personae.engine.mesh.render import render_face
from personae.engine.mesh.topology import TEXTURE_PX, FaceMesh
from personae.engine.mesh.vertices import LIPS_INNER
from personae.engine.pipeline import Engine
from personae.engine.plans import Rendered
from personae.engine.types import Face


@pytest.fixture(scope="module")
def pored(engine: Engine) -> MeshDonor:
    """Hopper from a photo with a face of some 800 pixels, and pores."""
    rgb = resized(hopper()[90:400, 120:400], 4)
    pores = cv2.GaussianBlur(
        np.random.default_rng(0).normal(0, 40, rgb.shape[:2]).astype(np.float32), (0, 0), 1.0
    )
    rgb = np.clip(rgb + pores[..., None], 0, 255).astype(np.uint8)
    face = largest(engine.faces(RgbCanvas(rgb.copy())))
    return engine.prepare([engine.study(RgbCanvas(rgb), face)[0]])


def put(engine: Engine, mesh: FaceMesh, donor: MeshDonor, factor: float) -> tuple[Rendered, Face]:
    rgb = resized(astronaut()[20:240, 120:330], factor)
    face = largest(engine.faces(RgbCanvas(rgb.copy())))
    (plan,) = engine.plan_still(RgbCanvas(rgb.copy()), [(face, donor)], 1.0)
    result = render_face(mesh, RgbCanvas(rgb), plan)
    assert result is not None
    return result, face


def sharpness(result: Rendered) -> float:
    out = (result.scene + result.delta).astype(np.float32).mean(2)
    return float(cv2.Laplacian(out, cv2.CV_32F)[result.mask > 0.9].std())


def test_a_small_photo_has_no_detail(hopper_donor: MeshDonor) -> None:
    assert hopper_donor.detail is None


def test_a_large_face_shows_it(engine: Engine, mesh: FaceMesh, pored: MeshDonor) -> None:
    assert pored.detail is not None
    assert pored.detail.shape == (DETAIL_PX, DETAIL_PX)
    assert pored.detail.dtype == np.uint8
    with_it, _ = put(engine, mesh, pored, 7)
    without, _ = put(engine, mesh, replace(pored, detail=None), 7)
    assert with_it.mask.shape == without.mask.shape
    assert sharpness(with_it) > 1.3 * sharpness(without)
    assert (with_it.delta[with_it.mask == 0] == 0).all()


def test_a_small_face_does_not(engine: Engine, mesh: FaceMesh, pored: MeshDonor) -> None:
    with_it, _ = put(engine, mesh, pored, 1.5)
    without, _ = put(engine, mesh, replace(pored, detail=None), 1.5)
    np.testing.assert_array_equal(with_it.delta, without.delta)


def test_detail_is_added_where_the_layout_says() -> None:
    detail = np.full((DETAIL_PX, DETAIL_PX), MIDDLE, np.uint8)
    detail[200:204, 100:104] = MIDDLE + 50
    y, x = np.mgrid[0:TEXTURE_PX, 0:TEXTURE_PX].astype(np.float32)
    texture = np.full((TEXTURE_PX, TEXTURE_PX, 3), 100, np.uint8)
    out = with_detail(texture, detail, np.stack([x, y], -1), 2000)
    assert (out[100:102, 50:52] == 150).all()
    assert (out[110:, :] == 100).all()
    assert with_detail(texture, detail, np.stack([x, y], -1), 100) is texture


def test_fused_textures_keep_only_their_own_detail() -> None:
    detail = np.full((DETAIL_PX, DETAIL_PX), MIDDLE + 40, np.uint8)
    photo = np.full((TEXTURE_PX, TEXTURE_PX, 3), 100, np.float32)
    fused = photo.copy()
    fused[:, :100] += 60
    assert where_same(None, fused, photo) is None
    assert where_same(detail, photo, photo) is detail
    kept = where_same(detail, fused, photo)
    assert kept is not None
    assert (kept[:, :160] == MIDDLE).all()
    assert (kept[:, 240:] == MIDDLE + 40).all()


def test_closed_lips_of_a_large_face_meet_as_in_the_scene(
    engine: Engine, mesh: FaceMesh, hopper_face: Face, astronaut_donor: MeshDonor
) -> None:
    # Collins smiles, so her teeth would be squeezed between Hopper's closed lips.
    changes: list[float] = []
    for factor in (1.0, 4.0):
        rgb = resized(hopper()[90:400, 120:400], factor)
        face = largest(engine.faces(RgbCanvas(rgb.copy())))
        (plan,) = engine.plan_still(RgbCanvas(rgb.copy()), [(face, astronaut_donor)], 1.0)
        plan = replace(plan, shift=np.zeros_like(plan.shift))
        result = render_face(mesh, RgbCanvas(rgb), plan)
        assert result is not None
        line = np.rint(plan.landmarks[list(LIPS_INNER), :2] - result.box[:2]).astype(int)
        changes.append(float(np.abs(result.delta[line[:, 1], line[:, 0]]).mean()))
    small, large = changes
    assert large < 12
    assert small > 2 * large
