"""Files made of an installed network, kept beside it and made anew when it changes.

Each is a folder that appears whole, under a name that says of what and by what it was made. They
are made in a process of their own: making takes more memory than using, and a crash in the runtime
costs nothing but the file. Where nothing can be written the network is used as it is.
"""

from __future__ import annotations

import hashlib
import os
import platform
import shutil
import subprocess
import sys
import tempfile
from functools import cache
from pathlib import Path
from typing import Final, Literal

Kind = Literal["prepared", "batched"]

FOLDER: Final = ".derived"
NETWORK: Final = "network.onnx"
FAILED: Final = "failed"
_LEAST_BYTES: Final = 8_000_000
"""Smaller networks load in a moment as they are."""
_TIMEOUT_S: Final = 600


def prepared(source: Path, make: bool = True) -> Path | None:
    """A network optimised for this processor, whose weights are mapped rather than read.

    It loads in a tenth of a second, takes no more memory while it loads than afterwards, and
    processes on one machine share it. None where the network is small, or it cannot be made.

    Parameters
    ----------
    source : path
        The installed network.
    make : bool
        Whether it may be made now, in some seconds; otherwise only found.
    """
    try:
        if source.stat().st_size < _LEAST_BYTES:
            return None
    except OSError:
        return None
    return _derived("prepared", source, _machine(), make)


def batched(source: Path, make: bool = True) -> Path | None:
    """A network that takes any number of items where the published one takes one.

    None where it cannot be made, or does not give for two together what it gives for each.
    """
    return _derived("batched", source, "", make)


def _derived(kind: Kind, source: Path, further: str, make: bool) -> Path | None:
    try:
        stat = source.stat()
    except OSError:
        return None
    told = f"{kind} {stat.st_size} {stat.st_mtime_ns} {_runtime_version()} {further}"
    key = hashlib.sha256(told.encode()).hexdigest()[:16]
    home = source.parent / FOLDER / f"{source.stem}-{kind}-{key}"
    if not home.is_dir() and not (make and _has_room(source) and _make(kind, source, home)):
        return None
    return None if (home / FAILED).exists() else home / NETWORK


def _has_room(source: Path) -> bool:
    """Whether the disk has room for two more, and this process may write files as large."""
    wanted = 2 * source.stat().st_size
    try:
        import resource
    except ImportError:  # Windows knows no such limit.
        pass
    else:
        most = resource.getrlimit(resource.RLIMIT_FSIZE)[0]
        if most not in (resource.RLIM_INFINITY, -1) and most < wanted:
            return False
    return shutil.disk_usage(source.parent).free > wanted


def _make(kind: Kind, source: Path, home: Path) -> bool:
    """Make a folder in another process and move it where it belongs; whether it is there."""
    try:
        home.parent.mkdir(exist_ok=True)
        work = Path(tempfile.mkdtemp(prefix=".making-", dir=home.parent))
    except OSError:
        return home.is_dir()
    try:
        done = subprocess.run(
            [sys.executable, "-P", "-m", "personae.adapters.networks", kind, source, work],
            capture_output=True,
            timeout=_TIMEOUT_S,
        )
        if done.returncode:
            return home.is_dir()
        _drop_older(kind, source, home)
        work.rename(home)
    except (OSError, subprocess.TimeoutExpired):
        pass  # Another process may have been quicker, or there is no room.
    finally:
        shutil.rmtree(work, ignore_errors=True)
    return home.is_dir()


def _drop_older(kind: Kind, source: Path, home: Path) -> None:
    """Remove what was made of the file as it was before, or by another version of the runtime.

    Other processors' files go too when there are many. Who has one open keeps it until the end.
    """
    older = sorted(
        (one for one in home.parent.glob(f"{source.stem}-{kind}-*") if one != home),
        key=lambda one: one.stat().st_mtime,
    )
    for one in older[:-2]:
        shutil.rmtree(one, ignore_errors=True)
    for one in home.parent.glob(".making-*"):
        if one.stat().st_mtime < home.parent.stat().st_mtime - _TIMEOUT_S:
            shutil.rmtree(one, ignore_errors=True)


@cache
def _machine() -> str:
    """What the order of prepared weights depends on: the processor and what it can do."""
    try:
        with open("/proc/cpuinfo", encoding="utf-8", errors="replace") as file:
            flags = [line for line in file if line.startswith(("flags", "Features", "model name"))]
        told = " ".join(sorted(set(flags)))
    except OSError:
        told = platform.processor()
    return f"{sys.platform} {platform.machine()} {os.name} {told}"


@cache
def _runtime_version() -> str:
    import onnxruntime

    return onnxruntime.__version__
