"""Turns whatever goes wrong in a route into an answer in the caller's dialect."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import structlog
from fastapi import FastAPI
from fastapi.exceptions import RequestValidationError
from fastapi.routing import iter_route_contexts
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Match

from personae.app import audit
from personae.errors import ConsentRequired, NotFound, PersonaeError, PolicyRefused
from personae.wire.dialects import Call, call_of
from personae.wire.problems import (
    STATUS,
    WIRE_CODES,
    Problem,
    WireError,
    problem_of,
    problem_of_status,
)

_log = structlog.get_logger("personae.wire")
_MOST_ERRORS = 20
ALTERNATIVE = "#"
"""How the tags of unions in models of any dialect begin."""


def install(app: FastAPI) -> None:
    """Let errors of every kind be answered by the dialect that was called."""
    app.add_exception_handler(PersonaeError, _refuse)
    app.add_exception_handler(WireError, _refuse)
    app.add_exception_handler(RequestValidationError, _refuse_invalid)
    app.add_exception_handler(HTTPException, _refuse_framework)


async def _refuse(request: Request, error: Exception) -> Response:
    call = call_of(request)
    if isinstance(error, (PolicyRefused, ConsentRequired)) and not call.ended:
        await _note_refusal(call, error)
    return call.dialect.refuse(call, problem_of(error))


async def _note_refusal(call: Call, error: PolicyRefused | ConsentRequired) -> None:
    """Tell the audit log what policy refused; what was asked for has been undone by now."""
    principal, now = call.principal, call.now()
    tenant_id = None if principal is None else principal.tenant.id
    reason = error.reason if isinstance(error, PolicyRefused) else "consent"
    facts = error.facts if isinstance(error, PolicyRefused) else None
    try:
        await call.services.database.awrite(
            lambda tx: audit.policy_refused(
                tx, tenant_id, tenant_id or "-", now, reason=reason, role=error.role, facts=facts
            )
        )
    except PersonaeError:
        _log.exception("a refusal was not written down", action="audit.refusal", reason=reason)


async def _refuse_invalid(request: Request, error: Exception) -> Response:
    call = call_of(request)
    if not isinstance(error, RequestValidationError):
        raise error
    return call.dialect.refuse(call, invalid(error.errors()))


async def _refuse_framework(request: Request, error: Exception) -> Response:
    call = call_of(request)
    status = error.status_code if isinstance(error, HTTPException) else 500
    headers = dict(getattr(error, "headers", None) or {})
    if status == 405:
        headers["Allow"] = ", ".join(_methods(request))
    return call.dialect.refuse(call, problem_of_status(status, headers))


def invalid(found: Sequence[Mapping[str, Any]]) -> Problem:
    """What to say of input that breaks the schema.

    The values themselves are not repeated: they may be secrets, and they may be long. A path
    parameter that breaks its pattern names nothing, so it is answered like any unknown name.
    """
    if any(one["type"] == "json_invalid" for one in found):
        status, detail = WIRE_CODES["malformed_body"]
        return Problem("malformed_body", status, detail)
    if found and all(one["loc"][:1] == ("path",) for one in found):
        return problem_of(NotFound())
    errors = [
        {
            "in": str(one["loc"][0]) if one["loc"] else "body",
            "pointer": _pointer(one["loc"][1:]),
            "detail": str(one["msg"]),
            "type": str(one["type"]),
        }
        for one in found[:_MOST_ERRORS]
    ]
    first = errors[0] if errors else {"in": "body", "pointer": "", "detail": "is not valid"}
    where = f"{first['in']} {first['pointer']}".strip()
    more = f" (and {len(found) - 1} more)" if len(found) > 1 else ""
    detail = f"The request breaks the schema at {where}: {first['detail']}{more}."
    return Problem("invalid_request", STATUS["invalid_request"], detail, errors=errors)


def _pointer(parts: Sequence[Any]) -> str:
    """A JSON pointer (RFC 6901) to where an error is.

    Parts that begin with `#` name alternatives that were tried (see the tags of the models), and
    are in no body.
    """
    names = [str(one) for one in parts if not str(one).startswith(ALTERNATIVE)]
    return "".join("/" + one.replace("~", "~0").replace("/", "~1") for one in names)


def _methods(request: Request) -> list[str]:
    """Every method that the path takes; the framework names only those of one route."""
    found: set[str] = set()
    app: FastAPI = request.scope["app"]
    scope = {**request.scope, "method": "\0"}
    for context in iter_route_contexts(app.routes):
        route = context._effective_route  # pyright: ignore[reportPrivateUsage]
        if route.matches(scope)[0] is not Match.NONE:
            found.update(context.methods or ())
    return sorted(found)
