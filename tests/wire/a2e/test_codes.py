"""The one table from our errors and states to A2E's is whole."""

from __future__ import annotations

from pathlib import Path
from typing import get_args

import pytest

from personae.domain.tasks import TaskError, TaskStatus
from personae.wire.a2e.codes import ERRORS, STATES, answer_of, error_of
from personae.wire.a2e.settings import A2eSettings
from personae.wire.problems import WIRE_CODES, classes, problem_called


def test_every_error_has_a_number_of_its_own() -> None:
    assert set(ERRORS) == set(classes()) | set(WIRE_CODES)
    numbers = [number for _, number in ERRORS.values()]
    assert len(set(numbers)) == len(numbers)
    for code, (status, number) in ERRORS.items():
        assert number // 100 == status, code


def test_every_state_has_a_word() -> None:
    assert set(STATES) == set(get_args(TaskStatus))


@pytest.mark.parametrize("code", sorted(ERRORS))
def test_every_error_can_be_told(code: str) -> None:
    status, body = answer_of(problem_called(code, 418), A2eSettings(), "req_1")
    assert (status, body["code"]) == ERRORS[code]
    assert body["error"] == code
    assert body["message"]
    assert body["data"] is None
    assert error_of(TaskError(code, "Why.")) == ERRORS[code][1]


def test_the_error_of_a_newer_version_is_told() -> None:
    assert error_of(TaskError("new_code", "Why.")) == ERRORS["error"][1]
    status, body = answer_of(problem_called("new_code", 418), A2eSettings(), "req_1")
    assert (status, body["code"], body["error"]) == (500, ERRORS["error"][1], "new_code")


def test_where_the_message_is_once_more_can_be_chosen() -> None:
    chosen = A2eSettings(error_data="failed_message")
    _, body = answer_of(problem_called("conflict", 409), chosen, "req_1")
    assert body["data"] == {"failed_message": body["message"]}


def test_the_guide_has_every_error_and_every_setting() -> None:
    guide = (Path(__file__).parents[3] / "docs" / "dialects" / "a2e.md").read_text("utf-8")
    for code, (_, number) in ERRORS.items():
        assert f"`{code}`" in guide, code
        assert str(number) in guide, code
    for name in A2eSettings.model_fields:
        assert f"| `{name}` |" in guide, name
