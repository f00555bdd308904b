"""aifaceswap's OpenAPI document and page, and answers to whatever the document allows."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import jsonschema_rs
import pytest
import schemathesis
from hypothesis import HealthCheck, given, settings
from schemathesis import GenerationMode
from schemathesis.checks import CHECKS
from schemathesis.config import SchemathesisConfig

from personae.domain.tenants import SCOPES
from personae.wire.aifaceswap.codes import CODES
from personae.wire.aifaceswap.dialect import Aifaceswap
from personae.wire.aifaceswap.settings import AifaceswapSettings
from wire.aifaceswap.given import API
from wire.service import QUICK, Service, open_service
from wire.test_openapi import operations
from wire.test_schemathesis import CHECKED

EXAMPLES = 12
NAMES = (
    "aifaceswapExtractBase64Face",
    "aifaceswapExtractFace",
    "aifaceswapFaceswap",
    "aifaceswapMultiFaceswap",
    "aifaceswapMultiVideoFaceswap",
    "aifaceswapPoints",
    "aifaceswapPostTaskStatus",
    "aifaceswapTaskStatus",
    "aifaceswapVideoFaceswap",
)


@pytest.fixture
def service(opened: Callable[..., Service]) -> Service:
    return opened((Aifaceswap(AifaceswapSettings(wait_s=0.01)),))


@pytest.fixture
def document(service: Service) -> dict[str, Any]:
    return service.client.get("/aifaceswap/openapi.json").json()


def test_every_call_is_explained(document: dict[str, Any]) -> None:
    assert sorted(one["operationId"] for _, _, one in operations(document)) == list(NAMES)
    for path, method, operation in operations(document):
        where = f"{method} {path}"
        assert path.startswith(f"{API}/"), where
        assert operation["summary"], where
        assert operation["description"], where
        assert operation["security"] == [{"bearer": []}], where
        assert operation["x-scope"] in SCOPES, where
        told = operation["responses"]["429"]["content"]["application/json"]["example"]
        assert (told["code"], told["data"], told["error"]) == (429, {}, "rate_limited"), where
        holders = [*operation["responses"].values(), operation.get("requestBody", {})]
        for holder in holders:
            for kind, media in holder.get("content", {}).items():
                schema = {**media["schema"], "components": document["components"]}
                if kind == "application/json":
                    jsonschema_rs.validate(schema, media["example"])


def test_it_is_a_valid_document(document: dict[str, Any]) -> None:
    schemathesis.openapi.from_dict(document).validate()


def test_examples_of_requests_are_accepted(document: dict[str, Any], service: Service) -> None:
    seen = 0
    for path, method, operation in operations(document):
        content = operation.get("requestBody", {}).get("content", {})
        if method != "post" or path.endswith("task_status"):
            continue
        body = content["application/json"]["example"]
        answer = service.client.request(method, path, json=body, headers=service.headers())
        # The example of base64 is cut short, and nobody looks for faces here.
        assert answer.json()["code"] in (200, 503) or "base64" in answer.json()["message"], path
        seen += 1
    assert seen == 6


def test_the_page_reads_well(service: Service) -> None:
    page = service.client.get("/aifaceswap/docs").text
    for name in NAMES:
        assert f'id="{name}"' in page
    for word in (
        "source_image",
        "ref_info",
        "result_image",
        "left to right",
        "this service&#x27;s",
    ):
        assert word in page


def test_the_vendors_page_names_every_setting_and_every_code() -> None:
    file = Path(__file__).parents[3] / "docs" / "dialects" / "aifaceswap.md"
    text = file.read_text("utf-8")
    for name in (*AifaceswapSettings.model_fields, *CODES):
        assert f"`{name}`" in text, name
    for code in CODES.values():
        assert f"| {code} |" in text, code


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    limits = replace(QUICK, rate_per_s=1e6, rate_burst=1_000_000)
    dialect = Aifaceswap(AifaceswapSettings(wait_s=0.01))
    service = open_service(tmp_path_factory.mktemp("service"), limits, (dialect,))
    with service.client:
        service.tenant(credits=1_000_000)
        yield service
    service.database.close()


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("mode", [GenerationMode.POSITIVE, GenerationMode.NEGATIVE])
def test_no_answer_is_a_surprise(running: Service, name: str, mode: GenerationMode) -> None:
    config = SchemathesisConfig()
    described = schemathesis.openapi.from_asgi(
        "/aifaceswap/openapi.json", running.app, config=config
    )
    operation = described.find_operation_by_id(name)
    if mode is GenerationMode.NEGATIVE and name == "aifaceswapPoints":
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
        answer = case.call(headers={"Authorization": f"Bearer {running.key()}"})
        if answer.status_code != 503:  # Which is what nobody's finding faces looks like.
            case.validate_response(answer, checks=checks)
        assert answer.json()["code"] == answer.status_code

    check()
