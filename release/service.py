"""A service that runs while a block does, as anybody would start it."""

from __future__ import annotations

import os
import re
import subprocess
import time
from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx

_READY_S = 120.0
PATIENCE_S = 60.0
"""How long one answer may take: the first one of a document makes it."""


class Failed(Exception):
    """A step of a release that did not work, in one sentence."""


@dataclass(frozen=True, slots=True)
class Running:
    """Where a service is, and its first key."""

    url: str
    key: str


@contextmanager
def running(python: Path, folder: Path, environment: dict[str, str]) -> Generator[Running]:
    """`personae serve` of this Python, on a free port, its data below `folder`.

    Raises
    ------
    Failed
        If it does not get ready.
    """
    log, data = folder / "serve.log", folder / "data"
    command = [python, "-m", "personae", "serve", "--port", "0", "--data", data]
    with log.open("wb") as sink:
        process = subprocess.Popen(
            command, cwd=folder, env=environment, stdout=sink, stderr=subprocess.STDOUT
        )
        try:
            url = _ready(process, data / "url", log)
            found = re.search(r"API key \(shown once\): (\S+)", log.read_text("utf-8"))
            if found is None:
                raise Failed("serve printed no first key.")
            yield Running(url, found[1])
        finally:
            process.terminate()
            process.wait(60)


def _ready(process: subprocess.Popen[bytes], file: Path, log: Path) -> str:
    ends = time.monotonic() + _READY_S
    while time.monotonic() < ends and process.poll() is None:
        if file.exists():
            url = file.read_text().strip()
            try:
                if httpx.get(f"{url}/readyz", timeout=PATIENCE_S).status_code == 200:
                    return url
            except httpx.TransportError:
                pass
        time.sleep(0.2)
    raise Failed(f"The service did not get ready: {log.read_text(errors='replace')[-1500:]}")


def clean_environment(folder: Path) -> dict[str, str]:
    """This process's variables without what would lead back to a checkout or to other settings."""
    kept = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith(("PERSONAE_", "PYTHON", "VIRTUAL_ENV"))
        or name == "PERSONAE_MODELS_DIR"
    }
    return kept | {"PERSONAE_SIGNING_DIR": str(folder / "signing")}
