"""What a call does not have is refused by name, on every route of the native API."""

from __future__ import annotations

from typing import Any

import pytest

from wire.checks import UNKNOWN, problem
from wire.service import Service

_NAMES = {
    "task_id": "task",
    "asset_id": "asset",
    "face_id": "face",
    "key_id": "key",
    "endpoint_id": "hook",
    "delivery_id": "dlv",
    "detection_id": "task",
    "takedown_id": "takedown",
    "person_id": "person",
    "tenant_id": "tenant",
}


def test_every_route_refuses_parameters_that_it_does_not_have(service: Service) -> None:
    document: dict[str, Any] = service.client.get("/openapi.json").json()
    checked = 0
    for template, methods in document["paths"].items():
        if not template.startswith("/native/v1"):
            continue
        path = template.removeprefix("/native/v1")
        for name, prefix in _NAMES.items():
            path = path.replace(f"{{{name}}}", f"{prefix}_{UNKNOWN}")
        path = path.replace("{sha256}", "58" * 32)
        assert "{" not in path, path
        ask = service.operate if path.startswith("/admin/") else service.call
        for method in methods:
            answer = ask(method.upper(), path, params={"limit": 5, "colour": "red"})
            told = problem(answer, 422, "invalid_request")
            assert {"in": "query", "pointer": "/colour"}.items() <= told["errors"][-1].items()
            checked += 1
    assert checked > 30


def test_nobody_learns_parameters_without_a_key(service: Service) -> None:
    answer = service.client.get("/native/v1/swaps", params={"colour": "red"})
    problem(answer, 401, "unauthorized")


def test_probes_may_send_what_they_like(service: Service) -> None:
    assert service.client.get("/healthz", params={"probe": "7"}).status_code == 200


@pytest.mark.parametrize("body", [b"[" * 100_000, b'{"a":' * 50_000, b"{", b'{"a": "\xff"}', b"\0"])
def test_whatever_is_no_json_is_called_the_same(service: Service, body: bytes) -> None:
    headers = {**service.headers(), "Content-Type": "application/json"}
    answer = service.client.request("POST", "/native/v1/swaps", content=body, headers=headers)
    problem(answer, 400, "malformed_body")
