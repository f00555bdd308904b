"""Files that the operator refuses are refused when they are asked for."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from typing import Any

import pytest

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
