"""The steps over real ONNX networks: stand-ins with the published names and shapes.

They look for magenta, which no photograph holds: see `benchmarks.stand_ins`.
"""

from __future__ import annotations

import numpy as np
import pytest
from benchmarks.stand_ins import install_stand_ins
from benchmarks.stand_ins.detectors import POINTS_IN_BOX
from benchmarks.stand_ins.landmarks import SURE, plain_face
from benchmarks.stand_ins.pictures import MARKER_PX, MARKER_RGB
from portraits import astronaut

from personae import wiring
from personae.adapters.model_store import ModelStore
from personae.adapters.networks.loading import Loader
from personae.engine.canvas import RgbCanvas
from personae.engine.card import Card
from personae.engine.cards import all_cards, card
from personae.engine.faces.finder import FaceFinder
from personae.engine.faces.rough import iou
from personae.engine.geometry import region_from_landmarks
from personae.engine.neural import building
from personae.engine.neural.aligning import crop_matrix, five_points
from personae.engine.neural.landmarking import five_points_68
from personae.engine.pipeline import Engine
from personae.engine.restore import SwappedFace
from personae.engine.sessions.pool import NetworkPool
from personae.engine.sessions.providers import parse_providers
from personae.engine.types import Face, UInt8

ROLES = "detector", "landmarker", "restorer", "occluder", "parser", "safety"
PUBLISHED = [each for each in all_cards() if each.contract is not None and each.role in ROLES]
LARGE = "gpen_bfr_1024", "gpen_bfr_2048"
BATCH = 3


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory):
    made = tmp_path_factory.mktemp("models")
    install_stand_ins(made, PUBLISHED)
    return made


@pytest.fixture(scope="module", params=[1, BATCH], ids=["one by one", "in batches"])
def pool(folder, request: pytest.FixtureRequest) -> NetworkPool:
    loader = Loader(ModelStore(folder), card, parse_providers("cpu"), request.param)
    return NetworkPool(loader, 2**31)


def of_role(role: str) -> list[Card]:
    return [each for each in PUBLISHED if each.role == role and each.name not in LARGE]


def name(each: Card) -> str:
    return each.name


@pytest.mark.parametrize("each", of_role("detector"), ids=name)
@pytest.mark.parametrize("place", [(100, 60), (333, 177), (560, 300)])
def test_detectors_find_what_was_planted(
    pool: NetworkPool, each: Card, place: tuple[int, int]
) -> None:
    rgb = np.full((400, 640, 3), 90, np.uint8)
    x, y = place
    rgb[y : y + MARKER_PX, x : x + MARKER_PX] = MARKER_RGB
    detector = building.detector(each, pool.network(each.name))
    found = detector.find(rgb, 0.5)
    assert found
    wanted = np.array([x, y, x + MARKER_PX, y + MARKER_PX], np.float32)
    assert iou(found[0].box_xyxy, wanted) > 0.6
    across, down = found[0].eyes.T
    x0, y0, x1, y1 = found[0].box_xyxy
    eyes = np.array(POINTS_IN_BOX[:2])
    np.testing.assert_allclose((across - x0) / (x1 - x0), eyes[:, 0], atol=0.05)
    np.testing.assert_allclose((down - y0) / (y1 - y0), eyes[:, 1], atol=0.05)
    assert detector.find(np.full((400, 640, 3), 90, np.uint8), 0.5) == []


@pytest.mark.parametrize("each", of_role("detector"), ids=name)
def test_a_small_picture_within_a_large_one_is_told_at_its_size(
    pool: NetworkPool, each: Card
) -> None:
    rgb = np.full((800, 1280, 3), 90, np.uint8)
    rgb[200:328, 640:768] = MARKER_RGB
    (found, *_) = building.detector(each, pool.network(each.name)).find(rgb, 0.5)
    assert iou(found.box_xyxy, np.array([640, 200, 768, 328], np.float32)) > 0.6


def test_landmarks_decide_whether_a_detector_saw_a_face(
    pool: NetworkPool, engine: Engine, astronaut_face: Face
) -> None:
    """A marker in the place of the face leads to the mesh's landmarks; one elsewhere to nothing."""

    class Pointed:
        """Sees the picture with a marker in some place, which is not in the picture."""

        input_px = 640

        def __init__(self, x: int, y: int) -> None:
            self.at = x, y
            self.detector = building.detector(card("scrfd_2_5g"), pool.network("scrfd_2_5g"))

        def find(self, rgb: UInt8, min_score: float):
            x, y = self.at
            rgb = rgb.copy()
            rgb[y : y + MARKER_PX, x : x + MARKER_PX] = MARKER_RGB
            return self.detector.find(rgb, min_score)

    landmarks = engine._finder._landmarks
    canvas = RgbCanvas(astronaut().copy())
    x, y = (int(v - MARKER_PX / 2) for v in astronaut_face.landmarks[:468, :2].mean(0))
    (found,) = FaceFinder([Pointed(x, y)], landmarks).find_quickly(canvas)
    side = float(np.ptp(astronaut_face.landmarks[:, 0]))
    apart = np.abs(found.landmarks[:, :2] - astronaut_face.landmarks[:, :2]).mean()
    assert apart < 0.03 * side
    assert FaceFinder([Pointed(20, 420)], landmarks).find_quickly(canvas) == []


@pytest.mark.parametrize("each", of_role("landmarker"), ids=name)
def test_landmarkers_tell_the_picture_where_they_saw_the_face(
    pool: NetworkPool, each: Card, astronaut_face: Face
) -> None:
    landmarks = astronaut_face.landmarks.astype(np.float64)
    network = pool.network(each.name)
    if each.name == "fan_68_5":
        wanted = five_points(landmarks)
        lifted = five_points_68(building.lift(each, network).lift(wanted))
        assert np.abs(lifted - wanted).mean() < 0.06 * np.ptp(landmarks[:, 0])
        return
    refiner = building.refiner([(each, network)])
    canvas = RgbCanvas(astronaut().copy())
    points, score = refiner.refine_all([(canvas, landmarks)] * 4)[2]
    region = region_from_landmarks(landmarks, 256 / 195)
    where = five_points_68(plain_face()) - 0.5
    cos, sin = np.cos(region.angle), np.sin(region.angle)
    wanted = where @ np.array([[cos, sin], [-sin, cos]]) * region.side_px + [region.x, region.y]
    np.testing.assert_allclose(points, wanted, atol=0.6)
    assert score == pytest.approx(SURE / 0.95, abs=0.06)


@pytest.mark.parametrize("each", of_role("restorer"), ids=name)
def test_restorers_sharpen_the_face_alone(
    pool: NetworkPool, each: Card, astronaut_face: Face
) -> None:
    canvas = RgbCanvas(astronaut().copy())
    x0, y0, x1, y1 = (round(v) for v in astronaut_face.box_xyxy)
    box = x0 - 20, max(0, y0 - 20), x1 + 20, y1 + 20
    rgb = canvas.region_rgb(box).astype(np.float32)
    mask = np.zeros(rgb.shape[:2], np.float32)
    mask[30:-30, 30:-30] = 1
    landmarks = astronaut_face.landmarks.astype(np.float64)
    face = SwappedFace(canvas, box, rgb, mask, landmarks)
    restorer = building.restorer(each, pool.network(each.name))
    first, *_, last = restorer.restore_all([face] * 4, 1.0)
    assert (first[mask == 0] == 0).all()
    assert 0.3 < np.abs(first[mask == 1]).mean() < 20
    # Everything was made brighter by 5 levels, which is no part of the face.
    assert abs(float(first[mask == 1].mean())) < 1.5
    np.testing.assert_allclose(first, last, atol=1e-3)


@pytest.mark.parametrize("each", of_role("occluder") + of_role("parser"), ids=name)
def test_what_has_another_colour_than_a_face_is_left(
    pool: NetworkPool, each: Card, astronaut_face: Face
) -> None:
    # In grey, for lips have a little of the marker's colour.
    rgb = np.repeat(astronaut()[..., 1:2], 3, 2)
    x, y = (int(v) for v in astronaut_face.points[2])
    rgb[y - 8 : y + 12, :] = MARKER_RGB
    landmarks = astronaut_face.landmarks.astype(np.float64)
    cover = building.cover([(each, pool.network(each.name))])
    box = x - 40, y - 40, x + 40, y + 40
    seen = cover.visible_all([(RgbCanvas(rgb), box, landmarks)] * 4)[3]
    assert seen[34:50].max() < 0.05
    assert seen[20, 40] > 0.9
    assert seen[64, 40] > 0.9


def test_of_several_networks_all_must_see_the_face(pool: NetworkPool, astronaut_face: Face) -> None:
    landmarks = astronaut_face.landmarks.astype(np.float64)
    box = tuple(round(v) for v in astronaut_face.box_xyxy)
    canvas = RgbCanvas(astronaut().copy())
    models = [(card(one), pool.network(one)) for one in ("xseg_1", "xseg_2", "bisenet_resnet_18")]
    alone = [building.cover([one]).visible_in(canvas, box, landmarks) for one in models]
    together = building.cover(models).visible_in(canvas, box, landmarks)
    np.testing.assert_allclose(together, np.minimum.reduce(alone), atol=0.02)


@pytest.mark.parametrize("each", of_role("safety"), ids=name)
def test_what_is_all_of_one_colour_is_unsafe(pool: NetworkPool, each: Card) -> None:
    scorer = building.scorer(each, pool.network(each.name))
    marker = np.full((300, 500, 3), MARKER_RGB, np.uint8)
    assert scorer.score(RgbCanvas(marker)) > 0.7
    assert scorer.score(RgbCanvas(astronaut().copy())) < 0.7
    strip = np.full((100, 800, 3), 128, np.uint8)
    strip[:, :100] = MARKER_RGB
    assert scorer.score(RgbCanvas(strip)) > 0.7


def test_the_gate_asks_the_models_that_the_operator_names(
    folder, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PERSONAE_MODELS_DIR", str(folder))
    monkeypatch.setenv("PERSONAE_GATE_MODELS", " nsfw_1,nsfw_2 , nsfw_3,nsfw_1")
    assert [one.name for one in wiring.gate_models()] == ["nsfw_1", "nsfw_2", "nsfw_3"]
    marker = RgbCanvas(np.full((300, 500, 3), MARKER_RGB, np.uint8))
    assert wiring.scorer().score(marker) > 0.7
    assert wiring.scorer().score(RgbCanvas(astronaut().copy())) < 0.7


def test_a_crop_matrix_is_one_for_every_seer(astronaut_face: Face) -> None:
    """All published occluders and parsers align alike, so that one crop does for them all."""
    names = {each.contract.picture.template for each in of_role("occluder") + of_role("parser")}
    assert len(names) == 1
    crop_matrix(five_points(astronaut_face.landmarks), names.pop(), 256)
