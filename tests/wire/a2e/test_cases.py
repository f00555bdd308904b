"""Every call of A2E's API, as its case file says."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from personae.wire.a2e.dialect import A2e
from personae.wire.a2e.settings import A2eSettings
from personae.wire.a2e.views import webhook_body
from wire.a2e.given import GIVEN
from wire.cases import play
from wire.service import Service

CASES = sorted((Path(__file__).parent / "cases").glob("*.json"))


@pytest.mark.parametrize("file", CASES, ids=lambda file: file.stem)
def test_a_case_holds(opened: Callable[..., Service], file: Path) -> None:
    service = opened((A2e(),))
    bodies = {"a2e": webhook_body(service.app.state.gate.services.links, A2eSettings())}
    play(service, file, GIVEN, bodies)


def test_every_call_has_a_case(opened: Callable[..., Service]) -> None:
    document = opened((A2e(),)).client.get("/a2e/openapi.json").json()
    calls = {one["operationId"] for path in document["paths"].values() for one in path.values()}
    covered = {json.loads(file.read_text("utf-8"))["operation"] for file in CASES}
    assert covered == calls
