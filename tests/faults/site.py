"""The processes of a service under attack: `personae api` and workers, killed only by their ids."""

from __future__ import annotations

import contextlib
import os
import random
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import httpx
import psutil

READY_S = 60.0
ORPHAN_S = 5.0
"""So long may a media child take to die when its parent is killed; it takes the kernel no time."""
_STOP_S = 60.0
_SCRIPTED_WORKER = [sys.executable, str(Path(__file__).with_name("worker.py"))]


@dataclass
class Process:
    """One process that was started here."""

    role: str
    place: int
    popen: subprocess.Popen[bytes]
    log: Path
    started: float = field(default_factory=time.monotonic)

    @property
    def alive(self) -> bool:
        return self.popen.poll() is None


class Site:
    """A service on one data folder: several APIs, each on a port that it keeps, and workers.

    Its other settings are this process's own variables.

    Parameters
    ----------
    scripted : bool
        Workers of `faults.worker`, which look at no pixels, instead of ``personae worker``.
    """

    def __init__(self, folder: Path, *, apis: int, scripted: bool) -> None:
        self.data = folder / "data"
        self.data.mkdir(parents=True)
        self.logs = folder / "logs"
        self.logs.mkdir()
        self.environment = {**os.environ, "PERSONAE_DATA_DIR": str(self.data)}
        self.ports = _free_ports(apis)
        self.urls = [f"http://127.0.0.1:{port}" for port in self.ports]
        self.running: list[Process] = []
        self.outlived: set[str] = set()
        self._killed: dict[int, float] = {}
        self._scripted = scripted
        self._started = 0

    def start_api(self, place: int) -> Process:
        """An API on the port of that place."""
        command = [sys.executable, "-m", "personae", "api", "--port", str(self.ports[place])]
        return self._start("api", place, command)

    def start_worker(self) -> Process:
        real = [sys.executable, "-m", "personae", "worker"]
        return self._start("worker", 0, _SCRIPTED_WORKER if self._scripted else real)

    def replace(self, process: Process) -> None:
        """Kill a process as if its machine lost power, and start another in its place at once."""
        self.outlived.update(self._orphans(ORPHAN_S))
        process.popen.send_signal(signal.SIGKILL)
        process.popen.wait()
        self._killed[process.popen.pid] = time.monotonic()
        self.running.remove(process)
        if process.role == "api":
            self.start_api(process.place)
        else:
            self.start_worker()

    def ready(self, role: str) -> list[Process]:
        """Those that live and serve; the time that Python takes to start is no fault."""
        return [one for one in self.running if one.role == role and self._is_ready(one)]

    def replace_dead(self) -> list[str]:
        """Start what ended by itself again; how it ended."""
        dead = [one for one in self.running if not one.alive]
        for one in dead:
            self.replace(one)
        return [f"{one.role} died: exit {one.popen.returncode}, {_tail(one.log)}" for one in dead]

    def wait_until_ready(self) -> None:
        """Until everything that was started serves."""
        deadline = time.monotonic() + READY_S
        while not all(self._is_ready(one) for one in self.running):
            assert time.monotonic() < deadline, self.log_tail()
            assert all(one.alive for one in self.running), self.log_tail()
            time.sleep(0.05)

    def stop(self) -> list[str]:
        """End everything in an orderly way; what did not go well."""
        for one in self.running:
            one.popen.terminate()
        wrong: list[str] = []
        deadline = time.monotonic() + _STOP_S
        for one in self.running:
            try:
                code = one.popen.wait(max(0.1, deadline - time.monotonic()))
            except subprocess.TimeoutExpired:
                one.popen.kill()
                one.popen.wait()
                wrong.append(f"a process ({one.role}) did not stop when it was told to")
            else:
                if code:
                    wrong.append(f"a process ({one.role}) ended with {code}: {_tail(one.log)}")
            self._killed[one.popen.pid] = time.monotonic()
        self.running.clear()
        return wrong

    def survivors(self) -> list[str]:
        """Media children that outlived the process that started them."""
        deadline = time.monotonic() + ORPHAN_S
        while (found := self._orphans(0.0)) and time.monotonic() < deadline:
            time.sleep(0.1)
        return sorted(self.outlived | set(found))

    def log_tail(self) -> str:
        """The ends of the last logs."""
        logs = sorted(self.logs.iterdir(), key=lambda path: path.stat().st_mtime)
        return "\n".join(f"== {path.name}\n{_tail(path)}" for path in logs[-3:])

    def errors(self) -> list[str]:
        """What processes logged as errors."""
        return [
            f"{path.name}: {line[-400:]}"
            for path in sorted(self.logs.iterdir())
            for line in path.read_text(errors="replace").splitlines()
            if '"level": "error"' in line or line.startswith("Traceback")
        ]

    def _start(self, role: str, place: int, command: list[str]) -> Process:
        self._started += 1
        log = self.logs / f"{self._started:03}-{role}.log"
        with log.open("wb") as sink:
            popen = subprocess.Popen(
                command, env=self.environment, stdout=sink, stderr=subprocess.STDOUT
            )
        made = Process(role, place, popen, log)
        self._killed.pop(popen.pid, None)
        self.running.append(made)
        return made

    def _is_ready(self, one: Process) -> bool:
        if not one.alive:
            return False
        if one.role == "worker":
            return b"worker started" in one.log.read_bytes()
        try:
            answer = httpx.get(f"{self.urls[one.place]}/readyz", timeout=5, trust_env=False)
        except httpx.TransportError:
            return False
        return answer.status_code == 200

    def _orphans(self, for_s: float) -> list[str]:
        """Media children of processes of ours that have been gone for so long."""
        gone = {pid for pid, at in self._killed.items() if at < time.monotonic() - for_s}
        found: list[str] = []
        for process in psutil.process_iter(["cmdline", "status"]):
            words = process.info["cmdline"] or []
            if "personae.media_child" not in words or process.info["status"] == "zombie":
                continue
            parent = int(words[words.index("--parent") + 1])
            if parent in gone:
                found.append(f"a media child ({process.pid}) of {parent} lives on")
        return found


@contextlib.contextmanager
def site(folder: Path, *, apis: int = 2, workers: int = 2, scripted: bool) -> Iterator[Site]:
    """A running service; nothing of it is left at the end."""
    made = Site(folder, apis=apis, scripted=scripted)
    try:
        made.start_api(0)
        made.wait_until_ready()  # One of them migrates.
        for place in range(1, apis):
            made.start_api(place)
        for _ in range(workers):
            made.start_worker()
        made.wait_until_ready()
        yield made
    finally:
        for one in made.running:
            one.popen.kill()
            one.popen.wait()


def _free_ports(count: int) -> list[int]:
    """Ports that outgoing connections do not take while an API is being replaced."""
    dice, found = random.Random(), list[int]()
    while len(found) < count:
        port = dice.randrange(20_000, 30_000)
        with socket.socket() as one, contextlib.suppress(OSError):
            one.bind(("127.0.0.1", port))
            found.append(port)
    return found


def _tail(path: Path) -> str:
    return path.read_text(errors="replace")[-1500:]
