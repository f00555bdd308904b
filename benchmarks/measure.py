"""Clocks and meters."""

from __future__ import annotations

import json
import os
import platform
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Cost:
    """Seconds by the clock and seconds of processor time of all threads."""

    wall_s: float
    cpu_s: float


def cost(
    work: Callable[[], object], repeats: int = 1, prepare: Callable[[], object] | None = None
) -> Cost:
    """The cheapest of several runs: noise only ever adds. `prepare` is not measured."""
    best = Cost(float("inf"), float("inf"))
    for _ in range(repeats):
        if prepare is not None:
            prepare()
        wall, cpu = time.perf_counter(), time.process_time()
        work()
        run = Cost(time.perf_counter() - wall, time.process_time() - cpu)
        best = Cost(min(best.wall_s, run.wall_s), min(best.cpu_s, run.cpu_s))
    return best


def in_child(module: str, *arguments: str) -> Any:
    """Run ``python -m module`` and read the JSON it prints last; for memory, a fresh process."""
    done = subprocess.run(
        [sys.executable, "-m", module, *arguments],
        check=True,
        capture_output=True,
        text=True,
        timeout=900,
    )
    return json.loads(done.stdout.strip().splitlines()[-1])


def peak_rss_mb() -> float:
    """The most memory this process ever held, in MB of 10^6 bytes."""
    # Not `ru_maxrss` where it can be helped: a child starts with its parent's.
    if sys.platform == "linux":
        with open("/proc/self/status", encoding="ascii") as file:
            return next(int(line.split()[1]) for line in file if line.startswith("VmHWM")) / 1e3
    import resource

    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak / 1e6 if sys.platform == "darwin" else peak * 1024 / 1e6


def machine() -> str:
    """What this ran on, in one line."""
    model = platform.processor() or platform.machine()
    try:
        with open("/proc/cpuinfo", encoding="utf-8") as file:
            names = [
                line.split(":", 1)[1].strip() for line in file if line.startswith("model name")
            ]
        model = names[0] if names else model
    except OSError:
        pass
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    return f"{model}, {cores} cores, {platform.system()}, Python {platform.python_version()}"
