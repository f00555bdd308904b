"""The table of codes is whole, and every code of it can be provoked."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, get_args

import pytest

from personae.domain.tasks import TaskStatus
from personae.wire.crun.answers import Search, TaskInfo
from personae.wire.crun.codes import CODES, SEARCH_STATES, TASK_STATES
from personae.wire.crun.dialect import Crun
from personae.wire.crun.settings import CrunSettings
from personae.wire.problems import WIRE_CODES, classes
from wire.crun.given import (
    API,
    call,
    clip,
    created,
    failed_task,
    refused,
    row_of,
    swap_input,
    told,
)
from wire.service import Service

PAGE = {200, 401, 402, 404, 422, 429, 455, 500, 501, 505}
SCENE = "https://media.example.com/scene.png"
SWAP = {"model": "image-face-swap", "input": {"image_url": SCENE, "new_face": SCENE}}


@pytest.fixture
def service(opened: Callable[..., Service]) -> Service:
    return opened((Crun(),))


def create(service: Service, body: Any = SWAP, **more: Any) -> Any:
    return call(service, "POST", "/job/CreateTask", body, **more)


def test_nothing_is_missing() -> None:
    assert set(CODES) == set(classes()) | set(WIRE_CODES)
    assert set(CODES.values()) == PAGE - {200, 501} | {403}
    assert set(TASK_STATES) == set(SEARCH_STATES) == set(get_args(TaskStatus))
    assert set(TASK_STATES.values()) == set(get_args(TaskInfo.model_fields["status"].annotation))
    assert set(SEARCH_STATES.values()) == set(get_args(Search.model_fields["status"].annotation))


def test_200_and_the_key_in_any_spelling(service: Service) -> None:
    for name in ("x-api-key", "X-API-KEY", "X-Api-Key"):
        answer = service.client.get(f"{API}/account/balance", headers={name: service.key()})
        assert answer.json() == {"code": 200, "message": "success", "data": {"balance": 100}}
    assert service.client.get(f"{API}/account/balance", headers=service.headers()).is_success
    both = {"x-api-key": service.key(), "Authorization": "Bearer pk_wrong"}
    assert service.client.get(f"{API}/account/balance", headers=both).is_success


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"x-api-key": ""},
        {"x-api-key": "ak_wrong"},
        {"x-api-key": "x" * 1000},
        {"Authorization": "Bearer pk_wrong"},
        {"Authorization": "Basic abc"},
    ],
)
def test_401(service: Service, headers: dict[str, str]) -> None:
    for method, path in (("GET", "/account/balance"), ("POST", "/job/CreateTask")):
        refused(service.client.request(method, f"{API}{path}", headers=headers), 401)


def test_401_of_a_revoked_key(service: Service) -> None:
    key = told_key(service)
    headers = {"x-api-key": key["key"]}
    assert service.client.get(f"{API}/account/balance", headers=headers).is_success
    assert service.call("DELETE", f"/keys/{key['id']}").status_code in (200, 204)
    refused(service.client.get(f"{API}/account/balance", headers=headers), 401)


def told_key(service: Service) -> dict[str, str]:
    made = service.call("POST", "/keys", {"name": "k", "scopes": ["account:read"]}).json()
    return {"id": made["id"], "key": made["key"]}


def test_402(opened: Callable[..., Service]) -> None:
    service = opened((Crun(),))
    service.tenant("poor", credits=0)
    assert "credit" in refused(create(service, as_="poor"), 402)
    assert not service.queued.tasks
    answer = call(service, "POST", "/job/EstimateTask", SWAP, as_="poor")
    expected = {"estimated_credits": 1, "balance": 0, "affordable": False}
    assert answer.json()["data"] == expected


def test_403(service: Service) -> None:
    headers = {"x-api-key": service.key(scopes=("account:read",))}
    answer = service.client.request("POST", f"{API}/job/CreateTask", json=SWAP, headers=headers)
    assert "swaps:write" in refused(answer, 403)


def test_403_of_a_suspended_account(opened: Callable[..., Service]) -> None:
    service = opened((Crun(),), auth_cache_s=0.0)
    tenant_id, now = service.tenant(), service.clock()
    service.key()
    service.database.write(lambda tx: tx.tenants.suspend(tenant_id, now))
    assert "suspended" in refused(call(service, "GET", "/account/balance"), 403)


def test_404(service: Service) -> None:
    for method, path in (
        ("GET", f"{API}/nothing"),
        ("GET", "/crun"),
        ("GET", "/crun/"),
        ("POST", "/crun/api/v1/client/job/createtask"),
        ("PUT", f"{API}/job/CreateTask"),
        ("GET", f"{API}/job/CreateTask"),
        ("POST", f"{API}/job/TaskInfo"),
    ):
        refused(service.client.request(method, path), 404)
    for path, query in (
        ("/job/TaskInfo", {"task_id": "task_12345678"}),
        ("/job/TaskInfo", {"task_id": ""}),
        ("/job/TaskInfo", {"task_id": "x" * 5000}),
        ("/job/detect-face-result", {"detect_task_id": "dit60yt8reqplt1c16"}),
        ("/job/detect-face-result", {"detect_task_id": "m1oZzqYp9dN"}),
        ("/job/detect-face-result", {"detect_task_id": "é"}),
        ("/job/Models/nano-banana", {}),
    ):
        refused(call(service, "GET", path, params=query), 404)


def test_404_of_what_is_somebody_elses_or_of_another_kind(service: Service) -> None:
    name = created(service)
    refused(call(service, "GET", "/job/TaskInfo", params={"task_id": name}, as_="them"), 404)
    row = row_of(service, name)
    refused(call(service, "GET", "/job/TaskInfo", params={"task_id": row.id}), 404)
    search = told(service, "POST", "/job/detect-face-image", {"image_url": SCENE})["detect_task_id"]
    refused(call(service, "GET", "/job/TaskInfo", params={"task_id": search}), 404)
    query = {"detect_task_id": name}
    refused(call(service, "GET", "/job/detect-face-result", params=query), 404)


def with_input(**changes: Any) -> dict[str, Any]:
    return {"model": "image-face-swap", "input": {**SWAP["input"], **changes}}  # pyright: ignore[reportGeneralTypeIssues]


@pytest.mark.parametrize(
    "body",
    [
        None,
        [],
        "model",
        {},
        {"model": "image-face-swap"},
        {"model": "image-face-swap", "input": None},
        {"model": ["image-face-swap"], "input": {}},
        {"model": "nano-banana", "input": {}},
        {"model": "m" * 10_000, "input": {}},
        with_input(image_url=""),
        with_input(image_url=7),
        with_input(image_url="scene.png"),
        with_input(image_url="ftp://media.example.com/scene.png"),
        with_input(new_face="http://127.0.0.1/donor.png"),
        with_input(new_face="https://[::1"),
        with_input(image_url="https://a.example.com/" + "a" * 3000),
        {**SWAP, "callback_url": "nowhere"},
        {**SWAP, "callback_url": "http://169.254.169.254/"},
        {"model": "image-face-swap-multi", "input": {"detect_id": "x", "image_url": SCENE}},
        {
            "model": "image-face-swap-multi",
            "input": {"detect_id": "x", "image_url": SCENE, "faces": []},
        },
    ],
)
def test_422(service: Service, body: Any) -> None:
    answer = create(service, body)
    refused(answer, 422)
    assert len(answer.content) < 1000
    assert not service.queued.tasks
    assert told(service, "GET", "/account/balance") == {"balance": 100}


@pytest.mark.parametrize("text", ["", "{", '{"model": "image-face-swap",}', "[" * 100_000, "\xff"])
def test_422_of_what_is_no_json(service: Service, text: str) -> None:
    headers = {"x-api-key": service.key(), "Content-Type": "application/json"}
    for path in ("/job/CreateTask", "/job/EstimateTask", "/job/detect-face-image"):
        data = text.encode("latin-1")
        refused(service.client.request("POST", f"{API}{path}", content=data, headers=headers), 422)


def test_422_of_another_type_and_of_too_much(opened: Callable[..., Service]) -> None:
    service = opened((Crun(),), json_limit_bytes=1000)
    headers = {"x-api-key": service.key()}
    url = f"{API}/job/CreateTask"
    form = service.client.request("POST", url, data={"model": "image-face-swap"}, headers=headers)
    assert "application/json" in refused(form, 422)
    much = {**SWAP, "more": "x" * 2000}
    assert "larger" in refused(create(service, much), 422)


@pytest.mark.parametrize(
    "query",
    [
        {},
        {"content_type": "png", "ext": ".png"},
        {"content_type": "image/png", "ext": "../../etc"},
        {"content_type": "x" * 500},
    ],
)
def test_422_of_uploads(service: Service, query: dict[str, str]) -> None:
    refused(call(service, "GET", "/files/upload-url", params=query), 422)


def test_422_of_files_that_are_not_there(service: Service) -> None:
    query = {"content_type": "image/png", "ext": ".png"}
    link = told(service, "GET", "/files/upload-url", params=query)["file_url"]
    assert "uploaded" in refused(create(service, with_input(image_url=link)), 422)
    theirs = call(service, "GET", "/files/upload-url", params=query, as_="them").json()["data"]
    refused(create(service, with_input(image_url=theirs["file_url"])), 422)


def test_422_of_a_video_where_a_picture_belongs(service: Service) -> None:
    answer = create(service, with_input(image_url=clip(service)["clip_url"]))
    assert "video" in refused(answer, 422)


def test_429(opened: Callable[..., Service]) -> None:
    service = opened((Crun(),), rate_burst=1, rate_per_s=0.01)
    assert call(service, "GET", "/account/balance").is_success
    answer = call(service, "GET", "/account/balance")
    refused(answer, 429)
    assert int(answer.headers["retry-after"]) >= 1


def test_455(opened: Callable[..., Service]) -> None:
    service = opened((Crun(),), maintenance=True)
    assert "maintained" in refused(create(service), 455)
    refused(call(service, "POST", "/job/detect-face-image", {"image_url": SCENE}), 455)
    query = {"content_type": "image/png"}
    refused(call(service, "GET", "/files/upload-url", params=query), 455)
    assert call(service, "GET", "/account/balance").is_success


class Broken:
    """A database that fails as no code expects it to."""

    def __getattr__(self, name: str) -> Any:
        raise RuntimeError("a secret of ours")


def test_500(service: Service) -> None:
    key = service.key()
    assert call(service, "GET", "/account/balance").is_success
    service.break_database(Broken())
    answer = service.client.get(f"{API}/account/balance", headers={"x-api-key": key})
    assert "secret" not in answer.text
    refused(answer, 500)


def test_501_is_what_a_failed_task_says_of_itself(service: Service) -> None:
    query = {"task_id": failed_task(service)["task_id"]}
    info = told(service, "GET", "/job/TaskInfo", params=query)
    assert info["status"] == "failed"
    assert (info["result"]["code"], info["credits"]) == (501, 0)


@pytest.mark.parametrize(
    ("feature", "model"),
    [
        ("image_swap", "image-face-swap"),
        ("image_swap", "image-face-swap-multi"),
        ("multi_swap", "image-face-swap-multi"),
        ("video_swap", "video-face-swap"),
        ("video_swap", "video-face-swap-multi"),
        ("multi_swap", "video-face-swap-multi"),
    ],
)
def test_505_of_a_model(opened: Callable[..., Service], feature: str, model: str) -> None:
    service = opened((Crun(),), disabled=frozenset({feature}))
    media = "video_url" if model.startswith("video") else "image_url"
    faces = {"detect_id": "x", "faces": [{"face_id": 0, "target": SCENE}]}
    given = faces if model.endswith("multi") else {"new_face": SCENE}
    body = {"model": model, "input": {media: SCENE, **given}}
    refused(create(service, body), 505)
    refused(call(service, "POST", "/job/EstimateTask", body), 505)
    refused(call(service, "GET", f"/job/Models/{model}"), 505)
    assert model not in [one["model"] for one in told(service, "GET", "/job/Models")]


def test_505_of_a_search(opened: Callable[..., Service]) -> None:
    service = opened((Crun(),), disabled=frozenset({"detection"}))
    for kind in ("image", "video"):
        path = f"/job/detect-face-{kind}"
        refused(call(service, "POST", path, {f"{kind}_url": SCENE}), 505)


def test_errors_may_be_answered_with_200(opened: Callable[..., Service]) -> None:
    service = opened((Crun(CrunSettings(http_status="ok")),), maintenance=True)
    for answer, code in (
        (service.client.get(f"{API}/account/balance"), 401),
        (call(service, "GET", "/nothing"), 404),
        (create(service), 455),
    ):
        assert answer.status_code == 200
        assert answer.json()["code"] == code
    assert service.client.get("/crun/openapi.json").json()["paths"]


def test_a_stranger_learns_nothing_of_the_body(service: Service) -> None:
    refused(service.client.request("POST", f"{API}/job/CreateTask", json={"model": 1}), 401)


def test_what_is_taken_on_is_held_at_once(service: Service) -> None:
    body = {"model": "image-face-swap", "input": swap_input(service)}
    told(service, "POST", "/job/CreateTask", body)
    assert told(service, "GET", "/account/balance") == {"balance": 99}
