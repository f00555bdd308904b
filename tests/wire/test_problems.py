"""Errors become problem documents, every one of them."""

from __future__ import annotations

import inspect
import json

import pytest

from personae import errors
from personae.domain.tasks import TaskError
from personae.errors import FaceNotFound, PersonaeError, RateLimited, TaskFailed
from personae.wire.problems import (
    STATUS,
    WIRE_CODES,
    WireError,
    body_of,
    error_of_task,
    problem_of,
    problem_response,
    title,
)

CLASSES = [
    one for _, one in inspect.getmembers(errors, inspect.isclass) if issubclass(one, PersonaeError)
]


@pytest.mark.parametrize("kind", CLASSES, ids=lambda kind: kind.__name__)
def test_every_error_has_a_status_of_its_own_kind(kind: type[PersonaeError]) -> None:
    assert kind.code in STATUS
    status = STATUS[kind.code]
    assert (400 <= status < 500) == (kind.fault == "caller")


def test_the_table_has_no_other_rows() -> None:
    assert set(STATUS) == {kind.code for kind in CLASSES}
    assert not set(STATUS) & set(WIRE_CODES)


@pytest.mark.parametrize("kind", CLASSES, ids=lambda kind: kind.__name__)
def test_every_error_that_ends_a_task_comes_back_as_itself(kind: type[PersonaeError]) -> None:
    told = TaskError(kind.code, "It was so.", kind.retryable, kind.fault, "donor")
    error = error_of_task(told)
    # A class without a code of its own comes back as its parent.
    assert type(error) is (kind if "code" in vars(kind) else kind.__mro__[1])
    assert error.message == "It was so."
    if isinstance(error, FaceNotFound):
        assert error.role == "donor"


@pytest.mark.parametrize("retryable", [True, False])
def test_whether_a_url_is_worth_another_try_comes_back(retryable: bool) -> None:
    told = TaskError("media_unreachable", "It was so.", retryable, "caller")
    assert error_of_task(told).retryable is retryable


def test_an_unknown_code_is_a_failure_of_the_platform() -> None:
    assert type(error_of_task(TaskError("from_the_future", "?"))) is TaskFailed


def test_bugs_tell_nothing() -> None:
    problem = problem_of(KeyError("secret"))
    assert (problem.status, problem.code) == (500, "internal_error")
    assert "secret" not in json.dumps(body_of(problem, "req_1"))


def test_too_many_requests_say_when_to_come_back() -> None:
    problem = problem_of(RateLimited(retry_after_s=2.1))
    assert problem.headers == {"Retry-After": "3"}
    assert problem.retryable


def test_titles_do_not_depend_on_the_case() -> None:
    assert title("not_found") == "There is nothing of that name."
    assert problem_of(errors.NotFound("No face of yours is called so.")).title == title("not_found")
    assert title("range_not_satisfiable") == WireError("range_not_satisfiable").detail


def test_any_text_can_be_told() -> None:
    answer = problem_response(problem_of(errors.InvalidRequest("\ud800 \u2028 \u00e9")), "req_1")
    assert json.loads(answer.body)["code"] == "invalid_request"
