"""Every call of aifaceswap's API, as its case file says."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from personae.app.links import Links
from personae.wire.aifaceswap.dialect import Aifaceswap
from personae.wire.aifaceswap.settings import AifaceswapSettings
from personae.wire.aifaceswap.views import callback_body
from wire.aifaceswap.given import GIVEN
from wire.cases import play
from wire.service import BASE, SECRET, Service

CASES = sorted((Path(__file__).parent / "cases").glob("*.json"))
SETTINGS = AifaceswapSettings()


@pytest.mark.parametrize("file", CASES, ids=lambda file: file.stem)
def test_a_case_holds(opened: Callable[..., Service], file: Path) -> None:
    service = opened((Aifaceswap(SETTINGS),))
    links = Links(BASE, SECRET, service.clock)
    play(service, file, GIVEN, {"aifaceswap": callback_body(SETTINGS, links)})


def test_every_call_has_a_case(opened: Callable[..., Service]) -> None:
    service = opened((Aifaceswap(SETTINGS),))
    paths = service.client.get("/aifaceswap/openapi.json").json()["paths"]
    names = {one["operationId"] for methods in paths.values() for one in methods.values()}
    assert {json.loads(file.read_text("utf-8"))["operation"] for file in CASES} == names
