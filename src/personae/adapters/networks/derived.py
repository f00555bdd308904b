"""Files made of an installed network, kept beside it and made anew when it changes.

Each is a folder that appears whole, under a name that says of what and by what it was made. They
are made in a process of their own: making takes more memory than using, and a crash in the runtime
costs nothing but the file. Where nothing can be written the network is used as it is.

A record in the folder holds each file's size, date and SHA-256. What has another size or date is
not loaded but made anew; the hashes are read by `drop_damaged` alone, because reading half a
gigabyte at each load would cost what mapping saves.
"""

from __future__ import annotations

import hashlib
import json
import os
import platform
import shutil
import subprocess
import sys
import tempfile
from functools import cache
from pathlib import Path
from typing import Any, Final, Literal

from personae.adapters.folder_lock import holding
from personae.adapters.models.hashes import fingerprint
from personae.errors import ModelError

Kind = Literal["prepared", "batched"]

FOLDER: Final = ".derived"
NETWORK: Final = "network.onnx"
FAILED: Final = "failed"
RECORD: Final = "made.json"
_MAKING: Final = ".making-"
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
    return _derived("prepared", source, _machine(), make) if is_worth_preparing(source) else None


def is_worth_preparing(source: Path) -> bool:
    """Whether it is there, and so large that loading it takes longer than a moment."""
    try:
        return source.stat().st_size >= _LEAST_BYTES
    except OSError:
        return False


def batched(source: Path, make: bool = True) -> Path | None:
    """A network that takes any number of items where the published one takes one.

    None where it cannot be made, or does not give for two together what it gives for each.
    """
    return _derived("batched", source, "", make)


def drop_damaged(folder: Path) -> list[str]:
    """Read all that was made of the networks in a folder, and remove what is not as it was made.

    Parameters
    ----------
    folder : path
        A model's own.

    Returns
    -------
    list of str
        The names of the networks of which something was removed; it is made anew when it is needed.
    """
    dropped: list[str] = []
    for home in sorted((folder / FOLDER).glob("*-*-*")):
        if home.name.startswith("."):
            continue
        if _is_whole(home) and _has_hashes(home):
            dropped += drop_damaged(home)  # What was freed of its batch of one is prepared, too.
            continue
        shutil.rmtree(home, ignore_errors=True)
        dropped.append(home.name.rsplit("-", 2)[0])
    return dropped


def _derived(kind: Kind, source: Path, further: str, make: bool) -> Path | None:
    try:
        stat = source.stat()
    except OSError:
        return None
    told = f"{kind} {stat.st_size} {stat.st_mtime_ns} {_runtime_version()} {further}"
    key = hashlib.sha256(told.encode()).hexdigest()[:16]
    home = source.parent / FOLDER / f"{source.stem}-{kind}-{key}"
    if not _is_whole(home) and not (make and _has_room(source) and _make(kind, source, home)):
        return None
    return None if (home / FAILED).exists() else home / NETWORK


def _is_whole(home: Path) -> bool:
    """Whether every file is there with the size and the date that it was made with."""
    try:
        files = _recorded(home)
        stats = {name: (home / name).stat() for name in files}
    except (OSError, ValueError):
        return False
    return all(
        [stats[name].st_size, stats[name].st_mtime_ns] == told[:2] for name, told in files.items()
    )


def _has_hashes(home: Path) -> bool:
    try:
        return all(
            fingerprint(home / name).sha256 == told[2] for name, told in _recorded(home).items()
        )
    except (OSError, ValueError):
        return False


def _recorded(home: Path) -> dict[str, list[Any]]:
    """Size, date in nanoseconds and SHA-256 by file.

    Raises
    ------
    OSError, ValueError
    """
    told: Any = json.loads((home / RECORD).read_text("utf-8"))
    try:
        files = {str(name): [*one] for name, one in told["files"].items()}
    except (KeyError, TypeError, AttributeError) as error:
        raise ValueError("no record") from error
    if any(len(one) != 3 or Path(name).name != name for name, one in files.items()) or not files:
        raise ValueError("no record")
    return files


def _record(folder: Path) -> None:
    """Write down what is in a folder, as `_recorded` reads it."""
    files: dict[str, list[Any]] = {}
    for path in sorted(folder.iterdir()):
        stat = path.stat()
        files[path.name] = [stat.st_size, stat.st_mtime_ns, fingerprint(path).sha256]
    (folder / RECORD).write_text(json.dumps({"files": files}, indent=1) + "\n", "utf-8")


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
    """Make a folder in another process and move it where it belongs; whether it is there.

    One process at a time: others wait, and find it made.
    """
    try:
        with holding(home.parent, _TIMEOUT_S):
            # Whoever made these is dead, or it would have the lock.
            for left_behind in home.parent.glob(f"{_MAKING}*"):
                shutil.rmtree(left_behind, ignore_errors=True)
            if not _is_whole(home):
                shutil.rmtree(home, ignore_errors=True)  # Who has it open keeps it until the end.
                _make_alone(kind, source, home)
    except (OSError, ModelError):
        pass  # It cannot be written, or others have been at it for long.
    return _is_whole(home)


def _make_alone(kind: Kind, source: Path, home: Path) -> None:
    """The same without looking whether others do so.

    Raises
    ------
    OSError
    """
    work = Path(tempfile.mkdtemp(prefix=_MAKING, dir=home.parent))
    command = [sys.executable, "-P", "-m", "personae.adapters.networks", kind, source, work]
    try:
        done = subprocess.run(command, capture_output=True, timeout=_TIMEOUT_S)
        if not done.returncode:
            _record(work)
            _drop_older(kind, source, home)
            work.rename(home)
    except subprocess.TimeoutExpired:
        pass
    finally:
        shutil.rmtree(work, ignore_errors=True)


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
