"""Every call of the native API, as its case file says."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from wire.cases import play
from wire.native.given import GIVEN
from wire.service import Service
from wire.test_openapi import NAMES

CASES = sorted((Path(__file__).parent / "cases").glob("*.json"))
NOT_HERE = {
    "inspectFile",
    "followLink",
    "getHealth",
    "getMetrics",
    "getProblemKind",
    "getReadiness",
}
"""Operations that belong to no dialect."""


@pytest.mark.parametrize("file", CASES, ids=lambda file: file.stem)
def test_a_case_holds(opened: Callable[..., Service], file: Path) -> None:
    play(opened(preview_wait_s=0.05), file, GIVEN)


def test_every_call_has_a_case() -> None:
    covered = {json.loads(file.read_text("utf-8"))["operation"] for file in CASES}
    assert covered == set(NAMES) - NOT_HERE
