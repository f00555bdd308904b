"""A small server of the client's: takes webhooks, and serves files for the service to fetch."""

from __future__ import annotations

import json
import mimetypes
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from types import TracebackType
from typing import Any, cast
from urllib.parse import quote, urlsplit

_MOST_BYTES = 1 << 20


@dataclass(frozen=True, slots=True)
class Received:
    """One webhook."""

    path: str
    headers: Mapping[str, str]
    body: dict[str, Any]


class Receiver:
    """Listens as long as it is open.

    Parameters
    ----------
    host, port
        Where to listen; port 0 takes a free one.
    public_url : str, optional
        How the service reaches this machine, if that is not ``http://host:port``.
    """

    def __init__(self, host: str = "127.0.0.1", port: int = 0, public_url: str = "") -> None:
        self.received: list[Received] = []
        self._files: dict[str, Path] = {}
        self._server = ThreadingHTTPServer((host, port), self._handler())
        self._server.daemon_threads = True
        self._base = public_url.rstrip("/") or f"http://{host}:{self._server.server_port}"
        self._thread = threading.Thread(target=self._server.serve_forever, daemon=True)

    def __enter__(self) -> Receiver:
        self._thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._server.shutdown()
        self._server.server_close()

    @property
    def url(self) -> str:
        """Where webhooks are to be sent."""
        return f"{self._base}/hook"

    def serve(self, path: Path) -> str:
        """Where a file can be fetched from now on."""
        name = f"/files/{len(self._files)}/{path.name}"
        self._files[name] = path
        return f"{self._base}{quote(name)}"

    def find(self, wanted: Callable[[dict[str, Any]], bool]) -> dict[str, Any] | None:
        """The body of the first webhook that is wanted, if it has come."""
        return next((one.body for one in list(self.received) if wanted(one.body)), None)

    def _handler(self) -> type[BaseHTTPRequestHandler]:
        owner = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                length = min(int(self.headers.get("content-length", "0")), _MOST_BYTES)
                try:
                    body: Any = json.loads(self.rfile.read(length))
                except ValueError:
                    body = None
                if isinstance(body, dict):
                    told = cast("dict[str, Any]", body)
                    owner.received.append(Received(self.path, dict(self.headers.items()), told))
                self._answer(200, b"{}", "application/json")

            def do_GET(self) -> None:
                path = owner._files.get(urlsplit(self.path).path)
                if path is None:
                    self._answer(404, b"", "text/plain")
                    return
                kind = mimetypes.guess_type(path.name)[0] or "application/octet-stream"
                self._answer(200, path.read_bytes(), kind)

            def _answer(self, status: int, data: bytes, kind: str) -> None:
                self.send_response(status)
                self.send_header("Content-Type", kind)
                self.send_header("Content-Length", str(len(data)))
                self.end_headers()
                self.wfile.write(data)

            def log_message(self, format: str, *args: Any) -> None:
                """Say nothing: the session tells what matters."""

        return Handler
