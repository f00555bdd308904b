"""The dialect of A2E, for `personae.wire.factory`."""

from __future__ import annotations

import json

from fastapi import APIRouter, Request
from starlette.responses import Response

from personae.app.accounts import Principal
from personae.wire.a2e import account, faces, previews, tasks
from personae.wire.a2e.codes import answer_of
from personae.wire.a2e.description import description_of
from personae.wire.a2e.routing import NAME, PREFIX
from personae.wire.a2e.settings import A2eSettings
from personae.wire.dialects import Call, Description
from personae.wire.problems import Problem
from personae.wire.vendor import shown

_ROUTERS = (*tasks.routers, faces.router, previews.router, *account.routers)


class A2e:
    """The vendor's paths, its bearer token, and its envelope.

    Parameters
    ----------
    settings : A2eSettings
        What the pages leave open.
    """

    name = NAME
    prefix = PREFIX

    def __init__(self, settings: A2eSettings | None = None) -> None:
        self.settings = settings or A2eSettings()

    def router(self) -> APIRouter:
        """All groups of calls in one flat router."""
        router = APIRouter()
        for one in _ROUTERS:
            router.routes.extend(one.routes)
        return router

    def describe(self) -> Description:
        """The envelope of errors, and the token."""
        return description_of(self.settings)

    async def admit(self, call: Call, request: Request) -> Principal:
        """Who calls, by an API key as bearer token."""
        scheme, _, token = request.headers.get("authorization", "").partition(" ")
        key = token.strip() if scheme.lower() == "bearer" else None
        return await call.gate.admit(key, call.address)

    def refuse(self, call: Call, problem: Problem) -> Response:
        """The envelope, with a code that is not 0."""
        status, body = answer_of(shown(problem), self.settings, call.request_id)
        data = json.dumps(body, ensure_ascii=False).encode("utf-8", "replace")
        headers = dict(problem.headers or {})
        return Response(data, status, headers=headers, media_type="application/json")
