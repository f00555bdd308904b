"""Attack the decoders with thousands of hostile files: `make attack`.

The files come from one seed (`tests/attacks/hostile.py`) and are looked at, searched for faces and
swapped by real media children with the service's own limits. It stops by itself; a table of what
became of them goes to standard output.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
import time
from pathlib import Path

# The files and the children's driver belong to the tests.
sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "tests"))

from PIL import Image
from rich.console import Console
from rich.table import Table

from attacks.decoding import HANG_S, Decoder, Report
from attacks.hostile import FORMATS, SEED, mutated, seeds
from benchmarks.measure import machine
from faces import headshot
from personae.adapters.media_host.host import FULL_BYTES, ChildMediaHost

FILES = 3300
_LONGEST_S = 3600.0


def main() -> int:
    """Attack; 1 if a bar was missed."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.attacks", description=__doc__)
    parser.add_argument("--files", type=int, default=FILES)
    parser.add_argument("--seed", type=int, default=SEED)
    given = parser.parse_args()
    started = time.monotonic()
    with tempfile.TemporaryDirectory() as folder:
        report, serves = attack(Path(folder), given.files, given.seed, started)
    console = Console(width=None if sys.stdout.isatty() else 160)
    console.print(_by_format(report))
    console.print(_slowest(report))
    bars = _bars(report, given.files, serves)
    console.print(_table(bars, f"{machine()}; {time.monotonic() - started:.0f} s"))
    return 0 if all(holds for *_, holds in bars) else 1


def attack(folder: Path, count: int, seed: int, started: float) -> tuple[Report, bool]:
    """Decode so many files; what became of them, and whether the host serves at the end."""
    donor = folder / "donor.png"
    Image.fromarray(headshot("hopper", 90, (160, 192))).save(donor)
    whole = seeds(folder)
    with ChildMediaHost(1) as host:
        decoder = Decoder(host, folder, donor, donor)
        for number, outcome in enumerate(decoder.take(mutated(whole, count, seed)), 1):
            if outcome.ended in ("child died", "timed out"):
                print(f"{outcome.file.name}: {outcome.ended}: {outcome.told}", file=sys.stderr)
            if number % 250 == 0:
                print(f"{number} of {count}", file=sys.stderr, flush=True)
            if time.monotonic() - started > _LONGEST_S:
                break
        serves = bool(host.run({"op": "ping"}, timeout_s=60.0)["ready"])
    return decoder.report, serves


def _by_format(report: Report) -> Table:
    counts = report.table()
    endings = sorted({ending for found in counts.values() for ending in found})
    table = Table("format", "files", *endings, title="What became of them")
    for form in FORMATS:
        found = counts.get(form, {})
        told = [str(found.get(ending, 0) or "") for ending in endings]
        table.add_row(form, str(sum(found.values())), *told)
    return table


def _slowest(report: Report) -> Table:
    table = Table("file", "job", "s", "ended", title="The slowest")
    for one in report.slowest():
        table.add_row(one.file.name, one.job, f"{one.seconds:.1f}", one.ended)
    return table


Bar = tuple[str, str, str, bool]


def _bars(report: Report, count: int, serves: bool) -> list[Bar]:
    files, died = len(report.outcomes), report.ended("child died")
    hung = report.ended("timed out")
    probes = [one.seconds for one in report.outcomes if one.job == "probe"]
    blamed = report.ended("refused: task_failed")
    return [
        ("hostile files", f">= {count}", str(files), files >= count),
        ("the service goes on", "yes", "yes" if serves and not report.lost else "no", serves),
        ("good files lost after bad ones", "0", str(len(report.lost)), not report.lost),
        (f"files without progress for {HANG_S:.0f} s", "0", str(len(hung)), not hung),
        ("longest look at a refused file", "<= 10 s", f"{max(probes):.1f} s", max(probes) <= 10),
        ("children that died (and were replaced)", "", str(len(died)), True),
        ("damage taken for the platform's fault", "0", str(len(blamed)), not blamed),
        (
            "most memory of a child",
            f"<= {FULL_BYTES >> 20} MiB",
            f"{report.peak_bytes >> 20} MiB",
            report.peak_bytes <= FULL_BYTES,
        ),
    ]


def _table(bars: list[Bar], title: str) -> Table:
    table = Table("what", "bar", "measured", "", title=title)
    for what, bar, measured, holds in bars:
        table.add_row(what, bar, measured, "yes" if holds else "MISSED")
    return table


if __name__ == "__main__":
    sys.exit(main())
