"""Whatever A2E's document allows, and much that it does not: no answer is a surprise."""

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

from personae.wire.a2e.dialect import A2e
from wire.a2e.given import BODY, api, data
from wire.service import QUICK, Service, open_service
from wire.test_schemathesis import CHECKED

EXAMPLES = 6
CALLS = (
    *("addUserFaceSwapTask", "getUserFaceSwapTaskStatus", "getUserFaceSwapTaskRecords"),
    *("getUserFaceSwapTaskDetail", "batchUserFaceSwapTaskDetail", "getUserFaceSwapTask"),
    *("deleteUserFaceSwapTask", "addUserFaceSwapPreview", "getUserFaceSwapPreviewStatus"),
    *("addUserFaceSwapImage", "getUserFaceSwapImageRecords", "deleteUserFaceSwapImage"),
    *("getRemainingCoins", "postRemainingCoins", "generateToken", "quoteGeneration"),
    *("getUploadPresignedUrl", "getUploadPresignedUrlOld", "transferToStorage"),
)
URL = re.compile(r"_url$|^url$")


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    settings = replace(QUICK, rate_per_s=1e6, rate_burst=1_000_000)
    service = open_service(tmp_path_factory.mktemp("service"), settings, (A2e(),))
    with service.client:
        service.tenant(credits=1_000_000)
        yield service
    service.database.close()


@pytest.fixture(scope="module")
def described(running: Service) -> Any:
    config = SchemathesisConfig()
    return schemathesis.openapi.from_asgi("/a2e/openapi.json", running.app, config=config)


def test_every_call_is_tried(running: Service) -> None:
    document = running.client.get("/a2e/openapi.json").json()
    found = [one["operationId"] for path in document["paths"].values() for one in path.values()]
    assert sorted(found) == sorted(CALLS)


@pytest.mark.parametrize("name", CALLS)
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
        send_twice(running, case)

    try:
        check()
    except Unsatisfiable:
        assert mode is GenerationMode.NEGATIVE


def send_twice(service: Service, case: Any) -> None:
    """As it is, and with an id and addresses that are good."""
    checks = [CHECKS.get_one(name) for name in CHECKED]
    case.call_and_validate(headers=service.headers(), checks=checks)
    name = data(api(service, "POST", "userFaceSwapTask/add", BODY))["_id"]
    service.succeed(service.queued.tasks[-1].id)
    for given_id in (case.path_parameters, case.query):
        if given_id and "_id" in given_id:
            given_id["_id"] = name
    if isinstance(case.body, dict):
        case.body |= {key: BODY["face_url"] for key in case.body if URL.search(str(key))}
    case.call_and_validate(headers=service.headers(), checks=checks)
