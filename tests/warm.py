"""Commands as processes that need not load everything anew.

A helper process imports what commands import and does nothing else; each command is a fork of it,
with its own arguments, folder, environment, standard streams and ending. That saves a second and
more of imports a command. What is about starting itself (variables that are read while modules
load, signals, limits, threads) starts ``python -m personae`` instead.
"""

from __future__ import annotations

import atexit
import json
import os
import signal
import socket
import subprocess
import sys
import tempfile
import traceback
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

_PRELOADED = (
    "personae.cli.app",
    "personae.library",
    "personae.manifests",
    "personae.hosting.wiring",
    "personae.hosting.settings",
    "alembic.command",
    "onnxruntime",
    "ai_edge_litert.interpreter",
    "rich.console",
)
_LONGEST = 1 << 20
_helper: _Helper | None = None


def run_warm(
    arguments: Sequence[str | Path],
    *,
    cwd: Path | None = None,
    env: Mapping[str, str] | None = None,
    timeout: float = 120.0,
) -> subprocess.CompletedProcess[str]:
    """Run ``personae ARGUMENTS`` and wait for its end; standard input is empty."""
    global _helper
    if _helper is None:
        _helper = _Helper()
    return _helper.run([str(one) for one in arguments], cwd, env, timeout)


class _Helper:
    """The other side of the helper process; one command at a time."""

    def __init__(self) -> None:
        self._socket, theirs = socket.socketpair()
        with theirs:
            self._process = subprocess.Popen(
                [sys.executable, __file__, str(theirs.fileno())],
                pass_fds=[theirs.fileno()],
                stdin=subprocess.DEVNULL,
            )
        self._answers = self._socket.makefile("r")
        atexit.register(self.close)

    def run(
        self, arguments: list[str], cwd: Path | None, env: Mapping[str, str] | None, timeout: float
    ) -> subprocess.CompletedProcess[str]:
        asked = {
            "arguments": arguments,
            "cwd": str(cwd or Path.cwd()),
            "env": dict(os.environ if env is None else env),
        }
        with tempfile.TemporaryFile() as out, tempfile.TemporaryFile() as err:
            told = json.dumps(asked).encode()
            head = len(told).to_bytes(4, "big")
            socket.send_fds(self._socket, [head], [out.fileno(), err.fileno()])
            self._socket.sendall(told)
            pid = int(self._answers.readline())
            self._socket.settimeout(timeout)
            try:
                code = int(self._answers.readline())
            except TimeoutError:
                os.kill(pid, signal.SIGKILL)
                self._forget()
                raise subprocess.TimeoutExpired(arguments, timeout) from None
            self._socket.settimeout(None)
            out.seek(0)
            err.seek(0)
            return subprocess.CompletedProcess(
                arguments, code, out.read().decode(), err.read().decode()
            )

    def _forget(self) -> None:
        global _helper
        _helper = None
        self.close()

    def close(self) -> None:
        self._answers.close()
        self._socket.close()  # The helper ends when nobody can ask any more.
        self._process.wait(30)


def _serve(number: int) -> None:
    """Fork a process for each command that is asked for, until nobody asks any more."""
    with socket.socket(fileno=number) as asked:
        while True:
            head, fds, _, _ = socket.recv_fds(asked, 4, 2)
            if not head:
                return
            told = b""
            while len(told) < int.from_bytes(head, "big"):
                told += asked.recv(_LONGEST)
            pid = os.fork()
            if not pid:
                asked.close()
                become(json.loads(told), fds)
            for fd in fds:
                os.close(fd)
            asked.sendall(f"{pid}\n".encode())
            _, status = os.waitpid(pid, 0)
            asked.sendall(f"{os.waitstatus_to_exitcode(status)}\n".encode())


def become(told: dict[str, Any], fds: Sequence[int], streams: Sequence[int] = (1, 2)) -> None:
    """Be the command, with `fds` as its standard `streams`; never returns."""
    code = 1
    try:
        for fd, stream in zip(fds, streams, strict=True):
            os.dup2(fd, stream)
            os.close(fd)
        os.chdir(told["cwd"])
        os.environ.clear()
        os.environ.update(told["env"])
        sys.argv = ["personae", *told["arguments"]]
        from personae.cli import main

        main()
        code = 0
    except SystemExit as ending:
        code = ending.code if isinstance(ending.code, int) else int(ending.code is not None)
    except BaseException:
        traceback.print_exc()
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
        # Without the interpreter's own ending: threads of libraries do not survive a fork, and
        # would be waited for.
        os._exit(code)


def preload() -> None:
    """Load what commands load."""
    # As the command line does before it loads anything.
    for name in ("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS"):
        os.environ.setdefault(name, "1")
    for name in _PRELOADED:
        __import__(name)


if __name__ == "__main__":
    # This folder must not come before the library's own modules.
    sys.path.pop(0)
    preload()
    _serve(int(sys.argv[1]))
