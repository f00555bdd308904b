"""Every call of the service, as the application itself lists them: new ones come by themselves."""

from __future__ import annotations

import copy
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from fastapi.routing import APIRoute, iter_route_contexts

from personae.wire.a2e.dialect import A2e
from personae.wire.aifaceswap.dialect import Aifaceswap
from personae.wire.aifaceswap.settings import AifaceswapSettings
from personae.wire.crun.dialect import Crun
from personae.wire.dialects import Dialect
from personae.wire.guard import Body, access_of
from personae.wire.vidnoz.dialect import Vidnoz
from personae.wire.vidnoz.settings import VidnozSettings
from wire.service import Service

Way = tuple[str | int, ...]
"""Where a value stands in JSON."""


def every_dialect() -> tuple[Dialect, ...]:
    """All of them, with settings under which nothing waits."""
    short = AifaceswapSettings(wait_s=0.05)
    return (A2e(), Crun(), Aifaceswap(short), Vidnoz(VidnozSettings()))


@dataclass(frozen=True)
class Call:
    """One call.

    Attributes
    ----------
    scope : str or None
        That it asks for.
    documented : bool
        Whether the OpenAPI documents have it.
    in_path, in_query : names of parameters
    example : object or None
        A body of JSON that its document shows.
    """

    method: str
    path: str
    scope: str | None
    body: Body
    documented: bool
    documented_scope: str | None
    in_path: tuple[str, ...]
    in_query: tuple[str, ...]
    example: Any

    @property
    def name(self) -> str:
        """For messages."""
        return f"{self.method} {self.path}"

    def url(self, values: Mapping[str, str]) -> str:
        """The path with parameters filled in."""
        found = self.path
        for name in self.in_path:
            value = values.get(name, "x")
            found = found.replace(f"{{{name}}}", value).replace(f"{{{name}:path}}", value)
        return found

    def leaves(self) -> list[Way]:
        """Every place of the example's body where a string stands."""
        return list(_leaves(self.example, ()))

    def with_leaf(self, way: Way, value: str) -> Any:
        """The example's body with another string in one place."""
        made = copy.deepcopy(self.example)
        at = made
        for step in way[:-1]:
            at = at[step]
        at[way[-1]] = value
        return made


def _leaves(value: Any, way: Way) -> Iterator[Way]:
    if isinstance(value, str):
        yield way
    elif isinstance(value, dict):
        for name, inner in value.items():
            yield from _leaves(inner, (*way, name))
    elif isinstance(value, list):
        for number, inner in enumerate(value[:2]):
            yield from _leaves(inner, (*way, number))


def calls_of(service: Service) -> list[Call]:
    """Every call of the application."""
    told = _documents(service)
    found: list[Call] = []
    for context in iter_route_contexts(service.app.routes):
        if not isinstance(context.original_route, APIRoute) or context.endpoint is None:
            continue
        asked = access_of(context.endpoint)
        path = context.path or ""
        for method in sorted(context.methods or ()):
            operation = told.get((context.path_format or "", method.lower()), {})
            parameters: Sequence[dict[str, Any]] = operation.get("parameters", ())
            found.append(
                Call(
                    method,
                    path,
                    asked.scope,
                    asked.body,
                    bool(operation),
                    operation.get("x-scope"),
                    tuple(_names(path)),
                    tuple(one["name"] for one in parameters if one["in"] == "query"),
                    _example(operation),
                )
            )
    return found


def _names(path: str) -> Iterator[str]:
    for part in path.split("{")[1:]:
        yield part.partition("}")[0].partition(":")[0]


def _documents(service: Service) -> dict[tuple[str, str], dict[str, Any]]:
    prefixes = ("", *(one.prefix for one in every_dialect()))
    found: dict[tuple[str, str], dict[str, Any]] = {}
    for prefix in prefixes:
        document = service.client.get(f"{prefix}/openapi.json").json()
        for path, operations in document["paths"].items():
            for method, operation in operations.items():
                found[path, method] = operation
    return found


def _example(operation: Mapping[str, Any]) -> Any:
    content = operation.get("requestBody", {}).get("content", {})
    for kind in ("application/json", "application/x-www-form-urlencoded", "multipart/form-data"):
        media = content.get(kind, {})
        example = media.get("example")
        if example is None and media.get("examples"):
            example = next(iter(media["examples"].values())).get("value")
        if isinstance(example, dict | list):
            return json.loads(json.dumps(example))
    return None
