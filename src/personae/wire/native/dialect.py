"""The native API as a dialect."""

from __future__ import annotations

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import Response

from personae.app.accounts import Principal
from personae.wire.dialects import Call, Description
from personae.wire.guard import Guarded
from personae.wire.native import (
    account,
    admin_keys,
    admin_tenants,
    assets,
    audit,
    consents,
    detections,
    engines,
    events,
    faces,
    inspections,
    keys,
    previews,
    register,
    swaps,
    takedowns,
    uploads,
    webhooks,
    workload,
)
from personae.wire.native.description import DESCRIPTION
from personae.wire.native.routing import NAME_OF_DIALECT, PREFIX, secret_of
from personae.wire.problems import Problem, problem_response

_GROUPS = (
    previews,
    swaps,
    events,
    detections,
    engines,
    uploads,
    assets,
    faces,
    consents,
    account,
    audit,
    keys,
    webhooks,
    inspections,
    takedowns,
    register,
    admin_tenants,
    admin_keys,
    workload,
)


class Native:
    """``/native/v1``: keys as bearer tokens or in ``X-API-Key``, problems by RFC 9457."""

    name = NAME_OF_DIALECT
    prefix = PREFIX

    def router(self) -> APIRouter:
        """All routes; those with fixed names before those with ids."""
        router = APIRouter(route_class=Guarded)
        for one in _GROUPS:
            router.routes.extend(one.router.routes)
        return router

    def describe(self) -> Description:
        """Problems by RFC 9457."""
        return DESCRIPTION

    async def admit(self, call: Call, request: Request) -> Principal:
        """Who calls, by an API key."""
        return await call.gate.admit(secret_of(request), call.address)

    def refuse(self, call: Call, problem: Problem) -> Response:
        """A problem document."""
        return problem_response(problem, call.request_id)
