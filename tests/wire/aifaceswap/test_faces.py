"""Faces in the answer itself: waiting, giving up, money, boxes."""

from __future__ import annotations

import time
from collections.abc import Callable

import pytest

from personae.domain.tasks import Task
from personae.wire.aifaceswap.dialect import Aifaceswap
from personae.wire.aifaceswap.settings import AifaceswapSettings
from personae.wire.aifaceswap.views import boxes
from wire.aifaceswap.given import (
    BOXES,
    PICTURE,
    at_work,
    balance,
    base64_picture,
    call,
    refused,
    told,
)
from wire.service import Service


@pytest.fixture
def hasty(opened: Callable[..., Service]) -> Service:
    return opened((Aifaceswap(AifaceswapSettings(wait_s=0.2)),))


@pytest.fixture
def service(opened: Callable[..., Service]) -> Service:
    return opened((Aifaceswap(AifaceswapSettings()),))


def test_faces_are_charged_for(service: Service) -> None:
    at_work(service)
    assert told(service, "/extract_face", {"img": PICTURE}) == {"faces": BOXES, "points": 2}
    at_work(service)
    frame = {"base64_img": f"data:image/png;base64,{base64_picture()}"}
    assert told(service, "/extract_base64_face", frame) == {"pos": BOXES}
    assert balance(service) == (96, 0)
    assert {task.priority for task in service.queued.tasks} == {"high"}


@pytest.mark.parametrize("queue_is_down", [False, True])
def test_what_takes_too_long_is_given_up_and_costs_nothing(
    hasty: Service, queue_is_down: bool
) -> None:
    hasty.queue_is_down = queue_is_down
    started = time.monotonic()
    answer = call(hasty, "POST", "/extract_face", {"img": PICTURE})
    assert "0.2 s" in refused(answer, 503, "unavailable")
    assert "nothing was charged" in answer.json()["message"]
    assert time.monotonic() - started >= 0.2
    [task] = hasty.queued.tasks
    assert hasty.task(task.id).status == "canceled"
    assert hasty.canceled == ([] if queue_is_down else [task.id])
    assert balance(hasty) == (100, 0)


def test_nobody_in_a_picture_is_an_answer() -> None:
    assert boxes(_searched([])) == []


@pytest.mark.parametrize(
    ("box_xyxy", "crop_box_xyxy", "expected"),
    [
        ([10.2, 20.8, 30.1, 40.9], [5, 15, 40, 50], [10, 20, 31, 41]),
        ([-5.0, -9.5, 30.0, 40.0], [0, 0, 33, 44], [0, 0, 30, 40]),
        ([600.0, 440.0, 660.5, 500.5], [590, 430, 640, 480], [600, 440, 640, 480]),
        ([-20.0, 5.0, -0.5, 15.0], [0, 3, 1, 17], [0, 3, 1, 17]),
    ],
)
def test_boxes_lie_inside_the_picture(
    box_xyxy: list[float], crop_box_xyxy: list[int], expected: list[int]
) -> None:
    face = {"face_id": 0, "box_xyxy": box_xyxy, "crop_box_xyxy": crop_box_xyxy}
    [box] = boxes(_searched([face]))
    assert box == expected
    assert all(type(one) is int for one in box)


def _searched(faces: list[dict[str, object]]) -> Task:
    from dataclasses import fields

    values = {one.name: None for one in fields(Task)} | {"result": {"faces": faces}}
    return Task(**values)  # pyright: ignore[reportArgumentType]
