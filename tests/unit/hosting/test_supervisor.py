"""A supervised process is started again when it dies, and dies with its supervisor."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

from personae.hosting.supervisor import Supervised

_LIVE = """
import os, sys, threading
open(sys.argv[1], "a").write(f"{os.getpid()}\\n")
sys.stdin.buffer.read()
"""
_SUPERVISE = """
import sys, time
from personae.hosting.supervisor import Supervised
import os
Supervised("x", [sys.executable, "-c", sys.argv[1], sys.argv[2]], os.environ, 1).start()
time.sleep(60)
"""


def until(holds: Callable[[], bool], timeout_s: float = 20.0) -> bool:
    ends = time.monotonic() + timeout_s
    while time.monotonic() < ends:
        if holds():
            return True
        time.sleep(0.02)
    return False


def pids(file: Path) -> list[int]:
    return [int(line) for line in file.read_text().split()] if file.exists() else []


def alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    state = Path(f"/proc/{pid}/stat")
    return not state.exists() or state.read_text().rpartition(")")[2].split()[0] != "Z"


def test_a_child_that_dies_is_started_again(tmp_path: Path) -> None:
    file = tmp_path / "pids"
    child = Supervised("x", [sys.executable, "-c", _LIVE, str(file)], os.environ, 2.0)
    child.start()
    try:
        assert until(lambda: len(pids(file)) == 1)
        os.kill(pids(file)[0], signal.SIGKILL)
        assert until(lambda: len(pids(file)) == 2)
    finally:
        child.stop()
    assert not any(alive(pid) for pid in pids(file))
    assert child.pid is None


def test_a_child_ends_when_its_supervisor_is_killed(tmp_path: Path) -> None:
    file = tmp_path / "pids"
    parent = subprocess.Popen([sys.executable, "-c", _SUPERVISE, _LIVE, str(file)])
    try:
        assert until(lambda: len(pids(file)) == 1)
    finally:
        parent.kill()
        parent.wait()
    assert until(lambda: not alive(pids(file)[0]))
