"""Routes that ask who calls, and how much they may send, before they read a byte of the body."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar, Literal, TypeVar

from fastapi.exceptions import RequestValidationError
from fastapi.routing import APIRoute
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import Message, Receive

from personae.app import audit
from personae.errors import Maintenance, RateLimited
from personae.wire.dialects import call_of
from personae.wire.problems import WireError
from personae.wire.services import WireSettings

Body = Literal["none", "json", "upload", "form", "inline"]
_Endpoint = TypeVar("_Endpoint", bound=Callable[..., Any])
ANY_KEY = "any"
"""The scope of what every key may do, those of operators too."""
_FORM_BYTES = 1 << 16  # What a form may add to the file in it.
_ATTRIBUTE = "personae_access"
_SLOWEST = 1024  # Bytes a second, of a whole body.
_SHOWN = 100  # Characters of a name that nobody knows.
_READING = ("GET", "HEAD", "OPTIONS")


@dataclass(frozen=True, slots=True)
class Access:
    """What a route asks for.

    Attributes
    ----------
    scope : str or None
        One of `personae.domain.tenants.SCOPES`, or `ADMIN_SCOPE` for what only operators may do, or
        `ANY_KEY`; None lets everybody in.
    body : "none", "json", "form", "upload" or "inline"
        Which limit holds for the body; "json" also refuses bodies of another type. "inline" may
        hold media as text, or be a multipart form with whole files, which has an upload's limit.
    refuses : tuple of str
        Codes of errors that the document names besides those which follow from the rest.
    reads : bool
        Whether it changes nothing whatever its method is, and goes on during maintenance.
    """

    scope: str | None
    body: Body = "none"
    refuses: tuple[str, ...] = ()
    reads: bool = False


def access(
    scope: str | None,
    body: Body = "none",
    *,
    refuses: tuple[str, ...] = (),
    reads: bool = False,
) -> Callable[[_Endpoint], _Endpoint]:
    """Say who may call an endpoint and what it takes; every `Guarded` route needs it."""

    def mark(endpoint: _Endpoint) -> _Endpoint:
        setattr(endpoint, _ATTRIBUTE, Access(scope, body, refuses, reads))
        return endpoint

    return mark


def access_of(endpoint: Callable[..., Any]) -> Access:
    """What an endpoint was marked with.

    Raises
    ------
    TypeError
        If it was not: an endpoint must not become public by being forgotten.
    """
    marked = getattr(endpoint, _ATTRIBUTE, None)
    if not isinstance(marked, Access):
        raise TypeError(f"{endpoint!r} does not say who may call it; add @access(…).")
    return marked


class Guarded(APIRoute):
    """A route that lets nobody in without the right key, nor too often, nor with too much.

    Attributes
    ----------
    strict_query : bool
        Whether parameters of the query that the endpoint does not have are refused. Those of
        operations are called by all sorts of probes, so there they are not.
    """

    strict_query: ClassVar[bool] = False

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        """The framework's handler, behind the checks."""
        handle, asked, path = super().get_route_handler(), access_of(self.endpoint), self.path
        known = {one.alias for one in self.dependant.query_params}

        async def guarded(request: Request) -> Response:
            call = call_of(request)
            call.route = path
            settings = call.services.settings
            if asked.scope is not None:
                principal = await call.dialect.admit(call, request)
                call.principal = principal
                audit.set_actor(principal.key.id)  # The context is this request's own.
                call.gate.uses.note(principal.key.id, call.now())
                headers, wait_s = call.gate.count(principal.key.id)
                call.headers.update(headers)
                if wait_s:
                    raise RateLimited(retry_after_s=wait_s)
                if asked.scope != ANY_KEY:
                    principal.require(asked.scope)
                reads = asked.reads or request.method in _READING
                if settings.maintenance and not reads:
                    raise Maintenance
            limit = _limit(request, asked.body, settings)
            if asked.body == "json":
                _check_json(request)
            if self.strict_query:
                refuse_unknown("query", [one for one in request.query_params if one not in known])
            receive = limited(request, limit, settings.body_idle_s)
            return await handle(Request(request.scope, receive))

        return guarded


def _limit(request: Request, body: Body, settings: WireSettings) -> int:
    """Most bytes that a request's body may have."""
    if body == "upload" or (body == "inline" and is_multipart(request)):
        return settings.upload_limit_bytes + _FORM_BYTES
    if body == "inline":
        return max(settings.inline_limit_bytes, settings.json_limit_bytes)
    return settings.json_limit_bytes


def is_multipart(request: Request) -> bool:
    """Whether the body says that it is a multipart form."""
    kind = request.headers.get("content-type", "").split(";", 1)[0]
    return kind.strip().lower() == "multipart/form-data"


def refuse_unknown(where: Literal["query", "body"], names: Sequence[str]) -> None:
    """Refuse parameters or form fields that a call does not have, as fields of JSON are refused.

    Raises
    ------
    RequestValidationError
        If there are any `names`.
    """
    if names:
        told = {"type": "extra_forbidden", "msg": "Extra inputs are not permitted"}
        raise RequestValidationError([{**told, "loc": (where, name[:_SHOWN])} for name in names])


class BodyTooLarge(HTTPException):
    """The body is larger than this call allows.

    An `HTTPException`, because the framework lets only those out while it reads a body.
    """

    def __init__(self) -> None:
        super().__init__(413)


class BodyStalled(HTTPException):
    """The client stopped sending in the middle of the body."""

    def __init__(self) -> None:
        super().__init__(408)


def limited(request: Request, limit_bytes: int, idle_s: float) -> Receive:
    """A request's `receive`, bounded by what the client declares and sends, and how slowly.

    A client may pause for `idle_s`, and all pauses together may last as long again as what it has
    sent takes at `_SLOWEST`: or a body that comes byte by byte would never end.

    Raises
    ------
    BodyTooLarge
        At once, if the declared length is over the limit.
    WireError
        If the declared length is no number.
    """
    declared = request.headers.get("content-length")
    if declared is not None:
        if not (declared.isascii() and declared.isdigit()):
            raise WireError("bad_request", "Content-Length is not a number.")
        if int(declared) > limit_bytes:
            raise BodyTooLarge
    source, received, waited_s = request.receive, 0, 0.0
    loop = asyncio.get_running_loop()

    async def receive() -> Message:
        nonlocal received, waited_s
        started, left_s = loop.time(), idle_s + received / _SLOWEST - waited_s
        try:
            async with asyncio.timeout(max(0.0, min(idle_s, left_s))):
                message = await source()
        except TimeoutError:
            raise BodyStalled from None
        waited_s += loop.time() - started
        received += len(message.get("body", b""))
        if received > limit_bytes:
            raise BodyTooLarge
        return message

    return receive


def _check_json(request: Request) -> None:
    """Refuse a body that says it is something else; no body at all is for the schema to judge."""
    headers = request.headers
    if headers.get("content-length", "0") == "0" and "transfer-encoding" not in headers:
        return
    kind = headers.get("content-type", "").split(";", 1)[0].strip().lower()
    if kind != "application/json" and not (
        kind.startswith("application/") and kind.endswith("+json")
    ):
        raise WireError("unsupported_body", "Send the body as application/json.")
