"""What the pages talk about: photos and clips, the models, and one running service."""

from __future__ import annotations

import json
import os
import shutil
import sqlite3
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack, closing, contextmanager
from dataclasses import dataclass, field
from functools import cached_property, partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import httpx
from small_networks import tiny_swap

import chaos
from docs.blocks import ROOT
from docs.media import photographs

READY_S = 90.0
CREDITS = 100_000
_HERE = Path(__file__).parent
_LINTED = ("make", "pip", "docker", "kubectl", "helm", "systemctl", "systemd-analyze", "sudo")


@dataclass
class World:
    """What all pages share; made when a page first needs it, gone with the session."""

    folder: Path
    models: Path
    signing: Path
    warm_process: int = 0
    _stack: ExitStack = field(default_factory=ExitStack)

    def close(self) -> None:
        self._stack.close()

    @cached_property
    def media(self) -> Path:
        folder = self.folder / "media"
        folder.mkdir()
        photographs(folder)
        return folder

    @cached_property
    def warm(self) -> str:
        """The address of the process that forks for each command."""
        # A socket's path is at most 107 characters long.
        short = self._stack.enter_context(tempfile.TemporaryDirectory(prefix="warm"))
        address = f"{short}/socket"
        process = subprocess.Popen(
            [sys.executable, str(_HERE / "warm.py"), address],
            env=self.environment,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        self._stack.callback(_end, process)
        self.warm_process = process.pid
        assert process.stdout is not None
        assert process.stdout.readline() == "ready\n"
        return address

    @cached_property
    def commands(self) -> Path:
        """A folder of programs that go first on the pages' PATH."""
        folder = self.folder / "bin"
        folder.mkdir()
        client = f'exec {sys.executable} -I -S {_HERE / "client.py"} "$@"'
        programs = {"personae": client, "python": f'exec {sys.executable} "$@"'}
        programs["python3"] = programs["python"]
        for name in _LINTED:
            programs[name] = f'exec {sys.executable} {_HERE / "linted.py"} {name} "$@"'
        for name, line in programs.items():
            (folder / name).write_text(f"#!/bin/sh\n{line}\n")
            (folder / name).chmod(0o755)
        return folder

    @cached_property
    def environment(self) -> dict[str, str]:
        """Of every process that a page starts, but for what is the page's own."""
        kept = {name: os.environ[name] for name in ("PATH", "LANG", "TMPDIR") if name in os.environ}
        sources = os.pathsep.join(str(ROOT / each) for each in ("src", "sdk/src"))
        return kept | {
            "LC_ALL": "C.UTF-8",
            "PYTHONPATH": os.pathsep.join(filter(None, (sources, os.environ.get("PYTHONPATH")))),
            "PYTHONIOENCODING": "utf-8",
            "COLUMNS": "100",
            "PERSONAE_SIGNING_DIR": str(self.signing),
            "NETWORKS": str(self.networks),
            "PERSONAE_FETCH_ALLOW": "127.0.0.1",
            "PERSONAE_MODELS_DIR": str(self.models),
        }

    @cached_property
    def site(self) -> str:
        """The address where photos and clips are offered, as if on a website."""

        class Quiet(SimpleHTTPRequestHandler):
            def log_message(self, format: str, *args: object) -> None:
                pass

        handler = partial(Quiet, directory=str(self.media))
        server = self._stack.enter_context(ThreadingHTTPServer(("127.0.0.1", 0), handler))
        threading.Thread(target=server.serve_forever, daemon=True).start()
        self._stack.callback(server.shutdown)
        return f"http://127.0.0.1:{server.server_port}"

    @cached_property
    def cluster(self) -> dict[str, str]:
        """A PostgreSQL and an S3 server on this machine: the variables that lead there."""
        return self._stack.enter_context(chaos.surroundings("postgres"))

    @cached_property
    def networks(self) -> Path:
        """Networks that a person would have got from their authors; here, tiny ones."""
        folder = self.folder / "networks"
        folder.mkdir()
        (folder / "tiny_swap.onnx").write_bytes(tiny_swap())
        (self.media / "tiny_swap.onnx").write_bytes(tiny_swap())
        return folder

    @cached_property
    def service(self) -> Service:
        """The one service of all pages, started as README.md says."""
        data = self.folder / "data"
        data.mkdir()
        said = self.folder / "serve.said"
        command = [sys.executable, "-m", "personae", "serve", "--port", "0", "--data", str(data)]
        with said.open("w") as sink, (self.folder / "serve.log").open("w") as log:
            process = subprocess.Popen(
                command, env=self.environment, stdin=subprocess.DEVNULL, stdout=log, stderr=sink
            )
        self._stack.callback(_end, process)
        ends = time.monotonic() + READY_S
        while time.monotonic() < ends and process.poll() is None:
            if (data / "url").exists() and _ready(url := (data / "url").read_text().strip()):
                return Service(url, data, said)
            time.sleep(0.1)
        raise AssertionError(said.read_text() + (self.folder / "serve.log").read_text()[-3000:])

    @cached_property
    def account(self) -> dict[str, str]:
        """A key with credits, as `personae keys create --json` prints it."""
        command = [sys.executable, "-m", "personae", "keys", "create", "--json"]
        command += ["--tenant", "me", "--credits", str(CREDITS), "--data", str(self.service.data)]
        done = subprocess.run(
            command, env=self.environment, capture_output=True, text=True, check=True
        )
        return json.loads(done.stdout)


@dataclass(frozen=True)
class Service:
    """A running `personae serve`."""

    url: str
    data: Path
    log: Path

    @property
    def said(self) -> str:
        """What a person saw when it started, without its log."""
        return "".join(
            f"{line}\n" for line in self.log.read_text().splitlines() if not line.startswith("{")
        )


def _ready(url: str) -> bool:
    try:
        return httpx.get(f"{url}/readyz", timeout=5, trust_env=False).status_code == 200
    except httpx.TransportError:
        return False


def _end(process: subprocess.Popen[str]) -> None:
    process.terminate()
    try:
        process.wait(30)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


@contextmanager
def room(world: World, folder: Path, needs: str, *, wide: bool) -> Iterator[dict[str, str]]:
    """A page's own folder with all media in it; the environment of its commands.

    `needs` is ``service`` for the one that runs, ``books`` for a copy of its database, in which
    operators' commands may do what they like, or nothing; `wide` adds PostgreSQL and S3.
    """
    shutil.copytree(world.media, folder, copy_function=os.link)
    started, models = folder.parent / "started", folder.parent / "models"
    started.mkdir()
    models.mkdir()
    for each in world.models.iterdir():  # So that a page may fetch and remove some.
        if each.is_dir() and not each.name.startswith("."):
            (models / each.name).symlink_to(each)
    environment = world.environment | {
        "PATH": f"{world.commands}{os.pathsep}{world.environment['PATH']}",
        "HOME": str(folder.parent),
        "PERSONAE_MODELS_DIR": str(models),
        "DOCS_PATH": world.environment["PATH"],
        "DOCS_WARM": world.warm,
        "DOCS_PYTHON": sys.executable,
        "DOCS_STARTED": str(started),
    }
    if wide:
        environment |= {
            name: value for name, value in world.cluster.items() if name.startswith("AWS_")
        }
    if needs == "service":
        environment |= _with_service(world, folder)
    elif needs == "books":
        environment["PERSONAE_DATA_DIR"] = str(_copy(world.service.data, folder / "data"))
    environment["DOCS_SHARED"] = json.dumps(
        {name: value for name, value in environment.items() if name.startswith("PERSONAE_")}
    )
    try:
        yield environment
    finally:
        for each in started.glob("*.pid"):
            _stop(int(each.read_text()))


def _with_service(world: World, folder: Path) -> dict[str, str]:
    service, account = world.service, world.account
    (folder / "data").symlink_to(service.data)
    said = folder.parent / "said"
    said.write_text(service.said)
    return {
        "DOCS_SAID": str(said),
        "PERSONAE_DATA_DIR": str(service.data),
        "SERVICE": service.url,
        "SITE": world.site,
        "KEY": account["key"],
        "ID": account["client_id"],
        "SECRET": account["client_secret"],
    }


def _copy(data: Path, copy: Path) -> Path:
    """A service's folder as it is now, while it runs."""
    shutil.copytree(data, copy, ignore=shutil.ignore_patterns("personae.db*", "work", "url"))
    with (
        closing(sqlite3.connect(data / "personae.db")) as running,
        closing(sqlite3.connect(copy / "personae.db")) as copied,
    ):
        running.backup(copied)
    return copy


def _stop(number: int) -> None:
    import psutil

    try:
        process = psutil.Process(number)
        process.terminate()
        process.wait(30)
    except psutil.NoSuchProcess:
        pass
    except psutil.TimeoutExpired:
        process.kill()
