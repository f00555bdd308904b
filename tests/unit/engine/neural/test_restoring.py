"""What published restorers do to a face arrives where it belongs, and nowhere else."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import cv2
import numpy as np
import pytest
from functions import Function, says
from portraits import astronaut, face_at, hopper

from personae.engine.canvas import RgbCanvas, YuvCanvas, YuvFormat
from personae.engine.card_roles import Picture, RestorerContract
from personae.engine.mesh.donor import MeshDonor
from personae.engine.mesh.render import FacePlan
from personae.engine.neural.aligning import crop_matrix, five_points, inverse
from personae.engine.neural.restoring import CardRestorer
from personae.engine.pipeline import Engine
from personae.engine.restore import SwappedFace
from personae.engine.types import Face, Float32, UInt8
from personae.errors import ModelError

SIDE = 128
PICTURE = Picture("input", SIDE, "ffhq_512", "rgb", "nchw", mean=(0.5,) * 3, std=(0.5,) * 3)
CONTRACT = RestorerContract(PICTURE, weight="", weight_value=0.0)


def restorer(
    does: Callable[[Float32], Float32], contract: RestorerContract = CONTRACT, batch: int = 1
) -> CardRestorer:
    return CardRestorer("made_up", Function(lambda seen: [does(seen)], batch=batch), contract)


def crisper(seen: Float32) -> Float32:
    """Takes a blur away, more or less."""
    blurred = cv2.GaussianBlur(seen[0].transpose(1, 2, 0), (0, 0), 2)
    return 2 * seen - blurred.transpose(2, 0, 1)[None]


def swapped(
    face: Face, rgb: UInt8, soft_px: float = 3.0, box: tuple[int, int, int, int] | None = None
) -> SwappedFace:
    """A face of a picture as if it had been swapped, with a soft mask over its skin."""
    height, width = rgb.shape[:2]
    x0, y0, x1, y1 = box or (0, 0, width, height)
    outline = cv2.convexHull(np.rint(face.landmarks[:468, :2] - [x0, y0]).astype(np.int32))
    mask = np.zeros((y1 - y0, x1 - x0), np.uint8)
    cv2.fillConvexPoly(mask, outline, 255)
    soft = cv2.GaussianBlur(mask.astype(np.float32) / 255, (0, 0), soft_px)
    soft[soft < 0.02] = 0
    part = rgb[y0:y1, x0:x1].astype(np.float32)
    landmarks = face.landmarks.astype(np.float64)
    return SwappedFace(RgbCanvas(rgb), (x0, y0, x1, y1), part, soft, landmarks)


def turned(face: Face, degrees: float) -> Face:
    turn = np.deg2rad(degrees)
    matrix = np.array([[np.cos(turn), np.sin(turn)], [-np.sin(turn), np.cos(turn)]])
    landmarks = face.landmarks.copy()
    middle = landmarks[:468, :2].mean(0)
    landmarks[:, :2] = (landmarks[:, :2] - middle) @ matrix + middle
    return replace(face, landmarks=landmarks.astype(np.float32))


GREY = np.full((600, 800, 3), 128, np.uint8)


@pytest.mark.parametrize("width_px", [30, 60, 130, 250, 420])
@pytest.mark.parametrize("degrees", [0, 25, 180])
def test_a_dot_arrives_where_the_network_put_it(width_px: int, degrees: int) -> None:
    """Small faces and large ones, upright and turned: no shift by half a pixel."""
    spots = [(50, 50), (78, 50), (64, 70), (52, 85), (76, 85)]

    def dotted(seen: Float32) -> Float32:
        out = seen.copy()
        y, x = np.indices((SIDE, SIDE), np.float32)
        for at_x, at_y in spots:
            out += 0.5 * np.exp(-((x - at_x) ** 2 + (y - at_y) ** 2) / (2 * 1.5**2))
        return out

    face = turned(face_at(400, 300, width_px), degrees)
    given = swapped(face, GREY)
    change = restorer(dotted).restore(given, 1.0)[..., 1]
    matrix = crop_matrix(five_points(given.landmarks), "ffhq_512", SIDE)
    back = inverse(matrix)
    reach = 4 * np.hypot(*back[:, 0])
    y, x = np.indices(change.shape)
    for spot in spots:
        at = back[:, :2] @ spot + back[:, 2]
        near = np.maximum(change, 0) * (np.hypot(x - at[0], y - at[1]) < reach)
        seen = [(near * x).sum() / near.sum(), (near * y).sum() / near.sum()]
        assert seen == pytest.approx(at, abs=max(0.12, 0.03 * reach))


@pytest.mark.parametrize("where", [(0, 0), (790, 300), (400, 590), (-20, 300)])
def test_a_face_over_the_edge_is_restored_as_far_as_it_is_seen(where: tuple[int, int]) -> None:
    random = np.random.default_rng(0)
    scene = cv2.GaussianBlur(random.integers(0, 256, (600, 800, 3), np.uint8), (0, 0), 2)
    given = swapped(face_at(*where, 200), scene)
    change = restorer(crisper).restore(given, 1.0)
    assert change.shape == given.rgb.shape
    assert (change[given.mask == 0] == 0).all()
    assert np.abs(change[given.mask > 0.9]).mean() > 1


@pytest.mark.parametrize("width_px", [40, 150, 400])
def test_what_a_network_leaves_alone_stays_as_it_was(width_px: int) -> None:
    random = np.random.default_rng(0)
    scene = random.integers(0, 256, (600, 800, 3), np.uint8)
    given = swapped(face_at(400, 300, width_px), scene)
    change = restorer(lambda seen: seen.copy()).restore(given, 1.0)
    assert np.abs(change).max() < 0.01


def test_nothing_outside_the_mask_changes(astronaut_face: Face) -> None:
    given = swapped(astronaut_face, astronaut())
    change = restorer(crisper).restore(given, 1.0)
    assert change.dtype == np.float32
    assert (change[given.mask == 0] == 0).all()
    assert np.abs(change[given.mask > 0.9]).max() > 5
    nowhere = replace(given, mask=np.zeros_like(given.mask))
    assert (restorer(crisper).restore(nowhere, 1.0) == 0).all()


def test_what_was_only_bent_is_no_face(astronaut_face: Face) -> None:
    given = swapped(astronaut_face, astronaut())
    bent = replace(given, mask=np.full_like(given.mask, 1 / 255))
    assert (restorer(crisper).restore(bent, 1.0) == 0).all()


def test_half_the_strength_is_half_the_change(astronaut_face: Face) -> None:
    given = swapped(astronaut_face, astronaut())
    whole = restorer(crisper).restore(given, 1.0)
    half = restorer(crisper).restore(given, 0.5)
    np.testing.assert_allclose(half, whole / 2, atol=1e-3)


def test_skin_keeps_its_colour(astronaut_face: Face) -> None:
    """A network that paints everybody redder and lighter changes neither."""
    shift = np.array([0.15, 0.03, -0.1], np.float32)[:, None, None]
    given = swapped(astronaut_face, astronaut())
    plain = restorer(crisper).restore(given, 1.0)
    tinted = restorer(lambda seen: np.clip(crisper(seen) + shift, -1, 1)).restore(given, 1.0)
    # The network moved all by 19, 4 and -13 levels.
    assert np.abs((tinted - plain)[given.mask > 0.9].mean(0)).max() < 1.5


def test_a_large_face_keeps_the_detail_that_no_network_saw() -> None:
    """Stripes finer than the network's pixels are neither lost nor doubled."""
    stripes = np.full((600, 800, 3), 100, np.uint8)
    stripes[:, ::2] = 140
    given = swapped(face_at(400, 300, 400), stripes)
    change = restorer(lambda seen: seen * 0.9).restore(given, 1.0)
    out = (given.rgb + change)[280:320, 380:420]
    assert np.abs(np.diff(out, axis=1)).mean() == pytest.approx(40, abs=2)


def test_the_scene_around_the_face_is_seen(astronaut_face: Face) -> None:
    """The crop reaches over the face's box: what the network sees there is the scene."""
    scene = astronaut()
    x0, y0, x1, y1 = (round(v) for v in astronaut_face.box_xyxy)
    network = Function(lambda seen: [seen])
    tight = swapped(astronaut_face, scene, box=(x0, y0, x1, y1))
    CardRestorer("made_up", network, CONTRACT).restore(tight, 1.0)
    CardRestorer("made_up", network, CONTRACT).restore(swapped(astronaut_face, scene), 1.0)
    (first,), (second,) = network.given
    np.testing.assert_allclose(first, second, atol=1e-6)
    assert first.std() > 0.2


def test_several_faces_go_together(astronaut_face: Face) -> None:
    given = [
        swapped(astronaut_face, astronaut()),
        swapped(face_at(1e6, 1e6, 100), GREY),
        swapped(face_at(400, 300, 200), GREY),
        swapped(face_at(200, 300, 90), hopper()),
    ]
    one_by_one = Function(lambda seen: [seen * 0.8])
    together = Function(lambda seen: [seen * 0.8], batch=2)
    first = [CardRestorer("a", one_by_one, CONTRACT).restore(face, 0.7) for face in given]
    second = CardRestorer("a", together, CONTRACT).restore_all(given, 0.7)
    for a, b in zip(first, second, strict=True):
        np.testing.assert_array_equal(a, b)
    assert [seen[0].shape[0] for seen in one_by_one.given] == [1, 1, 1]
    assert [seen[0].shape[0] for seen in together.given] == [2, 1]
    # Nobody is where the second one is.
    assert (second[1] == 0).all()


def test_a_weight_is_given_as_a_double(astronaut_face: Face) -> None:
    weighted = replace(CONTRACT, weight="weight", weight_value=0.7)
    network = Function(
        lambda weight, seen: [seen * weight.astype(np.float32)], inputs=("weight", "input")
    )
    CardRestorer("a", network, weighted).restore(swapped(astronaut_face, astronaut()), 1.0)
    ((weight, seen),) = network.given
    assert weight.dtype == np.float64
    assert weight.tolist() == [0.7]
    assert seen.shape == (1, 3, SIDE, SIDE)


@pytest.mark.parametrize(
    "gave",
    [
        np.zeros((1, 3, 64, 64), np.float32),
        np.zeros((2, 3, SIDE, SIDE), np.float32),
        np.zeros((1, 1, SIDE, SIDE), np.float32),
        np.full((1, 3, SIDE, SIDE), np.nan, np.float32),
        np.zeros((0,), np.float32),
    ],
)
def test_what_is_no_face_is_an_error(astronaut_face: Face, gave: Float32) -> None:
    with pytest.raises(ModelError):
        CardRestorer("a", says(gave), CONTRACT).restore(swapped(astronaut_face, astronaut()), 1.0)


def test_a_network_with_other_inputs_is_an_error(astronaut_face: Face) -> None:
    network = Function(lambda *_: [], inputs=("input", "weight"))
    with pytest.raises(ModelError, match="wants input, weight"):
        CardRestorer("a", network, CONTRACT).restore(swapped(astronaut_face, astronaut()), 1.0)


@pytest.fixture(scope="module")
def plan(engine: Engine, astronaut_face: Face, hopper_donor: MeshDonor) -> FacePlan:
    (plan,) = engine.plan_still(RgbCanvas(astronaut()), [(astronaut_face, hopper_donor)], 1.0)
    return plan


def canvases() -> list[RgbCanvas | YuvCanvas]:
    form = YuvFormat(0.2126, 0.0722, full_range=False, bits=8)
    luma = cv2.cvtColor(astronaut(), cv2.COLOR_RGB2GRAY)
    grey = [np.full((256, 256), 128, np.uint8) for _ in range(2)]
    return [RgbCanvas(astronaut()), YuvCanvas((luma, *grey), form)]


@pytest.mark.parametrize("kind", [0, 1], ids=["rgb", "yuv"])
def test_the_engine_takes_such_a_restorer(engine: Engine, plan: FacePlan, kind: int) -> None:
    other = Engine(engine._finder, engine._embedder, restorer(crisper))
    plain, crisp = canvases()[kind], canvases()[kind]
    (before,) = engine.render_into(plain, [plan])
    (after,) = other.render_into(crisp, [plan], 1.0)
    assert (after.delta[before.mask == 0] == before.delta[before.mask == 0]).all()
    change = np.abs(after.delta - before.delta)
    assert change[before.mask > 0.9].mean() > 0.5
    # Brightness, not colours, is what was sharpened.
    shift = (after.delta - before.delta)[before.mask > 0.9].mean(0)
    assert np.abs(shift).max() < 2.5
    assert np.ptp(shift) < 0.8
