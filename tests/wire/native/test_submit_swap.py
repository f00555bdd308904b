"""POST /swaps"""

from __future__ import annotations

import math
from dataclasses import replace
from typing import Any

import pytest

from personae.domain.swap import SwapOutput, SwapRequest
from personae.domain.tasks import Task
from wire.checks import UNKNOWN, problem, strangers_stay_out, submitted, swap_body
from wire.service import CLIP, Service


def test_strangers_stay_out(service: Service) -> None:
    strangers_stay_out(service, "POST", "/swaps", "swaps:write", {"junk": 1})
    assert service.queued.tasks == []


def test_a_swap_is_held_queued_and_told(service: Service) -> None:
    body = swap_body(service, label="Take 3", priority="low", strength=0.5)
    answer = service.call("POST", "/swaps", body)
    assert answer.status_code == 202
    told = answer.json()
    assert answer.headers["location"] == f"http://testserver/native/v1/swaps/{told['id']}"
    assert (told["kind"], told["status"], told["label"]) == ("swap_image", "queued", "Take 3")
    assert (told["priority"], told["credits"]) == ("low", {"held": 1, "charged": 0})
    assert told["progress"]["phase"] == "queued"
    assert told["created_at"].endswith("Z")
    assert told["result"] is None
    assert told["error"] is None
    [task] = service.queued.tasks
    assert task.id == told["id"]
    assert (task.dialect, task.request_id) == ("native", answer.headers["x-request-id"])
    balance = service.database.read(lambda tx: tx.credits.balance(task.tenant_id))
    assert (balance.available, balance.held) == (99, 1)


def test_the_request_comes_back_as_it_was_said(service: Service) -> None:
    body = swap_body(service)
    scene, donor = body["scene"], body["mappings"][0]["donor"]
    body["mappings"] = [
        {"donor": donor, "scene_face": {"by": "index", "index": 1}},
        {
            "donor": {"photos": [{"url": "https://media.example.com/a.jpg"}, *donor["photos"]]},
            "scene_face": {"by": "reference", "reference": {"url": "https://a.example.com/b.png"}},
        },
        {"donor": donor, "scene_face": {"by": "largest"}},
    ]
    body["output"] = {"container": "jpeg", "quality": 80}
    told = service.call("POST", "/swaps", body).json()["request"]
    assert told["scene"] == scene
    assert told["mappings"] == body["mappings"]
    assert told["output"] == body["output"]
    assert told["strength"] == 1.0


@pytest.mark.parametrize(
    ("scene_face", "expected"),
    [
        ({"by": "largest"}, {"choice": "largest"}),
        ({"by": "all"}, {"choice": "all"}),
        ({"by": "index", "index": 2}, {"index": 2}),
        ({"by": "reference", "reference": {"url": "https://a.example.com/r.jpg"}}, None),
    ],
)
def test_every_choice_of_face_reaches_the_domain(
    service: Service, scene_face: dict[str, Any], expected: dict[str, Any] | None
) -> None:
    body = swap_body(service)
    body["mappings"][0]["scene_face"] = scene_face
    assert service.call("POST", "/swaps", body).status_code == 202
    [mapping] = SwapRequest.from_json(service.queued.tasks[0].request).mappings
    if expected is None:
        assert mapping.scene_face.reference is not None
        assert mapping.scene_face.reference.url == "https://a.example.com/r.jpg"
    else:
        for name, value in expected.items():
            assert getattr(mapping.scene_face, name) == value


def test_a_person_of_a_detection_can_be_chosen(service: Service) -> None:
    body = swap_body(service)
    detection = service.call("POST", "/detections", {"media": "image", "scene": body["scene"]})
    service.found(detection.json()["id"])
    face = {"by": "detection", "detection_id": detection.json()["id"], "face_id": 1}
    body["mappings"][0]["scene_face"] = face
    answer = service.call("POST", "/swaps", body)
    assert answer.status_code == 202, answer.text
    assert answer.json()["request"]["mappings"][0]["scene_face"] == face


def test_an_expired_detection_is_refused(service: Service) -> None:
    body = swap_body(service)
    detection = service.call("POST", "/detections", {"media": "image", "scene": body["scene"]})
    service.found(detection.json()["id"])
    face = {"by": "detection", "detection_id": detection.json()["id"], "face_id": 1}
    body["mappings"][0]["scene_face"] = face
    service.clock.advance(3601)
    problem(service.call("POST", "/swaps", body), 410, "expired")


def test_a_saved_face_can_be_the_donor(service: Service) -> None:
    photo = service.asset()
    face = service.call("POST", "/faces", {"name": "Ada", "asset_ids": [photo.id]}).json()
    body = swap_body(service)
    body["mappings"] = [{"donor": {"face_id": face["id"]}}]
    answer = service.call("POST", "/swaps", body)
    assert answer.status_code == 202, answer.text
    assert answer.json()["request"]["mappings"][0]["donor"] == {"face_id": face["id"]}


def test_a_video_is_priced_by_its_measured_length(service: Service) -> None:
    scene = service.asset(CLIP)
    body = swap_body(service, media="video", scene={"asset_id": scene.id}, end_s=2.5)
    told = service.call("POST", "/swaps", body).json()
    assert told["kind"] == "swap_video"
    estimate = service.call("POST", "/swaps/estimate", body).json()
    assert told["credits"]["held"] == estimate["credits"] > 0
    assert estimate["seconds"] == 2.5


def test_a_repeated_key_is_done_once(service: Service) -> None:
    body, key = swap_body(service), {"Idempotency-Key": "once-and-only-once"}
    first = service.call("POST", "/swaps", body, headers=key)
    again = service.call("POST", "/swaps", {**body, "strength": 1.0}, headers=key)
    assert first.json() == again.json()
    assert again.status_code == 202
    assert "idempotency-replayed" not in first.headers
    assert again.headers["idempotency-replayed"] == "true"
    assert len(service.queued.tasks) == 1


def test_a_repeated_key_with_another_body_is_a_conflict(service: Service) -> None:
    body, key = swap_body(service), {"Idempotency-Key": "k1"}
    assert service.call("POST", "/swaps", body, headers=key).status_code == 202
    answer = service.call("POST", "/swaps", {**body, "strength": 0.9}, headers=key)
    problem(answer, 409, "conflict")
    problem(service.call("POST", "/detections", _detection(body), headers=key), 409, "conflict")
    assert len(service.queued.tasks) == 1


def _detection(body: dict[str, Any]) -> dict[str, Any]:
    return {"media": "image", "scene": body["scene"]}


def test_two_tenants_can_use_the_same_key(service: Service) -> None:
    key = {"Idempotency-Key": "k1"}
    ours = service.call("POST", "/swaps", swap_body(service), headers=key)
    theirs = service.call("POST", "/swaps", swap_body(service, "theirs"), as_="theirs", headers=key)
    assert (ours.status_code, theirs.status_code) == (202, 202)
    assert ours.json()["id"] != theirs.json()["id"]


def test_without_credits_nothing_is_queued(service: Service) -> None:
    service.tenant("poor", credits=0)
    answer = service.call("POST", "/swaps", swap_body(service, "poor"), as_="poor")
    problem(answer, 402, "insufficient_credits")
    assert service.queued.tasks == []
    page = service.call("GET", "/swaps", as_="poor").json()
    assert page["items"] == []


def test_anothers_things_are_not_there(service: Service) -> None:
    theirs = service.asset(name="theirs")
    body = swap_body(service, scene={"asset_id": theirs.id})
    told = problem(service.call("POST", "/swaps", body), 404, "not_found")
    missing = problem(
        service.call("POST", "/swaps", swap_body(service, scene={"asset_id": f"asset_{UNKNOWN}"})),
        404,
        "not_found",
    )
    assert told["title"] == missing["title"]
    assert told["detail"].replace(theirs.id, "") == missing["detail"].replace(
        f"asset_{UNKNOWN}", ""
    )


def _mapping(scene_face: dict[str, Any]) -> dict[str, Any]:
    return {
        "mappings": [
            {
                "donor": {"photos": [{"url": "https://a.example.com/a.png"}]},
                "scene_face": scene_face,
            }
        ]
    }


@pytest.mark.parametrize(
    ("change", "pointer"),
    [
        ({"surprise": 1}, "/surprise"),
        ({"strength": "1"}, "/strength"),
        ({"strength": 1.5}, "/strength"),
        ({"media": "sound"}, "/media"),
        ({"mappings": []}, "/mappings"),
        ({"scene": {"asset_id": "x", "url": "https://a.example.com"}}, "/scene/asset_id"),
        ({"scene": {}}, "/scene/asset_id"),
        ({"mappings": [{}]}, "/mappings/0/donor"),
        ({"mappings": [{"donor": {"photos": []}}]}, "/mappings/0/donor/photos"),
        ({"mappings": [{"donor": {"face_id": 1}}]}, "/mappings/0/donor/face_id"),
        (_mapping({"by": "index", "index": 1, "more": 2}), "/mappings/0/scene_face/more"),
        (_mapping({"by": "index"}), "/mappings/0/scene_face/index"),
        (_mapping({"by": "luck"}), "/mappings/0/scene_face"),
        ({"scene": 7}, "/scene"),
        ({"label": "a\u0000b"}, "/label"),
        ({"output": {"quality": 101}}, "/output/quality"),
        ({"priority": "now"}, "/priority"),
        ({"start_s": None, "end_s": 0}, "/end_s"),
    ],
)
def test_what_breaks_the_schema_is_pointed_at(
    service: Service, change: dict[str, Any], pointer: str
) -> None:
    answer = service.call("POST", "/swaps", {**swap_body(service), **change})
    told = problem(answer, 422, "invalid_request")
    assert pointer in [one["pointer"] for one in told["errors"]]
    assert {one["in"] for one in told["errors"]} == {"body"}
    assert service.queued.tasks == []


@pytest.mark.parametrize(
    "change",
    [
        {"start_s": 1.0},
        {"media": "video"},
        {"engine": "none-such"},
        {"media": "video", "start_s": 3.0, "end_s": 2.0},
    ],
)
def test_what_makes_no_sense_together_is_refused(service: Service, change: dict[str, Any]) -> None:
    answer = service.call("POST", "/swaps", {**swap_body(service), **change})
    assert "errors" not in problem(answer, 422, "invalid_request")


def test_a_mapping_twice_for_the_same_face_is_refused(service: Service) -> None:
    body = swap_body(service)
    body["mappings"] *= 2
    problem(service.call("POST", "/swaps", body), 422, "invalid_request")


@pytest.mark.parametrize(
    "url",
    [
        "http://127.0.0.1/a.jpg",
        "http://[::1]/a.jpg",
        "http://169.254.169.254/latest/meta-data",
        "http://10.0.0.7/a.jpg",
        "http://localhost/a.jpg",
    ],
)
@pytest.mark.parametrize("where", ["scene", "donor", "reference"])
def test_urls_that_lead_inside_are_refused_at_once(service: Service, url: str, where: str) -> None:
    body = swap_body(service)
    if where == "scene":
        body["scene"] = {"url": url}
    elif where == "donor":
        body["mappings"][0]["donor"] = {"photos": [{"url": url}]}
    else:
        body["mappings"][0]["scene_face"] = {"by": "reference", "reference": {"url": url}}
    problem(service.call("POST", "/swaps", body), 422, "address_refused")
    assert service.queued.tasks == []


@pytest.mark.parametrize("url", ["ftp://a.example.com/x", "file:///etc/passwd", "https://", "x"])
def test_urls_of_other_kinds_are_refused(service: Service, url: str) -> None:
    body = swap_body(service, scene={"url": url})
    problem(service.call("POST", "/swaps", body), 422, "invalid_request")


def test_many_swaps_at_once_never_overdraw(service: Service) -> None:
    from concurrent.futures import ThreadPoolExecutor

    service.tenant("poor", credits=5)
    body = swap_body(service, "poor")
    with ThreadPoolExecutor(10) as pool:
        answers = list(
            pool.map(lambda _: service.call("POST", "/swaps", body, as_="poor"), range(20))
        )
    assert sorted(one.status_code for one in answers) == [202] * 5 + [402] * 15
    tasks: list[Task] = service.queued.tasks
    assert len(tasks) == 5


def test_a_submitted_swap_is_there(service: Service) -> None:
    task_id = submitted(service)
    assert service.call("GET", f"/swaps/{task_id}").status_code == 200


def test_restoring_is_taken_on_at_its_price(service: Service) -> None:
    whole = service.call("POST", "/swaps/estimate", swap_body(service)).json()["credits"]
    answer = service.call("POST", "/swaps", {**swap_body(service), "restore": 0.5})
    assert answer.status_code == 202, answer.text
    told = answer.json()
    assert told["request"]["restore"] == 0.5
    assert told["credits"]["held"] == math.ceil(1.5 * whole)
    service.succeed(told["id"], {"restorer": "classical", "warnings": ["Restored."]})
    result = service.call("GET", f"/swaps/{told['id']}").json()["result"]
    assert (result["restorer"], result["warnings"]) == ("classical", ["Restored."])


def test_the_outputs_size_is_bounded(service: Service) -> None:
    output = {"max_long_px": 1920, "max_short_px": 1080}
    answer = service.call("POST", "/swaps", {**swap_body(service), "output": output})
    assert answer.status_code == 202, answer.text
    assert answer.json()["request"]["output"] == output
    [task] = service.queued.tasks
    assert SwapRequest.from_json(task.request).output == SwapOutput(**output)


@pytest.mark.parametrize("path", ["/swaps", "/swaps/estimate", "/swaps/preview"])
def test_a_container_that_does_not_hold_the_sound_is_refused(service: Service, path: str) -> None:
    spoken = replace(CLIP, audio_streams=1, audio_codecs=("aac",))
    body = swap_body(service, media="video", scene={"asset_id": service.asset(spoken).id})
    body["output"] = {"container": "webm"}
    told = problem(service.call("POST", path, body), 422, "invalid_request")
    assert "output.container webm" in told["detail"]
    assert "(aac)" in told["detail"]
    assert service.queued.tasks == []
    if path == "/swaps":
        body["output"] = {"container": "mkv"}
        assert service.call("POST", path, body).status_code == 202


def test_sides_that_no_face_survives_are_refused(service: Service) -> None:
    for side in ("max_long_px", "max_short_px"):
        body = swap_body(service, output={side: 63})
        told = problem(service.call("POST", "/swaps", body), 422, "invalid_request")
        assert side in str(told["errors"])
    body = swap_body(service, output={"max_long_px": 64, "max_short_px": 64})
    assert service.call("POST", "/swaps", body).status_code == 202
