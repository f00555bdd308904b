"""Print one table of everything that is measured, with its bar and the machine."""

from __future__ import annotations

import os

# Before NumPy is imported: threads of BLAS would blur what one thread costs.
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
os.environ.setdefault("OMP_NUM_THREADS", "1")

import argparse
import sys
import tempfile
from pathlib import Path

from rich.console import Console
from rich.table import Table

from benchmarks import likeness, manifests, memory, restoring, speed
from benchmarks.measure import machine

PARTS = {
    "speed": speed,
    "memory": memory,
    "likeness": likeness,
    "restoring": restoring,
    "manifests": manifests,
}


def main() -> int:
    """Measure; 1 if a bar was missed, for people who look at exit codes."""
    sys.setswitchinterval(0.001)  # as the command line does
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("parts", nargs="*", help="some of " + ", ".join(PARTS))
    wanted = parser.parse_args().parts or list(PARTS)
    table = Table("what", "bar", "measured", "", title=machine())
    missed = 0
    with tempfile.TemporaryDirectory() as folder:
        for name, part in PARTS.items():
            if name not in wanted:
                continue
            for what, bar, measured, holds in part.rows(Path(folder)):
                missed += holds is False
                table.add_row(what, bar, measured, "yes" if holds else "MISSED")
                print(f"{what}: {measured}", file=sys.stderr, flush=True)
    # Wide enough that nothing is cut when the output goes to a file.
    Console(width=None if sys.stdout.isatty() else 200).print(table)
    return 1 if missed else 0


if __name__ == "__main__":
    sys.exit(main())
