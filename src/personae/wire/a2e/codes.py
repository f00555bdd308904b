"""The one table from our errors and states to A2E's.

The vendor documents HTTP 400 and 401, and ``code`` 0 for success; the numbers of errors are ours:
the HTTP status and two digits. A task that failed has the same number as its ``error_code``.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal

from personae.domain.tasks import TaskError, TaskStatus
from personae.wire.a2e.settings import A2eSettings
from personae.wire.problems import Problem

ERRORS: Mapping[str, tuple[int, int]] = {
    # The request, and what it names: 400, as the vendor says of invalid parameters.
    "bad_request": (400, 40000),
    "invalid_request": (400, 40001),
    "address_refused": (400, 40002),
    "malformed_body": (400, 40003),
    "unsupported_body": (400, 40004),
    "media_error": (400, 40010),
    "media_unreachable": (400, 40011),
    "media_unreadable": (400, 40012),
    "media_too_large": (400, 40013),
    "media_unsupported": (400, 40014),
    "face_not_found": (400, 40020),
    "several_faces": (400, 40021),
    "donor_unusable": (400, 40022),
    "canceled": (400, 40030),
    "expired": (400, 40031),
    "conflict": (400, 40032),
    # The token: 401, as the vendor says.
    "unauthorized": (401, 40100),
    # What the vendor says nothing of: the status that HTTP has for it.
    "insufficient_credits": (402, 40200),
    "forbidden": (403, 40300),
    "policy_refused": (403, 40301),
    "feature_disabled": (403, 40302),
    "consent_required": (403, 40303),
    "not_found": (404, 40400),
    "method_not_allowed": (405, 40500),
    "body_stalled": (408, 40800),
    "body_too_large": (413, 41300),
    "range_not_satisfiable": (416, 41600),
    "rate_limited": (429, 42900),
    "internal_error": (500, 50000),
    "error": (500, 50001),
    "service_error": (500, 50002),
    "model_error": (500, 50003),
    "task_failed": (500, 50004),
    "unavailable": (503, 50300),
    "maintenance": (503, 50301),
}
"""HTTP status and number by our code."""

State = Literal["initialized", "processing", "completed", "failed"]
STATES: Mapping[TaskStatus, State] = {
    "queued": "initialized",
    "running": "processing",
    "succeeded": "completed",
    "failed": "failed",
    "canceled": "failed",
}


def number_of(code: str) -> int:
    """The number of one of our codes; one of a newer version's is taken for ``error``."""
    return ERRORS.get(code, ERRORS["error"])[1]


def error_of(task_error: TaskError | None) -> int:
    """A failed task's ``error_code``; 0 for none."""
    return 0 if task_error is None else number_of(task_error.code)


def answer_of(
    problem: Problem, settings: A2eSettings, request_id: str
) -> tuple[int, dict[str, Any]]:
    """HTTP status and body of an error: the envelope, a sentence, and our own code."""
    status, number = ERRORS.get(problem.code, ERRORS["error"])
    told = {"failed_message": problem.detail} if settings.error_data == "failed_message" else None
    return status, {
        "code": number,
        "message": problem.detail,
        "data": told,
        "error": problem.code,
        "request_id": request_id,
    }
