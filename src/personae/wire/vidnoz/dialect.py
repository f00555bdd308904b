"""The API of Vidnoz as a dialect."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from personae.app.accounts import Principal
from personae.app.tokens import Tokens
from personae.errors import Unauthorized
from personae.wire.dialects import Call, Description
from personae.wire.guard import Guarded
from personae.wire.problems import Problem
from personae.wire.vendor import shown
from personae.wire.vidnoz import sources, tasks
from personae.wire.vidnoz.codes import ALL, PARAMETERS, code_of, http_status
from personae.wire.vidnoz.reading import NAME, PREFIX
from personae.wire.vidnoz.settings import VidnozSettings

_GROUPS = (sources.oauth, sources.router, tasks.router)
_SECURITY = {
    "bearer": {
        "type": "http",
        "scheme": "bearer",
        "description": "A token of `/v1/oauth/token`, or an API key.",
    }
}
_ERROR: Mapping[str, Any] = {
    "type": "object",
    "title": "Error",
    "required": ["code", "message", "data"],
    "properties": {
        "code": {"type": "integer", "description": "One of those above, not 200."},
        "message": {"type": "string", "description": "What is wrong, and what to do."},
        "data": {"type": "object", "description": "Empty."},
    },
}
_ABOUT = """\
The API of Vidnoz for face swaps, spoken by Personae: a client of that vendor changes its base URL \
and its credentials. Files are uploaded first and named by keys afterwards. Tasks are numbers; ask \
for their details until `status` is 0, or an error's code. Errors come as `code` and `message`, \
most of them with HTTP status 200.

Codes: """ + " ".join(f"`{code}` {said}" for code, said in ALL.items())


class Vidnoz:
    """``/vidnoz/v1``: tokens or keys as bearer, ``{code, message, data}`` around everything."""

    name = NAME
    prefix = PREFIX

    def __init__(self, settings: VidnozSettings) -> None:
        self.settings = settings

    def router(self) -> APIRouter:
        """All calls."""
        router = APIRouter(route_class=Guarded)
        for one in _GROUPS:
            router.routes.extend(one.routes)
        return router

    def describe(self) -> Description:
        """What its document says."""
        return Description("Vidnoz", _ABOUT, _SECURITY, _ERROR, self._error)

    async def admit(self, call: Call, request: Request) -> Principal:
        """Who calls, by a token or, if the operator lets it, an API key."""
        scheme, _, secret = request.headers.get("authorization", "").partition(" ")
        secret = secret.strip()
        if scheme.lower() != "bearer" or not secret:
            raise Unauthorized("Send Authorization: Bearer, then a token of /v1/oauth/token.")
        if Tokens.looks_like_one(secret):
            try:
                return await call.gate.admit_token(secret, call.address)
            except Unauthorized as error:
                raise Unauthorized(
                    "The token is wrong or over; ask /v1/oauth/token for another."
                ) from error
        if not self.settings.static_keys:
            raise Unauthorized("This is no token of /v1/oauth/token.")
        return await call.gate.admit(secret, call.address)

    def refuse(self, call: Call, problem: Problem) -> Response:
        """An error in the vendor's envelope."""
        status, body = self._error(shown(problem))
        if not call.route and problem.status in (404, 405):
            # An address, not a key, that is not there: an answer of HTTP's own.
            status, body["code"] = problem.status, PARAMETERS
        return JSONResponse(body, status, headers=dict(problem.headers or {}))

    def _error(self, problem: Problem) -> tuple[int, dict[str, Any]]:
        code = code_of(problem.code, problem.role, problem.reason)
        body: dict[str, Any] = {"code": code, "message": problem.detail, "data": {}}
        return http_status(problem, code, self.settings), body
