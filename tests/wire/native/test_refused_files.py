"""Files that the operator refuses are refused when they are asked for."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from typing import Any

import pytest

from personae.adapters.media_host.fake import fake_media
from personae.domain.tasks import TaskError
from wire.checks import problem, submitted, swap_body
from wire.service import Service

BAD = b"bytes of a bad picture"


@pytest.fixture
def service(opened: Callable[..., Service]) -> Service:
    return opened(refused_files=frozenset({hashlib.sha256(BAD).hexdigest()}))


@pytest.mark.parametrize("role", ["scene", "donor", "saved donor", "reference"])
def test_a_refused_file_is_refused_as_what_it_was_to_be(service: Service, role: str) -> None:
    bad = service.asset(data=BAD).id
    body: Any = swap_body(service)
    if role == "scene":
        body["scene"] = {"asset_id": bad}
    elif role == "donor":
        body["mappings"][0]["donor"]["photos"].append({"asset_id": bad})
    elif role == "reference":
        body["mappings"][0]["scene_face"] = {"by": "reference", "reference": {"asset_id": bad}}
    else:
        face = service.call("POST", "/faces", {"name": "Ada", "asset_ids": [bad]}).json()
        body["mappings"][0]["donor"] = {"face_id": face["id"]}
    told = problem(service.call("POST", "/swaps", body), 403, "policy_refused")
    assert told["role"] == role.rpartition(" ")[2]
    assert told["role"] in told["detail"]
    assert not service.queued.tasks


def test_so_are_its_detections_and_previews(service: Service) -> None:
    scene = {"asset_id": service.asset(data=BAD).id}
    body = {**swap_body(service), "scene": scene}
    problem(service.call("POST", "/swaps/preview", body), 403, "policy_refused")
    body = {"media": "image", "scene": scene}
    problem(service.call("POST", "/detections", body), 403, "policy_refused")


def test_others_are_taken(service: Service) -> None:
    assert submitted(service)


def test_a_refusal_says_why_and_never_what_was_measured(service: Service) -> None:
    task = submitted(service)
    facts = {"score": 0.93, "limit": 0.7}
    error = TaskError("policy_refused", "No.", False, "caller", "scene", "nsfw", facts)
    service.fail(task, error)
    told = service.call("GET", f"/swaps/{task}").json()["error"]
    assert told == {
        "code": "policy_refused",
        "message": "No.",
        "retryable": False,
        "fault": "caller",
        "role": "scene",
        "reason": "nsfw",
    }


def test_a_file_refused_by_its_bytes_says_so(service: Service) -> None:
    body = {**swap_body(service), "scene": {"asset_id": service.asset(data=BAD).id}}
    told = problem(service.call("POST", "/swaps", body), 403, "policy_refused")
    assert told["reason"] == "file"


def test_photos_that_the_content_gate_does_not_let_through_are_not_saved(
    opened: Callable[..., Service],
) -> None:
    service = opened()
    hot = service.asset(data=fake_media(unsafe=0.9)).id
    told = problem(
        service.call("POST", "/faces", {"name": "Ada", "asset_ids": [hot]}), 403, "policy_refused"
    )
    assert (told["role"], told["reason"]) == ("donor", "nsfw")
    assert "0.9" not in told["detail"]
    assert service.call("GET", "/faces").json()["items"] == []
