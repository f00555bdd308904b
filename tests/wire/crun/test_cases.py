"""Every call of crun's API, as its case file says."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from personae.app.links import Links
from personae.wire.crun.dialect import Crun
from personae.wire.crun.settings import CrunSettings
from personae.wire.crun.views import callback_body
from wire.cases import play
from wire.crun.given import GIVEN
from wire.service import BASE, SECRET, Service

CASES = sorted((Path(__file__).parent / "cases").glob("*.json"))


@pytest.mark.parametrize("file", CASES, ids=lambda file: file.stem)
def test_a_case_holds(opened: Callable[..., Service], file: Path) -> None:
    service = opened((Crun(),))
    links = Links(BASE, SECRET, service.clock)
    play(service, file, GIVEN, {"crun": callback_body(CrunSettings(), links)})


def test_every_call_has_a_case(opened: Callable[..., Service]) -> None:
    paths = opened((Crun(),)).client.get("/crun/openapi.json").json()["paths"]
    names = {one["operationId"] for methods in paths.values() for one in methods.values()}
    assert {json.loads(file.read_text("utf-8"))["operation"] for file in CASES} == names
