"""One person's photos lie near each other, and the alignment is dlib's."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import cv2
import dlib
import matplotlib.cbook
import numpy as np
import pytest
from PIL import Image
from skimage import data

from personae.adapters.model_store import ModelStore
from personae.engine.canvas import RgbCanvas
from personae.engine.cards import card
from personae.engine.faces.embedder import (
    CHIP_SIZE,
    POINTS5,
    SAME_PERSON_DISTANCE,
    Embedder,
    aligned_face,
    distance,
    template,
)
from personae.engine.session import OnnxModel
from personae.engine.types import BoxXYXY, UInt8
from personae.errors import InvalidRequest

GOLDEN = Path(__file__).parents[2] / "golden" / "dlib_vectors.json"

# Found once by dlib's own five-point model, in its order.
ASTRONAUT = np.float32([(255, 104), (238, 105), (195, 101), (212, 103), (224, 135)])
HOPPER = np.float32([(322, 187), (291, 190), (206, 197), (238, 194), (272, 252)])


def astronaut() -> UInt8:
    return np.ascontiguousarray(data.astronaut())


def hopper() -> UInt8:
    path = matplotlib.cbook.get_sample_data("grace_hopper.jpg", asfileobj=False)
    return np.array(Image.open(path).convert("RGB"))


@pytest.fixture(scope="module")
def embedder(store: ModelStore) -> Embedder:
    return Embedder(OnnxModel(store.path(card("dlib_resnet"))))


def blurred(rgb: UInt8) -> UInt8:
    return np.asarray(cv2.GaussianBlur(rgb, (0, 0), 2), np.uint8)


def dimmed(rgb: UInt8) -> UInt8:
    return (rgb * 0.5).astype(np.uint8)


def compressed(rgb: UInt8) -> UInt8:
    _, encoded = cv2.imencode(".jpg", rgb, [cv2.IMWRITE_JPEG_QUALITY, 20])
    return np.asarray(cv2.imdecode(encoded, cv2.IMREAD_COLOR), np.uint8)


def grey(rgb: UInt8) -> UInt8:
    return np.repeat(rgb.mean(2, keepdims=True), 3, 2).astype(np.uint8)


def test_the_vectors_are_dlibs(embedder: Embedder) -> None:
    squares = json.loads(GOLDEN.read_text())["squares"]
    assert len(squares) == 3
    for square in squares:
        row, column = square["row"], square["column"]
        pixels = astronaut()[row : row + CHIP_SIZE, column : column + CHIP_SIZE]
        assert np.abs(embedder.raw(pixels) - square["vector"]).max() < 1e-3


@pytest.mark.parametrize("change", [blurred, dimmed, compressed, grey])
def test_a_changed_photo_is_still_the_same_person(
    change: Callable[[UInt8], UInt8], embedder: Embedder
) -> None:
    for rgb, points in ((astronaut(), ASTRONAUT), (hopper(), HOPPER)):
        one = embedder.embed(RgbCanvas(rgb), points)
        other = embedder.embed(RgbCanvas(change(rgb)), points)
        assert 1e-5 < distance(one, other) < SAME_PERSON_DISTANCE


def test_two_people_are_two(embedder: Embedder) -> None:
    one = embedder.embed(RgbCanvas(astronaut()), ASTRONAUT)
    other = embedder.embed(RgbCanvas(hopper()), HOPPER)
    assert distance(one, other) > SAME_PERSON_DISTANCE
    assert distance(one, other) == distance(other, one)
    assert distance(one, one) == pytest.approx(0, abs=1e-6)


def test_an_embedding_is_a_unit_vector_of_128(embedder: Embedder) -> None:
    vector = embedder.embed(RgbCanvas(astronaut()), ASTRONAUT)
    assert (vector.shape, vector.dtype) == ((128,), np.float32)
    assert np.linalg.norm(vector) == pytest.approx(1, abs=1e-6)


def test_distance_is_one_less_the_cosine() -> None:
    x, y = np.eye(128, dtype=np.float32)[:2]
    assert distance(x, y) == 1
    assert distance(x, -x) == 2
    assert distance(x, x) == 0


def test_a_mesh_stands_for_its_five_points(embedder: Embedder) -> None:
    mesh = np.full((478, 3), -1000, np.float32)
    mesh[list(POINTS5), :2] = ASTRONAUT
    canvas = RgbCanvas(astronaut())
    np.testing.assert_array_equal(embedder.embed(canvas, mesh), embedder.embed(canvas, ASTRONAUT))


def dlibs_chip(rgb: UInt8, points: np.ndarray) -> UInt8:
    height, width = rgb.shape[:2]
    parts = [dlib.point(int(x), int(y)) for x, y in points]
    found = dlib.full_object_detection(dlib.rectangle(0, 0, width, height), parts)
    return dlib.get_face_chip(rgb, found, CHIP_SIZE, 0.25)


def turned(rgb: UInt8, points: np.ndarray, degrees: float) -> tuple[UInt8, np.ndarray]:
    height, width = rgb.shape[:2]
    matrix = cv2.getRotationMatrix2D((width / 2, height / 2), degrees, 1)
    where = np.rint(points @ matrix[:, :2].T + matrix[:, 2])
    return np.asarray(cv2.warpAffine(rgb, matrix, (width, height)), np.uint8), where


@pytest.mark.parametrize("degrees", [0, 30, -75, 180])
def test_a_small_face_is_aligned_as_dlib_does(degrees: float) -> None:
    rgb, points = turned(astronaut(), ASTRONAUT, degrees)
    ours = aligned_face(RgbCanvas(rgb), np.float32(points)).astype(int)
    # dlib rounds down where OpenCV rounds to nearest, hence half a step on the average.
    difference = np.abs(ours - dlibs_chip(rgb, points))
    assert difference.mean() < 0.7
    assert np.percentile(difference, 99) <= 1


@pytest.mark.parametrize("factor", [3, 6])
def test_a_large_face_is_aligned_like_a_small_one(factor: int, embedder: Embedder) -> None:
    small = RgbCanvas(astronaut())
    size = (512 * factor, 512 * factor)
    large = np.asarray(cv2.resize(small.rgb, size, interpolation=cv2.INTER_CUBIC), np.uint8)
    points = (ASTRONAUT + 0.5) * factor - 0.5
    theirs = embedder.raw(dlibs_chip(large, points))
    ours = embedder.raw(aligned_face(RgbCanvas(large), points))
    assert np.linalg.norm(ours - theirs) < 0.1
    near = embedder.embed(small, ASTRONAUT)
    assert distance(near, embedder.embed(RgbCanvas(large), points)) < 0.02


def test_the_grain_of_a_large_face_is_averaged_away() -> None:
    dots = np.random.default_rng(0).integers(0, 2, (1200, 1200, 1), np.uint8) * np.uint8(255)
    grain = np.repeat(dots, 3, 2)
    points = ASTRONAUT * 5 - np.float32([550, 50])
    face = aligned_face(RgbCanvas(grain), points)
    assert face.std() < 25, "Without averaging it would be far above 60."


def test_outside_the_picture_is_black() -> None:
    rgb = np.full((512, 512, 3), 255, np.uint8)
    face = aligned_face(RgbCanvas(rgb), ASTRONAUT - np.float32([225, 0]))
    assert (face[:, :30] == 0).all()
    assert (face[:, 110:] == 255).all()


class Watched(RgbCanvas):
    """Remembers what was read."""

    def region_rgb(self, box: BoxXYXY) -> UInt8:
        self.box = box
        return super().region_rgb(box)


def test_only_the_face_is_read() -> None:
    canvas = Watched(astronaut())
    aligned_face(canvas, ASTRONAUT)
    low, high = np.array(canvas.box).reshape(2, 2)
    assert (low < ASTRONAUT).all()
    assert (high > ASTRONAUT).all()
    assert np.prod(high - low) < 150 * 150


@pytest.mark.parametrize("where", [(-3000, 0), (0, 3000), (600, 600)])
def test_a_face_outside_is_refused(where: tuple[int, int]) -> None:
    with pytest.raises(InvalidRequest, match="outside the picture"):
        aligned_face(RgbCanvas(astronaut()), ASTRONAUT + np.float32(where))


@pytest.mark.parametrize("value", [7, np.nan])
def test_points_that_span_nothing_are_refused(value: float) -> None:
    with pytest.raises(InvalidRequest, match="five points"):
        aligned_face(RgbCanvas(astronaut()), np.full((5, 2), value, np.float32))


def test_the_card_has_the_same_template() -> None:
    on_card = card("dlib_resnet").template
    assert on_card is not None
    assert on_card.size_px == CHIP_SIZE
    np.testing.assert_allclose(on_card.points, template(), atol=1e-9)
