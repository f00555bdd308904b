"""The pages' processes, forked from one that has loaded what they need, like `tests/warm.py`'s.

Run as a script, ``warm.py SOCKET``, it is that one. Here several run at once, a page's shell asks
by itself, standard input is passed on too, and a process ends with the one who asked for it.
"""

from __future__ import annotations

import importlib.util
import json
import os
import select
import signal
import socket
import sys
import traceback
from contextlib import redirect_stderr, redirect_stdout, suppress
from io import StringIO
from pathlib import Path
from types import ModuleType
from typing import Any

_LARGEST = 1 << 20


def ask(address: str, job: dict[str, Any], streams: list[int]) -> socket.socket:
    """Have a job started; the exit code comes as text over the socket that is returned."""
    line = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    line.connect(address)
    socket.send_fds(line, [json.dumps(job).encode()], streams)
    return line


def _serve(address: str) -> tuple[dict[str, Any], list[int]]:
    """Take jobs until the end of standard input; returns only in a process forked for one."""
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)
    with socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET) as server:
        server.bind(address)
        server.listen()
        print("ready", flush=True)
        while True:
            if 0 in select.select([0, server], [], [])[0]:
                os._exit(0)
            line = server.accept()[0]
            if os.fork() == 0:
                signal.signal(signal.SIGCHLD, signal.SIG_DFL)
                server.close()
                return _start(line)
            line.close()


def _start(line: socket.socket) -> tuple[dict[str, Any], list[int]]:
    """Fork once more: one process waits and tells how it went, the other does the job."""
    told, streams, *_ = socket.recv_fds(line, _LARGEST, 3)
    child = os.fork()
    if child == 0:
        line.close()
        return json.loads(told), streams
    try:
        _watch(child, line, streams)
    finally:  # Without the interpreter's own ending, which would wait for threads left behind.
        os._exit(0)


def _watch(child: int, line: socket.socket, streams: list[int]) -> None:
    for stream in [0, 1, 2, *streams]:
        os.close(stream)
    watch = os.pidfd_open(child)
    if watch not in select.select([watch, line], [], [])[0]:
        os.kill(child, signal.SIGKILL)  # Whoever asked is gone.
    status = os.waitpid(child, 0)[1]
    with suppress(BrokenPipeError):
        line.send(str(os.waitstatus_to_exitcode(status)).encode())


def _blocks(job: dict[str, Any], streams: list[int]) -> None:
    """Be the Python of one page: its blocks, one after the other, in one namespace."""
    for number, stream in enumerate(streams):
        os.dup2(stream, number)
        os.close(stream)
    os.chdir(job["cwd"])
    os.environ.clear()
    os.environ.update(job["env"])
    sys.path[:0] = ["", *job["env"].get("PYTHONPATH", "").split(os.pathsep)]
    answers = os.fdopen(os.dup(1), "w", encoding="utf-8")
    names: dict[str, Any] = {"__name__": "__main__"}
    for text in sys.stdin:
        block = json.loads(text)
        os.environ.update(block["env"])
        names |= block["names"]
        shown, error = StringIO(), ""
        try:
            with redirect_stdout(shown), redirect_stderr(shown):
                exec(compile(block["text"], block["place"], "exec"), names)
        except BaseException:
            error = traceback.format_exc()
        print(json.dumps({"out": shown.getvalue(), "error": error}), file=answers, flush=True)


def _common() -> ModuleType:
    """`tests/warm.py`, without that folder among those that a page's Python looks into."""
    found = importlib.util.spec_from_file_location("warm", Path(__file__).parents[1] / "warm.py")
    assert found is not None
    assert found.loader is not None
    module = importlib.util.module_from_spec(found)
    found.loader.exec_module(module)
    return module


if __name__ == "__main__":
    sys.path.pop(0)
    common = _common()
    common.preload()
    given, fds = _serve(sys.argv[1])
    if given["what"] == "python":
        _blocks(given, fds)
        os._exit(0)
    common.become(given, fds, (0, 1, 2))
