"""Previews, and the options of a job."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from clips import write_clip
from faces import Placed, backdrop, compose, headshot
from personae.adapters.model_store import ModelStore
from personae.errors import FaceNotFound, InvalidRequest
from personae.media_child.swapping import PREVIEW_PX, options_of, preview, swap


class Idle:
    """A context that nobody stops."""

    def should_stop(self) -> bool:
        return False

    def check_stop(self) -> None:
        pass

    def enter(self, phase: str) -> None:
        pass

    def report(self, *told: Any) -> None:
        pass


@pytest.fixture
def donor(tmp_path: Path, store: ModelStore) -> str:
    path = tmp_path / "donor.png"
    Image.fromarray(headshot("hopper")).save(path)
    return str(path)


def read(path: Path) -> np.ndarray[Any, np.dtype[np.int16]]:
    return np.asarray(Image.open(path).convert("RGB")).astype(np.int16)


def job(donor: str, scene: Path, output: Path, **more: Any) -> dict[str, Any]:
    mappings = [{"donors": [donor], "face": "largest"}]
    return {"scene": str(scene), "output": str(output), "mappings": mappings, **more}


def test_a_preview_of_a_picture_is_its_swap_made_small(donor: str, tmp_path: Path) -> None:
    scene = tmp_path / "scene.png"
    Image.fromarray(headshot("collins", 900, (1920, 1600))).save(scene)
    preview(job(donor, scene, tmp_path / "p.png"), Idle())
    swap(job(donor, scene, tmp_path / "o.png"), Idle())
    small = Image.open(tmp_path / "p.png")
    assert small.size == (PREVIEW_PX, round(1600 * PREVIEW_PX / 1920))
    whole = np.asarray(Image.open(tmp_path / "o.png").resize(small.size, Image.Resampling.BOX))
    assert np.abs(read(tmp_path / "p.png") - whole).mean() < 1.0


def test_a_small_picture_is_not_enlarged(donor: str, tmp_path: Path) -> None:
    scene = tmp_path / "scene.png"
    Image.fromarray(headshot("collins")).save(scene)
    preview(job(donor, scene, tmp_path / "p.png"), Idle())
    swap(job(donor, scene, tmp_path / "o.png"), Idle())
    assert np.array_equal(read(tmp_path / "p.png"), read(tmp_path / "o.png"))


def test_a_preview_heeds_only_what_one_picture_can_show(donor: str, tmp_path: Path) -> None:
    scene = tmp_path / "scene.png"
    Image.fromarray(headshot("collins")).save(scene)
    options = {"strength": 0.0, "codec": "h264", "start_s": 1.0}
    preview(job(donor, scene, tmp_path / "p.png", options=options), Idle())
    assert np.array_equal(read(tmp_path / "p.png"), read(scene))


def test_a_preview_shows_restored_faces_at_the_size_of_the_output(
    donor: str, tmp_path: Path
) -> None:
    scene = tmp_path / "scene.png"
    Image.fromarray(headshot("collins", 300, (600, 700))).save(scene)
    options = {"restore": 0.7, "max_long_px": 350}
    told = preview(job(donor, scene, tmp_path / "p.png", options=options), Idle())
    assert told["restorer"] == "classical"
    assert "Restored by the classical pass, without a model." in told["warnings"]
    whole = swap(job(donor, scene, tmp_path / "o.png", options=options), Idle())
    assert whole["restorer"] == "classical"
    assert read(tmp_path / "p.png").shape == (350, 300, 3)
    assert np.array_equal(read(tmp_path / "p.png"), read(tmp_path / "o.png"))
    pictures = [headshot("collins", 300, (600, 700))] * 5
    clip = write_clip(tmp_path / "c.mp4", pictures=pictures, frames=5, size_wh=(600, 700))
    told = preview(job(donor, clip, tmp_path / "q.png", time_s=0, options=options), Idle())
    assert told["restorer"] == "classical"
    assert read(tmp_path / "q.png").shape == (350, 300, 3)


def test_a_preview_without_a_time_finds_a_moment_with_a_face(donor: str, tmp_path: Path) -> None:
    wall, face = backdrop((320, 240), 60), compose([Placed("collins", 160, 120, 110)])
    scene = write_clip(
        tmp_path / "c.mp4", pictures=[wall] * 40 + [face] * 20, frames=60, size_wh=(320, 240)
    )
    report = preview(job(donor, scene, tmp_path / "p.jpg", time_s=None), Idle())
    assert report["faces_swapped"] == 1
    with pytest.raises(FaceNotFound) as caught:
        preview(job(donor, scene, tmp_path / "q.jpg", time_s=0.5), Idle())
    assert caught.value.role == "scene"
    assert not (tmp_path / "q.jpg").exists()


def test_a_preview_shows_the_frame_that_was_asked_for(donor: str, tmp_path: Path) -> None:
    places = [60 + 4 * number for number in range(50)]
    pictures = [compose([Placed("collins", x, 120, 100)]) for x in places]
    scene = write_clip(tmp_path / "c.mp4", pictures=pictures, frames=50, size_wh=(320, 240))
    options = {"strength": 0.0}
    preview(job(donor, scene, tmp_path / "p.png", time_s=1.2, options=options), Idle())
    shown = read(tmp_path / "p.png")
    unlike = [float(np.abs(shown - picture).mean()) for picture in pictures]
    assert unlike.index(min(unlike)) == 30


def test_a_preview_needs_a_pictures_name_and_a_time_within(donor: str, tmp_path: Path) -> None:
    pictures = [compose([Placed("collins", 160, 120, 110)])] * 10
    scene = write_clip(tmp_path / "c.mp4", pictures=pictures, frames=10, size_wh=(320, 240))
    with pytest.raises(InvalidRequest):
        preview(job(donor, scene, tmp_path / "p.mp4"), Idle())
    with pytest.raises(InvalidRequest):
        preview(job(donor, scene, tmp_path / "p.jpg", time_s=7), Idle())


def test_options_are_checked_before_anything_is_opened() -> None:
    assert options_of({}).strength == 1.0
    assert options_of({"options": {"strength": 0.5, "crf": None}}).strength == 0.5
    for wrong in ({"strength": 2}, {"speed": 9}, {"crf": 99}, {"start_s": -1}):
        with pytest.raises(InvalidRequest):
            options_of({"options": wrong})
