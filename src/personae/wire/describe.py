"""The OpenAPI documents and the pages that show them, one of each a dialect.

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

from personae.wire.dialects import Description, Dialect, Registry
from personae.wire.docs_page import page_of
from personae.wire.envelope import REQUEST_ID
from personae.wire.examples import example_of
from personae.wire.guard import Access, access, access_of
from personae.wire.problems import problem_called, status_of, title

ERROR = "Problem"
"""What the schema of errors is called in every dialect's document."""
_PAGE_POLICY = "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'"
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

    def show(path: str, dialect: Dialect) -> None:
        @access(None)
        async def docs(request: Request) -> Response:
            del request
            return HTMLResponse(
                page_of(of(dialect)), headers={"Content-Security-Policy": _PAGE_POLICY}
            )

        app.add_api_route(path, docs, include_in_schema=False)

    add("/openapi.json", registry.all[0])
    show("/docs", registry.all[0])
    for dialect in registry.all[1:]:
        add(f"{dialect.prefix}/openapi.json", dialect)
        show(f"{dialect.prefix}/docs", dialect)
    app.openapi = lambda: of(registry.all[0])  # For tools that ask the application itself.


def document(app: FastAPI, registry: Registry, dialect: Dialect) -> dict[str, Any]:
    """A dialect's OpenAPI document; the first dialect's has everything that belongs to none."""
    contexts = [
        one
        for one in iter_route_contexts(app.routes)
        if isinstance(one.original_route, APIRoute) and registry.by_path(one.path or "") is dialect
    ]
    told = dialect.describe()
    made = get_openapi(
        title=told.title,
        version=app.version,
        description=told.about,
        routes=contexts,
        servers=[{"url": "/"}],
    )
    components = made.setdefault("components", {})
    schemas = components.setdefault("schemas", {})
    schemas[ERROR] = dict(told.error_schema)
    for unused in ("HTTPValidationError", "ValidationError"):
        schemas.pop(unused, None)
    components["securitySchemes"] = dict(told.security)
    marks = _marks(contexts)
    for path, operations in made["paths"].items():
        for method, operation in operations.items():
            _complete(operation, method, path, marks[path, method], schemas, told)
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
    about: Description,
) -> None:
    """Add to one operation what the framework does not know."""
    if asked.scope is not None:
        operation["security"] = [{name: []} for name in about.security]
        operation["x-scope"] = asked.scope
    responses: dict[str, Any] = operation["responses"]
    responses.pop("422", None)  # The framework's own shape, which nobody is ever answered with.
    for told in responses.values():
        told.setdefault("headers", {}).update(_headers(asked))
        _exemplify(told, schemas)
    if "requestBody" in operation:
        _exemplify(operation["requestBody"], schemas)
    refusals = [
        (status, *_refusal(_BY_STATUS[status], status, about))
        for status in _problem_statuses(operation, method, path, asked)
    ]
    refusals += [
        (status_of(code), *_refusal(code, status_of(code), about)) for code in asked.refuses
    ]
    # Where a dialect answers several problems alike, the one that is called so explains it best.
    for _, answered, shown in sorted(refusals, key=_is_translated):
        responses.setdefault(str(answered), shown)
    responses["default"] = _refusal("internal_error", 500, about)[1]


def _is_translated(refusal: tuple[int, int, Any]) -> bool:
    """Whether a dialect answers a problem with another status than the native API."""
    return refusal[0] != refusal[1]


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


def _refusal(code: str, status: int, about: Description) -> tuple[int, dict[str, Any]]:
    """An error as the dialect answers it: the HTTP status, and what OpenAPI says of it."""
    answered, body = about.error(problem_called(code, status))
    shown = {
        "description": title(code),
        "content": {
            about.error_type: {"schema": {"$ref": f"#/components/schemas/{ERROR}"}, "example": body}
        },
    }
    return answered, shown


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
