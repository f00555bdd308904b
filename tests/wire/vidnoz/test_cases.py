"""Every call of the Vidnoz dialect, as its case file says."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from wire.cases import play
from wire.service import Service
from wire.vidnoz.given import GIVEN, dialect

CASES = sorted((Path(__file__).parent / "cases").glob("*.json"))


@pytest.mark.parametrize("file", CASES, ids=lambda file: file.stem)
def test_a_case_holds(opened: Callable[..., Service], file: Path) -> None:
    play(opened(dialect()), file, GIVEN)


def test_every_call_has_a_case(opened: Callable[..., Service]) -> None:
    document = opened(dialect()).client.get("/vidnoz/openapi.json").json()
    calls = {
        operation["operationId"]
        for operations in document["paths"].values()
        for operation in operations.values()
    }
    assert {json.loads(file.read_text("utf-8"))["operation"] for file in CASES} == calls
