"""What it takes to be a dialect, and how a request finds its own.

A dialect is a set of routes below one prefix, the way it reads a caller's credentials, and the way
it writes an error. A client reaches it by the prefix (``https://host/native/v1/…``), or at the
root of a host name that the operator gave it. Everything else is shared: one application, one set
of middlewares, one `Gate`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol, cast

from fastapi import APIRouter
from starlette.requests import HTTPConnection, Request
from starlette.responses import Response

from personae.app.accounts import Principal
from personae.wire.gate import Gate
from personae.wire.problems import Problem
from personae.wire.services import Services

_SCOPE_KEY = "personae.call"


@dataclass(frozen=True, slots=True)
class Description:
    """What a dialect's OpenAPI document says of all its operations.

    Attributes
    ----------
    title, about : str
        ``about`` is Markdown.
    security : mapping
        OpenAPI's security schemes; any one of them will do.
    error_schema : mapping
        JSON schema of the body of errors.
    error : (problem) -> (HTTP status, body)
        How `Dialect.refuse` answers, without a call.
    error_type : str
        The media type of that.
    """

    title: str
    about: str
    security: Mapping[str, Any]
    error_schema: Mapping[str, Any]
    error: Callable[[Problem], tuple[int, dict[str, Any]]]
    error_type: str = "application/json"


class Dialect(Protocol):
    """One API of the service.

    Attributes
    ----------
    name : str
        What tasks remember it by, and its price table's name.
    prefix : str
        Where it is mounted; begins with a slash and does not end with one.
    """

    @property
    def name(self) -> str: ...
    @property
    def prefix(self) -> str: ...

    def router(self) -> APIRouter:
        """Its routes, each a `personae.wire.guard.Guarded` one with its whole path.

        They are taken over one by one, so routers included in it would be lost: what is searched
        through for every request is one flat list.
        """
        ...

    def describe(self) -> Description:
        """What its document says."""
        ...

    async def admit(self, call: Call, request: Request) -> Principal:
        """Who is calling.

        Raises
        ------
        Unauthorized, Forbidden
        """
        ...

    def refuse(self, call: Call, problem: Problem) -> Response:
        """An error, as this dialect's clients expect it."""
        ...


@dataclass(slots=True)
class Call:
    """One request on its way through the service.

    Attributes
    ----------
    route : str
        The path's template once it is known; what logs and metrics call it.
    principal : Principal or None
        Who calls, once that is known; see `tenant_id`.
    ended : bool
        Whether what is answered is the error of a task, which the audit log knows already.
    headers : dict
        To be added to whatever is answered.
    address : str
        Where the request comes from, as far as is known; wrong keys are counted by it.
    """

    gate: Gate
    dialect: Dialect
    request_id: str
    route: str = ""
    principal: Principal | None = None
    ended: bool = False
    headers: dict[str, str] = field(default_factory=dict[str, str])
    address: str = ""

    @property
    def services(self) -> Services:
        """What there is to work with."""
        return self.gate.services

    @property
    def who(self) -> Principal:
        """Who calls; only for routes that are not public."""
        if self.principal is None:
            raise RuntimeError("A public route asked who is calling.")
        return self.principal

    @property
    def tenant_id(self) -> str:
        """Whose things the call is about."""
        return self.who.tenant.id

    def now(self) -> float:
        """Seconds since 1970, UTC."""
        return self.gate.services.clock()

    def attach(self, scope: object) -> None:
        """Put the call where `call_of` finds it."""
        cast("dict[str, object]", scope)[_SCOPE_KEY] = self


def call_of(request: HTTPConnection) -> Call:
    """The call that a request is."""
    call: Call = request.scope[_SCOPE_KEY]
    return call


class Registry:
    """The dialects of one application.

    Parameters
    ----------
    dialects : sequence of Dialect
        The first answers for paths that belong to none.
    hosts : mapping
        Host name to dialect name.

    Raises
    ------
    ValueError
        If two share a name or a prefix, or a host names none of them.
    """

    def __init__(self, dialects: Sequence[Dialect], hosts: Mapping[str, str]) -> None:
        self.all = tuple(dialects)
        by_name = {one.name: one for one in self.all}
        if len(by_name) != len(self.all) or len({one.prefix for one in self.all}) != len(self.all):
            raise ValueError("Two dialects share a name or a prefix.")
        unknown = sorted(set(hosts.values()) - set(by_name))
        if unknown:
            raise ValueError(f"Hosts name dialects that are not there: {', '.join(unknown)}.")
        self.hosts = {host.lower(): by_name[name] for host, name in hosts.items()}

    def by_path(self, path: str) -> Dialect:
        """The dialect whose prefix the path begins with, or the first."""
        for one in self.all:
            if path.startswith(one.prefix) and path[len(one.prefix) :][:1] in ("", "/"):
                return one
        return self.all[0]

    def by_host(self, host: str) -> Dialect | None:
        """The dialect that has this host name (a port is ignored) to itself."""
        if not self.hosts:
            return None
        return self.hosts.get(host.rsplit(":", 1)[0].lower() if ":" in host else host.lower())
