"""aifaceswap's API as a dialect."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import Response

from personae.app.accounts import Principal
from personae.errors import Unauthorized
from personae.wire.aifaceswap import account, faces, pictures, videos
from personae.wire.aifaceswap.codes import CODES
from personae.wire.aifaceswap.reading import NAME, PREFIX
from personae.wire.aifaceswap.settings import AifaceswapSettings
from personae.wire.aifaceswap.views import error_body
from personae.wire.dialects import Call, Description
from personae.wire.guard import Guarded
from personae.wire.problems import Problem
from personae.wire.vendor import shown

_GROUPS = (pictures, videos, faces, account)
_ABOUT = """\
Clients of aifaceswap.io change their base URL and their key. Bodies are JSON or forms; pictures \
are URLs, files of a multipart form, or base64. Every answer is `{code, data, message}`; `code` is \
200 if it went well. Results come to your `webhook`: `{success, type, task_id, result_image}`, for \
videos with `result_video`, on failure with `code` and `message`. `task_status` and `points` are \
this service's own.

An error has the same envelope, an empty `data`, a sentence in `message`, and this service's own \
code in `error`. `code` is 400 (the request), 401 (the key), 402 (points), 403 (not allowed), 404 \
(no such thing), 405, 408, 409, 410 (expired), 413 (too large), 415 (another kind), 422 (the \
media), 429 (too often), 500 (ours; nothing is charged) or 503 (later)."""
_SECURITY = {"bearer": {"type": "http", "scheme": "bearer", "description": "An API key: `pk_…`."}}
_ERROR_SCHEMA: Mapping[str, Any] = {
    "type": "object",
    "title": "Error",
    "description": "What went wrong, in the usual envelope.",
    "required": ["code", "data", "message", "error", "request_id"],
    "properties": {
        "code": {"type": "integer", "enum": sorted(set(CODES.values()))},
        "data": {"type": "object", "description": "Empty."},
        "message": {"type": "string", "description": "What it was this time, and what to do."},
        "error": {"type": "string", "description": "This service's own code; it does not change."},
        "request_id": {"type": "string"},
    },
}


class Aifaceswap:
    """``/aifaceswap/api/aifaceswap/v1``: keys as bearer tokens, errors in the usual envelope."""

    name = NAME
    prefix = PREFIX

    def __init__(self, settings: AifaceswapSettings) -> None:
        self.settings = settings

    def router(self) -> APIRouter:
        """The page's six calls, and two of ours."""
        router = APIRouter(route_class=Guarded)
        for one in _GROUPS:
            router.routes.extend(one.router.routes)
        return router

    def describe(self) -> Description:
        """The page's envelope."""

        def error(problem: Problem) -> tuple[int, dict[str, Any]]:
            return self._answer(problem, "req_5b1f0c9de7a24c3f8e6d1a20")

        return Description("Personae for aifaceswap", _ABOUT, _SECURITY, _ERROR_SCHEMA, error)

    async def admit(self, call: Call, request: Request) -> Principal:
        """Who calls, by an API key."""
        scheme, _, key = request.headers.get("authorization", "").partition(" ")
        if scheme.lower() != "bearer" or not key.strip():
            raise Unauthorized("Send your API key: Authorization: Bearer pk_….")
        return await call.gate.admit(key.strip(), call.address)

    def refuse(self, call: Call, problem: Problem) -> Response:
        """The usual envelope."""
        status, body = self._answer(shown(problem), call.request_id)
        told = json.dumps(body, ensure_ascii=False).encode("utf-8", "replace")
        return Response(told, status, dict(problem.headers or {}), "application/json")

    def _answer(self, problem: Problem, request_id: str) -> tuple[int, dict[str, Any]]:
        body = error_body(problem, request_id)
        return body["code"] if self.settings.http_status == "mirror" else 200, body
