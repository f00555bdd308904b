"""A process that has Personae loaded and forks for each command: a start costs 20 ms, not 2 s.

Run as a script, ``warm.py SOCKET``, it is that process. What it forks is the same program as
``python -m personae``, in a process of its own with its own folder, environment and streams; it
ends with the one who asked.
"""

from __future__ import annotations

import json
import os
import runpy
import select
import signal
import socket
import sys
import traceback
from contextlib import redirect_stderr, redirect_stdout
from io import StringIO
from pathlib import Path
from typing import Any

_LARGEST = 1 << 20


def ask(address: str, job: dict[str, Any], streams: list[int]) -> socket.socket:
    """Have a job started; the exit code comes as text over the socket that is returned."""
    line = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    line.connect(address)
    socket.send_fds(line, [json.dumps(job).encode()], streams)
    return line


def _load() -> None:
    """Whatever commands need; not ONNX Runtime, whose thread a fork would wait for in vain."""
    for name in ("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS"):
        os.environ.setdefault(name, "1")
    import av
    import cv2
    import httpx
    import PIL.Image

    import personae.cli.app
    import personae.hosting.settings
    import personae.library
    import personae.wiring

    del av, cv2, httpx, PIL, personae


def _serve(address: str) -> dict[str, Any]:
    """Take jobs until the end of standard input; returns only in a process forked for one."""
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)
    with socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET) as server:
        server.bind(address)
        server.listen()
        print("ready", flush=True)
        while True:
            if 0 in select.select([0, server], [], [])[0]:
                sys.exit(0)
            line = server.accept()[0]
            if os.fork() == 0:
                signal.signal(signal.SIGCHLD, signal.SIG_DFL)
                server.close()
                return _start(line)
            line.close()


def _start(line: socket.socket) -> dict[str, Any]:
    """Fork once more: one process waits and tells how it went, the other does the job."""
    told, streams, *_ = socket.recv_fds(line, _LARGEST, 3)
    child = os.fork()
    if child == 0:
        line.close()
        for number, stream in enumerate(streams):
            os.dup2(stream, number)
            os.close(stream)
        return json.loads(told)
    for stream in [0, 1, 2, *streams]:
        os.close(stream)
    watch = os.pidfd_open(child)
    if watch not in select.select([watch, line], [], [])[0]:
        os.kill(child, signal.SIGKILL)  # Whoever asked is gone.
    status = os.waitpid(child, 0)[1]
    line.send(str(os.waitstatus_to_exitcode(status)).encode())
    os._exit(0)


def _run(job: dict[str, Any]) -> None:
    os.chdir(job["cwd"])
    os.environ.clear()
    os.environ.update(job["env"])
    sys.argv = ["personae", *job["argv"]]
    sys.path[0] = ""
    if job["what"] == "python":
        _blocks()
    else:
        runpy.run_module("personae", run_name="__main__", alter_sys=False)


def _blocks() -> None:
    """Python blocks of one page, one after the other in one namespace."""
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


if __name__ == "__main__":
    sys.path.pop(0)  # The folder of the tests: a page's Python does not see it.
    _load()
    given = _serve(str(Path(sys.argv[1])))
    _run(given)
