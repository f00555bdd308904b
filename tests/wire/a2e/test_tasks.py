"""What A2E's clients can rely on, beyond the shape of single answers."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Any
from urllib.parse import urlsplit

import jsonschema_rs
import pytest

from personae.adapters.media_host.fake import fake_media
from personae.app.deliver import Deliverer
from personae.wire.a2e.dialect import A2e
from personae.wire.a2e.settings import A2eSettings
from personae.wire.a2e.views import webhook_body
from wire.a2e.given import (
    BODY,
    CLIP,
    FACE_URL,
    api,
    data,
    done_task,
    face_elsewhere,
    failed_task,
    link,
    queued_task,
    running_task,
    saved_face,
)
from wire.service import Service

TASKS, PREVIEWS, FACES = "userFaceSwapTask", "userFaceSwapPreview", "userFaceSwapImage"


def coins(service: Service) -> int:
    return data(api(service, "GET", "user/remainingCoins"))["coins"]


def test_an_id_begins_with_the_second_of_its_making(service: Service) -> None:
    saved_face(service)
    rows = [
        data(api(service, "POST", f"{TASKS}/add", BODY)),
        data(api(service, "GET", f"{FACES}/records"))[0],
    ]
    for row in rows:
        made = datetime.fromisoformat(row["createdAt"]).timestamp()
        assert int(row["_id"][:8], 16) == int(made)


def test_ids_are_taken_in_capitals(service: Service) -> None:
    name = done_task(service)["id"]
    assert data(api(service, "GET", f"{TASKS}/{name.upper()}"))["_id"] == name


def test_a_result_is_named_after_both_files_and_when_it_was_made(service: Service) -> None:
    done_task(service)
    row = data(api(service, "GET", f"{TASKS}/records"))["rows"][0]
    name = urlsplit(row["result_url"]).path.rpartition("/")[2]
    stem, dot, ending = name.rpartition(".")
    video, face, millis = stem.split("_")
    assert (video, face) == ("1717400057881", "ab2fca41-90e5-41a6-aa66-08a960b035e4")
    assert dot + ending == ".png"
    times = [row[f"{one}_time"] for one in ("initialized", "completed")]
    first, last = (datetime.fromisoformat(one).timestamp() * 1000 for one in times)
    assert first - 1 <= int(millis) <= last + 1
    answer = service.client.get(row["result_url"])
    assert answer.content == b"bytes of an output"


def test_a_result_is_named_even_after_odd_addresses(service: Service) -> None:
    odd = {"face_url": "https://a.example", "video_url": f"https://a.example/{'é/' * 9}{'x' * 300}"}
    row = data(api(service, "POST", f"{TASKS}/add", {**BODY, **odd}))
    service.succeed(service.queued.tasks[-1].id)
    url = data(api(service, "GET", f"{TASKS}/{row['_id']}"))["result_url"]
    assert service.client.get(url).status_code == 200


def test_a_result_that_is_gone_has_no_link(service: Service) -> None:
    names = done_task(service)
    assert service.call("DELETE", f"/assets/{names['output']}").status_code == 204
    row = data(api(service, "GET", f"{TASKS}/{names['id']}"))
    assert (row["current_status"], row["result_url"]) == ("completed", "")


def test_pages_are_numbered(service: Service) -> None:
    made = [queued_task(service)["id"] for _ in range(5)]
    seen: list[str] = []
    for page in ("1", 2, "3"):
        told = data(
            api(service, "GET", f"{TASKS}/records", params={"pageNum": page, "pageSize": "2"})
        )
        assert told["count"] == 5
        seen += [row["_id"] for row in told["rows"]]
    assert seen == made[::-1]
    beyond = data(api(service, "GET", f"{TASKS}/records", params={"pageNum": 10**9}))
    assert beyond == {"rows": [], "count": 5}


def test_records_are_of_this_dialects_tasks(service: Service) -> None:
    queued_task(service)
    data(api(service, "POST", f"{PREVIEWS}/add", BODY))
    scene, donor = service.asset(), service.asset(data=b"other bytes")
    mapping = {"donor": {"photos": [{"asset_id": donor.id}]}}
    native = {"media": "image", "scene": {"asset_id": scene.id}, "mappings": [mapping]}
    assert service.call("POST", "/swaps", native).status_code == 202
    assert data(api(service, "GET", f"{TASKS}/records"))["count"] == 1
    assert len(data(api(service, "GET", f"{TASKS}/status"))) == 1


def test_a_task_retried_elsewhere_stays_out_of_the_records(service: Service) -> None:
    names = failed_task(service)
    assert service.call("POST", f"/swaps/{names['task']}/retry").status_code in (200, 201, 202)
    told = data(api(service, "GET", f"{TASKS}/records"))
    assert [row["_id"] for row in told["rows"]] == [names["id"]]
    assert told["count"] == 1
    assert data(api(service, "GET", f"{TASKS}/status")) == []


@pytest.mark.parametrize("given", [queued_task, running_task])
def test_deleting_what_is_under_way_cancels_it_and_pays_back(
    service: Service, given: Callable[[Service], dict[str, str]]
) -> None:
    names = given(service)
    assert coins(service) < 100
    data(api(service, "DELETE", f"{TASKS}/{names['id']}"))
    assert coins(service) == 100
    assert service.canceled == [names["task"]]
    assert api(service, "GET", f"{TASKS}/{names['id']}").status_code == 404
    assert api(service, "DELETE", f"{TASKS}/{names['id']}").status_code == 404
    assert data(api(service, "GET", f"{TASKS}/records")) == {"rows": [], "count": 0}


def test_deleting_what_is_done_deletes_the_result_and_pays_nothing_back(service: Service) -> None:
    names = done_task(service)
    url, before = data(api(service, "GET", f"{TASKS}/{names['id']}"))["result_url"], coins(service)
    data(api(service, "DELETE", f"{TASKS}/{names['id']}"))
    assert coins(service) == before
    assert service.client.get(url).status_code == 404


def test_a_canceled_task_has_failed(service: Service) -> None:
    names = queued_task(service)
    assert service.call("POST", f"/swaps/{names['task']}/cancel").status_code == 200
    row = data(api(service, "GET", f"{TASKS}/{names['id']}"))
    assert (row["current_status"], row["failed_code"]) == ("failed", "canceled")
    assert row["error_code"] == "40030"
    assert row["completed_time"] is None


def test_an_upload_is_put_and_used(service: Service) -> None:
    clip = fake_media("video/mp4", duration_s=3.4, frames=85, fps=25.0)
    body = {"key": "in/scene.mp4", "contentType": "video/mp4", "contentLength": len(clip)}
    told = data(api(service, "POST", "r2/upload-presigned-url", body))

    def put(kind: str) -> int:
        headers = {"Content-Type": kind}
        answer = service.client.request("PUT", told["uploadUrl"], content=clip, headers=headers)
        return answer.status_code

    assert put("image/png") == 415
    assert put("video/mp4") == 200
    row = data(api(service, "POST", f"{TASKS}/add", {**BODY, "video_url": told["cdnUrl"]}))
    assert row["duration"] == 3
    assert row["video_url"] == told["cdnUrl"]
    asset_id = service.queued.tasks[-1].request["scene"]["asset_id"]
    assert asset_id in told["cdnUrl"]
    assert service.client.get(told["cdnUrl"]).content == clip


def test_a_short_video_is_a_second_long(service: Service) -> None:
    clip = fake_media("video/mp4", duration_s=0.2, frames=5, fps=25.0)
    told = data(api(service, "POST", "r2/upload-presigned-url", {"key": "a.mp4"}))
    service.client.request("PUT", told["uploadUrl"], content=clip)
    row = data(api(service, "POST", f"{TASKS}/add", {**BODY, "video_url": told["cdnUrl"]}))
    assert row["duration"] == 1


def test_what_was_transferred_outlives_its_source(service: Service) -> None:
    face_elsewhere(service)
    url = data(api(service, "POST", "tos/transferToStorage", {"url": FACE_URL}))["url"]
    service.fetcher.pages.clear()
    again = data(api(service, "POST", "tos/transferToStorage", {"url": url}))["url"]
    assert service.client.get(again).status_code == 200
    data(api(service, "POST", f"{TASKS}/add", {**BODY, "face_url": url}))


def test_a_saved_face_outlives_its_source(service: Service) -> None:
    saved_face(service)
    service.fetcher.pages.clear()
    data(api(service, "POST", f"{TASKS}/add", BODY))
    mapping = service.queued.tasks[-1].request["mappings"][0]
    assert mapping["donors"] == []
    [row] = data(api(service, "GET", f"{FACES}/records"))
    data(api(service, "DELETE", f"{FACES}/{row['_id']}"))
    assert data(api(service, "GET", f"{FACES}/records")) == []
    data(api(service, "POST", f"{TASKS}/add", BODY))
    mapping = service.queued.tasks[-1].request["mappings"][0]
    assert mapping["donors"] == [{"asset_id": None, "url": FACE_URL}]
    assert mapping["face_id"] is None


def test_the_same_face_can_be_added_twice(service: Service) -> None:
    saved_face(service)
    rows = data(api(service, "POST", f"{FACES}/add", {"face_url": FACE_URL}))
    assert len({row["_id"] for row in rows}) == 2
    data(api(service, "DELETE", f"{FACES}/{rows[0]['_id']}"))
    [left] = data(api(service, "GET", f"{FACES}/records"))
    assert left["_id"] == rows[1]["_id"]
    photo = service.call("GET", "/faces").json()["items"][0]["asset_ids"][0]
    assert service.call("GET", f"/assets/{photo}").json()["expires_at"] is None


def test_a_preview_that_failed_says_why(service: Service) -> None:
    row = data(api(service, "POST", f"{PREVIEWS}/add", BODY))
    service.end(service.queued.tasks[-1].id, "failed")
    told = data(api(service, "GET", f"{PREVIEWS}/status", params={"_id": row["_id"]}))
    assert told["current_status"] == "failed"
    assert (told["error_code"], told["failed_code"]) == ("40020", "face_not_found")
    assert told["faild_message"] == told["failed_message"] == "No face was found in the donor."
    assert told["user_id"] == row["user_id"]


def test_a_token_can_do_what_its_maker_can(service: Service) -> None:
    scopes = ("swaps:read", "keys:write")
    maker = {"Authorization": f"Bearer {service.key(scopes=scopes)}"}
    url = "/a2e/api/v1/token/generate"
    made = data(service.client.request("POST", url, json={"alias": "site"}, headers=maker))
    token = {"Authorization": f"Bearer {made['token']}"}
    read = service.client.request("GET", f"/a2e/api/v1/{TASKS}/records", headers=token)
    assert data(read) == {"rows": [], "count": 0}
    write = service.client.request("POST", f"/a2e/api/v1/{TASKS}/add", json=BODY, headers=token)
    assert write.status_code == 403


def test_a_quote_is_what_is_held(service: Service) -> None:
    clip = link(service, "clip.mp4", facts=CLIP)
    body = {**BODY, "video_url": clip}
    quote = {"endpoint": f"/api/v1/{TASKS}/add", "requestBody": body}
    told = data(api(service, "POST", "generation/quote", quote))
    data(api(service, "POST", f"{TASKS}/add", body))
    assert told == {
        "coins": 100 - coins(service),
        "affordable": True,
        "generationRequestValidated": False,
    }


@pytest.mark.parametrize("name", ["", "  ", "\x00\n", "x" * 500, "Ünï 🙂"])
def test_any_name_comes_back_as_it_was(service: Service, name: str) -> None:
    row = data(api(service, "POST", f"{TASKS}/add", {**BODY, "name": name}))
    assert row["name"] == name
    assert data(api(service, "GET", f"{TASKS}/{row['_id']}"))["name"] == name
    assert service.call("GET", "/swaps").status_code == 200


def test_what_the_pages_leave_open_can_be_chosen(opened: Callable[..., Service]) -> None:
    chosen = A2eSettings(
        add_face_reply="single", status_lists="all", scene_faces="all", link_ttl_s=60
    )
    service = opened((A2e(chosen),))
    saved_face(service)
    assert len(data(api(service, "POST", f"{FACES}/add", {"face_url": FACE_URL}))) == 1
    done_task(service)
    [told] = data(api(service, "GET", f"{TASKS}/status"))
    assert told["current_status"] == "completed"
    assert service.queued.tasks[-1].request["mappings"][0]["scene_face"]["choice"] == "all"
    service.clock.advance(61)
    assert service.client.get(told["result_url"]).status_code == 410


def test_a_webhook_can_be_the_task_alone(service: Service) -> None:
    names = done_task(service)
    body = webhook_body(service.app.state.gate.services.links, A2eSettings(webhook_body="task"))
    row = data(api(service, "GET", f"{TASKS}/{names['id']}"))
    told = body(service.task(names["task"]), {})
    assert sorted(told) == sorted(row)
    assert told["_id"] == names["id"]


def test_nobody_is_told_of_what_was_deleted(service: Service) -> None:
    hook = "https://hooks.example.com/a2e"
    row = data(api(service, "POST", f"{TASKS}/add", {**BODY, "webhook_url": hook}))
    data(api(service, "DELETE", f"{TASKS}/{row['_id']}"))
    [(delivery, _)] = service.queued.deliveries
    body = webhook_body(service.app.state.gate.services.links, A2eSettings())
    deliverer = Deliverer(
        service.database, service.fetcher, {}, service.clock, bodies={"a2e": body}
    )
    deliverer.deliver_once(delivery.id)
    assert service.fetcher.posts == []


def test_a_host_name_can_be_the_vendors(opened: Callable[..., Service]) -> None:
    service = opened((A2e(),), hosts={"video.example.com": "a2e"})
    headers = service.headers(Host="video.example.com")
    answer = service.client.get(f"/api/v1/{TASKS}/records", headers=headers)
    assert data(answer) == {"rows": [], "count": 0}


def test_the_document_is_true(service: Service) -> None:
    document = service.client.get("/a2e/openapi.json").json()
    jsonschema_rs.validator_for(document["components"]["schemas"]["Problem"])
    for path, methods in document["paths"].items():
        assert path.startswith("/a2e/api/v1/")
        for operation in methods.values():
            assert operation["summary"], path
            assert operation["description"], path
            assert operation["security"] == [{"bearer": []}]
            for told in (*operation["responses"].values(), operation.get("requestBody", {})):
                media = told.get("content", {}).get("application/json")
                if media is not None:
                    schema = {**media["schema"], "components": document["components"]}
                    jsonschema_rs.validate(schema, media["example"])
    told = document["paths"][f"/a2e/api/v1/{TASKS}/add"]["post"]["responses"]
    assert set(told) == {"200", "400", "401", "402", "403", "404", "413", "429", "503", "default"}
    page = service.client.get("/a2e/docs").text
    assert "addUserFaceSwapTask" in page


def answers(service: Service) -> list[tuple[str, str, Any]]:
    """One answer of every call that reads, with its place in the document."""
    failed_task(service)
    name = done_task(service)["id"]
    running_task(service)
    saved_face(service)
    preview = data(api(service, "POST", f"{PREVIEWS}/add", BODY))["_id"]
    asked = [
        ("GET", f"{TASKS}/records", f"{TASKS}/records", None),
        ("GET", f"{TASKS}/status", f"{TASKS}/status", None),
        ("GET", f"{TASKS}/{name}", f"{TASKS}/{{_id}}", None),
        ("GET", f"{TASKS}/detail?_id={name}", f"{TASKS}/detail", None),
        ("POST", f"{TASKS}/batchDetail", f"{TASKS}/batchDetail", {"ids": [name]}),
        ("GET", f"{FACES}/records", f"{FACES}/records", None),
        ("GET", f"{PREVIEWS}/status?_id={preview}", f"{PREVIEWS}/status", None),
        ("POST", f"{TASKS}/add", f"{TASKS}/add", BODY),
        ("GET", "user/remainingCoins", "user/remainingCoins", None),
        ("POST", "token/generate", "token/generate", {"alias": "x"}),
        ("POST", "r2/upload-presigned-url", "r2/upload-presigned-url", {"key": "x"}),
        ("DELETE", f"{TASKS}/{name}", f"{TASKS}/{{_id}}", None),
    ]
    return [
        (method, place, api(service, method, path, body)) for method, path, place, body in asked
    ]


def test_answers_are_what_the_document_says(service: Service) -> None:
    document = service.client.get("/a2e/openapi.json").json()
    for method, place, answer in answers(service):
        operation = document["paths"][f"/a2e/api/v1/{place}"][method.lower()]
        schema = operation["responses"]["200"]["content"]["application/json"]["schema"]
        assert answer.status_code == 200, answer.text
        jsonschema_rs.validate({**schema, "components": document["components"]}, answer.json())
    refused = api(service, "GET", f"{TASKS}/x")
    schema = {"$ref": "#/components/schemas/Problem", "components": document["components"]}
    jsonschema_rs.validate(schema, refused.json())
