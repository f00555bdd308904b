"""A shell and a Python that read one page from top to bottom."""

from __future__ import annotations

import json
import os
import re
import select
import shlex
import signal
import subprocess
import time
from pathlib import Path
from typing import Any

from docs.warm import ask

LIMIT_S = 300.0
"""For one block, on a machine that has much else to do; nothing hangs for longer."""
_SHELL = "set -euo pipefail\n"


class Wrong(AssertionError):
    """A block that does not do what the page says."""


class Shell:
    """One bash for a page; variables, functions and the folder stay from block to block."""

    def __init__(self, folder: Path, environment: dict[str, str]) -> None:
        self.folder = folder
        self._notes = folder.parent / "shell"
        self._notes.mkdir()
        self._status, told = os.pipe()
        self._process = subprocess.Popen(
            ["bash", "--noprofile", "--norc", "-s"],
            cwd=folder,
            env=environment,
            stdin=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            pass_fds=[told],
            start_new_session=True,
        )
        os.close(told)
        self._told, self._count = told, 0

    @property
    def pid(self) -> int:
        """Of the bash, which is also its group's."""
        return self._process.pid

    def run(self, text: str, *, fails: bool = False) -> tuple[int, str]:
        """Run a text to its end or first failure; its exit code, and all that it printed.

        One that is expected to fail runs in a shell below this one, which goes on after it.
        """
        self._count += 1
        file, out = self._notes / f"{self._count}.sh", self._notes / f"{self._count}.out"
        file.write_text(_SHELL + text)
        sourced = f". {shlex.quote(str(file))} </dev/null >{shlex.quote(str(out))} 2>&1"
        if fails:
            line = f"set +e\n( {sourced} )\necho $? >&{self._told}\n"
        else:  # In this very shell, so that variables stay; a failure ends it.
            line = (
                f"trap 'echo $? >&{self._told}' EXIT\n{sourced}\n"
                f"env -0 >{shlex.quote(str(self._notes / 'env'))}\n"
                f"trap - EXIT\necho 0 >&{self._told}\n"
            )
        assert self._process.stdin is not None
        self._process.stdin.write(line.encode())
        self._process.stdin.flush()
        code = self._await()
        return code, out.read_text("utf-8", "replace") if out.exists() else ""

    def environment(self) -> dict[str, str]:
        """What the shell has exported by now."""
        file = self._notes / "env"
        if not file.exists():
            return {}
        pairs = file.read_text("utf-8", "replace").split("\0")
        return dict(pair.split("=", 1) for pair in pairs if "=" in pair)

    def value(self, name: str) -> str:
        """A variable, exported or not."""
        code, out = self.run(f'printf %s "${{{name}}}"')
        if code:
            raise Wrong(f"the page has no variable {name}: {out}")
        return out

    def close(self) -> None:
        os.killpg(self._process.pid, signal.SIGKILL)
        self._process.wait()
        assert self._process.stdin is not None
        self._process.stdin.close()
        os.close(self._status)

    def _await(self) -> int:
        if not select.select([self._status], [], [], LIMIT_S)[0]:
            raise Wrong(f"it runs for more than {LIMIT_S:.0f} s")
        told = os.read(self._status, 64)
        if not told:
            raise Wrong("the shell was ended by an earlier block")
        return int(told)


class Python:
    """One interpreter for a page; names stay from block to block."""

    def __init__(self, warm: str, folder: Path, environment: dict[str, str]) -> None:
        ours = {name: value for name, value in environment.items() if name[:5] != "DOCS_"}
        theirs_in, self._in = os.pipe()
        self._out, theirs_out = os.pipe()
        job = {"what": "python", "cwd": str(folder), "env": ours}
        self._line = ask(warm, job, [theirs_in, theirs_out, theirs_out])
        os.close(theirs_in)
        os.close(theirs_out)

    def run(self, text: str, place: str, names: dict[str, str], env: dict[str, str]) -> str:
        """Run a text; what it printed."""
        job = {"text": text, "place": place, "names": names, "env": env}
        os.write(self._in, (json.dumps(job) + "\n").encode())
        answer = self._await()
        if answer["error"]:
            raise Wrong(f"{answer['out']}{answer['error']}")
        return str(answer["out"])

    def close(self) -> None:
        for each in (self._in, self._out):
            os.close(each)
        self._line.close()

    def _await(self) -> dict[str, Any]:
        ends, told = time.monotonic() + LIMIT_S, b""
        while not told.endswith(b"\n") or not told.startswith(b'{"out"'):
            if not select.select([self._out], [], [], max(0.0, ends - time.monotonic()))[0]:
                raise Wrong(f"it runs for more than {LIMIT_S:.0f} s")
            read = os.read(self._out, 1 << 16)
            if not read:
                raise Wrong(f"Python ended: {told.decode(errors='replace')}")
            told += read
            if not told.startswith(b'{"out"') and b'{"out"' in told:
                told = told[told.index(b'{"out"') :]  # What native libraries printed.
        return json.loads(told)


def prints(shown: str, line: str) -> bool:
    """Whether one of the lines of an output is `line`, in which `…` stands for anything."""
    pattern = ".*".join(re.escape(part) for part in line.split("…"))
    return any(re.fullmatch(pattern, each.strip()) for each in shown.splitlines())


def matches(shown: str, expected: str) -> bool:
    """Whether an output is what a page shows; `…` stands for anything.

    A line that is only `…` stands for any number of lines; within a line it stands for a part of
    that line. Spaces at the ends of lines, and empty lines at both ends, do not count.
    """
    pattern: list[str] = []
    for line in expected.strip("\n").splitlines():
        if line.strip() == "…":
            pattern.append(r"(?:.*\n)*?")
        else:
            parts = [re.escape(part) for part in line.rstrip().split("…")]
            pattern.append(r"[^\n]*".join(parts) + r"[ \t]*\n")
    return re.fullmatch("".join(pattern), shown.strip("\n") + "\n") is not None
