"""POST /keys, GET /keys, GET /keys/{id}, DELETE /keys/{id}"""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from personae.app import accounts
from personae.domain.tenants import ADMIN_SCOPE, SCOPES
from personae.errors import InvalidRequest, Unavailable
from wire.checks import UNKNOWN, problem, strangers_stay_out
from wire.service import Service


def made(service: Service, **body: Any) -> dict[str, Any]:
    answer = service.call("POST", "/keys", {"name": "Website", **body})
    assert answer.status_code == 201, answer.text
    return answer.json()


def test_strangers_stay_out(service: Service) -> None:
    strangers_stay_out(service, "POST", "/keys", "keys:write", {"name": "Website"})
    strangers_stay_out(service, "GET", "/keys", "keys:write")
    key_id = made(service)["id"]
    strangers_stay_out(service, "GET", f"/keys/{key_id}", "keys:write")
    strangers_stay_out(service, "DELETE", f"/keys/{key_id}", "keys:write")


def test_a_key_opens_what_it_may(service: Service) -> None:
    told = made(service, scopes=["swaps:read"])
    assert told["key"].startswith("pk_")
    assert told["scopes"] == ["swaps:read"]
    headers = {"X-API-Key": told["key"]}
    assert service.client.get("/native/v1/swaps", headers=headers).status_code == 200
    problem(service.client.get("/native/v1/faces", headers=headers), 403, "forbidden")


def test_its_secrets_are_shown_once(service: Service) -> None:
    told = made(service)
    assert told["scopes"] == list(SCOPES)
    shown = service.call("GET", f"/keys/{told['id']}")
    assert told["key"] not in shown.text
    assert told["client_secret"] not in shown.text
    assert shown.json()["prefix"] == told["key"][:8]
    assert told["key"] not in service.call("GET", "/keys").text


def test_a_repeated_key_makes_one_and_is_told_so(service: Service) -> None:
    headers = {"Idempotency-Key": "k"}
    first = service.call("POST", "/keys", {"name": "A"}, headers=headers).json()
    again = service.call("POST", "/keys", {"name": "A"}, headers=headers)
    assert f"/keys/{first['id']}" in problem(again, 409, "conflict")["detail"]
    assert len(service.call("GET", "/keys").json()["items"]) == 2
    problem(service.call("POST", "/keys", {"name": "B"}, headers=headers), 409, "conflict")


def test_its_last_use_is_told_by_the_minute(service: Service) -> None:
    told = made(service)
    headers = {"Authorization": f"Bearer {told['key']}"}

    def used() -> str | None:
        service.flush()
        return service.call("GET", f"/keys/{told['id']}").json()["last_used_at"]

    assert used() is None
    service.client.get("/native/v1/account", headers=headers)
    first = used()
    assert first is not None
    assert first[:16] == told["created_at"][:16]
    service.clock.advance(50)
    service.client.get("/native/v1/account", headers=headers)
    assert used() == first
    service.clock.advance(15)
    service.client.get("/native/v1/account", headers=headers)
    again = used()
    assert again is not None
    assert again > first


def test_uses_that_cannot_be_written_wait(service: Service) -> None:
    told = made(service)
    service.client.get("/native/v1/account", headers={"X-API-Key": told["key"]})
    service.break_database(Broken())
    service.flush()
    service.break_database(service.database)
    service.flush()
    assert service.call("GET", f"/keys/{told['id']}").json()["last_used_at"] is not None


def test_uses_are_written_when_the_process_ends(service: Service) -> None:
    told = made(service)

    async def live() -> None:
        async with service.app.router.lifespan_context(service.app):
            service.app.state.gate.uses.note(told["id"], service.clock())

    asyncio.run(live())
    assert service.call("GET", f"/keys/{told['id']}").json()["last_used_at"] is not None


class Broken:
    """A database that is away."""

    async def awrite(self, work: Any) -> Any:
        raise Unavailable


def test_nobody_gives_away_what_they_lack(service: Service) -> None:
    own = service.key(scopes=("keys:write", "swaps:read"))
    headers = {"Authorization": f"Bearer {own}"}
    address = "/native/v1/keys"
    more = {"name": "More", "scopes": ["swaps:write"]}
    problem(service.client.request("POST", address, json=more, headers=headers), 403, "forbidden")
    same = service.client.request("POST", address, json={"name": "Same"}, headers=headers)
    assert same.json()["scopes"] == ["swaps:read", "keys:write"]


def test_no_key_of_an_operator_is_made_over_http(service: Service) -> None:
    admin = {"name": "More", "scopes": ["admin"]}
    problem(service.call("POST", "/keys", admin), 422, "invalid_request")
    problem(service.operate("POST", "/keys", {"name": "More"}), 403, "forbidden")
    tenant_id = service.tenant()
    with pytest.raises(InvalidRequest, match="Scopes are"):
        service.database.write(
            lambda tx: accounts.issue_key(
                tx, tenant_id, name="x", scopes=(ADMIN_SCOPE,), now=service.clock()
            )
        )


@pytest.mark.parametrize("path", ["/account", "/swaps", "/assets", "/faces", "/keys"])
def test_an_operators_key_does_nothing_that_tenants_keys_do(service: Service, path: str) -> None:
    problem(service.operate("GET", path), 403, "forbidden")


def test_a_revoked_key_ends_at_once(service: Service) -> None:
    told = made(service)
    headers = {"Authorization": f"Bearer {told['key']}"}
    assert service.client.get("/native/v1/account", headers=headers).status_code == 200
    revoked = service.call("DELETE", f"/keys/{told['id']}")
    assert revoked.status_code == 200
    assert revoked.json()["revoked_at"] is not None
    problem(service.client.get("/native/v1/account", headers=headers), 401, "unauthorized")
    again = service.call("DELETE", f"/keys/{told['id']}").json()
    assert again["revoked_at"] == revoked.json()["revoked_at"]


def test_a_key_revoked_elsewhere_ends_within_the_cache(service: Service) -> None:
    told = made(service)
    headers = {"Authorization": f"Bearer {told['key']}"}
    assert service.client.get("/native/v1/account", headers=headers).status_code == 200
    tenant_id, now = service.tenant(), service.clock()
    service.database.write(lambda tx: tx.tenants.revoke_key(tenant_id, told["id"], now))
    service.clock.advance(1.0)
    problem(service.client.get("/native/v1/account", headers=headers), 401, "unauthorized")


def test_an_expired_key_ends_though_it_is_remembered(service: Service) -> None:
    told = made(service, expires_at="2027-01-15T08:00:00.500Z")
    headers = {"Authorization": f"Bearer {told['key']}"}
    assert service.client.get("/native/v1/account", headers=headers).status_code == 200
    service.clock.advance(0.5)
    problem(service.client.get("/native/v1/account", headers=headers), 401, "unauthorized")


def test_a_suspended_tenant_is_told_so(service: Service) -> None:
    tenant_id, now = service.tenant(), service.clock()
    service.key()
    service.database.write(lambda tx: tx.tenants.suspend(tenant_id, now))
    problem(service.call("GET", "/account"), 403, "forbidden")


def test_what_is_not_ours_is_not_there(service: Service) -> None:
    theirs = service.call("POST", "/keys", {"name": "Theirs"}, as_="theirs").json()["id"]
    for name in (theirs, f"key_{UNKNOWN}", "x"):
        problem(service.call("GET", f"/keys/{name}"), 404, "not_found")
        problem(service.call("DELETE", f"/keys/{name}"), 404, "not_found")
    assert theirs not in service.call("GET", "/keys").text


@pytest.mark.parametrize(
    "change",
    [
        {"name": ""},
        {"scopes": []},
        {"scopes": ["everything"]},
        {"scopes": ["swaps:read", "swaps:read"]},
        {"expires_at": "2020-01-01T00:00:00Z"},
        {"expires_at": "2030-01-01T00:00:00"},
        {"expires_at": 12},
        {"admin": True},
    ],
)
def test_odd_keys_are_refused(service: Service, change: dict[str, Any]) -> None:
    answer = service.call("POST", "/keys", {"name": "Website", **change})
    problem(answer, 422, "invalid_request")
