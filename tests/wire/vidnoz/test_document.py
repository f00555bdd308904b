"""Vidnoz's OpenAPI document and page, and answers to whatever the document allows."""

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
from personae.wire.vidnoz.codes import ALL
from wire.service import QUICK, Service, open_service
from wire.test_openapi import operations
from wire.test_schemathesis import CHECKED
from wire.vidnoz.given import dialect

EXAMPLES = 15
NAMES = (
    "vidnozAccessUrl",
    "vidnozFaceSwap",
    "vidnozGetFace",
    "vidnozMultipleFaceSwap",
    "vidnozMultipleVideoFaceSwap",
    "vidnozTaskDetail",
    "vidnozToken",
    "vidnozUploadUrl",
    "vidnozVideoFaceSwap",
)


@pytest.fixture
def service(opened: Callable[..., Service]) -> Service:
    return opened(dialect())


@pytest.fixture
def document(service: Service) -> dict[str, Any]:
    return service.client.get("/vidnoz/openapi.json").json()


def test_every_call_is_explained(document: dict[str, Any]) -> None:
    assert sorted(one["operationId"] for _, _, one in operations(document)) == list(NAMES)
    for path, method, operation in operations(document):
        where = f"{method} {path}"
        assert path.startswith("/vidnoz/v1/"), where
        assert operation["summary"], where
        assert operation["description"], where
        if operation["operationId"] != "vidnozToken":
            assert operation["security"] == [{"bearer": []}], where
            assert operation["x-scope"] in SCOPES, where
            told = operation["responses"]["401"]["content"]["application/json"]["example"]
            assert (told["code"], told["data"]) == (401, {}), where
        holders = [*operation["responses"].values(), operation.get("requestBody", {})]
        for holder in holders:
            for kind, media in holder.get("content", {}).items():
                if "form" in kind:
                    continue
                schema = {**media["schema"], "components": document["components"]}
                jsonschema_rs.validate(schema, media["example"])
    for code in ALL:
        assert f"`{code}`" in document["info"]["description"]


def test_examples_of_requests_are_understood(document: dict[str, Any], service: Service) -> None:
    for path, method, operation in operations(document):
        media = operation.get("requestBody", {}).get("content", {}).get("application/json")
        if media is not None:
            headers = service.headers()
            answer = service.client.request(method, path, json=media["example"], headers=headers)
            # Nobody has the files, the tasks and the secrets of examples.
            assert answer.json()["code"] in (200, 400, 401, 702), (path, answer.text)
            assert "schema" not in answer.json()["message"], path


def test_the_page_names_every_call(service: Service) -> None:
    page = service.client.get("/vidnoz/docs")
    assert page.headers["content-type"].startswith("text/html")
    for name in NAMES:
        assert f'id="{name}"' in page.text


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    limits = replace(QUICK, rate_per_s=1e6, rate_burst=1_000_000)
    service = open_service(tmp_path_factory.mktemp("service"), limits, dialect())
    with service.client:
        service.tenant(credits=1_000_000)
        yield service
    service.database.close()


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("mode", [GenerationMode.POSITIVE, GenerationMode.NEGATIVE])
def test_no_answer_is_a_surprise(running: Service, name: str, mode: GenerationMode) -> None:
    config = SchemathesisConfig()
    described = schemathesis.openapi.from_asgi("/vidnoz/openapi.json", running.app, config=config)
    operation = described.find_operation_by_id(name)
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
        answer = case.call_and_validate(headers=running.headers(), checks=checks)
        assert answer.json()["code"] in ALL

    check()
