"""/admin/tasks, /admin/queues, /admin/workers, and /keys/current"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from personae.domain.workload import QueueLoad, Share, Workload
from wire.checks import UNKNOWN, problem, submitted
from wire.service import Service


def tasks(service: Service, **query: Any) -> list[str]:
    answer = service.operate("GET", "/admin/tasks", params={"limit": 100, **query})
    assert answer.status_code == 200, answer.text
    return [one["id"] for one in answer.json()["items"]]


def test_everybodys_tasks_are_listed_without_what_is_in_them(service: Service) -> None:
    ours, theirs = submitted(service, label="Very private"), submitted(service, "theirs")
    assert tasks(service) == [theirs, ours]
    assert tasks(service, tenant_id=service.tenant()) == [ours]
    service.succeed(ours)
    assert tasks(service, status="succeeded") == [ours]
    assert tasks(service, status=["queued", "running"]) == [theirs]
    assert tasks(service, kind="swap_video") == []
    text = service.operate("GET", "/admin/tasks").text
    for secret in ("Very private", "photo.png", "blobs", "asset_"):
        assert secret not in text


def test_filters_of_the_listing_stay_in_its_link(service: Service) -> None:
    for _ in range(2):
        submitted(service)
    query = {"limit": 1, "status": "queued", "tenant_id": service.tenant()}
    link = service.operate("GET", "/admin/tasks", params=query).headers["link"]
    assert all(one in link for one in ("status=queued", "tenant_id=tenant_", "cursor="))
    for wrong in ({"status": "odd"}, {"tenant_id": "ours"}, {"q": "x"}):
        problem(service.operate("GET", "/admin/tasks", params=wrong), 422, "invalid_request")


def test_an_operator_ends_anybodys_task(service: Service) -> None:
    task_id = submitted(service, "theirs")
    told = service.operate("POST", f"/admin/tasks/{task_id}/cancel").json()
    assert (told["status"], told["tenant_name"]) == ("canceled", "theirs")
    assert service.canceled == [task_id]
    assert service.call("GET", "/account", as_="theirs").json()["balance"]["held"] == 0
    problem(service.operate("POST", f"/admin/tasks/{task_id}/cancel"), 409, "conflict")
    problem(service.operate("POST", f"/admin/tasks/task_{UNKNOWN}/cancel"), 404, "not_found")
    [line] = service.operate("GET", "/admin/audit", params={"action": "task.cancel"}).json()[
        "items"
    ]
    assert line["actor"].startswith("key_")
    [own] = service.call(
        "GET", "/audit", as_="theirs", params={"action": "task.*", "limit": 1}
    ).json()["items"]
    assert own["actor"] == "operator"


def test_a_tenant_that_is_gone_has_no_name(service: Service) -> None:
    share = Share(f"tenant_{UNKNOWN}", 1, 0)
    service.seen.load = Workload(300.0, (QueueLoad("images", 1, 0, 0, 1.0, 0, 0, (share,)),))
    [queue] = service.operate("GET", "/admin/queues").json()["queues"]
    assert [one["tenant_name"] for one in queue["tenants"]] == [None]


def test_where_nobody_can_look_that_is_said(service: Service) -> None:
    gate = service.app.state.gate
    gate.services = replace(gate.services, workload=None)
    for path in ("/admin/queues", "/admin/workers"):
        problem(service.operate("GET", path), 503, "unavailable")


def test_any_key_learns_what_it_may(service: Service) -> None:
    key = service.key("theirs", ("faces:read",))
    headers = {"X-API-Key": key}
    told = service.client.get("/native/v1/keys/current", headers=headers).json()
    assert (told["scopes"], told["operator"]) == (["faces:read"], False)
    assert (told["tenant_id"], told["tenant_name"]) == (service.tenant("theirs"), "theirs")
    assert key not in str(told)
    assert service.operate("GET", "/keys/current").json()["operator"] is True
    bare = service.client.get("/native/v1/keys/current")
    problem(bare, 401, "unauthorized")
    problem(service.call("GET", "/keys/current?x=1"), 422, "invalid_request")
