"""Keeping a worker process alive beside the API of a service on one machine."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
import time
from collections.abc import Mapping, Sequence

import structlog

log = structlog.get_logger("personae.supervisor")

RESTART_FIRST_S = 0.2
RESTART_LAST_S = 15.0
STEADY_S = 30.0
"""A process that lived this long has started well; its next restart is prompt again."""


class Supervised:
    """A child process, started again whenever it ends, until `stop`.

    The child's standard input is a pipe from this process: it sees the end of it when this process
    dies, however it dies, and should end too.

    Parameters
    ----------
    name : str
        For the log.
    command : sequence of str
    environment : mapping
        All of the child's variables.
    grace_s : float, seconds
        Between asking the child to end and killing it.
    """

    def __init__(
        self, name: str, command: Sequence[str], environment: Mapping[str, str], grace_s: float
    ) -> None:
        self._name = name
        self._command = list(command)
        self._environment = dict(environment)
        self._grace_s = grace_s
        self._stopping = threading.Event()
        self._starting = threading.Lock()
        self._child: subprocess.Popen[bytes] | None = None
        self._thread = threading.Thread(target=self._watch, name=f"supervise-{name}", daemon=True)

    def start(self) -> None:
        """Start the child and watch it."""
        self._thread.start()

    @property
    def pid(self) -> int | None:
        """The present child, if there is one."""
        child = self._child
        return None if child is None or child.poll() is not None else child.pid

    def stop(self) -> None:
        """Ask the child to end, wait for the grace period, then kill it."""
        with self._starting:  # Or one that is just being started would be missed.
            self._stopping.set()
        child = self._child
        if child is not None and child.poll() is None:
            child.terminate()
            try:
                child.wait(self._grace_s)
            except subprocess.TimeoutExpired:
                child.kill()
        if self._thread.is_alive():
            self._thread.join(5)

    def _watch(self) -> None:
        wait_s = RESTART_FIRST_S
        while not self._stopping.is_set():
            started = time.monotonic()
            with self._starting:
                if self._stopping.is_set():
                    return
                self._child = subprocess.Popen(
                    self._command, stdin=subprocess.PIPE, env=self._environment
                )
            log.info("started", action="start", child=self._name, pid=self._child.pid)
            code = self._child.wait()
            if self._child.stdin is not None:
                self._child.stdin.close()
            if self._stopping.is_set():
                return
            steady = time.monotonic() - started > STEADY_S
            wait_s = RESTART_FIRST_S if steady else min(RESTART_LAST_S, wait_s * 2)
            log.warning(
                "ended, starting it again",
                action="restart",
                child=self._name,
                exit_code=code,
                wait_s=wait_s,
            )
            self._stopping.wait(wait_s)


def watch_parent(on_end: threading.Event) -> None:
    """Set `on_end` once standard input, a pipe from the supervisor, comes to its end."""

    def wait() -> None:
        while os.read(0, 1024):
            pass
        on_end.set()

    threading.Thread(target=wait, name="watch-parent", daemon=True).start()


def worker_command() -> list[str]:
    """How this Python starts a worker that ends with its supervisor."""
    return [sys.executable, "-m", "personae", "worker", "--supervised"]
