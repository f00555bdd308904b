"""What keeps this process small and mortal: limits of the system, a watchdog, its parent's death.

Linux gets all of it. Elsewhere what is missing is left out: the parent's own deadlines, and the
end of stdin when it dies, hold everywhere.
"""

from __future__ import annotations

import os
import signal
import sys
import threading
import time
from contextlib import suppress

from personae.adapters.media_host.messages import error_to_json
from personae.errors import MediaTooLarge
from personae.media_child.lines import Lines

OUT_OF_MEMORY_STATUS = 70
_WATCH_EVERY_S = 0.05
_OPEN_FILES = 256
_SLACK_BYTES = 1 << 30
_SLACK_BYTES_A_CORE = 32 << 20
"""Writable memory that is reserved but not used: stacks of threads, arenas of malloc."""

# linux/prctl.h
_PR_SET_PDEATHSIG = 1
_PR_SET_NO_NEW_PRIVS = 38


def die_with(parent: int) -> None:
    """Be killed by the kernel when the parent dies, even in the middle of native code.

    It happens when the *thread* that started us ends, so that thread has to live as long as the
    parent; `adapters.media_host.host` sees to it.
    """
    if sys.platform != "linux":
        return
    import ctypes

    with suppress(OSError, AttributeError):
        libc = ctypes.CDLL(None, use_errno=True)
        libc.prctl(_PR_SET_PDEATHSIG, int(signal.SIGKILL), 0, 0, 0)
        libc.prctl(_PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0)
    if parent and os.getppid() != parent:  # it died before we asked
        os._exit(0)


def limit_resources(memory_bytes: int, file_bytes: int) -> None:
    """No core dumps, no endless files, few open ones, and a bound on memory.

    Memory is bounded as RLIMIT_DATA, which counts what is private and writable. RLIMIT_AS would
    count every address that ONNX Runtime and malloc reserve and never touch: several times what
    they use, so that a bound that means anything would break them.
    """
    if sys.platform == "win32":
        return
    import resource

    wanted = [(resource.RLIMIT_CORE, 0), (resource.RLIMIT_NOFILE, _OPEN_FILES)]
    wanted.append((resource.RLIMIT_FSIZE, file_bytes))
    if sys.platform == "linux":
        slack = _SLACK_BYTES + _SLACK_BYTES_A_CORE * (os.cpu_count() or 1)
        wanted.append((resource.RLIMIT_DATA, memory_bytes + slack))
    for which, amount in wanted:
        _, hard = resource.getrlimit(which)
        if hard != resource.RLIM_INFINITY:
            amount = min(amount, hard)
        with suppress(OSError, ValueError):
            resource.setrlimit(which, (amount, amount))
    # A file that grows too large is an error to report, not a reason to die.
    signal.signal(signal.SIGXFSZ, signal.SIG_IGN)


def die_first() -> None:
    """Let the kernel choose us, not the API or the database, when the machine is out of memory."""
    with suppress(OSError), open("/proc/self/oom_score_adj", "w") as file:
        file.write("500")


def watch_memory(lines: Lines, limit_bytes: int) -> None:
    """End this process, with an error for its job, once it holds more than `limit_bytes`."""
    threading.Thread(
        target=_watch, args=(lines, limit_bytes), name="personae-memory", daemon=True
    ).start()


def resident_bytes() -> int:
    """Memory that this process holds now; its peak where the system does not tell."""
    try:
        with open("/proc/self/statm") as file:
            return int(file.read().split()[1]) * os.sysconf("SC_PAGE_SIZE")
    except (OSError, IndexError):
        return _peak_bytes()


def _peak_bytes() -> int:
    if sys.platform == "win32":
        return 0
    import resource

    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak if sys.platform == "darwin" else peak * 1024


def _watch(lines: Lines, limit_bytes: int) -> None:
    while True:
        time.sleep(_WATCH_EVERY_S)
        if resident_bytes() > limit_bytes:
            error = MediaTooLarge(
                f"This needs more than the {limit_bytes / 2**20:.0f} MiB of memory that a job may "
                "use; make the picture or the video smaller."
            )
            lines.last_words(error_to_json(error), OUT_OF_MEMORY_STATUS)
