"""Services to measure: started, asked many things at once, and stopped again."""

from __future__ import annotations

import asyncio
import json
import os
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path
from typing import Any

import httpx
import psutil

READY_S = 60.0

BARE_APP = """
import sqlite3, asyncio, uuid, os
from fastapi import FastAPI
from pydantic import BaseModel
app = FastAPI()
con = sqlite3.connect(os.environ["BARE_DB"], check_same_thread=False, isolation_level=None)
con.execute("PRAGMA journal_mode=WAL")
con.execute("PRAGMA synchronous=FULL")
con.execute("CREATE TABLE t (id TEXT PRIMARY KEY, body TEXT)")
class Body(BaseModel):
    media: str
    scene: dict
    mappings: list
def insert(body):
    name = uuid.uuid4().hex
    con.execute("INSERT INTO t VALUES (?, ?)", (name, body.model_dump_json()))
    return name
@app.post("/")
async def post(body: Body):
    return {"id": insert(body)}
"""
"""What submitting is compared with: a route that checks its body and inserts one row."""


@contextmanager
def service(folder: Path, role: str = "serve", **variables: str) -> Iterator[tuple[str, str, int]]:
    """`personae serve` or `personae api` on a free port: its address, an API key, its process.

    The database and the files lie in `folder`, which may be used again.
    """
    environment = {**os.environ, "PERSONAE_RATE_PER_S": "100000", "PERSONAE_RATE_BURST": "100000"}
    environment |= variables
    command = [sys.executable, "-m", "personae", role, "--port", "0", "--data", str(folder)]
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / "service.log").open("ab") as log:
        process = subprocess.Popen(command, env=environment, stdout=log, stderr=log)
    try:
        url = _ready(folder, process)
        yield url, make_key(folder, environment), process.pid
    finally:
        process.terminate()
        process.wait(60)


def make_key(folder: Path, environment: dict[str, str], credits: int = 1_000_000) -> str:
    """A key of a tenant who can pay."""
    command = [sys.executable, "-m", "personae", "keys", "create", "--tenant", "bench"]
    command += ["--credits", str(credits), "--data", str(folder), "--json"]
    done = subprocess.run(command, env=environment, check=True, capture_output=True, text=True)
    return str(json.loads(done.stdout)["key"])


def _ready(folder: Path, process: subprocess.Popen[bytes]) -> str:
    ends, file = time.monotonic() + READY_S, folder / "url"
    while time.monotonic() < ends and process.poll() is None:
        if file.exists():
            url = file.read_text().strip()
            try:
                if httpx.get(f"{url}/readyz", timeout=5).status_code == 200:
                    return url
            except httpx.TransportError:
                pass
        time.sleep(0.05)
    raise RuntimeError((folder / "service.log").read_text(errors="replace")[-3000:])


@contextmanager
def bare(folder: Path) -> Iterator[str]:
    """The bare route, on a port of its own."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "bare_app.py").write_text(BARE_APP)
    port = _free_port()
    command = [sys.executable, "-m", "uvicorn", "bare_app:app", "--port", str(port)]
    command += ["--log-level", "warning", "--no-access-log"]
    environment = {**os.environ, "BARE_DB": str(folder / "bare.db")}
    process = subprocess.Popen(command, cwd=folder, env=environment)
    url = f"http://127.0.0.1:{port}"
    try:
        ends = time.monotonic() + READY_S
        while time.monotonic() < ends:
            try:
                httpx.get(f"{url}/docs", timeout=5)
                break
            except httpx.TransportError:
                time.sleep(0.05)
        yield url
    finally:
        process.terminate()
        process.wait(30)


def _free_port() -> int:
    import socket

    with socket.socket() as sock:
        sock.bind(("127.0.0.1", 0))
        return int(sock.getsockname()[1])


@asynccontextmanager
async def client(url: str, key: str) -> AsyncIterator[httpx.AsyncClient]:
    """Many connections at once, kept open."""
    limits = httpx.Limits(max_connections=64, max_keepalive_connections=64)
    headers = {"Authorization": f"Bearer {key}"}
    async with httpx.AsyncClient(
        base_url=url, headers=headers, limits=limits, timeout=60, trust_env=False
    ) as made:
        yield made


async def hammer(ask: Callable[[], Awaitable[Any]], total: int, parallel: int) -> list[float]:
    """Ask `total` times, `parallel` at once; seconds of each, sorted."""
    left, spent = iter(range(total)), list[float]()

    async def one() -> None:
        for _ in left:
            started = time.perf_counter()
            await ask()
            spent.append(time.perf_counter() - started)

    await asyncio.gather(*(one() for _ in range(parallel)))
    return sorted(spent)


async def hammer_raw(
    url: str, path: str, body: Any, total: int, parallel: int, key: str = ""
) -> list[float]:
    """As `hammer`, POSTing one body over `parallel` bare connections.

    A client of a full library costs as much as the server that it measures, on the same cores.
    """
    host, port = url.removeprefix("http://").split(":")
    data = json.dumps(body).encode()
    head = f"POST {path} HTTP/1.1\r\nHost: {host}\r\nContent-Type: application/json\r\n"
    head += f"Authorization: Bearer {key}\r\nContent-Length: {len(data)}\r\n\r\n"
    request, left, spent = head.encode() + data, iter(range(total)), list[float]()

    async def one() -> None:
        reader, writer = await asyncio.open_connection(host, int(port))
        for _ in left:
            started = time.perf_counter()
            writer.write(request)
            answer = await reader.readuntil(b"\r\n\r\n")
            lines = answer.decode("latin-1").lower().split("\r\n")
            length = next(int(one[15:]) for one in lines if one.startswith("content-length:"))
            told = await reader.readexactly(length)
            spent.append(time.perf_counter() - started)
            if lines[0].split()[1] not in ("200", "202"):
                raise RuntimeError(told.decode("utf-8", "replace"))
        writer.close()

    await asyncio.gather(*(one() for _ in range(parallel)))
    return sorted(spent)


def at(sorted_s: list[float], share: float) -> float:
    """A percentile, in milliseconds."""
    return 1e3 * sorted_s[min(len(sorted_s) - 1, int(share * len(sorted_s)))]


def rss_mb(pid: int) -> float:
    """What a process holds, in MB of 10^6 bytes."""
    return psutil.Process(pid).memory_info().rss / 1e6


def loaded(pid: int, *names: str) -> list[str]:
    """Which of these libraries' binaries a process has mapped."""
    maps = {one.path for one in psutil.Process(pid).memory_maps()}
    return [name for name in names if any(f"/{name}" in path for path in maps)]
