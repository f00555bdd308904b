"""/admin/tenants: who may, what holds at once, and what stays in the log."""

from __future__ import annotations

from typing import Any

import pytest

from personae.domain.tenants import OPERATOR
from wire.checks import UNKNOWN, problem, submitted
from wire.service import Service

NOBODY = f"tenant_{UNKNOWN}"


def tenants(service: Service, **query: Any) -> list[str]:
    answer = service.operate("GET", "/admin/tenants", params={"limit": 100, **query})
    assert answer.status_code == 200, answer.text
    return [one["name"] for one in answer.json()["items"]]


def lines(service: Service, action: str) -> list[dict[str, Any]]:
    return service.operate("GET", "/admin/audit", params={"action": action}).json()["items"]


CALLS: list[tuple[str, str, Any]] = [
    ("GET", "/admin/tenants", None),
    ("POST", "/admin/tenants", {"name": "New"}),
    ("GET", "/admin/tenants/{}", None),
    ("PATCH", "/admin/tenants/{}", {"suspended": True}),
    ("POST", "/admin/tenants/{}/credits", {"amount": 5, "reason": "None."}),
    ("GET", "/admin/tenants/{}/keys", None),
    ("POST", "/admin/tenants/{}/keys", {"name": "Key"}),
    ("DELETE", f"/admin/tenants/{{}}/keys/key_{UNKNOWN}", None),
    ("GET", "/admin/tasks", None),
    ("POST", f"/admin/tasks/task_{UNKNOWN}/cancel", None),
    ("GET", "/admin/queues", None),
    ("GET", "/admin/workers", None),
]


def test_nobody_but_operators_comes_in(service: Service) -> None:
    ours = service.tenant()
    for method, path, body in CALLS:
        url = f"/native/v1{path.format(ours)}"
        problem(service.client.request(method, url, json=body), 401, "unauthorized")
        problem(service.call(method, path.format(ours), body), 403, "forbidden")
    assert tenants(service) == ["ours"]
    assert service.call("GET", "/account").json()["balance"]["available"] == 100


def test_the_operators_own_tenant_is_out_of_reach(service: Service) -> None:
    """Or a stolen key could lock the operators out, or make keys that outlive it."""
    service.operator_key()
    owner = service.database.read(lambda tx: tx.tenants.by_name(OPERATOR))
    assert owner is not None
    assert tenants(service, q=OPERATOR) == []
    assert tenants(service, q=owner.id) == []
    for place in (owner.id, NOBODY):
        for method, path, body in CALLS:
            if "{}" in path:
                problem(service.operate(method, path.format(place), body), 404, "not_found")
    problem(
        service.operate("GET", "/admin/tasks", params={"tenant_id": owner.id}), 404, "not_found"
    )
    problem(service.operate("POST", "/admin/tenants", {"name": OPERATOR}), 409, "conflict")


def test_a_suspended_tenant_is_refused_at_once_and_comes_back(service: Service) -> None:
    place = f"/admin/tenants/{service.tenant()}"
    task_id = submitted(service)
    told = service.operate("PATCH", place, {"suspended": True}).json()
    assert told["suspended_at"] is not None
    assert "suspended" in problem(service.call("GET", "/swaps"), 403, "forbidden")["detail"]
    problem(service.call("GET", "/keys/current"), 403, "forbidden")
    assert service.task(task_id).status == "queued"
    assert tenants(service, suspended="true") == ["ours"]
    assert tenants(service, suspended="false") == []
    again = service.operate("PATCH", place, {"suspended": True}).json()
    assert again["suspended_at"] == told["suspended_at"]
    assert service.operate("PATCH", place, {"suspended": False}).json()["suspended_at"] is None
    assert service.call("GET", "/swaps").status_code == 200
    assert [one["detail"]["suspended"] for one in lines(service, "tenant.suspend")] == [False, True]
    assert all(one["actor"].startswith("key_") for one in lines(service, "tenant.suspend"))


def test_tenants_are_found_by_their_names(service: Service) -> None:
    for name in ("100% Film", "Atelier_Noir", "atelier blanc"):
        service.tenant(name)
        service.clock.advance(1)
    assert tenants(service) == ["atelier blanc", "Atelier_Noir", "100% Film"]
    assert tenants(service, q="ATELIER") == ["atelier blanc", "Atelier_Noir"]
    assert tenants(service, q="%") == ["100% Film"]
    assert tenants(service, q="_") == ["Atelier_Noir"]
    assert tenants(service, q="' OR 1=1 --") == []
    assert tenants(service, q=service.tenant("100% Film")) == ["100% Film"]
    problem(
        service.operate("GET", "/admin/tenants", params={"q": "a\x00b"}), 422, "invalid_request"
    )


def test_the_listing_is_paged(service: Service) -> None:
    for name in ("a", "b", "c"):
        service.tenant(name)
        service.clock.advance(1)
    first = service.operate("GET", "/admin/tenants", params={"limit": 2, "q": ""})
    cursor = first.json()["next_cursor"]
    rest = service.operate("GET", "/admin/tenants", params={"limit": 2, "cursor": cursor}).json()
    names = [one["name"] for one in [*first.json()["items"], *rest["items"]]]
    assert (names, rest["next_cursor"]) == (["c", "b", "a"], None)
    assert "cursor=" in first.headers["link"]
    wrong = service.operate("GET", "/admin/tasks", params={"cursor": cursor})
    problem(wrong, 422, "invalid_request")


def test_names_are_unique_and_can_change(service: Service) -> None:
    service.tenant("taken")
    place = f"/admin/tenants/{service.tenant()}"
    problem(service.operate("PATCH", place, {"name": "taken"}), 409, "conflict")
    assert service.operate("PATCH", place, {"name": "ours"}).json()["name"] == "ours"
    assert lines(service, "tenant.settings") == []
    assert service.operate("PATCH", place, {"name": "Ours & Co."}).json()["name"] == "Ours & Co."
    [line] = lines(service, "tenant.settings")
    assert line["detail"] == {"names": ["name"]}
    for name in ("", "   ", "x" * 101, "a\nb"):
        problem(service.operate("PATCH", place, {"name": name}), 422, "invalid_request")
    problem(service.operate("PATCH", place, {"credits": 1}), 422, "invalid_request")


def test_an_operators_times_bind_the_tenant(service: Service) -> None:
    place = f"/admin/tenants/{service.tenant()}"
    told = service.operate("PATCH", place, {"retention": {"outputs": 3600.0}}).json()
    assert told["retention"]["outputs"] == 3600.0
    wish = service.call("PATCH", "/account/retention", {"outputs": 7200.0})
    problem(wish, 422, "invalid_request")
    told = service.operate("PATCH", place, {"retention": {"outputs": None}}).json()
    assert told["retention"]["outputs"] == 604_800.0


def test_credits_are_given_once_for_each_key(service: Service) -> None:
    place = f"/admin/tenants/{service.tenant()}/credits"
    body, headers = {"amount": 50, "reason": "Invoice 7"}, {"Idempotency-Key": "invoice-7"}
    first = service.operate("POST", place, body, headers=headers)
    again = service.operate("POST", place, body, headers=headers)
    assert first.json() == again.json()
    assert first.json()["balance"]["available"] == 150
    assert again.headers["idempotency-replayed"] == "true"
    other = {**body, "amount": 51}
    problem(service.operate("POST", place, other, headers=headers), 409, "conflict")
    theirs = f"/admin/tenants/{service.tenant('theirs')}/credits"
    problem(service.operate("POST", theirs, body, headers=headers), 409, "conflict")
    back = service.operate("POST", place, {"amount": -150, "reason": "Refund"}).json()
    assert back["balance"]["available"] == 0
    entries = service.call("GET", "/account/ledger", params={"limit": 4}).json()["items"]
    assert [one["note"] for one in entries] == ["Refund"] * 2 + ["Invoice 7"] * 2
    assert service.database.read(lambda tx: tx.credits.audit()) == []
    assert [one["detail"]["amount"] for one in lines(service, "credits.adjust")] == [-150]


@pytest.mark.parametrize(
    "body",
    [
        {"amount": 0, "reason": "Nothing"},
        {"amount": 10**12, "reason": "Too much"},
        {"amount": 1.5, "reason": "A part"},
        {"amount": "5", "reason": "Text"},
        {"amount": 5},
        {"amount": 5, "reason": "  "},
        {"amount": 5, "reason": "a\x00b"},
        {"amount": 5, "reason": "x" * 201},
    ],
)
def test_odd_grants_are_refused(service: Service, body: Any) -> None:
    place = f"/admin/tenants/{service.tenant()}/credits"
    problem(service.operate("POST", place, body), 422, "invalid_request")
    assert service.call("GET", "/account").json()["balance"]["available"] == 100


def test_no_more_is_taken_back_than_there_is(service: Service) -> None:
    place = f"/admin/tenants/{service.tenant()}/credits"
    answer = service.operate("POST", place, {"amount": -101, "reason": "All of it"})
    problem(answer, 402, "insufficient_credits")


def test_keys_are_made_for_tenants_and_end(service: Service) -> None:
    place = f"/admin/tenants/{service.tenant()}/keys"
    made = service.operate("POST", place, {"name": "New", "scopes": ["swaps:read"]}).json()
    headers = {"X-API-Key": made["key"]}
    assert service.client.get("/native/v1/swaps", headers=headers).status_code == 200
    problem(service.client.get("/native/v1/account", headers=headers), 403, "forbidden")
    listed = service.operate("GET", place)
    assert made["key"] not in listed.text
    assert service.operate("DELETE", f"{place}/{made['id']}").json()["revoked_at"] is not None
    problem(service.client.get("/native/v1/swaps", headers=headers), 401, "unauthorized")
    theirs = f"/admin/tenants/{service.tenant('theirs')}/keys/{made['id']}"
    problem(service.operate("DELETE", theirs), 404, "not_found")
    assert [one["subject"] for one in lines(service, "key.revoke")] == [made["id"]]


def test_no_key_for_operators_is_made_over_http(service: Service) -> None:
    place = f"/admin/tenants/{service.tenant()}/keys"
    for scopes in (["admin"], ["any"], [], ["swaps:read", "swaps:read"]):
        answer = service.operate("POST", place, {"name": "New", "scopes": scopes})
        problem(answer, 422, "invalid_request")
    past = {"name": "New", "expires_at": "2001-01-01T00:00:00Z"}
    problem(service.operate("POST", place, past), 422, "invalid_request")


def test_a_repeated_key_is_told_so(service: Service) -> None:
    place, headers = f"/admin/tenants/{service.tenant()}/keys", {"Idempotency-Key": "k"}
    made = service.operate("POST", place, {"name": "A"}, headers=headers).json()
    again = service.operate("POST", place, {"name": "A"}, headers=headers)
    assert f"/keys/{made['id']}" in problem(again, 409, "conflict")["detail"]


def test_a_tenant_is_made_once_for_each_key(service: Service) -> None:
    headers = {"Idempotency-Key": "t"}
    first = service.operate("POST", "/admin/tenants", {"name": "New"}, headers=headers)
    again = service.operate("POST", "/admin/tenants", {"name": "New"}, headers=headers)
    assert first.json() == again.json()
    assert first.headers["location"].endswith(first.json()["id"])
    problem(service.operate("POST", "/admin/tenants", {"name": "New"}), 409, "conflict")
