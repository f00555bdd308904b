"""Donors and references are prepared once, whatever their files are called."""

from __future__ import annotations

import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from faces import NAMES, Name, Placed, compose, headshot
from personae.adapters.model_store import ModelStore
from personae.errors import FaceNotFound, InvalidRequest, MediaUnreachable
from personae.media_child.mappings import Kept, donor_of, parts_of_job


class Idle:
    """A context that nobody stops; `entered` are the phases."""

    def __init__(self) -> None:
        self.entered: list[str] = []

    def should_stop(self) -> bool:
        return False

    def check_stop(self) -> None:
        pass

    def enter(self, phase: str) -> None:
        self.entered.append(phase)

    def report(self, *told: Any) -> None:
        pass


@pytest.fixture(scope="session")
def photos(tmp_path_factory: pytest.TempPathFactory, store: ModelStore) -> Mapping[Name, Path]:
    folder = tmp_path_factory.mktemp("photos")
    for name in NAMES:
        Image.fromarray(headshot(name)).save(folder / f"{name}.png")
    return {name: folder / f"{name}.png" for name in NAMES}


def parts(*mappings: Mapping[str, Any]) -> Any:
    return parts_of_job({"mappings": list(mappings)}, Idle())


def test_what_was_used_last_is_kept() -> None:
    kept: Kept[int] = Kept(2)
    made: list[str] = []

    def make(key: str) -> int:
        made.append(key)
        return len(made)

    for key in "abacab":
        kept.get(key, lambda key=key: make(key))
    assert made == ["a", "b", "c", "b"]


def test_what_cannot_be_made_is_not_kept() -> None:
    kept: Kept[int] = Kept(2)
    with pytest.raises(ZeroDivisionError):
        kept.get("a", lambda: 1 // 0)
    assert kept.get("a", lambda: 7) == 7


def test_the_same_photo_under_another_name_is_the_same_donor(
    photos: Mapping[Name, Path], tmp_path: Path
) -> None:
    again = tmp_path / "again.png"
    shutil.copy(photos["hopper"], again)
    one = donor_of([str(photos["hopper"])], allow_poor=False)
    other = donor_of([str(again)], allow_poor=False)
    assert other.mesh is one.mesh
    third = donor_of([str(photos["collins"])], allow_poor=False)
    assert third.mesh is not one.mesh


def test_a_kept_donors_warnings_name_this_jobs_files(store: ModelStore, tmp_path: Path) -> None:
    two = compose([Placed("hopper", 160, 200, 140), Placed("collins", 460, 200, 100)], (640, 400))
    Image.fromarray(two).save(tmp_path / "first.png")
    shutil.copy(tmp_path / "first.png", tmp_path / "second.png")
    for name in ("first.png", "second.png"):
        donor = donor_of([str(tmp_path / name)], allow_poor=False)
        assert any(f"{name} shows 2 faces" in text for text in donor.warnings)


def test_a_photo_that_changed_is_another_donor(photos: Mapping[Name, Path], tmp_path: Path) -> None:
    photo = tmp_path / "photo.png"
    shutil.copy(photos["hopper"], photo)
    one = donor_of([str(photo)], allow_poor=False)
    shutil.copy(photos["collins"], photo)
    assert donor_of([str(photo)], allow_poor=False).mesh is not one.mesh


def test_roles_say_who_is_meant(photos: Mapping[Name, Path]) -> None:
    hopper, collins = str(photos["hopper"]), str(photos["collins"])
    like = [0.0] * 127 + [2.0]
    made = parts(
        {"donors": [hopper], "face": 0},
        {"donors": [hopper], "face": "all"},
        {"donors": [hopper, hopper], "face": None, "like": collins},
        {"donors": [collins], "like_embedding": like},
        {"donors": [collins]},
    )
    assert [role.choice for role in made.roles] == [0, "all", "largest", "largest", "largest"]
    assert [role.like is None for role in made.roles] == [True, True, False, False, True]
    assert made.roles[2].name == collins
    for role in made.roles[2:4]:
        assert np.linalg.norm(role.like) == pytest.approx(1, abs=1e-5)


@pytest.mark.parametrize(
    "change",
    [
        {"face": "biggest"},
        {"face": -1},
        {"face": 1.5},
        {"like_embedding": [1.0] * 127},
        {"like_embedding": [0.0] * 128},
        {"like_embedding": [float("nan")] * 128},
    ],
)
def test_choices_that_make_no_sense_are_refused(
    photos: Mapping[Name, Path], change: dict[str, Any]
) -> None:
    with pytest.raises(InvalidRequest):
        parts({"donors": [str(photos["hopper"])], **change})


def test_two_donors_for_one_number_are_refused(photos: Mapping[Name, Path]) -> None:
    donors = [str(photos["hopper"])]
    with pytest.raises(InvalidRequest, match="face 1"):
        parts({"donors": donors, "face": 1}, {"donors": donors, "face": 1})


def test_errors_say_whose_photo_it_is(photos: Mapping[Name, Path], tmp_path: Path) -> None:
    donors = [str(photos["hopper"])]
    with pytest.raises(MediaUnreachable, match="reference"):
        parts({"donors": donors, "like": str(tmp_path / "none.png")})
    with pytest.raises(MediaUnreachable, match="donor"):
        parts({"donors": [str(tmp_path / "none.png")]})
    with pytest.raises(InvalidRequest):
        parts({"donors": []})
    wall = tmp_path / "wall.png"
    Image.fromarray(np.full((90, 90, 3), 120, np.uint8)).save(wall)
    with pytest.raises(FaceNotFound) as caught:
        parts({"donors": donors, "like": str(wall)})
    assert caught.value.role == "reference"
