"""crun's API as a dialect."""

from __future__ import annotations

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from personae.app.accounts import Principal
from personae.wire.crun import account, jobs, searches
from personae.wire.crun.description import description_of, error_of
from personae.wire.crun.routing import NAME_OF_DIALECT, PREFIX
from personae.wire.crun.settings import CrunSettings
from personae.wire.dialects import Call, Description
from personae.wire.guard import Guarded
from personae.wire.problems import Problem
from personae.wire.vendor import shown

_GROUPS = (jobs.router, searches.router, account.accounts, account.files)


class Crun:
    """``/crun``: a key in ``x-api-key``, an envelope around everything.

    Parameters
    ----------
    settings : CrunSettings
        What the vendor's pages leave open.
    """

    name = NAME_OF_DIALECT
    prefix = PREFIX

    def __init__(self, settings: CrunSettings | None = None) -> None:
        self.settings = settings or CrunSettings()
        self._error = error_of(self.settings)

    def router(self) -> APIRouter:
        """All routes."""
        router = APIRouter(route_class=Guarded)
        for one in _GROUPS:
            router.routes.extend(one.routes)
        return router

    def describe(self) -> Description:
        """An envelope, and ten codes."""
        return description_of(self.settings)

    async def admit(self, call: Call, request: Request) -> Principal:
        """Who calls, by an API key; `x-api-key` wins over a bearer token."""
        return await call.gate.admit(secret_of(request), call.address)

    def refuse(self, call: Call, problem: Problem) -> Response:
        """The envelope with a code."""
        del call
        status, body = self._error(shown(problem))
        headers = dict(problem.headers or {})
        return JSONResponse(body, status, headers)


def secret_of(request: Request) -> str | None:
    """The key that a request carries."""
    key = request.headers.get("x-api-key", "").strip()
    if key:
        return key
    scheme, _, token = request.headers.get("authorization", "").partition(" ")
    return token.strip() if scheme.lower() == "bearer" else None
