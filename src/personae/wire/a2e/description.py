"""What the document of this dialect says of it as a whole."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from personae.wire.a2e.codes import answer_of
from personae.wire.a2e.settings import A2eSettings
from personae.wire.dialects import Description
from personae.wire.problems import Problem

_ABOUT = """\
The face-swap API of A2E, as its public pages describe it, answered by Personae: change the base \
URL to this server's `/a2e` and the token to a key of this server's. Success is `code` 0; in \
errors `code` is another number, `message` a sentence and `error` our own code, which does not \
change. Ids have 24 hex digits, times are ISO 8601 in UTC with milliseconds. Unknown fields are \
ignored. Links to results and uploads are good for three days, unless the operator chose \
otherwise. Webhooks are tried again for a day until they are answered with 2xx."""
_SECURITY = {
    "bearer": {"type": "http", "scheme": "bearer", "description": "An API key: `pk_…`."},
}
_SCHEMA: Mapping[str, Any] = {
    "type": "object",
    "title": "Error",
    "description": "What went wrong.",
    "required": ["code", "message", "data", "error", "request_id"],
    "properties": {
        "code": {"type": "integer", "description": "Never 0; the HTTP status and two digits."},
        "message": {"type": "string", "description": "What it was this time, and what to do."},
        "data": {"type": ["object", "null"], "description": "Null, unless the operator chose."},
        "error": {"type": "string", "description": "For machines; it does not change."},
        "request_id": {"type": "string"},
    },
}


def description_of(settings: A2eSettings) -> Description:
    """What the document says."""

    def error(problem: Problem) -> tuple[int, dict[str, Any]]:
        return answer_of(problem, settings, "req_5b1f0c9de7a24c3f8e6d1a20")

    return Description("Personae, spoken as A2E", _ABOUT, _SECURITY, _SCHEMA, error)
