"""What hides a face is left as it was, whatever engine made the new one."""

from __future__ import annotations

from dataclasses import replace

import cv2
import numpy as np
import pytest
from functions import Function, says
from portraits import astronaut, face_at

from personae.engine.canvas import RgbCanvas, YuvCanvas, YuvFormat
from personae.engine.card_roles import OccluderContract, ParserContract, Picture
from personae.engine.mesh.donor import MeshDonor
from personae.engine.neural.aligning import Crop, crop_matrix, five_points, inverse
from personae.engine.neural.covering import CardCover, Occluder, Parser
from personae.engine.pipeline import Engine
from personae.engine.plans import FacePlan
from personae.engine.types import Face, Float32, UInt8
from personae.errors import InvalidRequest, ModelError

SIDE = 64
SEEN = Picture("input", SIDE, "ffhq_512", "bgr", "nhwc", mean=(0,) * 3, std=(1,) * 3)
XSEG = OccluderContract(SEEN, blur_px=0.0, floor=0.5)
BISENET = ParserContract(
    replace(SEEN, size_px=32, order="rgb", layout="nchw"),
    {"skin": (1,), "eyes": (4, 5), "glasses": (6,)},
    blur_px=0.0,
    floor=0.0,
)
RED = np.array([255, 0, 0], np.uint8)


def not_red(seen: Float32) -> list[Float32]:
    """1 where a BGR picture (n, side, side, 3) in [0, 1] is not red."""
    return [1 - ((seen[..., 2:] > 0.9) & (seen[..., :1] < 0.1)).astype(np.float32)]


def crop(rgb: UInt8) -> Crop:
    return Crop(rgb, np.eye(2, 3))


def half_red(side: int = SIDE) -> UInt8:
    rgb = np.full((side, side, 3), 128, np.uint8)
    rgb[:, : side // 2] = RED
    return rgb


def test_what_is_covered_is_not_to_be_seen() -> None:
    (seen,) = CardCover([Occluder(Function(not_red), XSEG)]).visible([crop(half_red())])
    assert seen.shape == (SIDE, SIDE)
    assert (seen[:, : SIDE // 2] == 0).all()
    assert (seen[:, SIDE // 2 :] == 1).all()


@pytest.mark.parametrize(("told", "wanted"), [(0.5, 0.0), (0.75, 0.5), (1.2, 1.0), (-3.0, 0.0)])
def test_what_is_below_the_floor_is_nothing(told: float, wanted: float) -> None:
    network = says(np.full((1, SIDE, SIDE, 1), told, np.float32))
    (seen,) = CardCover([Occluder(network, XSEG)]).visible([crop(half_red())])
    np.testing.assert_allclose(seen, wanted, atol=1e-6)


def test_the_border_is_soft_as_the_card_says_and_lies_on_the_face() -> None:
    soft = replace(XSEG, blur_px=3.0)
    (seen,) = CardCover([Occluder(Function(not_red), soft)]).visible([crop(half_red())])
    row = seen[SIDE // 2]
    assert (row[: SIDE // 2] < 0.1).all()
    assert row[SIDE // 2 + 3] == pytest.approx(0.76, abs=0.08)
    assert row[-8:].min() > 0.99
    assert (np.diff(row) >= 0).all()


def test_what_any_of_several_sees_covered_is_covered() -> None:
    left = np.ones((1, SIDE, SIDE), np.float32)
    left[..., :20] = 0
    seers = [Occluder(says(one), XSEG) for one in (left, left[:, ::-1, ::-1])]
    (seen,) = CardCover(seers).visible([crop(half_red())])
    assert (seen[:, 20:-20] == 1).all()
    assert seen[:, :20].max() == 0
    assert seen[:, -20:].max() == 0


def scores(*classes: int) -> Float32:
    """Each quarter of a crop of 32 pixels, from the left, of another class of 19."""
    told = np.zeros((1, 19, 32, 32), np.float32)
    for number, kind in enumerate(classes):
        told[0, kind, :, number * 8 : number * 8 + 8] = 5
    return told


def test_a_parser_leaves_what_was_not_asked_for() -> None:
    network = says(scores(1, 5, 6, 17))
    (seen,) = CardCover([Parser(network, BISENET, ("skin", "eyes"))]).visible([crop(half_red(32))])
    assert seen[3].tolist() == [1] * 16 + [0] * 16
    (seen,) = CardCover([Parser(network, BISENET, ("glasses",))]).visible([crop(half_red(32))])
    assert seen[3].tolist() == [0] * 16 + [1] * 8 + [0] * 8


@pytest.mark.parametrize("regions", [(), ("skin", "hat")])
def test_regions_that_a_parser_does_not_know_are_refused(regions: tuple[str, ...]) -> None:
    with pytest.raises(InvalidRequest, match="skin, eyes, glasses"):
        Parser(says(scores(1)), BISENET, regions)


def test_no_network_at_all_is_refused() -> None:
    with pytest.raises(InvalidRequest, match="leave the step out"):
        CardCover([])


def test_several_crops_go_together_and_each_network_sees_its_own_size() -> None:
    occluder = Function(not_red, batch=2)
    parser = Function(lambda seen: [np.repeat(scores(1, 1, 1, 17), len(seen), 0)], batch=8)
    cover = CardCover([Occluder(occluder, XSEG), Parser(parser, BISENET, ("skin",))])
    plain = np.full((SIDE, SIDE, 3), 128, np.uint8)
    first, second, third = cover.visible([crop(plain), crop(half_red()), crop(plain)])
    np.testing.assert_array_equal(first, third)
    assert second[:, 30].max() == 0
    assert first[:, 30].min() == 1
    assert first[:, -10].max() == 0
    assert [one[0].shape for one in occluder.given] == [(2, SIDE, SIDE, 3), (1, SIDE, SIDE, 3)]
    assert [one[0].shape for one in parser.given] == [(3, 3, 32, 32)]


@pytest.mark.parametrize(
    "gave",
    [
        np.ones((1, 32, 32, 1), np.float32),
        np.ones((2, SIDE, SIDE, 1), np.float32),
        np.full((1, SIDE, SIDE, 1), np.nan, np.float32),
        np.ones((), np.float32),
    ],
)
def test_what_is_no_mask_is_an_error(gave: Float32) -> None:
    with pytest.raises(ModelError):
        CardCover([Occluder(says(gave), XSEG)]).visible([crop(half_red())])


@pytest.mark.parametrize(
    "gave", [scores(1)[:, :5], scores(1)[..., :20], scores(1) * np.nan, scores(1)[0]]
)
def test_what_are_no_classes_is_an_error(gave: Float32) -> None:
    with pytest.raises(ModelError):
        CardCover([Parser(says(gave), BISENET, ("glasses",))]).visible([crop(half_red(32))])


@pytest.mark.parametrize("width_px", [40, 150, 500])
@pytest.mark.parametrize("where", [(400, 300), (20, 580)])
def test_an_edge_is_where_it_is_in_the_picture(width_px: int, where: tuple[int, int]) -> None:
    """Small faces, large ones, and some over the edge: what is red is hidden, to the pixel."""
    scene = np.full((600, 800, 3), 128, np.uint8)
    scene[:, : where[0]] = RED
    face = face_at(*where, width_px)
    cover = CardCover([Occluder(Function(not_red), XSEG)])
    seen = cover.visible_in(RgbCanvas(scene), (0, 0, 800, 600), face.landmarks.astype(np.float64))
    row = seen[where[1]]
    # A pixel of the crop is so many of the picture.
    crop_px = np.hypot(*inverse(crop_matrix(five_points(face.landmarks), "ffhq_512", SIDE))[:, 0])
    edge = np.flatnonzero(row > 0.5).min()
    assert edge == pytest.approx(where[0], abs=0.6 + 0.75 * crop_px)
    assert row[-1] == pytest.approx(1)
    assert row[0] == 0


def test_a_face_that_is_nowhere_hides_nothing() -> None:
    cover = CardCover([Occluder(Function(not_red), XSEG)])
    canvas = RgbCanvas(np.full((60, 80, 3), RED, np.uint8))
    for landmarks in (face_at(1e5, 1e5, 50).landmarks, np.zeros((478, 3))):
        seen = cover.visible_in(canvas, (10, 10, 30, 40), landmarks.astype(np.float64))
        assert seen.shape == (30, 20)
        assert (seen == 1).all()


@pytest.fixture(scope="module")
def hidden() -> UInt8:
    """The astronaut with a red bar over her chin."""
    rgb = astronaut().copy()
    rgb[160:176] = RED
    return rgb


@pytest.fixture(scope="module")
def plan(engine: Engine, hidden: UInt8, hopper_donor: MeshDonor, astronaut_face: Face) -> FacePlan:
    (plan,) = engine.plan_still(RgbCanvas(hidden), [(astronaut_face, hopper_donor)], 1.0)
    return plan


def canvases(rgb: UInt8) -> list[RgbCanvas | YuvCanvas]:
    form = YuvFormat(0.2126, 0.0722, full_range=False, bits=8)
    samples = rgb.astype(np.float32) @ form.rgb_to_yuv().T + np.float32([16, 128, 128])
    luma, *chroma = (np.ascontiguousarray(samples[..., k]) for k in range(3))
    small = [cv2.resize(one, (256, 256), interpolation=cv2.INTER_AREA) for one in chroma]
    planes = [np.rint(one).astype(np.uint8) for one in (luma, *small)]
    return [RgbCanvas(rgb.copy()), YuvCanvas((planes[0], planes[1], planes[2]), form)]


@pytest.mark.parametrize("kind", [0, 1], ids=["rgb", "yuv"])
def test_the_engine_leaves_what_hides_a_face(
    engine: Engine, plan: FacePlan, hidden: UInt8, kind: int
) -> None:
    """Bit for bit, with restoring and without; elsewhere the new face is the same."""
    red = Occluder(Function(not_red), replace(XSEG, picture=replace(SEEN, size_px=256)))
    covered = Engine(engine._finder, engine._embedder, cover=CardCover([red]))
    for restore in (0.0, 1.0):
        scene, plain, out = (canvases(hidden)[kind] for _ in range(3))
        (before,) = engine.render_into(plain, [plan], restore)
        (after,) = covered.render_into(out, [plan], restore)
        bar = scene.region_rgb((0, 163, 512, 173))
        np.testing.assert_array_equal(out.region_rgb((0, 163, 512, 173)), bar)
        assert (plain.region_rgb((0, 163, 512, 173)) != bar).any()
        above = slice(None, 150 - after.box[1])
        np.testing.assert_allclose(after.mask[above], before.mask[above], atol=1e-3)
        assert (after.mask <= before.mask + 1e-6).all()
        assert (after.delta[after.mask == 0] == 0).all()


def test_areas_confine_a_new_face_without_any_network() -> None:
    face = face_at(400, 300, 200)
    landmarks = face.landmarks.astype(np.float64)
    canvas = RgbCanvas(np.zeros((600, 800, 3), np.uint8))
    seen = CardCover([], ["upper_face"]).visible_in(canvas, (0, 0, 800, 600), landmarks)
    (eye_x, eye_y), (chin_x, chin_y) = face.points[0].astype(int), landmarks[152, :2].astype(int)
    assert seen[eye_y, eye_x] == pytest.approx(1)
    assert seen[chin_y - 5, chin_x] == 0
    with pytest.raises(InvalidRequest, match="lower_face"):
        CardCover([], ["ears"])
