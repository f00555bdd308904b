"""Donors are taken from one photo or several, and told what is wrong with them."""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise

import cv2
import numpy as np
import pytest
from PIL import Image
from portraits import MORE_FACES, Rgb, astronaut, hopper, largest, resized

from personae.engine.canvas import RgbCanvas
from personae.engine.mesh.beards import smoothstep
from personae.engine.mesh.donor import MeshDonor
from personae.engine.mesh.quality import Finding, judge
from personae.engine.mesh.topology import TEXTURE_PX, FaceMesh, face_mesh
from personae.engine.mesh.unrolling import Unrolled, unroll
from personae.engine.pipeline import Engine
from personae.engine.types import Face


def study(
    engine: Engine, rgb: Rgb, face: Face | None = None
) -> tuple[Unrolled, dict[str, Finding]]:
    """A photo taken apart, and what is wrong with it by code."""
    canvas = RgbCanvas(rgb)
    photo, findings = engine.study(canvas, face or largest(engine.faces(canvas)))
    return photo, {finding.code: finding for finding in findings}


def test_a_good_photo_has_no_faults(engine: Engine, hopper_face: Face) -> None:
    photo, findings = study(engine, hopper(), hopper_face)
    assert findings == {}
    assert photo.texture.shape == (TEXTURE_PX, TEXTURE_PX, 3)
    assert photo.frontal > 0.5
    assert min(photo.eyes) > 0.15
    assert 0 <= photo.hidden.min() <= photo.hidden.max() <= 1


def test_a_texture_shows_the_face_upright(
    engine: Engine, mesh: FaceMesh, hopper_donor: MeshDonor
) -> None:
    texture = hopper_donor.levels[0].astype(float)

    def at(vertex: int) -> np.ndarray:
        x, y = np.rint(mesh.uv[vertex]).astype(int)
        return texture[y - 2 : y + 3, x - 2 : x + 3].mean((0, 1))

    for pupil in (468, 469):
        assert at(pupil).mean() < at(50).mean() - 40  # Darker than a cheek.
    assert hopper_donor.lips[0] > hopper_donor.lips[2]  # Lips are red.
    assert repr(hopper_donor) == f"MeshDonor(texture=({TEXTURE_PX}, {TEXTURE_PX}, 3))"


def test_levels_are_ever_smoother(hopper_donor: MeshDonor) -> None:
    grain = [cv2.Laplacian(level, cv2.CV_32F).std() for level in hopper_donor.levels]
    assert len(grain) == 4
    assert all(a > b for a, b in pairwise(grain))
    assert hopper_donor.alpha.dtype == np.uint8
    assert hopper_donor.alpha.max() == 255


@pytest.mark.parametrize(("sigma", "fatal"), [(6, False), (16, True)])
def test_blur_is_noticed(engine: Engine, hopper_face: Face, sigma: float, fatal: bool) -> None:
    blurred = cv2.GaussianBlur(hopper(), (0, 0), sigma)
    assert study(engine, blurred, hopper_face)[1]["blur"].fatal is fatal


@pytest.mark.parametrize(("height_px", "fatal"), [(70, False), (30, True)])
def test_a_small_face_is_noticed(
    engine: Engine, hopper_face: Face, height_px: int, fatal: bool
) -> None:
    box = hopper_face.box_xyxy
    small = resized(hopper(), height_px / (box[3] - box[1]))
    finding = study(engine, small)[1]["resolution"]
    assert finding.fatal is fatal
    assert "px tall" in finding.text


def test_too_much_light_is_noticed(engine: Engine, hopper_face: Face) -> None:
    burnt = np.clip(hopper().astype(int) * 3, 0, 255).astype(np.uint8)
    finding = study(engine, burnt, hopper_face)[1]["over_exposed"]
    assert "%" in finding.text
    white = np.clip(hopper().astype(int) * 8 + 60, 0, 255).astype(np.uint8)
    assert study(engine, white, hopper_face)[1]["over_exposed"].fatal


@pytest.mark.parametrize(("gain", "fatal"), [(0.12, False), (0.04, True)])
def test_too_little_light_is_noticed(
    engine: Engine, hopper_face: Face, gain: float, fatal: bool
) -> None:
    dark = (hopper() * gain).astype(np.uint8)
    assert study(engine, dark, hopper_face)[1]["under_exposed"].fatal is fatal


@pytest.mark.parametrize(
    ("openness", "word"), [(0.05, "the scene's own show"), (0.15, "half-closed")]
)
def test_closed_eyes_are_noticed_but_not_refused(
    engine: Engine, hopper_face: Face, openness: float, word: str
) -> None:
    photo, _ = study(engine, hopper(), hopper_face)
    photo = replace(photo, eyes=(openness, openness))
    findings = judge(face_mesh(), RgbCanvas(hopper()), hopper_face, photo)
    assert [finding.code for finding in findings] == ["eyes"]
    assert word in findings[0].text
    assert not findings[0].fatal


@pytest.mark.parametrize("side", ["left", "right"])
def test_a_covered_cheek_is_noticed(engine: Engine, hopper_face: Face, side: str) -> None:
    rgb = hopper()
    x0, y0, x1, y1 = (round(value) for value in hopper_face.box_xyxy)
    middle, top = (x0 + x1) // 2, (y0 + y1) // 2 - 10
    columns = slice(x0 - 40, middle - 30) if side == "left" else slice(middle + 30, x1 + 40)
    rgb[top : y1 + 10, columns] = [10, 30, 90]
    photo, findings = study(engine, rgb, hopper_face)
    assert findings["covered"].text == f"the {side} cheek is covered"
    # What is borrowed from the other half is no longer covered, but was hidden.
    assert photo.hidden.mean() > photo.covered.mean()


def test_hair_over_one_brow_is_taken_from_the_other(
    engine: Engine, mesh: FaceMesh, astronaut_face: Face
) -> None:
    plain, _ = study(engine, astronaut(), astronaut_face)
    rgb = astronaut()
    brow = astronaut_face.landmarks[[46, 53, 52, 65, 55, 70, 63, 105, 66, 107], :2]
    x0, y0 = np.rint(brow.min(0)).astype(int)
    x1, y1 = np.rint(brow.max(0)).astype(int)
    rgb[y0 - 40 : y1 + 1, x0 - 30 : x1 - 4] = [25, 18, 14]  # Down from the forehead.
    photo, _ = study(engine, rgb, astronaut_face)
    u, v = np.rint(mesh.uv[[70, 63, 105, 53, 52]].mean(0)).astype(int)
    patch = np.s_[v - 6 : v + 7, u - 12 : u + 13]
    hair = np.abs(np.float32([25, 18, 14]) - plain.texture[patch]).mean()
    assert np.abs(photo.texture[patch] - plain.texture[patch]).mean() < 0.5 * hair


def test_a_head_turned_too_far_is_refused(engine: Engine) -> None:
    """Any of the portraits beside the checkout in which a head is turned well to the side."""
    if not MORE_FACES.is_dir():
        pytest.skip("There are no further portraits beside this checkout.")
    turned = 0
    for path in sorted(MORE_FACES.glob("expression_*.jpg")):
        with Image.open(path) as image:
            rgb = np.asarray(image.convert("RGB")).copy()
        faces = engine.faces(RgbCanvas(rgb))
        if not faces or abs(largest(faces).pose.yaw) <= 28:
            continue
        face = largest(faces)
        finding = study(engine, rgb, face)[1]["yaw"]
        assert finding.fatal == (abs(face.pose.yaw) > 42)
        assert "to the side" in finding.text
        turned += 1
        if turned == 3:
            return
    assert turned, "None of the portraits is turned."


def test_the_better_photo_of_two_decides(engine: Engine, hopper_face: Face) -> None:
    sharp, _ = study(engine, hopper(), hopper_face)
    small = resized(cv2.GaussianBlur(hopper(), (0, 0), 3), 0.3)
    poor, _ = study(engine, small)
    alone = engine.prepare([sharp]).levels[0].astype(int)
    for order in ([sharp, poor], [poor, sharp]):
        fused = engine.prepare(order).levels[0].astype(int)
        assert np.abs(fused - alone).mean() < 4
    blurry = engine.prepare([poor]).levels[0].astype(int)
    assert np.abs(blurry - alone).mean() > 4


def test_the_same_photo_twice_is_the_photo_once(engine: Engine, hopper_face: Face) -> None:
    photo, _ = study(engine, hopper(), hopper_face)
    once, twice = engine.prepare([photo]), engine.prepare([photo, photo])
    assert np.abs(twice.levels[0].astype(int) - once.levels[0]).max() <= 1
    np.testing.assert_allclose(twice.canonical, once.canonical)


def test_a_second_photo_uncovers_what_the_first_hides(
    engine: Engine, mesh: FaceMesh, hopper_face: Face
) -> None:
    x0, y0, x1, y1 = (round(value) for value in hopper_face.box_xyxy)
    hidden = hopper()
    hidden[(y0 + y1) // 2 - 10 : y1 + 10, x0 - 40 : (x0 + x1) // 2 - 30] = [10, 30, 90]
    first, _ = study(engine, hidden, hopper_face)
    second, _ = study(engine, hopper(), hopper_face)
    good = engine.prepare([second])
    fused = engine.prepare([first, second])
    u, v = np.rint(mesh.uv[50]).astype(int)  # The covered cheek.
    patch = np.s_[v - 12 : v + 13, u - 12 : u + 13]
    off = np.abs(fused.levels[0][patch].astype(int) - good.levels[0][patch]).mean()
    assert off < 12
    assert fused.alpha[patch].mean() > 200


def test_each_half_comes_from_the_photo_that_shows_it(
    engine: Engine, mesh: FaceMesh, hopper_face: Face
) -> None:
    good, _ = study(engine, hopper(), hopper_face)
    x = mesh.canonical[:468, 0]
    columns = np.arange(TEXTURE_PX)[None, :, None]
    halves: list[Unrolled] = []
    for sign in (-1, 1):
        # One half is made up, as if the head had been turned and mirrored, and painted green.
        made_up = (columns - TEXTURE_PX / 2) * sign > 20
        texture = np.where(made_up, np.float32([0, 200, 0]), good.texture).astype(np.float32)
        own = np.where(x * sign > 0.05, 0, good.own)
        halves.append(replace(good, texture=texture, own=own))
    fused = engine.prepare(halves).levels[0].astype(int)
    green = fused[..., 1] - np.maximum(fused[..., 0], fused[..., 2]) > 30
    inside = mesh.texture_triangle >= 0
    assert green[inside].mean() < 0.06


def test_the_order_of_photos_hardly_matters(
    engine: Engine, hopper_face: Face, astronaut_face: Face
) -> None:
    photos = [
        study(engine, hopper(), hopper_face)[0],
        study(engine, astronaut(), astronaut_face)[0],
    ]
    one, other = engine.prepare(photos), engine.prepare(photos[::-1])
    assert np.abs(one.levels[0].astype(int) - other.levels[0]).max() <= 1
    np.testing.assert_allclose(one.canonical, other.canonical)


def test_preparing_twice_gives_the_same(engine: Engine, hopper_face: Face) -> None:
    one, other = (engine.prepare([study(engine, hopper(), hopper_face)[0]]) for _ in range(2))
    for a, b in zip(one.levels, other.levels, strict=True):
        np.testing.assert_array_equal(a, b)
    np.testing.assert_array_equal(one.skin, other.skin)


def test_a_face_over_the_edge_of_its_photo_can_be_studied(
    engine: Engine, hopper_face: Face
) -> None:
    y0, y1 = hopper_face.box_xyxy[1::2]
    cut = hopper()[: round(y1 - 0.15 * (y1 - y0))]
    photo, _ = study(engine, np.ascontiguousarray(cut), hopper_face)
    assert np.isfinite(photo.texture).all()
    assert np.isfinite(photo.skin).all()


def test_a_smooth_step_has_its_ends() -> None:
    steps = smoothstep(np.array([-1.0, 2.0, 3.0, 4.0, 9.0]), 2, 4)
    np.testing.assert_allclose(steps, [0, 0, 0.5, 1, 1])


def test_what_was_seen_at_a_grazing_angle_is_left_out_with_a_margin(
    engine: Engine, mesh: FaceMesh, hopper_face: Face
) -> None:
    photo, _ = study(engine, hopper(), hopper_face)
    photo = replace(photo, covered=np.zeros_like(photo.covered))
    grazing = mesh.canonical[:468, 0] > 0.55
    whole = engine.prepare([replace(photo, seen=np.ones(468))]).alpha
    part = engine.prepare([replace(photo, seen=np.where(grazing, 0.0, 1.0))]).alpha
    row = int(mesh.uv[50, 1])  # Through both cheeks.
    edge = int(mesh.uv[:468][grazing & (np.abs(mesh.uv[:468, 1] - row) < 25), 0].min())
    assert whole[row, edge - 60 : edge].min() == 255
    assert part[row, edge - 6 : edge + 30].max() < 30
    assert part[row, edge - 90 : edge - 60].min() > 250


def test_a_fringe_is_neither_skin_nor_shown(mesh: FaceMesh, astronaut_face: Face) -> None:
    rgb = astronaut()
    points = np.rint(astronaut_face.landmarks[:, :2]).astype(int)
    x0, x1 = points[54, 0] - 6, points[284, 0] + 6
    y0, y1 = points[10, 1] - 6, points[[105, 334], 1].min() - 4
    stripes = np.random.default_rng(0).uniform(0.6, 1.4, (1, x1 - x0, 1))
    rgb[y0:y1, x0:x1] = np.rint(np.array([70, 50, 36]) * stripes)
    bare, under = (
        unroll(mesh, RgbCanvas(picture), astronaut_face) for picture in (astronaut(), rgb)
    )
    forehead = [67, 109, 151, 297, 338, 108, 337, 69, 299]
    assert np.abs(bare.skin[forehead] - under.skin[forehead]).mean() < 0.3
    x, y = np.rint(mesh.uv[[67, 109, 338, 297]]).astype(int).T
    assert under.covered[y, x].mean() > 0.7
    x, y = np.rint(mesh.uv[[50, 280, 195]]).astype(int).T
    assert under.covered[y, x].max() < 0.2
