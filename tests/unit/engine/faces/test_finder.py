"""Faces are found wherever and however they lie, in an order that never changes."""

from __future__ import annotations

import functools

import cv2
import numpy as np
import pytest
import skimage.data
from portraits import Rgb, astronaut, face_at, hopper, middle, resized

from personae import wiring
from personae.adapters.model_store import ModelStore
from personae.engine.canvas import RgbCanvas
from personae.engine.faces.finder import FaceFinder, in_reading_order
from personae.engine.faces.rough import Detection
from personae.engine.geometry import Region, region_from_landmarks
from personae.engine.pipeline import Engine
from personae.engine.types import Face


@pytest.fixture(scope="module")
def finder(engine: Engine) -> FaceFinder:
    return engine._finder


@functools.cache
def background(width: int, height: int) -> Rgb:
    """A soft ramp without anything like a face."""
    y, x = np.mgrid[0:height, 0:width].astype(np.float32)
    layers = [60 + 80 * x / width, 70 + 60 * y / height, 160 - 80 * x / width]
    return np.stack(layers, -1).astype(np.uint8)


def paste_into(picture: Rgb, part: Rgb, x: int, y: int) -> None:
    picture[y : y + part.shape[0], x : x + part.shape[1]] = part


def portrait(height_px: float) -> Rgb:
    """The astronaut's head, her face `height_px` tall, its middle in the middle."""
    return resized(astronaut()[10:250, 104:344], height_px / 130)


@pytest.mark.parametrize("quarter", [0, 1, 2, 3])
def test_a_turned_picture_shows_the_same_face(
    finder: FaceFinder, astronaut_face: Face, quarter: int
) -> None:
    turned = np.ascontiguousarray(np.rot90(astronaut(), quarter))
    (face,) = finder.find_all(RgbCanvas(turned))
    points = astronaut_face.points
    for _ in range(quarter):
        points = np.stack([points[:, 1], 511 - points[:, 0]], 1)
    np.testing.assert_allclose(face.points, points, atol=4)
    assert face.score > 0.9


@pytest.mark.parametrize("degrees", [20, 45, 60, 120, 135, -60, -150])
def test_angles_in_between_are_found(
    finder: FaceFinder, astronaut_face: Face, degrees: float
) -> None:
    matrix = cv2.getRotationMatrix2D((256, 256), degrees, 0.8)
    (face,) = finder.find_all(RgbCanvas(cv2.warpAffine(astronaut(), matrix, (512, 512))))
    expected = astronaut_face.points @ matrix[:, :2].T + matrix[:, 2]
    np.testing.assert_allclose(face.points, expected, atol=5)
    # OpenCV turns the other way round than `Pose`.
    turned = (face.pose.roll - astronaut_face.pose.roll + degrees + 180) % 360 - 180
    assert turned == pytest.approx(0, abs=4)


def test_faces_come_left_to_right_and_every_time_the_same(finder: FaceFinder) -> None:
    picture = background(1300, 700).copy()
    for height, x, y in ((100, 900, 40), (140, 40, 300), (90, 560, 480), (120, 480, 20)):
        paste_into(picture, portrait(height), x, y)
    faces = finder.find_all(RgbCanvas(picture.copy()))
    assert len(faces) == 4
    xs = [middle(face)[0] for face in faces]
    assert xs == sorted(xs)
    again = finder.find_all(RgbCanvas(picture.copy()))
    for one, other in zip(faces, again, strict=True):
        np.testing.assert_array_equal(one.landmarks, other.landmarks)
    mirrored = finder.find_all(RgbCanvas(np.ascontiguousarray(picture[:, ::-1])))
    np.testing.assert_allclose([1299 - middle(face)[0] for face in mirrored][::-1], xs, atol=6)


def test_equal_places_are_ordered_from_the_top() -> None:
    upper, lower = face_at(100, 100), face_at(100, 150)
    assert in_reading_order([lower, upper]) == [upper, lower]


@pytest.mark.parametrize("height_px", [60, 250])
def test_small_faces_of_a_large_picture_are_found(finder: FaceFinder, height_px: int) -> None:
    picture = background(4000, 3000).copy()
    places = [(240, 240), (1270, 900), (2600, 640), (3700, 2700), (250, 2650), (1960, 1500)]
    head = portrait(height_px)
    half = head.shape[0] // 2
    for x, y in places:
        paste_into(picture, head, x - half, y - half)
    faces = finder.find_all(RgbCanvas(picture))
    found = sorted(tuple(middle(face)) for face in faces)
    assert len(found) == len(places)
    np.testing.assert_allclose(found, sorted(places), atol=0.2 * height_px)


def test_a_large_face_in_a_large_picture_is_one_face(finder: FaceFinder) -> None:
    (face,) = finder.find_all(RgbCanvas(resized(hopper(), 4)))
    assert face.box_xyxy[3] - face.box_xyxy[1] > 700


@pytest.mark.parametrize("name", ["coffee", "chelsea", "rocket"])
def test_nobody_is_seen_where_nobody_is(finder: FaceFinder, name: str) -> None:
    assert finder.find_all(RgbCanvas(getattr(skimage.data, name)().copy())) == []


@pytest.mark.parametrize("size", [(1, 1), (16, 16), (1, 300), (300, 1), (2000, 3)])
def test_pictures_of_any_size_are_searched(finder: FaceFinder, size: tuple[int, int]) -> None:
    assert finder.find_all(RgbCanvas(np.full((*size, 3), 128, np.uint8))) == []
    assert finder.find_quickly(RgbCanvas(np.full((*size, 3), 128, np.uint8))) == []


def test_a_quick_search_leaves_out_who_is_known(finder: FaceFinder) -> None:
    picture = background(640, 360).copy()
    paste_into(picture, portrait(100), 20, 60)
    paste_into(picture, portrait(110), 380, 80)
    canvas = RgbCanvas(picture)
    left, right = finder.find_quickly(canvas)
    assert middle(left)[0] < middle(right)[0]
    (only,) = finder.find_quickly(canvas, [left])
    np.testing.assert_array_equal(only.landmarks, right.landmarks)
    assert finder.find_quickly(canvas, [left, right]) == []


def test_a_quick_search_finds_a_lone_face_on_its_side(finder: FaceFinder) -> None:
    (face,) = finder.find_quickly(RgbCanvas(np.ascontiguousarray(np.rot90(astronaut()))))
    assert abs(abs(face.pose.roll) - 90) < 25


def test_a_face_is_followed_and_its_loss_is_noticed(
    finder: FaceFinder, astronaut_face: Face
) -> None:
    canvas = RgbCanvas(astronaut())
    near = region_from_landmarks(astronaut_face.landmarks)
    moved = Region(near.x + 12, near.y - 8, near.side_px, near.angle)
    face = finder.follow(canvas, moved)
    assert face is not None
    np.testing.assert_allclose(face.points, astronaut_face.points, atol=3)
    assert finder.follow(canvas, Region(60, 450, 120, 0)) is None
    assert finder.follow(canvas, Region(-900, -900, 120, 0)) is None


class Scripted:
    """Both detectors and the landmark model of a finder: they see the faces of a script."""

    input_px = 192

    def __init__(self, faces: list[Face]) -> None:
        self.faces = faces

    def find(self, picture: object, asked: object) -> object:
        if isinstance(asked, Region):
            far = [
                abs(np.log(region_from_landmarks(f.landmarks).side_px / asked.side_px))
                for f in self.faces
            ]
            best = self.faces[int(np.argmin(far))]
            return best.landmarks, best.score
        return [
            Detection(np.float32(face.box_xyxy), face.points[:2], face.score) for face in self.faces
        ]


@pytest.mark.parametrize(
    ("width", "score", "kept"),
    [(30, 0.99, 2), (30, 0.7, 1), (120, 0.99, 1)],
    ids=["small and sure", "small and unsure", "a part of the face"],
)
def test_what_lies_inside_a_face_is_its_eye_or_mouth(width: float, score: float, kept: int) -> None:
    script = Scripted([face_at(300, 300, 400, 0.8), face_at(350, 260, width, score)])
    finder = FaceFinder([script], script)
    canvas = RgbCanvas(np.zeros((600, 600, 3), np.uint8))
    assert len(finder.find_quickly(canvas)) == kept


def test_a_fresh_engine_sees_the_same(store: ModelStore, astronaut_face: Face) -> None:
    again = wiring._load_engine.__wrapped__(store.folder).faces(RgbCanvas(astronaut()))
    np.testing.assert_array_equal(again[0].landmarks, astronaut_face.landmarks)
