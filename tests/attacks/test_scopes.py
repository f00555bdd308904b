"""Every call with every single scope, and with keys that are over: who gets in is who should."""

from __future__ import annotations

import base64
from typing import Any

import httpx

from attacks.routes import Call, calls_of
from personae.app import accounts
from personae.domain.tenants import ADMIN_SCOPE, SCOPES
from personae.wire.guard import ANY_KEY
from wire.checks import UNKNOWN
from wire.service import Service

NAMES = {
    "task_id": f"task_{UNKNOWN}",
    "asset_id": f"asset_{UNKNOWN}",
    "face_id": f"face_{UNKNOWN}",
    "key_id": f"key_{UNKNOWN}",
    "endpoint_id": f"hook_{UNKNOWN}",
    "delivery_id": f"dlv_{UNKNOWN}",
    "_id": "0" * 24,
    "model": "image-face-swap",
}
LACKING = "lacks the scope"
MORE = {"POST /native/v1/takedowns": ("swaps:write", "faces:write")}
"""Scopes that calls ask for beside their own, as their descriptions say."""
ASKING = (
    *("GET /admin/register", "POST /admin/register", "POST /admin/register/look-up"),
    "POST /admin/register/{person_id}/remove",
)
"""Pages that ask for an operator's key themselves, as browsers send it."""


def send(service: Service, call: Call, secret: str | None) -> httpx.Response:
    """The call with a key, or without one, about nothing that is there."""
    headers = {} if secret is None else {"Authorization": f"Bearer {secret}"}
    more: dict[str, Any] = {"json": call.example if call.example is not None else {}}
    if call.body in ("none", "upload"):
        more = {}
    return service.client.request(call.method, call.url(NAMES), headers=headers, **more)


def stays_out(answer: httpx.Response) -> bool:
    """Whether an answer is the refusal of a key, in whichever dialect."""
    return answer.status_code in (401, 403) and LACKING not in answer.text


def test_the_documents_tell_each_calls_scope(service: Service) -> None:
    for call in calls_of(service):
        if call.documented:
            assert call.documented_scope == call.scope, call.name


def test_every_call_takes_exactly_its_own_scope(service: Service) -> None:
    tried = refused = 0
    for call in calls_of(service):
        if call.scope in (None, ANY_KEY):
            continue
        wanted = MORE.get(call.name, ())
        for scope in SCOPES:
            answer = send(service, call, service.key("ours", tuple({scope, *wanted})))
            lacking = LACKING in answer.text
            assert lacking == (scope != call.scope), (call.name, scope, answer.text)
            tried, refused = tried + 1, refused + lacking
        for scope in wanted:
            fewer = tuple({call.scope, *wanted} - {scope})
            assert LACKING in send(service, call, service.key("ours", fewer)).text, call.name
        answer = send(service, call, service.operator_key())
        assert (LACKING in answer.text) == (call.scope != ADMIN_SCOPE), call.name
        tried += 1
    assert tried > 700
    assert refused > 650


def test_calls_for_every_key_are_the_known_ones(service: Service) -> None:
    open_to_all = {one.name for one in calls_of(service) if one.scope == ANY_KEY}
    assert open_to_all == {"GET /native/v1/keys/current"}


def test_a_key_with_every_other_scope_stays_out(service: Service) -> None:
    for call in calls_of(service):
        if call.scope in (None, ANY_KEY):
            continue
        others = tuple(one for one in SCOPES if one != call.scope)
        answer = send(service, call, service.key("ours", others))
        assert LACKING in answer.text, (call.name, answer.text)


def test_keys_that_are_over_open_nothing(service: Service) -> None:
    tenant_id, now = service.tenant(), service.clock()

    def issue(**more: Any) -> Any:
        return service.database.write(
            lambda tx: accounts.issue_key(tx, tenant_id, name="old", now=now, **more)
        )

    revoked, expired = issue(), issue(expires_at=now + 1)
    service.database.write(lambda tx: accounts.revoke_key(tx, tenant_id, revoked.stored.id, now))
    suspended = service.key("suspended")
    theirs = service.tenant("suspended")
    service.database.write(lambda tx: accounts.set_suspended(tx, theirs, True, now))
    service.clock.advance(10)
    for call in calls_of(service):
        if call.scope is None:
            continue
        told = set()
        for secret in (revoked.key, expired.key, "pk_" + "x" * 43):
            answer = send(service, call, secret)
            assert stays_out(answer), (call.name, answer.text)
            told.add((answer.status_code, without_ids(answer)))
        assert len(told) == 1, f"{call.name} tells wrong keys apart"
        assert "suspended" in send(service, call, suspended).text, call.name
        assert stays_out(send(service, call, suspended)), call.name
        answer = send(service, call, None)
        assert answer.status_code == 401, (call.name, answer.text)


def without_ids(answer: httpx.Response) -> str:
    """An answer without the one thing that differs each time."""
    return answer.text.replace(answer.headers["x-request-id"], "")


def test_pages_that_ask_for_a_key_themselves_let_operators_in_alone(service: Service) -> None:
    here = {"Sec-Fetch-Site": "same-origin"}
    operator = service.operator_key()
    for name in ASKING:
        method, path = name.split()
        url = path.replace("{person_id}", f"person_{UNKNOWN}")

        def ask(secret: str | None, url: str = url, method: str = method, **more: str) -> int:
            pair = base64.b64encode(f"me:{secret}".encode()).decode()
            headers = {} if secret is None else {"Authorization": f"Basic {pair}"}
            return service.client.request(method, url, headers={**headers, **more}).status_code

        assert ask(None, **here) == 401
        assert ask("pk_" + "x" * 43, **here) == 401
        assert ask(service.key(), **here) == 403
        assert ask(operator, **here) not in (401, 403)
        if method == "POST":
            assert ask(operator) == 403
            assert ask(operator, **{"Sec-Fetch-Site": "cross-site"}) == 403
            assert ask(operator, Origin="https://evil.example") == 403


def test_calls_that_need_no_key_are_the_known_ones(service: Service) -> None:
    """A call must not become public by an oversight: whoever adds one adds it here as well."""
    public = {one.name for one in calls_of(service) if one.scope is None and one.method != "HEAD"}
    assert public == PUBLIC


PUBLIC = {
    "GET /blobs/{key:path}",
    "PUT /blobs/{key:path}",
    "GET /media/{asset_id}/{name}",
    "GET /healthz",
    "GET /readyz",
    "GET /metrics",
    "GET /problems/{code}",
    "POST /native/v1/inspect",
    "GET /",
    "GET /studio/{path:path}",
    "GET /studio/first-key",
    "POST /studio/first-key",
    "POST /vidnoz/v1/oauth/token",
    *ASKING,
    *(
        f"GET {prefix}/{one}"
        for prefix in ("", "/a2e", "/aifaceswap", "/crun", "/vidnoz")
        for one in ("openapi.json", "docs")
    ),
}
