"""HTTP/1.1 by httptools, with a bound on what the parser itself keeps.

uvicorn bounds heads of requests where it parses them in Python (h11), but not here: headers and
trailers without an end, which need no API key, would fill the memory.
"""

from __future__ import annotations

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

HEAD_BYTES = 64 * 1024
"""Of a request's line and headers, of its trailers, and of what stands between two chunks."""


class BoundedHttp(HttpToolsProtocol):
    """One connection; it ends once more has come than `HEAD_BYTES` of which no body comes out."""

    _kept_bytes = 0

    def data_received(self, data: bytes) -> None:
        """Take what the client sent."""
        self._kept_bytes += len(data)
        super().data_received(data)
        if self._kept_bytes > HEAD_BYTES and not self.transport.is_closing():
            self.send_400_response("The head of the request is too large.")

    def on_headers_complete(self) -> None:
        """The head is whole."""
        self._kept_bytes = 0
        super().on_headers_complete()

    def on_body(self, body: bytes) -> None:
        """A piece of the body went on to the application."""
        self._kept_bytes = 0
        super().on_body(body)

    def on_message_complete(self) -> None:
        """The request is whole."""
        self._kept_bytes = 0
        super().on_message_complete()
