"""A face that was cut out by its box is found all the same, and is the same person."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import cv2
import numpy as np
import pytest
import skimage.data
from PIL import Image
from portraits import MORE_FACES, Rgb, astronaut, hopper

from personae.engine.canvas import RgbCanvas
from personae.engine.faces.closeups import find_in_photo
from personae.engine.faces.embedder import SAME_PERSON_DISTANCE, distance
from personae.engine.pipeline import Engine
from personae.engine.types import Canvas, Face, Float32

INSIDE = 0.15
"""How much tighter than the box clients may cut, as a share of it."""


def largest(faces: list[Face]) -> Face:
    return max(faces, key=lambda face: face.box_xyxy[2] - face.box_xyxy[0])


def scene_of(engine: Engine, rgb: Rgb, face_px: float) -> tuple[Rgb, Face]:
    """A portrait scaled until its face is so tall, and that face."""
    _, y0, _, y1 = largest(engine.faces(RgbCanvas(rgb.copy()))).box_xyxy
    scale = face_px / (y1 - y0)
    small = np.asarray(cv2.resize(rgb, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA))
    small = small.astype(np.uint8)
    return small, largest(engine.faces(RgbCanvas(small.copy())))


def cut(rgb: Rgb, face: Face, inside: float = 0.0) -> tuple[Rgb, Float32]:
    """What a client cuts out by a box, and where its corner is."""
    x0, y0, x1, y1 = face.box_xyxy
    dx, dy = inside * (x1 - x0), inside * (y1 - y0)
    left, top, right, bottom = (max(0, round(v)) for v in (x0 + dx, y0 + dy, x1 - dx, y1 - dy))
    crop = np.ascontiguousarray(rgb[top:bottom, left:right])
    return crop, np.array([left, top], np.float32)


@pytest.mark.parametrize("face_px", [48, 90, 200])
@pytest.mark.parametrize("inside", [0.0, INSIDE])
@pytest.mark.parametrize("portrait", [hopper, astronaut])
def test_a_tight_crop_shows_the_same_person_in_the_same_place(
    engine: Engine, portrait: Callable[[], Rgb], inside: float, face_px: float
) -> None:
    rgb, face = scene_of(engine, portrait(), face_px)
    person = engine.embed(RgbCanvas(rgb), face.landmarks)
    crop, corner = cut(rgb, face, inside)
    found = largest(find_in_photo(engine.faces, crop))
    again = engine.embed(RgbCanvas(crop), found.landmarks)
    assert distance(person, again) < 0.7 * SAME_PERSON_DISTANCE
    np.testing.assert_allclose(found.points + corner, face.points, atol=0.08 * face_px)


def test_the_border_finds_what_the_picture_alone_hides(engine: Engine) -> None:
    hidden = 0
    for portrait in (hopper(), astronaut()):
        for face_px in (48, 64, 90, 130, 200):
            crop, _ = cut(*scene_of(engine, portrait, face_px), INSIDE)
            hidden += not engine.faces(RgbCanvas(crop.copy()))
            assert find_in_photo(engine.faces, crop)
    assert hidden > 0


def test_one_person_is_told_from_others_by_a_tight_crop(engine: Engine) -> None:
    files = sorted(MORE_FACES.glob("*.jpg"))[::14]
    if not files:
        pytest.skip("needs the faces beside the checkout")
    whole: list[Float32] = []
    tight: list[Float32] = []
    for file in files:
        rgb, face = scene_of(engine, _rgb(file), 48)
        whole.append(engine.embed(RgbCanvas(rgb), face.landmarks))
        crop, _ = cut(rgb, face, INSIDE)
        found = largest(find_in_photo(engine.faces, crop))
        tight.append(engine.embed(RgbCanvas(crop), found.landmarks))
    for number, embedding in enumerate(tight):
        far = [distance(embedding, other) for other in whole]
        assert far.index(min(far)) == number
        assert far[number] < 0.7 * SAME_PERSON_DISTANCE


def _rgb(file: Path) -> Rgb:
    with Image.open(file) as image:
        return np.asarray(image.convert("RGB")).copy()


def test_a_face_with_room_around_it_is_looked_at_once(engine: Engine) -> None:
    looks: list[tuple[int, int]] = []

    def find(canvas: Canvas) -> list[Face]:
        looks.append(canvas.size_wh)
        return engine.faces(canvas)

    [face] = find_in_photo(find, hopper())
    assert looks == [(512, 600)]
    np.testing.assert_array_equal(
        face.landmarks, largest(engine.faces(RgbCanvas(hopper()))).landmarks
    )


@pytest.mark.parametrize("name", ["coffee", "chelsea", "rocket"])
def test_what_is_no_face_does_not_become_one(engine: Engine, name: str) -> None:
    picture = getattr(skimage.data, name)()
    assert find_in_photo(engine.faces, np.ascontiguousarray(picture)) == []
    detail = np.ascontiguousarray(picture[80:180, 120:200])
    assert find_in_photo(engine.faces, detail) == []
    assert find_in_photo(engine.faces, np.full((1, 1, 3), 90, np.uint8)) == []
