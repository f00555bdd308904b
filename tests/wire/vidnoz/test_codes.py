"""The table of codes is whole, and every code of it can be provoked."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from dataclasses import replace
from typing import Any, get_args

import pytest

from personae.domain.tasks import TaskError, TaskStatus
from personae.wire.problems import WIRE_CODES, classes
from personae.wire.vidnoz.codes import ALL, CODES, TARGET_POLICY, code_of, status_of
from personae.wire.vidnoz.settings import VidnozSettings
from wire.service import CLIP, PICTURE, Service
from wire.vidnoz.given import (
    ask,
    client,
    data,
    detected,
    dialect,
    key,
    submitted,
    task_of,
    uploaded,
)

PAGE = {200, 400, 401, 500, 601, 602, 603, 604, 605, 701, 702, 703, 704, 801, 802}
UUID = "01915b3a-b92b-4339-8bee-76365268665a"
STRANGE_KEY = f"temporary/20240816/3620/1723807527474-{UUID}.jpg"
CALLS = {
    "source/upload-url": {"file_name": "demo.jpg"},
    "source/access-url": {"key": STRANGE_KEY},
    "task/face-swap": {"main_key": STRANGE_KEY, "target_key": STRANGE_KEY},
    "task/video-face-swap": {"main_key": STRANGE_KEY, "target_key": STRANGE_KEY},
    "task/get-face": {"main_key": STRANGE_KEY},
    "task/multiple-face-swap": {
        "avatar_key": [{"target_part_key": STRANGE_KEY, "avatar_part_key": STRANGE_KEY}],
        "get_face_id": 105267189,
        "is_hd": 1,
    },
}
CALLS["task/multiple-video-face-swap"] = CALLS["task/multiple-face-swap"]


@pytest.fixture
def service(opened: Callable[..., Service]) -> Service:
    return opened(dialect())


def refused(answer: Any, code: int, status: int = 200) -> str:
    """The message of a refusal."""
    assert answer.status_code == status, answer.text
    assert answer.headers["content-type"] == "application/json"
    told = answer.json()
    assert list(told) == ["code", "message", "data"]
    assert (told["code"], told["data"]) == (code, {}), told
    assert told["message"]
    return told["message"]


def swap(service: Service, path: str = "face-swap", **body: Any) -> Any:
    """A swap of two good pictures, but for what is given."""
    return ask(
        service,
        "POST",
        f"task/{path}",
        {"main_key": key(service), "target_key": key(service, data=b"bytes of a donor"), **body},
    )


def failed(
    service: Service, code: str, role: str | None = None, reason: str | None = None
) -> dict[str, Any]:
    """What is told of a swap that ended so."""
    number = submitted(service, "face-swap", key(service))
    service.fail(task_of(service, number), TaskError(code, "Why.", False, "caller", role, reason))
    told = data(service, "GET", "task/detail", params={"id": number})
    assert (told["message"], told["additional_data"]) == ("Why.", {})
    return told


def test_nothing_is_missing() -> None:
    assert set(CODES) == set(classes()) | set(WIRE_CODES)
    assert set(CODES.values()) == PAGE - {200, TARGET_POLICY}
    assert set(ALL) == PAGE
    assert code_of("what nobody knows") == 500


def test_every_state_has_a_number(service: Service) -> None:
    task = service.task(task_of(service, submitted(service, "face-swap", key(service))))
    told = {one: replace(task, status=one) for one in get_args(TaskStatus)}
    settings = VidnozSettings()
    assert {name: status_of(one, settings) for name, one in told.items()} == {
        "queued": 1,
        "running": 2,
        "succeeded": 0,
        "failed": 601,
        "canceled": 601,
    }
    other = VidnozSettings(waiting=-1, processing=-2, done=3)
    assert [status_of(told[one], other) for one in ("queued", "running", "succeeded")] == [
        *(-1, -2, 3)
    ]
    for error in {*classes(), *WIRE_CODES}:
        failed = replace(told["failed"], error=TaskError(error, "Why."))
        assert 601 <= status_of(failed, settings) <= 802, error


@pytest.mark.parametrize("states", [{"done": 1}, {"waiting": 602}, {"processing": 0}])
def test_states_that_cannot_be_told_apart_are_no_settings(states: dict[str, int]) -> None:
    with pytest.raises(ValueError, match="differ"):
        VidnozSettings(**states)


@pytest.mark.parametrize("path", CALLS)
@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"Authorization": "Bearer "},
        {"Authorization": "Bearer pk_wrong"},
        {"Authorization": "Bearer a.b.c"},
        {"Authorization": "Basic abc"},
        {"X-API-Key": "pk_wrong"},
    ],
)
def test_401(service: Service, path: str, headers: dict[str, str]) -> None:
    url = f"/vidnoz/v1/{path}"
    answer = service.client.request("POST", url, json={"no": "use"}, headers=headers)
    refused(answer, 401, 401)
    assert answer.headers["www-authenticate"].startswith("Bearer")


def test_401_of_the_detail_and_of_a_key_that_may_not(service: Service) -> None:
    url = "/vidnoz/v1/task/detail?id=1"
    refused(service.client.get(url), 401, 401)
    few = {"Authorization": f"Bearer {service.key(scopes=('account:read',))}"}
    assert "swaps:read" in refused(service.client.get(url, headers=few), 401, 401)


def token_of(service: Service, names: dict[str, str], **more: Any) -> Any:
    return service.client.request("POST", "/vidnoz/v1/oauth/token", **more or {"json": names})


def test_a_token_works_until_it_is_over(service: Service) -> None:
    names = client(service)
    for more in (
        {"json": names},
        {"data": names},
        {"files": {k: (None, v) for k, v in names.items()}},
    ):
        made = token_of(service, names, **more).json()
        assert (made["code"], made["message"], made["data"]["expires_in"]) == (200, "ok", 5909)
        headers = {"Authorization": f"Bearer {made['data']['access_token']}"}
        url, body = "/vidnoz/v1/source/upload-url", {"file_name": "demo.jpg"}
        answer = service.client.request("POST", url, json=body, headers=headers)
        assert answer.json()["code"] == 200
    service.clock.advance(5910)
    late = service.client.request("POST", url, json=body, headers=headers)
    assert "oauth/token" in refused(late, 401, 401)


@pytest.mark.parametrize(
    ("body", "code"),
    [
        ({}, 400),
        ({"client_id": "client_x"}, 400),
        ({"client_id": "client_x", "client_secret": ""}, 400),
        ({"client_id": ["x"], "client_secret": {}}, 400),
        ([], 400),
        ({"client_id": "client_x", "client_secret": "no"}, 401),
        ({"client_id": "x" * 513, "client_secret": "no"}, 400),
    ],
)
def test_no_token_without_the_right_secret(service: Service, body: Any, code: int) -> None:
    answer = service.client.request("POST", "/vidnoz/v1/oauth/token", json=body)
    refused(answer, code, 401 if code == 401 else 200)


@pytest.mark.parametrize(
    ("kind", "content"),
    [
        ("multipart/form-data", b"client_id=a"),
        ("multipart/form-data; boundary=x", b"--x\r\nno part at all"),
        ("multipart/form-data; boundary=x", b"--x\r\nContent-Disposition: form-data\r\n\r\n1\r\n"),
        ("application/x-www-form-urlencoded", b"&".join(b"a=1" for _ in range(200))),
        ("application/x-www-form-urlencoded; charset=nonsense", b"client_id=%ff%fe"),
        ("text/plain", b"client_id"),
        ("application/json", b"\xff\xfe"),
        ("application/json", b"[" * 100_000),
    ],
)
def test_400_of_forms_that_cannot_be_read(service: Service, kind: str, content: bytes) -> None:
    for path in ("oauth/token", "task/detail"):
        headers = service.headers(**{"Content-Type": kind})
        url = f"/vidnoz/v1/{path}"
        refused(service.client.request("POST", url, content=content, headers=headers), 400)


def test_tokens_are_asked_for_no_more_often_than_anything_else(
    opened: Callable[..., Service],
) -> None:
    service = opened(dialect(), rate_burst=1, rate_per_s=0.01)
    names = client(service)
    assert token_of(service, names).json()["code"] == 200
    refused(token_of(service, names), 802)


def test_keys_may_be_kept_out(opened: Callable[..., Service]) -> None:
    service = opened(dialect(static_keys=False))
    assert "token" in refused(ask(service, "POST", "task/get-face", {}), 401, 401)
    made = token_of(service, client(service)).json()["data"]["access_token"]
    answer = service.client.request(
        "POST",
        "/vidnoz/v1/source/upload-url",
        json={"file_name": "demo.jpg"},
        headers={"Authorization": f"Bearer {made}"},
    )
    assert answer.json()["code"] == 200


BAD_TEXTS = ["", "{", '{"main_key": "a",\n}', "[" * 100_000, "\xff", "NaN,", "null", "[]", '"x"']


@pytest.mark.parametrize("path", CALLS)
@pytest.mark.parametrize("text", BAD_TEXTS)
def test_400_of_what_is_no_json(service: Service, path: str, text: str) -> None:
    headers = service.headers(**{"Content-Type": "application/json"})
    url = f"/vidnoz/v1/{path}"
    answer = service.client.request("POST", url, content=text.encode("latin-1"), headers=headers)
    refused(answer, 400)


@pytest.mark.parametrize("text", [*BAD_TEXTS, '{"id": 1e400}', '{"id": "459",\n}'])
def test_400_of_details_that_name_no_task(service: Service, text: str) -> None:
    for method in ("GET", "POST"):
        url, content = "/vidnoz/v1/task/detail", text.encode("latin-1")
        answer = service.client.request(method, url, content=content, headers=service.headers())
        refused(answer, 400)


@pytest.mark.parametrize("number", ["", "x", "-1", "1.5", "9" * 30, "²", "0x1f", "1" * 101, "459"])
def test_400_of_a_task_that_is_not_there(service: Service, number: str) -> None:
    refused(ask(service, "GET", "task/detail", params={"id": number}), 400)
    refused(ask(service, "POST", "task/detail", {"id": number}), 400)


def test_400_of_somebody_elses_task(service: Service) -> None:
    number = submitted(service, "face-swap", key(service))
    refused(ask(service, "GET", "task/detail", params={"id": number}, as_="them"), 400)
    found = detected(service)
    body = multiple(found, key(service))
    refused(ask(service, "POST", "task/multiple-face-swap", body, as_="them"), 400)
    body["get_face_id"] = number
    refused(ask(service, "POST", "task/multiple-face-swap", body), 400)


@pytest.mark.parametrize(
    "changes",
    [
        {"main_key": ""},
        {"main_key": 7},
        {"main_key": None},
        {"main_key": ["a"]},
        {"main_key": "x" * 2000},
        {"target_key": None},
        {"is_hd": 0},
        {"is_hd": 3},
        {"is_hd": "yes"},
    ],
)
def test_400_of_parameters(service: Service, changes: dict[str, Any]) -> None:
    refused(swap(service, **changes), 400)
    assert not service.queued.tasks


def multiple(found: dict[str, Any], new: str, **changes: Any) -> dict[str, Any]:
    """A swap of the second face that was found."""
    pair = {"target_part_key": found["keys"][1], "avatar_part_key": new}
    return {"avatar_key": [pair], "get_face_id": found["number"], "is_hd": 2, **changes}


@pytest.mark.parametrize(
    "changes",
    [
        {"avatar_key": []},
        {"avatar_key": {}},
        {"avatar_key": ["a"]},
        {"avatar_key": [{"target_part_key": STRANGE_KEY}]},
        {"get_face_id": None},
        {"get_face_id": "x"},
        {"get_face_id": -5},
        {"is_hd": None},
    ],
)
def test_400_of_parameters_of_several_faces(service: Service, changes: dict[str, Any]) -> None:
    found = detected(service)
    queued = len(service.queued.tasks)
    body = multiple(found, key(service), **changes)
    refused(ask(service, "POST", "task/multiple-face-swap", body), 400)
    assert len(service.queued.tasks) == queued


def test_400_if_every_face_is_kept_or_one_is_named_twice(service: Service) -> None:
    found, new = detected(service), key(service, data=b"bytes of a donor")
    path = "task/multiple-face-swap"
    kept = multiple(found, found["keys"][1])
    assert "stay" in refused(ask(service, "POST", path, kept), 400)
    twice = multiple(found, new)
    twice["avatar_key"] *= 2
    assert "twice" in refused(ask(service, "POST", path, twice), 400)


def test_400_of_the_wrong_kind_of_media(service: Service) -> None:
    clip = key(service, CLIP, data=b"bytes of a clip")
    assert "video" in refused(swap(service, main_key=clip), 400)
    assert "picture" in refused(swap(service, "video-face-swap"), 400)
    assert "picture" in refused(swap(service, target_key=clip), 400)
    found, new = detected(service), key(service, data=b"bytes of a donor")
    body = multiple(found, new)
    refused(ask(service, "POST", "task/multiple-video-face-swap", body), 400)


def test_400_of_another_type_and_of_too_much(opened: Callable[..., Service]) -> None:
    service = opened(dialect(), json_limit_bytes=1000)
    url = "/vidnoz/v1/task/get-face"
    form = service.client.request("POST", url, data={"main_key": "a"}, headers=service.headers())
    assert "application/json" in refused(form, 400)
    much = {"main_key": "a", "more": "x" * 2000}
    assert "larger" in refused(ask(service, "POST", "task/get-face", much), 400)


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("GET", "/vidnoz", 404),
        ("GET", "/vidnoz/v1/nothing", 404),
        ("POST", "/vidnoz/v2/task/face-swap", 404),
        ("GET", "/vidnoz/v1/task/face-swap", 405),
        ("PUT", "/vidnoz/v1/task/detail", 405),
        ("DELETE", "/vidnoz/v1/oauth/token", 405),
    ],
)
def test_400_of_addresses_that_are_not_there(
    opened: Callable[..., Service], method: str, path: str, status: int
) -> None:
    for how in ("ok", "mirror"):
        answer = opened(dialect(http_status=how)).client.request(method, path)
        refused(answer, 400, status)


class Broken:
    """A database that fails as no code expects it to."""

    def __getattr__(self, name: str) -> Any:
        raise RuntimeError("a secret of ours")


def test_500(service: Service) -> None:
    assert ask(service, "POST", "source/access-url", {"key": STRANGE_KEY}).json()["code"] == 702
    service.break_database(Broken())
    for path, body in CALLS.items():
        if path.startswith("task/multiple"):
            answer = ask(service, "POST", path, body)
            assert "secret" not in answer.text
            refused(answer, 500, 500)
    refused(ask(service, "GET", "task/detail", params={"id": 459}), 500, 500)


def test_500_during_maintenance_but_reading_goes_on(opened: Callable[..., Service]) -> None:
    service = opened(dialect())
    number, stored = submitted(service, "face-swap", key(service)), key(service)
    gate = service.app.state.gate
    gate.services = replace(
        gate.services, settings=replace(gate.services.settings, maintenance=True)
    )
    for path, body in CALLS.items():
        if path != "source/access-url":
            assert "maintained" in refused(ask(service, "POST", path, body), 500, 503)
    assert data(service, "POST", "source/access-url", {"key": stored})["url"]
    assert data(service, "POST", "task/detail", {"id": number})["status"] == 1
    assert token_of(service, client(service)).json()["code"] == 200


@pytest.mark.parametrize("code", ["task_failed", "model_error", "invalid_request", "unavailable"])
def test_601_of_a_task_that_broke(service: Service, code: str) -> None:
    assert failed(service, code)["status"] == 601


def test_601_of_a_canceled_task(service: Service) -> None:
    number = submitted(service, "face-swap", key(service))
    assert service.call("POST", f"/swaps/{task_of(service, number)}/cancel").status_code == 200
    told = data(service, "GET", "task/detail", params={"id": number})
    assert (told["status"], bool(told["message"])) == (601, True)


def test_601_of_faces_that_are_not_found_yet(service: Service) -> None:
    number = data(service, "POST", "task/get-face", {"main_key": key(service)})["task_id"]
    body = {**CALLS["task/multiple-face-swap"], "get_face_id": number}
    message = refused(ask(service, "POST", "task/multiple-face-swap", body), 601)
    assert str(number) in message


def test_601_of_what_is_switched_off(opened: Callable[..., Service]) -> None:
    service = opened(dialect(), disabled=frozenset({"image_swap", "detection"}))
    assert "switched" in refused(swap(service), 601)
    refused(ask(service, "POST", "task/get-face", {"main_key": key(service)}), 601)


def test_601_of_several_faces_switched_off(opened: Callable[..., Service]) -> None:
    service = opened(dialect(), disabled=frozenset({"multi_swap"}))
    body = multiple(detected(service), key(service, data=b"bytes of a donor"))
    refused(ask(service, "POST", "task/multiple-face-swap", body), 601)
    assert swap(service).json()["code"] == 200


def test_602(service: Service) -> None:
    assert failed(service, "face_not_found", "scene")["status"] == 602


def test_602_of_a_file_without_anybody(service: Service) -> None:
    number = data(service, "POST", "task/get-face", {"main_key": key(service)})["task_id"]
    task_id, now = task_of(service, number), service.clock()

    def end(tx: Any) -> None:
        tx.tasks.start(task_id, now)
        tx.tasks.finish(task_id, "succeeded", result={"faces": []}, at=now)

    service.database.write(end)
    told = data(service, "GET", "task/detail", params={"id": number})
    assert (told["status"], told["additional_data"]) == (602, {})
    assert "No face" in told["message"]


def test_603(service: Service) -> None:
    assert failed(service, "several_faces")["status"] == 603


@pytest.mark.parametrize(
    ("settings", "choice", "alone"),
    [
        ({}, "largest", True),
        ({"several_in_target": "largest"}, "largest", False),
        ({"several_in_main": "refuse"}, "only", True),
    ],
)
def test_603_is_asked_for_as_the_operator_wants(
    opened: Callable[..., Service], settings: dict[str, str], choice: str, alone: bool
) -> None:
    service = opened(dialect(**settings))
    assert swap(service).json()["code"] == 200
    [task] = service.queued.tasks
    [mapping] = task.request["mappings"]
    assert mapping["scene_face"]["choice"] == choice
    assert mapping.get("alone", False) is alone


def test_crops_need_not_be_alone(service: Service) -> None:
    """At the edge of a crop there may be a neighbour."""
    found = detected(service)
    path = "task/multiple-face-swap"
    data(service, "POST", path, multiple(found, found["keys"][0]))
    [mapping] = service.queued.tasks[-1].request["mappings"]
    assert mapping["donors"] == [{"asset_id": found["crops"][0], "url": None}]
    assert "alone" not in mapping


BAD = b"bytes that nobody may use"


@pytest.fixture
def strict(opened: Callable[..., Service]) -> Service:
    return opened(dialect(), refused_files=frozenset({hashlib.sha256(BAD).hexdigest()}))


def test_604(strict: Service) -> None:
    bad = key(strict, data=BAD)
    refused(swap(strict, main_key=bad), 604)
    refused(ask(strict, "POST", "task/get-face", {"main_key": bad}), 604)
    assert failed(strict, "policy_refused", "scene")["status"] == 604
    for role in ("donor", "scene", "output"):
        assert failed(strict, "policy_refused", role, "nsfw")["status"] == 604


def test_605(strict: Service) -> None:
    bad = key(strict, data=BAD)
    refused(swap(strict, target_key=bad), 605)
    found = detected(strict)
    refused(ask(strict, "POST", "task/multiple-face-swap", multiple(found, bad)), 605)
    assert failed(strict, "policy_refused", "donor")["status"] == 605
    assert failed(strict, "policy_refused", "donor", "file")["status"] == 605
    for role in ("donor", "scene"):
        assert failed(strict, "policy_refused", role, "register")["status"] == 605


def test_701_and_703_of_what_was_uploaded(service: Service) -> None:
    for script, code in (
        ({"error": {"code": "media_unreadable", "message": "It is cut off."}}, 701),
        ({"error": {"code": "media_unsupported", "message": "No media."}}, 703),
    ):
        made = uploaded(service, **script)
        for _ in range(2):  # It is remembered.
            refused(ask(service, "POST", "source/access-url", {"key": made}), code)
        refused(swap(service, main_key=made), code)


def test_701_of_a_poor_photo(service: Service) -> None:
    assert failed(service, "donor_unusable")["status"] == 701


def test_702(service: Service) -> None:
    waiting = data(service, "POST", "source/upload-url", {"file_name": "demo.jpg"})["key"]
    theirs, gone = key(service, name="them"), key(service, expires_at=service.clock() - 1)
    for one in (waiting, theirs, gone, STRANGE_KEY, "demo.jpg"):
        refused(ask(service, "POST", "source/access-url", {"key": one}), 702)
        refused(ask(service, "POST", "task/get-face", {"main_key": one}), 702)
        refused(swap(service, main_key=one), 702)
        refused(swap(service, target_key=one), 702)
    assert not service.queued.tasks


def test_702_of_faces(service: Service) -> None:
    found, other, new = detected(service), detected(service), key(service)
    path = "task/multiple-face-swap"
    pair = {"target_part_key": other["keys"][1], "avatar_part_key": new}
    message = refused(ask(service, "POST", path, multiple(found, new, avatar_key=[pair])), 702)
    assert str(found["number"]) in message
    refused(ask(service, "POST", path, multiple(found, STRANGE_KEY)), 702)
    service.clock.advance(3601)
    assert "hour" in refused(ask(service, "POST", path, multiple(found, key(service))), 702)


def test_702_of_a_result_that_has_expired(service: Service) -> None:
    number = submitted(service, "face-swap", key(service))
    output = service.succeed(task_of(service, number))
    now = service.clock()
    service.database.write(lambda tx: tx.assets.remove(output.tenant_id, output.id, now))
    told = data(service, "GET", "task/detail", params={"id": number})
    assert (told["status"], told["additional_data"]) == (702, {})


@pytest.mark.parametrize(
    "content_type",
    ["image/avif", "image/bmp", "image/tiff", "video/x-matroska", "video/x-msvideo", "audio/mpeg"],
)
def test_703_of_files_that_the_vendor_does_not_take(service: Service, content_type: str) -> None:
    facts = replace(PICTURE, content_type=content_type)
    assert content_type in refused(swap(service, main_key=key(service, facts)), 703)


@pytest.mark.parametrize(
    "facts",
    [
        *(replace(PICTURE, content_type=f"image/{one}") for one in ("jpeg", "png", "webp")),
        *(replace(CLIP, content_type=f"video/{one}") for one in ("mp4", "quicktime", "webm")),
        replace(CLIP, kind="animation", content_type="image/gif"),
    ],
)
def test_what_the_vendor_takes(service: Service, facts: Any) -> None:
    body = {"main_key": key(service, facts)}
    assert data(service, "POST", "task/get-face", body)["task_id"]


def test_704(service: Service) -> None:
    limit = 500 << 20
    body = {"main_key": key(service, size_bytes=limit)}
    assert data(service, "POST", "task/get-face", body)
    large = key(service, size_bytes=limit + 1)
    assert str(limit) in refused(swap(service, main_key=large), 704)
    refused(ask(service, "POST", "source/access-url", {"key": large}), 704)
    assert failed(service, "media_too_large")["status"] == 704


def test_801(service: Service) -> None:
    service.tenant("poor", credits=0)
    body = {"main_key": key(service, name="poor"), "target_key": key(service, name="poor")}
    refused(ask(service, "POST", "task/face-swap", body, as_="poor"), 801)
    assert not service.queued.tasks
    assert failed(service, "insufficient_credits")["status"] == 801


def test_802(opened: Callable[..., Service]) -> None:
    service = opened(dialect(), rate_burst=1, rate_per_s=0.01)
    assert data(service, "POST", "source/upload-url", {"file_name": "a.jpg"})
    answer = ask(service, "POST", "source/upload-url", {"file_name": "a.jpg"})
    refused(answer, 802)
    assert int(answer.headers["retry-after"]) >= 1


def test_errors_may_have_a_fitting_http_status(opened: Callable[..., Service]) -> None:
    service = opened(dialect(http_status="mirror"), rate_burst=8, rate_per_s=0.001)
    refused(service.client.get("/vidnoz/v1/task/detail"), 401, 401)
    refused(ask(service, "GET", "task/detail"), 400, 422)
    refused(ask(service, "POST", "source/access-url", {"key": STRANGE_KEY}), 702, 404)
    text = {"content": "{", "headers": {"Content-Type": "application/json"}}
    refused(ask(service, "POST", "task/get-face", **text), 400, 400)
    refused(swap(service, main_key=key(service, size_bytes=1 << 30)), 704, 413)
    for _ in range(5):
        answer = ask(service, "GET", "task/detail")
    refused(answer, 802, 429)


def test_a_stranger_learns_nothing_of_the_body(service: Service) -> None:
    url = "/vidnoz/v1/task/face-swap"
    answer = service.client.request("POST", url, content=json.dumps({"is_hd": 9}))
    refused(answer, 401, 401)
