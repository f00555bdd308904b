"""Tiny models in tiny wheels, and a server on this machine that behaves badly when told to."""

from __future__ import annotations

import hashlib
import threading
import time
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

from personae.engine.card import Card, Distribution, Licence, Part, Source

CONTENT = b"what a model is made of " * 4000
OTHER = b"what another model is made of " * 3000
LICENCE = Licence("CC0-1.0", "https://example.org/licence", "Nobody's.", True)


def sha256(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


def build_wheel(folder: Path, members: dict[str, bytes], name: str = "tiny_models") -> Path:
    """A wheel that pip accepts, with `members` in it."""
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"{name}-1.0-py3-none-any.whl"
    info = f"{name}-1.0.dist-info"
    described = {
        f"{info}/METADATA": f"Metadata-Version: 2.1\nName: {name}\nVersion: 1.0\n".encode(),
        f"{info}/WHEEL": b"Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
        f"{info}/RECORD": b"",
    }
    with zipfile.ZipFile(path, "w") as archive:
        for member, data in {**members, **described}.items():
            archive.writestr(member, data)
    return path


def wheel_card(
    wheel: Path,
    name: str = "tiny",
    content: bytes = CONTENT,
    wheel_sha256: str = "",
    conversion: str = "",
    conversion_version: int = 0,
    files: tuple[str, ...] = ("tiny.bin",),
) -> Card:
    """The card of a model whose published file is ``<name>.dat`` in `wheel`."""
    data = wheel.read_bytes()
    distribution = Distribution(
        name=wheel.name.split("-")[0],
        version="1.0",
        tags="py3-none-any",
        sha256=wheel_sha256 or sha256(data),
        size_bytes=len(data),
    )
    source = Source(
        sha256(content), len(content), distribution=distribution, member=f"models/{name}.dat"
    )
    parts = tuple(Part(file.split(".")[0], file) for file in files)
    return Card(
        name, "detector", "Tiny.", True, LICENCE, source, parts, conversion, conversion_version
    )


def url_card(url: str, content: bytes = CONTENT) -> Card:
    source = Source(sha256(content), len(content), url=url)
    return Card("tiny", "detector", "Tiny.", True, LICENCE, source, (Part("graph", "tiny.bin"),))


@dataclass
class Answer:
    """What the server says to one path."""

    body: bytes
    status: int = 200
    announced: int | None = None
    """The length that the header gives, if not the true one."""
    pause_s: float = 0.0
    """How long to wait in the middle of the body."""
    etag: str = ""
    """With one, the rest of the body can be asked for."""
    cut: int | None = None
    """After how many bytes the connection ends."""
    to: str = ""
    """Where else to look."""


@dataclass
class Server:
    url: str
    answers: dict[str, Answer] = field(default_factory=dict)
    asked: list[str] = field(default_factory=list)
    ranges: list[str] = field(default_factory=list)
    """The ranges that were asked for."""

    def offer(self, path: str, body: bytes, **how: object) -> str:
        """Serve `body`, and its CRC-32 beside it; returns where."""
        self.answers[path] = Answer(body, etag=f'"{sha256(body)[:8]}"', **how)  # pyright: ignore
        self.answers[path.rpartition(".")[0] + ".hash"] = Answer(b"%08x\n" % zlib.crc32(body))
        return f"{self.url}{path}"

    def offer_wheel(self, wheel: Path, **how: float) -> None:
        """Serve a folder page for pip's --find-links, and the wheel."""
        page = f'<html><body><a href="/{wheel.name}">{wheel.name}</a></body></html>'
        self.answers["/links"] = Answer(page.encode())
        self.answers[f"/{wheel.name}"] = Answer(wheel.read_bytes(), **how)  # pyright: ignore


@contextmanager
def serving() -> Iterator[Server]:
    """A server on the loopback address for the length of a test."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            server.asked.append(self.path)
            answer = server.answers.get(self.path, Answer(b"nothing here", 404))
            body, start = answer.body, 0
            asked = self.headers.get("Range", "")
            if asked:
                server.ranges.append(asked)
            if answer.etag and asked and self.headers.get("If-Range") == answer.etag:
                start = int(asked.removeprefix("bytes=").removesuffix("-"))
            length = len(body) - start if answer.announced is None else answer.announced
            if start >= len(body) > 0 and start:
                self.send_response(416)
                self.send_header("Content-Range", f"bytes */{len(body)}")
                length = 0
            elif answer.to:
                self.send_response(302)
                self.send_header("Location", answer.to)
            elif start:
                self.send_response(206)
                self.send_header("Content-Range", f"bytes {start}-{len(body) - 1}/{len(body)}")
            else:
                self.send_response(answer.status)
            if answer.etag:
                self.send_header("ETag", answer.etag)
            self.send_header("Content-Length", str(length))
            self.send_header("Content-Type", "text/html" if self.path == "/links" else "any/thing")
            self.end_headers()
            body = body[start : answer.cut]
            half = len(body) // 2
            with suppress(ConnectionError):  # Whoever asked may have been killed.
                self.wfile.write(body[:half])
                self.wfile.flush()
                time.sleep(answer.pause_s)
                self.wfile.write(body[half:])

        def log_message(self, format: str, *args: object) -> None:
            pass

    http = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server = Server(f"http://127.0.0.1:{http.server_address[1]}")
    thread = threading.Thread(target=http.serve_forever, args=(0.02,))
    thread.start()
    try:
        yield server
    finally:
        http.shutdown()
        thread.join()
        http.server_close()
