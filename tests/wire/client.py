"""A client that talks to an application in this process, from ordinary functions."""

from __future__ import annotations

from functools import partial
from types import TracebackType
from typing import Any

import httpx
from anyio.from_thread import start_blocking_portal
from fastapi import FastAPI


class Client:
    """Runs the application in an event loop of its own; open it with ``with``."""

    def __init__(self, app: FastAPI, base_url: str) -> None:
        # Bugs have to come out as answers, as they would of a server.
        transport = httpx.ASGITransport(app, raise_app_exceptions=False)
        self._client = httpx.AsyncClient(transport=transport, base_url=base_url)
        self._opening = start_blocking_portal()

    def __enter__(self) -> Client:
        self._portal = self._opening.__enter__()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._portal.call(self._client.aclose)
        self._opening.__exit__(kind, error, trace)

    def request(self, method: str, url: str, **more: Any) -> httpx.Response:
        """Send a request; the whole answer."""
        return self._portal.call(partial(self._client.request, method, url, **more))

    def await_(self, call: Any, *given: Any) -> Any:
        """Call something asynchronous in the application's event loop."""
        return self._portal.call(call, *given)

    def get(self, url: str, **more: Any) -> httpx.Response:
        """A GET."""
        return self.request("GET", url, **more)
