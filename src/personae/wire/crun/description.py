"""What crun's document says of it as a whole, and how it writes errors."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from personae.wire.crun.codes import CODES
from personae.wire.crun.settings import CrunSettings
from personae.wire.dialects import Description
from personae.wire.problems import Problem

_ABOUT = """\
The API of crun.ai for face swaps, spoken by Personae: change the base URL and the key. Every \
answer is `{"code", "message", "data"}`; errors of validation add `errors`, a list of sentences. \
`code` is 200, or 401 (key), 402 (credits), 403 (the key or the account may not), 404 (no such \
thing), 422 (parameters), 429 (too many requests), 455 (maintenance), 500 (ours) or 505 (switched \
off by the operator). A task that fails says 501 in its `result`.

Faces are swapped one to one by `image-face-swap` and `video-face-swap`. For several, detect first \
(`detect-face-image`, `detect-face-video`), poll `detect-face-result`, and name the faces in \
`image-face-swap-multi` or `video-face-swap-multi` with the same media URL within an hour."""
_SECURITY: Mapping[str, Any] = {
    "apiKey": {"type": "apiKey", "in": "header", "name": "x-api-key"},
    "bearer": {"type": "http", "scheme": "bearer", "description": "The same key."},
}
_ERROR_SCHEMA: Mapping[str, Any] = {
    "type": "object",
    "title": "Error",
    "description": "What went wrong.",
    "required": ["code", "message", "data"],
    "properties": {
        "code": {"type": "integer", "enum": sorted(set(CODES.values()))},
        "message": {"type": "string", "description": "What it was, and what to do."},
        "data": {"type": "null"},
        "errors": {
            "type": "array",
            "description": "Which parameters are wrong, and why.",
            "items": {"type": "string"},
        },
    },
}


def error_of(settings: CrunSettings) -> Callable[[Problem], tuple[int, dict[str, Any]]]:
    """How a problem is answered: the HTTP status, and the body."""

    def error(problem: Problem) -> tuple[int, dict[str, Any]]:
        code = CODES.get(problem.code, 500)
        body: dict[str, Any] = {"code": code, "message": problem.detail, "data": None}
        if problem.errors is not None:
            body["errors"] = [_sentence(one) for one in problem.errors]
        return code if settings.http_status == "mirror" else 200, body

    return error


def description_of(settings: CrunSettings) -> Description:
    """For the OpenAPI document."""
    return Description("Personae, as crun", _ABOUT, _SECURITY, _ERROR_SCHEMA, error_of(settings))


def _sentence(error: Mapping[str, Any]) -> str:
    """One entry of ``errors``, such as ``input.image_url: Field required``."""
    where = str(error["pointer"]).strip("/").replace("/", ".") or str(error["in"])
    return f"{where}: {error['detail']}"
