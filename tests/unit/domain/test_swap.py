"""What a swap request accepts, and that it survives a database column."""

from __future__ import annotations

import json

import pytest

from personae.domain.ids import new_id
from personae.domain.swap import MediaRef, SceneFace, SwapMapping, SwapOutput, SwapRequest
from personae.errors import InvalidRequest

SCENE, DONOR = MediaRef(asset_id="asset_1"), MediaRef(url="https://example.org/a.jpg")


def mapping(**face: object) -> SwapMapping:
    return SwapMapping(SceneFace(**face), (DONOR,))  # type: ignore[arg-type]


def test_a_request_comes_back_from_json_as_it_was() -> None:
    request = SwapRequest(
        "video",
        SCENE,
        (
            mapping(choice="largest"),
            SwapMapping(SceneFace(reference=DONOR), face_id="face_1"),
            mapping(detection_id="task_1", face_id=2),
        ),
        start_s=1.5,
        end_s=9.0,
        strength=0.5,
        output=SwapOutput(container="mp4", crf=20),
    )
    assert SwapRequest.from_json(json.loads(json.dumps(request.to_json()))) == request


@pytest.mark.parametrize(
    "make",
    [
        lambda: MediaRef(),
        lambda: MediaRef("asset_1", "https://example.org"),
        lambda: SceneFace(),
        lambda: SceneFace(choice="all", index=1),
        lambda: SceneFace(index=-1),
        lambda: SceneFace(detection_id="task_1"),
        lambda: SceneFace(choice="all", face_id=1),
        lambda: SwapMapping(SceneFace(choice="all")),
        lambda: SwapMapping(SceneFace(choice="all"), (DONOR,), "face_1"),
        lambda: SwapRequest("image", SCENE, ()),
        lambda: SwapRequest("image", SCENE, (mapping(choice="all"),), strength=1.5),
        lambda: SwapRequest("image", SCENE, (mapping(choice="all"),), restore=-0.1),
        lambda: SwapRequest("image", SCENE, (mapping(choice="all"),), start_s=1.0),
        lambda: SwapRequest("video", SCENE, (mapping(choice="all"),), start_s=-1.0),
        lambda: SwapRequest("video", SCENE, (mapping(choice="all"),), start_s=2.0, end_s=2.0),
        lambda: SwapRequest("video", SCENE, (mapping(index=1), mapping(index=1))),
    ],
)
def test_what_makes_no_sense_is_refused(make: object) -> None:
    with pytest.raises(InvalidRequest):
        make()  # type: ignore[operator]


def test_names_sort_by_time_and_keep_their_prefix() -> None:
    early, late = new_id("task", 1000.0), new_id("task", 1000.002)
    assert early < late
    assert early.startswith("task_")
    assert len({new_id("task", 1000.0) for _ in range(1000)}) == 1000


def test_donors_that_must_be_alone_are_remembered() -> None:
    donors = (MediaRef(asset_id="asset_a"),)
    for alone in (True, False):
        mapping = SwapMapping(SceneFace(choice="only"), donors, alone=alone)
        request = SwapRequest("image", MediaRef(asset_id="asset_s"), (mapping,))
        assert SwapRequest.from_json(request.to_json()) == request
