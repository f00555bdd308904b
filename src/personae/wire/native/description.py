"""What the native API's document says of it as a whole."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from personae.wire.dialects import Description
from personae.wire.problems import MEDIA_TYPE, Problem, body_of, problem_called

_ABOUT = """\
Swap faces in pictures and videos. Everything takes and gives JSON; times are ISO 8601 in UTC; \
listings come in pages (`limit`, `cursor`); errors are problem documents (RFC 9457) whose `code` \
does not change. Fields and parameters that a call does not have are refused. A POST \
with an `Idempotency-Key` can be repeated without harm."""
_SECURITY_SCHEMES = {
    "bearer": {"type": "http", "scheme": "bearer", "description": "An API key: `pk_…`."},
    "apiKey": {"type": "apiKey", "in": "header", "name": "X-API-Key"},
}
_REQUEST_ID = "req_5b1f0c9de7a24c3f8e6d1a20"
_PROBLEM_SCHEMA: Mapping[str, Any] = {
    "type": "object",
    "title": "Problem",
    "description": "What went wrong (RFC 9457).",
    "examples": [body_of(problem_called("not_found", 404), _REQUEST_ID)],
    "required": ["type", "title", "status", "detail", "code", "retryable", "request_id"],
    "properties": {
        "type": {"type": "string", "description": "Leads to a page about the code."},
        "title": {"type": "string", "description": "The same for every problem of the code."},
        "status": {"type": "integer"},
        "detail": {"type": "string", "description": "What it was this time, and what to do."},
        "code": {"type": "string", "description": "For machines; it does not change."},
        "retryable": {"type": "boolean", "description": "Whether the same may work later."},
        "request_id": {"type": "string"},
        "role": {"type": "string", "description": "Donor, scene, reference or output."},
        "reason": {
            "type": "string",
            "description": "Of `policy_refused`: nsfw, register or file.",
        },
        "errors": {
            "type": "array",
            "description": "Where the request breaks the schema.",
            "items": {
                "type": "object",
                "required": ["in", "pointer", "detail", "type"],
                "properties": {
                    "in": {"type": "string"},
                    "pointer": {"type": "string", "description": "RFC 6901."},
                    "detail": {"type": "string"},
                    "type": {"type": "string"},
                },
            },
        },
    },
}


def _error(problem: Problem) -> tuple[int, dict[str, Any]]:
    return problem.status, body_of(problem, _REQUEST_ID)


DESCRIPTION = Description(
    "Personae", _ABOUT, _SECURITY_SCHEMES, _PROBLEM_SCHEMA, _error, MEDIA_TYPE
)
