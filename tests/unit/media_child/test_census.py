"""Everybody in a clip is found once, with the time they are there and a view that shows them."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from clips import write_clip
from faces import Name, Placed, Rgb, backdrop, compose, crossing, portrait
from personae import wiring
from personae.adapters.model_store import ModelStore
from personae.engine.canvas import RgbCanvas
from personae.engine.faces.embedder import SAME_PERSON_DISTANCE, distance
from personae.engine.faces.finder import make_face
from personae.errors import Canceled
from personae.media_child.census import Appearance, Person, join_people, people_of_clip
from personae.media_child.detecting import detect
from personae.media_child.views import CROP_PX, Crop, View, crop
from personae.video.gating import ClipGate

SIZE_WH = (480, 360)


class Watcher:
    """Notes what a job tells, and stops it after so many reports."""

    def __init__(self, stop_after: int = 10**9) -> None:
        self.told: list[tuple[Any, ...]] = []
        self._stop_after = stop_after

    def should_stop(self) -> bool:
        return len(self.told) > self._stop_after

    def check_stop(self) -> None:
        if self.should_stop():
            raise Canceled

    def enter(self, phase: str) -> None:
        pass

    def report(self, *told: Any) -> None:
        self.told.append(told)


@pytest.fixture(autouse=True)
def _models(store: ModelStore) -> None:
    """Nothing here works without the models."""


def who(person: Person) -> Name:
    """Whose portrait a person's best view resembles more."""
    far: dict[Name, float] = {}
    for name in ("hopper", "collins"):
        canvas = RgbCanvas(portrait(name).copy())
        engine = wiring.engine()
        face = max(engine.faces(canvas), key=lambda face: face.box_xyxy[2] - face.box_xyxy[0])
        far[name] = distance(engine.embed(canvas, face.landmarks), person.best.embedding)
    nearest = min(far, key=lambda name: far[name])
    assert far[nearest] <= SAME_PERSON_DISTANCE
    return nearest


def clip(path: Path, pictures: Iterable[Rgb], rate: int = 25) -> Path:
    frames = list(pictures)
    return write_clip(
        path, pictures=frames, frames=len(frames), size_wh=SIZE_WH, rate=Fraction(rate)
    )


def scene(*placed: Placed, times: int = 1) -> Iterator[Rgb]:
    """Frames of one picture, with a little noise as cameras have it."""
    still = compose(list(placed), SIZE_WH).astype(np.int16)
    for number in range(times):
        noise = np.random.default_rng(number).integers(-3, 4, still.shape)
        yield (still + noise).clip(0, 255).astype(np.uint8)


def test_two_who_cross_are_two_from_left_to_right(tmp_path: Path) -> None:
    path = clip(tmp_path / "c.mp4", (compose(p, SIZE_WH) for p in crossing(60, SIZE_WH)))
    people = people_of_clip(path, Watcher(), ClipGate(None))
    assert [who(one) for one in people] == ["hopper", "collins"]
    for one in people:
        assert one.first_s < 0.2
        assert one.last_s > 2.2


@pytest.mark.parametrize("rate", [6, 10, 12, 20, 24, 25, 30, 60])
def test_a_short_appearance_is_not_missed(tmp_path: Path, rate: int) -> None:
    # Small, so that nobody takes the newcomer for a cut.
    first, second = Placed("hopper", 130, 200, 130), Placed("collins", 400, 90, 56)
    pictures = [
        *scene(first, times=rate - 1),
        *scene(first, second, times=math.ceil(0.34 * rate)),
        *scene(first, times=rate),
    ]
    people = people_of_clip(clip(tmp_path / "c.mp4", pictures, rate), Watcher(), ClipGate(None))
    assert [who(one) for one in people] == ["hopper", "collins"]
    brief = people[1]
    assert 0.8 <= brief.first_s <= brief.last_s <= 1.5


def test_who_comes_back_behind_a_cut_is_the_same(tmp_path: Path) -> None:
    pictures = [
        *scene(Placed("hopper", 130, 180, 120), times=25),
        *scene(Placed("collins", 250, 180, 140), times=25),
        *scene(Placed("hopper", 330, 170, 150), times=25),
        *([backdrop(SIZE_WH, 60)] * 10),
    ]
    people = people_of_clip(clip(tmp_path / "c.mp4", pictures), Watcher(), ClipGate(None))
    assert [who(one) for one in people] == ["hopper", "collins"]
    hopper, collins = people
    assert (hopper.first_s, hopper.last_s) == (
        pytest.approx(0, abs=0.1),
        pytest.approx(2.96, abs=0.1),
    )
    assert (collins.first_s, collins.last_s) == (
        pytest.approx(1, abs=0.1),
        pytest.approx(1.96, abs=0.1),
    )


def appearance(first_s: float, last_s: float, angle: float) -> Appearance:
    """Somebody whose embedding points somewhere: a right angle is somebody else."""
    embedding = np.zeros(128, np.float32)
    embedding[:2] = math.cos(angle), math.sin(angle)
    landmarks = np.random.default_rng(1).random((478, 3), np.float32)
    face = make_face(landmarks, 1.0)
    shown = Crop((0, 0, 1, 1), np.zeros((1, 1, 3), np.uint8), np.zeros((5, 2), np.float32))
    return Appearance(first_s, last_s, View(face, first_s, shown, embedding))


def test_people_who_look_alike_are_joined_unless_they_are_there_at_once() -> None:
    one, again = appearance(0, 1, 0.0), appearance(2, 3, 0.2)
    twin, other = appearance(2.5, 4, 0.1), appearance(5, 6, 1.5)
    assert join_people([[one], [again], [other]]) == [[one, again], [other]]
    assert len(join_people([[again], [twin]])) == 2


def test_the_best_view_is_the_largest_of_equals(tmp_path: Path) -> None:
    pictures = [
        compose([Placed("collins", 240, 180, 60 + 2 * number)], SIZE_WH) for number in range(50)
    ]
    [person] = people_of_clip(clip(tmp_path / "c.mp4", pictures), Watcher(), ClipGate(None))
    x0, _, x1, _ = person.best.face.box_xyxy
    assert person.best.time_s > 1.4
    assert x1 - x0 > 90


def test_an_animation_is_a_clip(tmp_path: Path) -> None:
    frames = [
        Image.fromarray(picture) for picture in scene(Placed("collins", 240, 180, 150), times=6)
    ]
    path = tmp_path / "a.webp"
    frames[0].save(path, save_all=True, append_images=frames[1:], duration=100)
    [person] = people_of_clip(path, Watcher(), ClipGate(None))
    assert person.last_s == pytest.approx(0.5)


def test_nobody_is_nobody(tmp_path: Path) -> None:
    path = clip(tmp_path / "c.mp4", [backdrop(SIZE_WH, 60)] * 12)
    assert people_of_clip(path, Watcher(), ClipGate(None)) == []


def test_it_tells_how_far_it_is_and_stops_when_asked(tmp_path: Path) -> None:
    path = clip(tmp_path / "c.mp4", scene(Placed("collins", 240, 180, 150), times=60))
    watcher = Watcher()
    people_of_clip(path, watcher, ClipGate(None))
    assert [told[1] for told in watcher.told] == list(range(1, 61))
    assert {told[2] for told in watcher.told} == {60}
    assert watcher.told[-1][4] == 0
    with pytest.raises(Canceled):
        people_of_clip(path, Watcher(stop_after=5), ClipGate(None))


def test_a_crop_shows_the_face_with_a_little_room_and_stays_small(tmp_path: Path) -> None:
    canvas = RgbCanvas(np.asarray(Image.fromarray(portrait("hopper")).resize((2048, 2400))).copy())
    [face] = wiring.engine().faces(canvas)
    shown = crop(canvas, face)
    assert max(shown.rgb.shape) == CROP_PX
    [again] = wiring.engine().faces(RgbCanvas(shown.rgb))
    x0, y0, x1, y1 = again.box_xyxy
    assert 0 < x0 < x1 < shown.rgb.shape[1]
    assert 0 < y0 < y1 < shown.rgb.shape[0]
    np.testing.assert_allclose(again.points, shown.points, atol=8)


def test_detect_lists_a_pictures_faces_from_left_to_right(tmp_path: Path) -> None:
    picture = next(scene(Placed("collins", 350, 180, 120), Placed("hopper", 130, 180, 130)))
    Image.fromarray(picture).save(tmp_path / "two.png")
    job = {"path": str(tmp_path / "two.png"), "crops_dir": str(tmp_path / "crops")}
    faces = detect(job, Watcher())["faces"]
    assert [face["face_id"] for face in faces] == [0, 1]
    assert faces[0]["box_xyxy"][0] < 200 < faces[1]["box_xyxy"][0]
    for face in faces:
        assert len(face["landmarks"]) == 478
        assert Image.open(tmp_path / "crops" / face["crop"]).size[0] > 100
        # As exact as the float32 it was.
        embedding = np.array(face["embedding"])
        assert np.array_equal(embedding, embedding.astype(np.float32).astype(np.float64)) or (
            np.abs(embedding - embedding.astype(np.float32)).max() < 1e-9
        )
