"""POST /inspect"""

from __future__ import annotations

import hashlib
from dataclasses import replace
from pathlib import Path
from typing import Any

import httpx

from personae.adapters.media_host.fake import fake_media
from wire.checks import problem, submitted
from wire.service import Service

PATH = "/native/v1/inspect"
MANIFEST = {"valid": True, "made_by_personae": True, "trusted": False}


def post(service: Service, data: bytes, **more: Any) -> httpx.Response:
    return service.client.request("POST", PATH, content=data, **more)


def marked(number: int) -> bytes:
    return fake_media("image/jpeg", mark={"number": number, "confidence": 0.75})


def test_an_ordinary_picture_says_nothing(service: Service) -> None:
    data = fake_media("image/jpeg", width=800, height=600)
    answer = post(service, data)
    assert answer.status_code == 200, answer.text
    assert answer.json() == {
        "verdict": "unknown",
        "sha256": hashlib.sha256(data).hexdigest(),
        "size_bytes": len(data),
        "kind": "picture",
        "exact": None,
        "mark": None,
        "manifest": None,
    }


def test_the_very_bytes_are_known_also_when_they_are_gone(service: Service) -> None:
    task_id = submitted(service)
    data = fake_media("image/png", width=64)
    made = service.asset(data=data, role="output", task_id=task_id)
    told = post(service, data).json()
    assert told["verdict"] == "exact"
    assert told["exact"] == {"made_at": told["exact"]["made_at"], "still_here": True} | {
        "task_id": None
    }
    service.database.write(lambda tx: tx.assets.remove(made.tenant_id, made.id, service.clock()))
    told = post(service, data).json()
    assert (told["verdict"], told["exact"]["still_here"]) == ("exact", False)


def test_what_clients_brought_is_not_told(service: Service) -> None:
    data = fake_media("image/png", width=65)
    service.asset(data=data, role="upload")
    assert post(service, data).json()["verdict"] == "unknown"


def test_a_mark_leads_to_its_task_and_only_the_owner_is_told_which(service: Service) -> None:
    task_id = submitted(service)
    number = service.task(task_id).mark
    assert number
    for who, named in ((None, None), ("theirs", None), ("ours", task_id)):
        headers = {} if who is None else service.headers(who)
        told = post(service, marked(number), headers=headers).json()
        assert told["verdict"] == "marked"
        assert told["mark"]["number"] == f"{number:010x}"
        assert told["mark"]["confidence"] == 0.75
        assert told["mark"]["origin"]["task_id"] == named
        assert told["mark"]["origin"]["still_here"] is True


def test_a_mark_of_another_service_is_a_claim(service: Service) -> None:
    told = post(service, marked(1)).json()
    assert (told["verdict"], told["mark"]["origin"]) == ("claimed", None)
    told = post(service, marked(0)).json()
    assert (told["verdict"], told["mark"]["number"]) == ("claimed", "0000000000")


def test_a_manifest_counts_only_if_it_holds(service: Service) -> None:
    told = post(service, fake_media("image/png", manifest=MANIFEST)).json()
    assert (told["verdict"], told["manifest"]) == ("claimed", MANIFEST)
    for broken in ({**MANIFEST, "valid": False}, {**MANIFEST, "made_by_personae": False}):
        told = post(service, fake_media("image/png", manifest=broken)).json()
        assert (told["verdict"], told["manifest"]) == ("unknown", broken)


def test_a_form_will_do_and_nothing_stays(service: Service, tmp_path: Path) -> None:
    data = fake_media("video/mp4", duration_s=2.0)
    answer = service.client.request("POST", PATH, files={"file": ("a.mp4", data, "video/mp4")})
    assert (answer.status_code, answer.json()["kind"]) == (200, "video")
    assert [path for path in tmp_path.rglob("*") if path.name == "The file"] == []


def test_rubbish_large_files_and_a_dying_child_are_refused(service: Service) -> None:
    problem(post(service, b"no media at all"), 415, "media_unsupported")
    problem(post(service, b""), 422, "media_unreadable")
    problem(post(service, bytes(60_000)), 413, "media_too_large")
    problem(post(service, fake_media("image/png", crash=True)), 422, "media_unreadable")
    problem(
        post(service, b"{}", headers={"Content-Type": "application/json"}), 415, "unsupported_body"
    )


def test_a_wrong_key_is_refused_rather_than_ignored(service: Service) -> None:
    problem(post(service, marked(1), headers={"X-API-Key": "pk_wrong"}), 401, "unauthorized")


def test_one_address_may_not_ask_without_end(service: Service) -> None:
    data = fake_media("image/png")
    answers = [post(service, data).status_code for _ in range(11)]
    assert answers == [200] * 10 + [429]
    told = problem(post(service, data), 429, "rate_limited")
    assert told["retryable"]
    service.clock.advance(6.1)
    assert post(service, data).status_code == 200


def test_it_can_be_switched_off(service: Service) -> None:
    gate = service.app.state.gate
    gate.services = replace(gate.services, inspector=None)
    problem(post(service, fake_media("image/png")), 403, "feature_disabled")
