"""A receiver of webhooks on loopback that counts what comes and believes only what is signed."""

from __future__ import annotations

import json
import random
import threading
from collections import defaultdict
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from standardwebhooks import Webhook, WebhookVerificationError


class Receiver:
    """What has arrived, by event.

    Attributes
    ----------
    arrivals : dict of int
        How often each event id came and was accepted.
    events : dict of dict
        The body of each.
    refused : int
        Answered with 500 on purpose, the first time they came.
    forged : int
        With a signature that is not right.
    """

    def __init__(self, url: str, refuse_share: float) -> None:
        self.url = url
        self.secrets: dict[str, str] = {}
        self.arrivals: defaultdict[str, int] = defaultdict(int)
        self.events: dict[str, dict[str, Any]] = {}
        self.refused = self.forged = 0
        self._refuse_share = refuse_share
        self._dice = random.Random(7)
        self._turned_away: set[str] = set()
        self._lock = threading.Lock()

    def take(self, tenant: str, headers: dict[str, str], body: bytes) -> int:
        """Count one POST; the status to answer with."""
        event_id = headers.get("webhook-id", "")
        with self._lock:
            try:
                event = Webhook(self.secrets[tenant]).verify(body, headers)
            except (WebhookVerificationError, KeyError):
                self.forged += 1
                return 400
            if event_id not in self._turned_away and self._dice.random() < self._refuse_share:
                self._turned_away.add(event_id)
                self.refused += 1
                return 500
            self.arrivals[event_id] += 1
            self.events[event_id] = json.loads(body) if event is None else event
            return 204


@contextmanager
def receiver(refuse_share: float = 0.03) -> Iterator[Receiver]:
    """A running receiver; tenants' endpoints are ``{url}/{tenant}``."""

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            headers = {name.lower(): value for name, value in self.headers.items()}
            self.send_response(made.take(self.path.strip("/"), headers, body))
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, format: str, *args: Any) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    made = Receiver(f"http://127.0.0.1:{server.server_address[1]}", refuse_share)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield made
    finally:
        server.shutdown()
        server.server_close()
        thread.join(10)
