"""crun's OpenAPI document and page, and answers to whatever the document allows."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

import jsonschema_rs
import pytest
import schemathesis
from hypothesis import HealthCheck, given, settings
from schemathesis import GenerationMode
from schemathesis.checks import CHECKS
from schemathesis.config import SchemathesisConfig

from personae.domain.tenants import SCOPES
from personae.wire.crun.dialect import Crun
from wire.service import QUICK, Service, open_service
from wire.test_openapi import operations
from wire.test_schemathesis import CHECKED

EXAMPLES = 15
NAMES = (
    "crunBalance",
    "crunCreateTask",
    "crunDetectFaceImage",
    "crunDetectFaceResult",
    "crunDetectFaceVideo",
    "crunEstimateTask",
    "crunModel",
    "crunModels",
    "crunTaskInfo",
    "crunUploadUrl",
)


@pytest.fixture
def service(opened: Callable[..., Service]) -> Service:
    return opened((Crun(),))


@pytest.fixture
def document(service: Service) -> dict[str, Any]:
    return service.client.get("/crun/openapi.json").json()


def test_every_call_is_explained(document: dict[str, Any]) -> None:
    assert sorted(one["operationId"] for _, _, one in operations(document)) == list(NAMES)
    for path, method, operation in operations(document):
        where = f"{method} {path}"
        assert path.startswith("/crun/api/v1/client/"), where
        assert operation["summary"], where
        assert operation["description"], where
        assert operation["security"] == [{"apiKey": []}, {"bearer": []}], where
        assert operation["x-scope"] in SCOPES, where
        told = operation["responses"]["429"]["content"]["application/json"]["example"]
        assert (told["code"], told["data"]) == (429, None), where
        holders = [*operation["responses"].values(), operation.get("requestBody", {})]
        for holder in holders:
            for media in holder.get("content", {}).values():
                schema = {**media["schema"], "components": document["components"]}
                jsonschema_rs.validate(schema, media["example"])


def test_every_code_is_told_where_it_belongs(document: dict[str, Any]) -> None:
    told = {one["operationId"]: set(one["responses"]) for _, _, one in operations(document)}
    always = {"200", "401", "403", "422", "429", "default"}
    assert told["crunBalance"] == always
    assert told["crunCreateTask"] == always | {"402", "455", "505"}
    assert told["crunTaskInfo"] == told["crunDetectFaceResult"] == always | {"404"}
    assert told["crunModel"] == always | {"404", "505"}
    refusal = document["paths"]["/crun/api/v1/client/job/CreateTask"]["post"]["responses"]["422"]
    assert refusal["description"] == "The request makes no sense as it stands."


def test_examples_of_requests_are_accepted(document: dict[str, Any], service: Service) -> None:
    for path, method, operation in operations(document):
        media = operation.get("requestBody", {}).get("content", {}).get("application/json")
        if media is not None:
            headers = {"x-api-key": service.key()}
            answer = service.client.request(method, path, json=media["example"], headers=headers)
            assert answer.json()["code"] == 200, (path, answer.text)


def test_the_page_names_every_call(service: Service) -> None:
    page = service.client.get("/crun/docs")
    assert page.headers["content-type"].startswith("text/html")
    for name in NAMES:
        assert f'id="{name}"' in page.text
    assert "<code>x-api-key: pk_…</code>" in page.text
    assert "<code>Authorization: Bearer pk_…</code>" in service.client.get("/docs").text


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    limits = replace(QUICK, rate_per_s=1e6, rate_burst=1_000_000)
    service = open_service(tmp_path_factory.mktemp("service"), limits, (Crun(),))
    with service.client:
        service.tenant(credits=1_000_000)
        yield service
    service.database.close()


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("mode", [GenerationMode.POSITIVE, GenerationMode.NEGATIVE])
def test_no_answer_is_a_surprise(running: Service, name: str, mode: GenerationMode) -> None:
    config = SchemathesisConfig()
    described = schemathesis.openapi.from_asgi("/crun/openapi.json", running.app, config=config)
    operation = described.find_operation_by_id(name)
    if mode is GenerationMode.NEGATIVE and name == "crunBalance":
        return  # It takes nothing that could be wrong.
    checks = [CHECKS.get_one(one) for one in CHECKED]

    @settings(
        max_examples=EXAMPLES,
        deadline=None,
        derandomize=True,
        database=None,
        suppress_health_check=list(HealthCheck),
    )
    @given(case=operation.as_strategy(generation_mode=mode))
    def check(case: Any) -> None:
        answer = case.call_and_validate(headers={"X-API-Key": running.key()}, checks=checks)
        assert answer.json()["code"] == answer.status_code

    check()
