"""The command line as a shell runs it: a process of its own, its ending, and what it left."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from warm import run_warm

LIMIT_S = 60


@dataclass(frozen=True)
class Ended:
    """How a command ended."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> dict[str, Any]:
        """The one JSON object on stdout; anything else there is an error."""
        return json.loads(self.out)

    @property
    def error(self) -> str:
        """The only sentence on stderr, warnings apart, without its label."""
        lines = [line for line in self.err.splitlines() if not line.startswith("Warning: ")]
        assert len(lines) == 1, self.err
        assert lines[0].startswith("Error: "), self.err
        return lines[0].removeprefix("Error: ")


def personae_command(*arguments: str | Path) -> list[str]:
    """What to start for ``personae ARGUMENTS``."""
    return [sys.executable, "-m", "personae", *(str(one) for one in arguments)]


def run(
    folder: Path, *arguments: str | Path, before: Callable[[], None] | None = None, **env: str
) -> Ended:
    """Run ``personae ARGUMENTS`` in `folder`; `before` is called in the child first."""
    if before is None:
        done = run_warm(arguments, cwd=folder, env={**os.environ, **env}, timeout=LIMIT_S)
    else:
        done = subprocess.run(
            personae_command(*arguments),
            cwd=folder,
            env={**os.environ, **env},
            capture_output=True,
            text=True,
            timeout=LIMIT_S,
            check=False,
            preexec_fn=before,
        )
    assert "Traceback" not in done.stderr, done.stderr
    return Ended(done.returncode, done.stdout, done.stderr)


def listing(folder: Path) -> dict[str, int]:
    """Every file below a folder, hidden ones too, with its size."""
    return {
        str(path.relative_to(folder)): path.stat().st_size
        for path in folder.rglob("*")
        if path.is_file()
    }
