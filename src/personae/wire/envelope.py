"""What happens around every request: its name, its dialect, the log line, the common headers."""

from __future__ import annotations

import random
import re
import time
from collections.abc import Callable

import structlog
from starlette.datastructures import Headers, MutableHeaders
from starlette.requests import ClientDisconnect
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from personae.wire.dialects import Call, Registry
from personae.wire.gate import Gate
from personae.wire.problems import internal

REQUEST_ID = "X-Request-Id"
_SANE_ID = re.compile(r"[A-Za-z0-9._-]{1,128}", re.ASCII)
_COMMON = {
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "X-Frame-Options": "DENY",
    "Content-Security-Policy": "default-src 'none'; frame-ancestors 'none'",
    "Cache-Control": "no-store",
}
"""Headers of every answer that does not set them itself."""
_SHARED = ("/blobs/", "/media/")
_SHARED_WHOLE = ("/healthz", "/readyz", "/metrics")
_NATIVE = ("/", "/docs", "/openapi.json")
"""Paths that mean the same under every host name: what begins with the first, and the others
themselves. The last two, and what explains problems, are the native API's own."""

_LONGEST_PATH = 200
_GONE = 499
"""What logs and metrics show for a client that left before it was answered."""

Observer = Callable[[str, str, int, float], None]
_log = structlog.get_logger("personae.wire")


def request_id_of(headers: Headers) -> str:
    """The client's name for the request where that is harmless to log, or a fresh one."""
    given = headers.get(REQUEST_ID, "")
    if _SANE_ID.fullmatch(given):
        return given
    # Nothing depends on its being hard to guess, and asking the system for such bits gives up the
    # interpreter's lock in the middle of every request.
    return f"req_{random.getrandbits(96):024x}"


class Envelope:
    """The outermost middleware: nothing leaves without a request id, and nothing unexplained.

    Parameters
    ----------
    app : ASGI application
    gate : Gate
    registry : Registry
    observe : (method, route, status, seconds) -> None
        Told of every request when it is over; for metrics.
    """

    def __init__(self, app: ASGIApp, gate: Gate, registry: Registry, observe: Observer) -> None:
        self.app, self.gate, self.registry, self.observe = app, gate, registry, observe

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request (ASGI)."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        headers = Headers(scope=scope)
        self._find_by_host(scope, headers)
        request_id = request_id_of(headers)
        call = Call(self.gate, self.registry.by_path(scope["path"]), request_id)
        call.address = (scope.get("client") or ("",))[0]
        call.attach(scope)
        started, status = time.perf_counter(), 0

        async def answer(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                _add_headers(message, call)
            await send(message)

        tokens = structlog.contextvars.bind_contextvars(request_id=request_id)
        try:
            await self.app(scope, receive, answer)
        except ClientDisconnect:
            status = status or _GONE  # Nobody is there to be answered.
        except Exception:
            _log.exception("request failed", action="http.error", route=call.route)
            if status:
                raise  # Half an answer is out; the connection has to be cut.
            response = call.dialect.refuse(call, internal())
            await response(scope, receive, answer)
        finally:
            took_s = time.perf_counter() - started
            self.observe(scope["method"], call.route, status, took_s)
            _log_line(scope, call, status, took_s)
            structlog.contextvars.reset_contextvars(**tokens)

    def _find_by_host(self, scope: Scope, headers: Headers) -> None:
        """Let a host name of a dialect's own stand for its prefix."""
        dialect, path = self.registry.by_host(headers.get("host", "")), scope["path"]
        if dialect is None or path.startswith((*_SHARED, dialect.prefix + "/")):
            return
        if path in _SHARED_WHOLE:
            return
        if dialect is self.registry.all[0] and (
            path in _NATIVE or path.startswith(("/problems/", "/studio/"))
        ):
            return
        scope["path"] = dialect.prefix + path
        if scope.get("raw_path") is not None:
            scope["raw_path"] = dialect.prefix.encode("ascii") + scope["raw_path"]


def _add_headers(message: Message, call: Call) -> None:
    headers = MutableHeaders(scope=message)
    for name, value in _COMMON.items():
        headers.setdefault(name, value)
    for name, value in call.headers.items():
        headers[name] = value
    headers[REQUEST_ID] = call.request_id


def _log_line(scope: Scope, call: Call, status: int, took_s: float) -> None:
    """One line a request. The query is left out: it may hold a signature."""
    principal = call.principal
    _log.info(
        "request",
        action="http.request",
        method=scope["method"],
        path=scope["path"][:_LONGEST_PATH],
        route=call.route,
        dialect=call.dialect.name,
        status=status,
        took_ms=round(took_s * 1000, 2),
        tenant_id=None if principal is None else principal.tenant.id,
        key_id=None if principal is None else principal.key.id,
    )
