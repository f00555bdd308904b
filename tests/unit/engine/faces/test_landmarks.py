"""Landmarks lie where the parts of a face are."""

from __future__ import annotations

import json

import cv2
import numpy as np
import pytest
from portraits import astronaut, hopper

from personae.adapters.model_store import ModelStore
from personae.engine.canonical import canonical_face
from personae.engine.canvas import RgbCanvas
from personae.engine.cards import card
from personae.engine.faces.landmarks import LandmarkModel, Window
from personae.engine.geometry import Region, region_from_landmarks
from personae.engine.mesh.vertices import EYE_LEFT, EYE_RIGHT, LIPS_INNER, LIPS_OUTER, OVAL
from personae.engine.pipeline import Engine
from personae.engine.types import Face
from personae.errors import ModelError


@pytest.fixture(scope="module")
def model(engine: Engine) -> LandmarkModel:
    return engine._finder._landmarks


@pytest.mark.parametrize("whose", ["hopper_face", "astronaut_face"])
def test_the_parts_of_a_face_lie_where_they_belong(
    whose: str, request: pytest.FixtureRequest
) -> None:
    face: Face = request.getfixturevalue(whose)
    points = face.landmarks[:, :2]
    oval = points[list(OVAL)][:, None]
    left, right, nose, mouth_left, mouth_right = face.points
    assert left[0] < nose[0] < right[0]
    assert mouth_left[0] < nose[0] < mouth_right[0]
    assert max(left[1], right[1]) < nose[1] < min(mouth_left[1], mouth_right[1])
    for point in face.points:
        assert cv2.pointPolygonTest(oval, point.tolist(), False) > 0
    for iris, loop in ((468, EYE_LEFT), (473, EYE_RIGHT)):
        contour = points[list(loop)][:, None]
        assert cv2.pointPolygonTest(contour, points[iris].tolist(), False) > 0
    outer = points[list(LIPS_OUTER)][:, None]
    inside = [cv2.pointPolygonTest(outer, points[v].tolist(), True) > -1.5 for v in LIPS_INNER]
    assert all(inside)
    z = face.landmarks[:, 2]
    assert z[1] < z[[33, 263]].min() < z[[234, 454]].min()


def test_a_mirrored_face_has_mirrored_landmarks(model: LandmarkModel, hopper_face: Face) -> None:
    region = region_from_landmarks(hopper_face.landmarks)
    canvas = RgbCanvas(np.ascontiguousarray(hopper()[:, ::-1]))
    flipped = Region(511 - region.x, region.y, region.side_px, -region.angle)
    points, score = model.find(canvas, flipped)
    mirror = canonical_face()[:, 3].astype(int)
    back = points[mirror] * np.float32([-1, 1, 1]) + np.float32([511, 0, 0])
    away = np.linalg.norm((back - hopper_face.landmarks)[:, :2], axis=1)
    assert score > 0.9
    assert np.median(away) < 0.015 * region.side_px


def test_a_second_look_hardly_moves_the_landmarks(
    model: LandmarkModel, astronaut_face: Face
) -> None:
    canvas = RgbCanvas(astronaut())
    near = region_from_landmarks(astronaut_face.landmarks)
    moved = Region(near.x + 9, near.y - 6, near.side_px * 1.08, near.angle + 0.1)
    points, _ = model.find(canvas, moved)
    away = np.linalg.norm((points - astronaut_face.landmarks)[:, :2], axis=1)
    assert np.median(away) < 0.012 * near.side_px


def test_where_no_face_is_the_score_is_low(model: LandmarkModel) -> None:
    grey = RgbCanvas(np.full((100, 100, 3), 128, np.uint8))
    assert model.find(grey, Region(50, 50, 80, 0))[1] < 0.3


def test_a_window_follows_its_part_of_the_face(store: ModelStore) -> None:
    constants = json.loads(store.path(card("attention_mesh"), "constants").read_text("utf-8"))
    points = canonical_face()[:468, :2] * 20 + 24
    for item in constants:
        window = Window.from_constants(item)
        move = window.to_features(points)
        part = points[window.landmarks]
        inside = np.linalg.inv(np.vstack([move, [0, 0, 1]])) @ np.c_[part, np.ones(len(part))].T
        assert inside[:2].min() > 0
        assert inside[:2].max() < window.output_px
        # Turning the face turns the window with it, and leaves what it shows.
        turned = window.to_features((points - 24) @ np.array([[0, 1], [-1, 0]]) + 24)
        there = (part - 24) @ np.array([[0, 1], [-1, 0]]) + 24
        again = np.linalg.inv(np.vstack([turned, [0, 0, 1]])) @ np.c_[there, np.ones(len(part))].T
        np.testing.assert_allclose(again, inside, atol=1e-6)


def test_damaged_constants_are_refused() -> None:
    with pytest.raises(ModelError, match="pull the models again"):
        LandmarkModel(lambda *_: [], lambda *_: [], [{}])
