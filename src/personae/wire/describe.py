"""The OpenAPI documents, one a dialect, and the page that shows the native one.

The framework knows parameters and models. What it cannot know is added here: who may call, how
errors look, the headers that every answer has, and an example of everything.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

from fastapi import FastAPI
from fastapi.openapi.utils import get_openapi
from fastapi.routing import APIRoute, RouteContext, iter_route_contexts
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response

from personae.wire.dialects import Dialect, Registry
from personae.wire.docs_page import page_of
from personae.wire.envelope import REQUEST_ID
from personae.wire.examples import example_of
from personae.wire.guard import Access, access, access_of
from personae.wire.problems import MEDIA_TYPE, Problem, body_of, retryable, title

_ABOUT = """\
Swap faces in pictures and videos. Everything takes and gives JSON; times are ISO 8601 in UTC; \
listings come in pages (`limit`, `cursor`); errors are problem documents (RFC 9457) whose `code` \
does not change. Fields and parameters that a call does not have are refused. A POST \
with an `Idempotency-Key` can be repeated without harm."""
_REF = "#/components/schemas/"
_PAGE_POLICY = "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'"
_SECURITY_SCHEMES = {
    "bearer": {"type": "http", "scheme": "bearer", "description": "An API key: `pk_…`."},
    "apiKey": {"type": "apiKey", "in": "header", "name": "X-API-Key"},
}
_PROBLEM_SCHEMA: Mapping[str, Any] = {
    "type": "object",
    "title": "Problem",
    "description": "What went wrong (RFC 9457).",
    "required": ["type", "title", "status", "detail", "code", "retryable", "request_id"],
    "properties": {
        "type": {"type": "string", "description": "Leads to a page about the code."},
        "title": {"type": "string", "description": "The same for every problem of the code."},
        "status": {"type": "integer"},
        "detail": {"type": "string", "description": "What it was this time, and what to do."},
        "code": {"type": "string", "description": "For machines; it does not change."},
        "retryable": {"type": "boolean", "description": "Whether the same may work later."},
        "request_id": {"type": "string"},
        "role": {"type": "string", "description": "Which input: donor, scene or reference."},
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
_BY_STATUS = {
    401: "unauthorized",
    403: "forbidden",
    404: "not_found",
    409: "conflict",
    413: "body_too_large",
    415: "unsupported_body",
    422: "invalid_request",
    429: "rate_limited",
    500: "internal_error",
}


def install(app: FastAPI, registry: Registry) -> None:
    """Serve the documents and the page; each is made when it is first asked for."""
    made: dict[str, dict[str, Any]] = {}

    def of(dialect: Dialect) -> dict[str, Any]:
        if dialect.name not in made:
            made[dialect.name] = document(app, registry, dialect)
        return made[dialect.name]

    def add(path: str, dialect: Dialect) -> None:
        @access(None)
        async def openapi(request: Request) -> Response:
            del request
            return Response(json.dumps(of(dialect)), media_type="application/json")

        app.add_api_route(path, openapi, include_in_schema=False)

    add("/openapi.json", registry.all[0])
    for dialect in registry.all[1:]:
        add(f"{dialect.prefix}/openapi.json", dialect)

    @access(None)
    async def docs(request: Request) -> Response:
        del request
        return HTMLResponse(
            page_of(of(registry.all[0])), headers={"Content-Security-Policy": _PAGE_POLICY}
        )

    app.add_api_route("/docs", docs, include_in_schema=False)
    app.openapi = lambda: of(registry.all[0])  # For tools that ask the application itself.


def document(app: FastAPI, registry: Registry, dialect: Dialect) -> dict[str, Any]:
    """A dialect's OpenAPI document; the first dialect's has everything that belongs to none."""
    contexts = [
        one
        for one in iter_route_contexts(app.routes)
        if isinstance(one.original_route, APIRoute) and registry.by_path(one.path or "") is dialect
    ]
    made = get_openapi(
        title="Personae",
        version=app.version,
        description=_ABOUT,
        routes=contexts,
        servers=[{"url": "/"}],
    )
    components = made.setdefault("components", {})
    schemas = components.setdefault("schemas", {})
    schemas["Problem"] = dict(_PROBLEM_SCHEMA)
    for unused in ("HTTPValidationError", "ValidationError"):
        schemas.pop(unused, None)
    components["securitySchemes"] = dict(_SECURITY_SCHEMES)
    marks = _marks(contexts)
    for path, operations in made["paths"].items():
        for method, operation in operations.items():
            _complete(operation, method, path, marks[path, method], schemas)
    return made


def _marks(contexts: Sequence[RouteContext]) -> dict[tuple[str, str], Access]:
    return {
        (one.path_format or "", method.lower()): access_of(one.endpoint)
        for one in contexts
        if one.endpoint is not None
        for method in one.methods or ()
    }


def _complete(
    operation: dict[str, Any],
    method: str,
    path: str,
    asked: Access,
    schemas: Mapping[str, Any],
) -> None:
    """Add to one operation what the framework does not know."""
    if asked.scope is not None:
        operation["security"] = [{"bearer": []}, {"apiKey": []}]
        operation["x-scope"] = asked.scope
    responses: dict[str, Any] = operation["responses"]
    responses.pop("422", None)  # The framework's own shape, which nobody is ever answered with.
    for told in responses.values():
        told.setdefault("headers", {}).update(_headers(asked))
        _exemplify(told, schemas)
    if "requestBody" in operation:
        _exemplify(operation["requestBody"], schemas)
    for status in _problem_statuses(operation, method, path, asked):
        responses.setdefault(str(status), _problem_response(_BY_STATUS[status], status))
    responses["default"] = _problem_response("internal_error", 500)


def _exemplify(holder: dict[str, Any], schemas: Mapping[str, Any]) -> None:
    for kind, media in holder.get("content", {}).items():
        if kind.endswith("json") and "example" not in media and "schema" in media:
            media["example"] = example_of(media["schema"], schemas)


def _problem_statuses(
    operation: Mapping[str, Any], method: str, path: str, asked: Access
) -> list[int]:
    found: set[int] = set()
    if asked.scope is not None:
        found |= {401, 403, 422, 429}  # A parameter that is not there is refused everywhere.
    if "{" in path:
        found |= {404}
    if "requestBody" in operation:
        found |= {413, 415, 422}
    if method == "post":
        found |= {409}
    return sorted(found)


def _problem_response(code: str, status: int) -> dict[str, Any]:
    shown = Problem(code, status, title(code), retryable(code))
    return {
        "description": title(code),
        "content": {
            MEDIA_TYPE: {
                "schema": {"$ref": f"{_REF}Problem"},
                "example": body_of(shown, "req_5b1f0c9de7a24c3f8e6d1a20"),
            }
        },
    }


def _headers(asked: Access) -> dict[str, Any]:
    """The headers that every answer of an operation has."""
    headers: dict[str, Any] = {
        REQUEST_ID: {
            "description": "The request's name in the logs; yours, if you sent one.",
            "schema": {"type": "string"},
        }
    }
    if asked.scope is not None:
        headers["RateLimit"] = {
            "description": "How many requests are left, and when all of them are again.",
            "schema": {"type": "string"},
        }
    return headers
