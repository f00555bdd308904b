"""HTTP/1.1 by httptools, with a bound on what the parser keeps, and on how long heads take.

uvicorn bounds heads of requests where it parses them in Python (h11), but not here: headers and
trailers without an end, which need no API key, would fill the memory. And it waits for ever for
the rest of a head: clients that send a byte a minute would take every connection.
"""

from __future__ import annotations

import asyncio
import sys
from typing import ClassVar

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

HEAD_BYTES = 64 * 1024
"""Of a request's line and headers, of its trailers, and of what stands between two chunks."""
_SPARE_FILES = 128
_FILES = 65_536


def most_connections() -> int:
    """How many connections may be open at once, so that files are left to answer them with.

    Takes as many open files as the system lets this process have, first.
    """
    if sys.platform == "win32":
        return _FILES
    import resource

    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = _FILES if hard == resource.RLIM_INFINITY else min(hard, _FILES)
    if soft != resource.RLIM_INFINITY and soft < wanted:
        resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))
        soft = wanted
    most = _FILES if soft == resource.RLIM_INFINITY else soft
    return max(1, (most - _SPARE_FILES) // 2)


class BoundedHttp(HttpToolsProtocol):
    """One connection; it ends once more has come than `HEAD_BYTES` of which no body comes out.

    Attributes
    ----------
    head_s : float, seconds
        How long the head of a request may take, from the connection or from its first byte.
    most : int
        Connections at once; further ones are closed as they come.
    """

    head_s: ClassVar[float] = 20.0
    most: ClassVar[int] = _FILES
    _kept_bytes = 0
    _in_head = True
    _waiting: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Take a client on, unless there are too many."""
        super().connection_made(transport)
        if len(self.connections) > self.most:
            transport.abort()
            return
        self._wait_for_head()

    def connection_lost(self, exc: Exception | None) -> None:
        """The client has gone."""
        self._wait_no_more()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        """Take what the client sent."""
        self._kept_bytes += len(data)
        super().data_received(data)
        if self.transport.is_closing():
            return
        if self._kept_bytes > HEAD_BYTES:
            self.send_400_response("The head of the request is too large.")
        elif self._in_head and self._kept_bytes and self._waiting is None:
            self._wait_for_head()

    def _wait_for_head(self) -> None:
        self._waiting = self.loop.call_later(self.head_s, self._give_up)

    def _wait_no_more(self) -> None:
        if self._waiting is not None:
            self._waiting.cancel()
            self._waiting = None

    def _give_up(self) -> None:
        self._waiting = None
        if not self.transport.is_closing():
            self.transport.abort()

    def on_headers_complete(self) -> None:
        """The head is whole."""
        self._wait_no_more()
        self._in_head = False
        self._kept_bytes = 0
        super().on_headers_complete()

    def on_body(self, body: bytes) -> None:
        """A piece of the body went on to the application."""
        self._kept_bytes = 0
        super().on_body(body)

    def on_message_complete(self) -> None:
        """The request is whole."""
        self._in_head = True
        self._kept_bytes = 0
        super().on_message_complete()
