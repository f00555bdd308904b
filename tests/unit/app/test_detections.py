"""Mappings by the faces that a detection found."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from personae.app.detections import LIFETIME_S, chosen
from personae.domain.swap import MediaRef, SceneFace
from personae.domain.tasks import Task, TaskProgress
from personae.errors import Conflict, Expired, InvalidRequest

SCENE = MediaRef(url="https://media.example.com/two.png")
DONOR = MediaRef(asset_id="asset_donor")
CROPS = (MediaRef(asset_id="asset_crop0"), MediaRef(asset_id="asset_crop1"))


def detection(**changes: Any) -> Task:
    faces = [{"face_id": n, "crop_asset_id": one.asset_id} for n, one in enumerate(CROPS)]
    made = Task(
        id="task_1",
        tenant_id="tenant_1",
        kind="detect_image",
        status="succeeded",
        request={"media": "image", "scene": {"asset_id": None, "url": SCENE.url}},
        priority="normal",
        credits_held=0,
        credits_charged=0,
        progress=TaskProgress(),
        result={"faces": faces},
        error=None,
        dialect="crun",
        dialect_id="theirs",
        callback=None,
        label=None,
        request_id=None,
        attempt=1,
        created_at=1000.0,
    )
    return replace(made, **changes)


def test_donors_go_where_they_are_sent() -> None:
    [first, second] = chosen(detection(), SCENE, [(1, DONOR), (0, CROPS[1])], 1001.0)
    assert first.scene_face == SceneFace(detection_id="task_1", face_id=1)
    assert first.donors == (DONOR,)
    # The crop of another face is a donor like any other.
    assert second.scene_face == SceneFace(detection_id="task_1", face_id=0)
    assert second.donors == (CROPS[1],)


def test_a_face_with_its_own_crop_stays() -> None:
    [only] = chosen(detection(), SCENE, [(0, CROPS[0]), (1, DONOR)], 1001.0)
    assert only.scene_face.face_id == 1
    with pytest.raises(InvalidRequest, match="stay as it is"):
        chosen(detection(), SCENE, [(0, CROPS[0]), (1, CROPS[1])], 1001.0)
    with pytest.raises(InvalidRequest, match="stay as it is"):
        chosen(detection(), SCENE, [], 1001.0)


@pytest.mark.parametrize("wanted", [[(2, DONOR)], [(-1, DONOR)]])
def test_there_is_no_other_face(wanted: list[tuple[int, MediaRef]]) -> None:
    with pytest.raises(InvalidRequest, match=r"theirs has no face"):
        chosen(detection(), SCENE, wanted, 1001.0)


def test_a_face_is_named_once() -> None:
    with pytest.raises(InvalidRequest, match="twice"):
        chosen(detection(), SCENE, [(0, CROPS[0]), (0, DONOR)], 1001.0)


def test_a_detection_has_its_time_its_scene_and_its_end() -> None:
    wanted = [(0, DONOR)]
    assert chosen(detection(), SCENE, wanted, 1000.0 + LIFETIME_S)
    with pytest.raises(Expired, match="theirs"):
        chosen(detection(), SCENE, wanted, 1001.0 + LIFETIME_S)
    with pytest.raises(InvalidRequest, match="another scene"):
        chosen(detection(), MediaRef(url=f"{SCENE.url}?a"), wanted, 1001.0)
    with pytest.raises(Conflict, match="running"):
        chosen(detection(status="running", result=None), SCENE, wanted, 1001.0)
