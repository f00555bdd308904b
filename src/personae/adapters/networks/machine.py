"""What the machine has, and what operators say of it: cores, memory, sizes in words."""

from __future__ import annotations

import os
import platform
import re
import shutil
import subprocess
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Final

from personae.engine.sessions.providers import Provider
from personae.errors import InvalidRequest

_SIZE: Final = re.compile(r"(\d+(?:\.\d+)?)\s*([kmgt]?)(i?)b?", re.IGNORECASE)
_POWERS: Final = {"": 0, "k": 1, "m": 2, "g": 3, "t": 4}
_SHARE: Final = 0.5
"""Of the memory that networks may take unless somebody says otherwise: frames need some too."""
_CGROUP: Final = Path("/sys/fs/cgroup/memory.max")
_SAFE_FLAGS: Final = ("avx512_vnni", "avx_vnni", "asimddp")
_UNKNOWN_BYTES: Final = 4 * 2**30


def cores() -> int:
    """How many this process may use."""
    affinity: Callable[[int], set[int]] | None = getattr(os, "sched_getaffinity", None)
    return len(affinity(0)) if affinity else os.cpu_count() or 1


def multiplies_safely() -> bool:
    """Whether this processor adds up products of 8 bits in 32: VNNI, or ARM's dot product.

    False where that cannot be found out.
    """
    if sys.platform == "darwin":
        return platform.machine() == "arm64"  # Each of Apple's has it.
    try:
        with open("/proc/cpuinfo", encoding="utf-8", errors="replace") as file:
            return any(flag in line.split() for line in file for flag in _SAFE_FLAGS)
    except OSError:
        return False


def whole_number(variable: str, text: str) -> int:
    """A setting that is a whole number; 0 if it is not set.

    Raises
    ------
    InvalidRequest
    """
    if not text.strip():
        return 0
    if not text.strip().isdecimal() or not int(text):
        raise InvalidRequest(f"{variable} is {text!r}; give a whole number of 1 or more.")
    return int(text)


def memory_bytes(variable: str, text: str, providers: Sequence[Provider]) -> int:
    """What networks may take: as it is set, else half of where they lie.

    Raises
    ------
    InvalidRequest
        If it is set to something else than a size such as ``6GiB``.
    """
    if text.strip():
        found = _SIZE.fullmatch(text.strip())
        size = 0
        if found:
            number, power, binary = found.groups()
            step = 1024 if binary else 1000
            size = int(float(number) * step ** _POWERS[power.lower()])
        if not size:
            raise InvalidRequest(f"{variable} is {text!r}; give a size such as 6GiB or 800MB.")
        return size
    device = next((one.device for one in providers if one.memory == "cuda"), None)
    there = None if device is None else _graphics_bytes(device)
    return int((there or _computer_bytes()) * _SHARE)


def _computer_bytes() -> int:
    """The memory of the machine, or of the container where that has less."""
    try:
        there = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    except (AttributeError, OSError, ValueError):  # Windows has no sysconf.
        return _UNKNOWN_BYTES
    try:
        return min(there, int(_CGROUP.read_text("ascii")))
    except (OSError, ValueError):  # No container, or one without a limit, which says "max".
        return there


def _graphics_bytes(device: int) -> int | None:
    """The memory of one of NVIDIA's graphics cards, where its tool tells it."""
    tool = shutil.which("nvidia-smi")
    if tool is None:
        return None
    query = ["--query-gpu=memory.total", "--format=csv,noheader,nounits", f"--id={device}"]
    try:
        done = subprocess.run([tool, *query], capture_output=True, text=True, timeout=10)
        return int(done.stdout.strip().splitlines()[0]) * 2**20
    except (OSError, ValueError, IndexError, subprocess.TimeoutExpired):
        return None
