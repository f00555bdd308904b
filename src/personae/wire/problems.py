"""Errors as RFC 9457 problem details: one table, and the one way to write them.

Every class of `personae.errors` has a row; `WIRE_CODES` are the few errors that only HTTP has.
"""

from __future__ import annotations

import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from starlette.responses import Response

from personae import errors
from personae.domain.tasks import TaskError
from personae.errors import PersonaeError

MEDIA_TYPE = "application/problem+json"

STATUS: Mapping[str, int] = {
    "error": 500,
    "invalid_request": 422,
    "media_error": 422,
    "media_unreachable": 422,
    "media_unreadable": 422,
    "media_too_large": 413,
    "media_unsupported": 415,
    "face_not_found": 422,
    "several_faces": 422,
    "donor_unusable": 422,
    "model_error": 500,
    "canceled": 409,
    "service_error": 500,
    "unauthorized": 401,
    "forbidden": 403,
    "not_found": 404,
    "expired": 410,
    "conflict": 409,
    "insufficient_credits": 402,
    "rate_limited": 429,
    "policy_refused": 403,
    "consent_required": 422,
    "address_refused": 422,
    "unavailable": 503,
    "maintenance": 503,
    "feature_disabled": 403,
    "task_failed": 500,
}
"""HTTP status by the code of an error of `personae.errors`."""

WIRE_CODES: Mapping[str, tuple[int, str]] = {
    "bad_request": (400, "The request cannot be understood."),
    "malformed_body": (400, "The body is not the JSON or form it claims to be."),
    "method_not_allowed": (405, "This address does not take that method."),
    "body_stalled": (408, "The rest of the body did not arrive in time."),
    "body_too_large": (413, "The body is larger than this call allows."),
    "unsupported_body": (415, "This call does not take a body of that type."),
    "range_not_satisfiable": (416, "The file has no such range."),
    "internal_error": (500, "Something broke here; it has been noted."),
}
"""Status and default sentence of the errors that only HTTP has."""

_RETRYABLE_WIRE_CODES = ("body_stalled", "internal_error")
_BY_STATUS = {
    400: "malformed_body",  # The framework says so of bodies alone; nested too deep, for one.
    405: "method_not_allowed",
    408: "body_stalled",
    413: "body_too_large",
    415: "unsupported_body",
}


def classes() -> dict[str, type[PersonaeError]]:
    """Every class of `personae.errors` by its code."""
    found: dict[str, type[PersonaeError]] = {}
    waiting = [PersonaeError]
    while waiting:
        one = waiting.pop()
        # A class without a code of its own is known by its parent's.
        found.setdefault(one.code, one)
        waiting.extend(one.__subclasses__())
    return found


class WireError(Exception):
    """An error that only HTTP has; `code` is a key of `WIRE_CODES`."""

    def __init__(
        self, code: str, detail: str | None = None, headers: Mapping[str, str] | None = None
    ) -> None:
        self.code = code
        self.status, default = WIRE_CODES[code]
        self.detail = detail or default
        self.headers = headers or {}
        super().__init__(self.detail)


@dataclass(frozen=True, slots=True)
class Problem:
    """One error, ready to be written in any dialect.

    ``errors``: for a body or parameters that break the schema, where and how.
    """

    code: str
    status: int
    detail: str
    retryable: bool = False
    headers: Mapping[str, str] | None = None
    errors: Sequence[Mapping[str, Any]] | None = None
    role: str | None = None
    reason: str | None = None

    @property
    def title(self) -> str:
        """The same for every problem of that code."""
        return title(self.code)


def title(code: str) -> str:
    """A code's own sentence."""
    if code in WIRE_CODES:
        return WIRE_CODES[code][1]
    kind = classes().get(code, PersonaeError)
    return (kind.__doc__ or "").strip().splitlines()[0]


def status_of(code: str) -> int:
    """The HTTP status of a code."""
    return WIRE_CODES[code][0] if code in WIRE_CODES else STATUS[code]


def retryable(code: str) -> bool:
    """Whether errors of a code usually are worth another try."""
    if code in WIRE_CODES:
        return code in _RETRYABLE_WIRE_CODES
    return classes().get(code, PersonaeError).retryable


def problem_of(error: Exception) -> Problem:
    """What to tell a client of an error; nothing of an unexpected one."""
    if isinstance(error, WireError):
        return Problem(
            error.code, error.status, error.detail, retryable(error.code), headers=error.headers
        )
    if not isinstance(error, PersonaeError):
        return internal()
    status = STATUS.get(error.code, 500)
    headers: dict[str, str] = {}
    if isinstance(error, errors.Unauthorized):
        headers["WWW-Authenticate"] = 'Bearer realm="personae"'
    if isinstance(error, errors.RateLimited):
        headers["Retry-After"] = str(max(1, math.ceil(error.retry_after_s)))
    elif status == 503:
        headers["Retry-After"] = "1"
    return Problem(
        error.code,
        status,
        error.message,
        retryable=error.retryable,
        headers=headers,
        role=error.role,
        errors=_members(error),
        reason=error.reason if isinstance(error, errors.PolicyRefused) else None,
    )


def _members(error: PersonaeError) -> Sequence[Mapping[str, Any]] | None:
    """What a request lacks, as a broken schema is told of."""
    if not isinstance(error, errors.ConsentRequired) or error.member is None:
        return None
    return [
        {
            "in": "body",
            "pointer": f"/{error.member}",
            "detail": "is needed here",
            "type": "missing",
        }
    ]


def problem_called(code: str, status: int) -> Problem:
    """An example of a problem."""
    kind = classes().get(code)
    return Problem(code, status, title(code), retryable=kind is not None and kind.retryable)


def problem_of_status(status: int, headers: Mapping[str, str] | None = None) -> Problem:
    """What to tell of an error that the framework made: an unknown path or method, and so on."""
    if status == 404:
        return Problem("not_found", 404, "There is nothing at this address.", headers=headers)
    code = _BY_STATUS.get(status, "bad_request" if 400 <= status < 500 else "internal_error")
    return Problem(code, status, WIRE_CODES[code][1], retryable(code), headers=headers)


def internal() -> Problem:
    """What a client learns of a bug: nothing."""
    return Problem("internal_error", 500, WIRE_CODES["internal_error"][1], retryable=True)


def error_of_task(told: TaskError) -> PersonaeError:
    """The error that ended a task, as if it were raised here."""
    role: Any = told.role
    reason: Any = told.reason or "file"
    if told.code == errors.FaceNotFound.code:
        return errors.FaceNotFound(role or "scene", told.message)
    if told.code == errors.PolicyRefused.code:
        return errors.PolicyRefused(told.message, role=role, reason=reason)
    if told.code == errors.MediaUnreachable.code:
        return errors.MediaUnreachable(told.message, retryable=told.retryable)
    return classes().get(told.code, errors.TaskFailed)(told.message)


def body_of(problem: Problem, request_id: str) -> dict[str, Any]:
    """The members of the problem document."""
    members: dict[str, Any] = {
        "type": f"/problems/{problem.code}",
        "title": problem.title,
        "status": problem.status,
        "detail": problem.detail,
        "code": problem.code,
        "retryable": problem.retryable,
        "request_id": request_id,
    }
    if problem.role is not None:
        members["role"] = problem.role
    if problem.reason is not None:
        members["reason"] = problem.reason
    if problem.errors is not None:
        members["errors"] = list(problem.errors)
    return members


def problem_response(problem: Problem, request_id: str) -> Response:
    """A problem as the native API answers it."""
    return Response(
        json.dumps(body_of(problem, request_id), ensure_ascii=False).encode("utf-8", "replace"),
        status_code=problem.status,
        headers=dict(problem.headers or {}),
        media_type=MEDIA_TYPE,
    )
