"""The command line, ``personae``: swap, detect, probe, models, doctor and version."""

from __future__ import annotations

import os
import sys

# One thread each: the frames of a video already keep every core busy, and threads inside one
# small matrix product only get in their way. Read by the libraries when they are loaded.
_THREAD_SETTINGS = ("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS")


def main() -> None:
    """Run the command line and leave the process with its exit code."""
    for name in _THREAD_SETTINGS:
        os.environ.setdefault(name, "1")
    # Threads of the pipeline hand the interpreter to each other thousands of times a second; the
    # default of 5 ms lets one wait for a whole frame's work of another.
    sys.setswitchinterval(0.001)
    try:
        from personae.cli.app import app

        app(prog_name="personae")
    except KeyboardInterrupt:  # Pressed while the commands were still being loaded.
        sys.exit(130)
