"""Whatever the OpenAPI document allows, and much that it does not: no answer is a surprise.

Each generated case is sent twice: as it is, and with the ids in it replaced by those of things
that are really there, so that it gets further than "not found".
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest
import schemathesis
from hypothesis import HealthCheck, given, settings
from hypothesis.errors import Unsatisfiable
from schemathesis import GenerationMode
from schemathesis.checks import CHECKS
from schemathesis.config import SchemathesisConfig

from personae.domain.tenants import SCOPES
from wire.checks import submitted
from wire.service import QUICK, Service, open_service
from wire.test_openapi import NAMES

EXAMPLES = 8
CHECKED = (
    "not_a_server_error",
    "status_code_conformance",
    "content_type_conformance",
    "response_headers_conformance",
    "response_schema_conformance",
)
ID = re.compile(r"(asset|task|face|key|hook|dlv)_[0-9a-hjkmnp-tv-z]{26}")


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    """One service for all cases; nothing in it waits, and nobody is held back."""
    settings = replace(
        QUICK, preview_wait_s=0.02, stream_s=0.05, rate_per_s=1e6, rate_burst=1_000_000
    )
    service = open_service(tmp_path_factory.mktemp("service"), settings)
    with service.client:
        service.tenant(credits=1_000_000)
        yield service
    service.database.close()


@pytest.fixture(scope="module")
def described(running: Service) -> Any:
    config = SchemathesisConfig()
    return schemathesis.openapi.from_asgi("/openapi.json", running.app, config=config)


def real(service: Service, name: str, operation: str) -> str:
    """The id of a thing of the kind that a made-up id is of."""
    kind = name.split("_")[0]
    if kind == "task" and "Detection" in operation:
        scene = {"asset_id": service.asset().id}
        answer = service.call("POST", "/detections", {"media": "image", "scene": scene})
        task_id = answer.json()["id"]
        service.found(task_id)
        return task_id
    if kind == "task":
        task_id = submitted(service)
        if operation != "cancelSwap":
            service.succeed(task_id)
        return task_id
    if kind == "asset":
        return service.asset().id
    if kind == "face":
        body = {"name": "Ada", "asset_ids": [service.asset().id]}
        return service.call("POST", "/faces", body).json()["id"]
    if kind == "key":
        return service.call("POST", "/keys", {"name": "k"}).json()["id"]
    hook = service.call("POST", "/webhooks/endpoints", {"url": "https://h.example.com"}).json()
    if kind == "hook":
        return hook["id"]
    return service.call("POST", f"/webhooks/endpoints/{hook['id']}/test").json()["id"]


def with_real_ids(service: Service, value: Any, operation: str) -> Any:
    """A value with every id in it replaced."""
    if isinstance(value, dict):
        return {k: with_real_ids(service, v, operation) for k, v in value.items()}
    if isinstance(value, list):
        return [with_real_ids(service, one, operation) for one in value]
    if isinstance(value, str) and ID.fullmatch(value):
        return real(service, value, operation)
    return value


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("mode", [GenerationMode.POSITIVE, GenerationMode.NEGATIVE])
def test_no_answer_is_a_surprise(
    running: Service, described: Any, name: str, mode: GenerationMode
) -> None:
    operation = described.find_operation_by_id(name)

    @settings(
        max_examples=EXAMPLES,
        deadline=None,
        derandomize=True,
        database=None,
        suppress_health_check=list(HealthCheck),
    )
    @given(case=operation.as_strategy(generation_mode=mode))
    def check(case: Any) -> None:
        send_twice(running, case, name)

    try:
        check()
    except Unsatisfiable:
        assert not operation.definition.raw.get("parameters"), "It takes something."
        assert mode is GenerationMode.NEGATIVE


def send_twice(service: Service, case: Any, operation: str) -> None:
    checks = [CHECKS.get_one(name) for name in CHECKED]
    headers = {"X-API-Key": service.key(scopes=SCOPES)}
    if isinstance(case.query, dict) and "wait" in case.query:
        case.query["wait"] = 0.01
    case.call_and_validate(headers=headers, checks=checks, timeout=60)
    for endpoint in service.call("GET", "/webhooks/endpoints").json()["items"]:
        service.call("DELETE", f"/webhooks/endpoints/{endpoint['id']}")
    case.path_parameters = with_real_ids(service, dict(case.path_parameters or {}), operation)
    case.body = with_real_ids(service, case.body, operation)
    case.call_and_validate(headers=headers, checks=checks, timeout=60)
