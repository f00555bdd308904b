"""What the content gate costs, and whom it refuses by mistake.

The share of a video job is taken in one process and one run: what the gate itself spent, and what
the whole job spent, in processor time of all threads.
"""

from __future__ import annotations

import json
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
from rich.console import Console
from rich.table import Table

import personae
from benchmarks import scenes
from benchmarks.likeness import variants
from benchmarks.measure import in_child, machine, peak_rss_mb
from benchmarks.scenes import Image8
from personae import library, wiring
from personae.domain.gate import LIMIT
from personae.engine.canvas import RgbCanvas
from personae.engine.gate import Scorer
from personae.engine.types import Float32
from personae.requests.options import SwapOptions

FRAMES = 250
RUNS = 3
Row = tuple[str, str, str, bool | None]


def share_row(folder: Path) -> Row:
    """A 10 s 720p clip with one face of 220 px, swapped from file to file with and without."""
    clip = scenes.write(folder / "gate.mp4", scenes.one_face((1280, 720), 220, FRAMES))
    donor = personae.prepare_donor(scenes.hopper())
    network_s = score_cost()
    shares: list[float] = []
    looked = 0
    on_s: list[float] = []
    off_s: list[float] = []
    for _ in range(RUNS):
        for limit, kept in ((LIMIT, on_s), (None, off_s)):
            how = SwapOptions(gate_scene=limit, gate_output=limit)
            began = time.process_time()
            report = library.swap_video(clip, folder / "out.mp4", donor, options=how)
            kept.append(time.process_time() - began)
            if limit is not None:
                told = report.gate or {}
                looked = int(sum(told[role]["looked"] for role in ("scene", "output")))
        shares.append(looked * network_s / min(on_s))
    share = min(shares) * 100
    measured = (min(on_s) / min(off_s) - 1) * 100
    text = (
        f"{share:.1f} % ({looked} looks of {network_s * 1e3:.1f} ms; job {min(on_s):.1f} s; "
        f"with less without: {measured:+.1f} %)"
    )
    return "content gate, share of a 10 s 720p job's CPU", "<= 5 %", text, share <= 5


def score_cost() -> float:
    """Seconds of processor time for one look at a 720p frame, all threads together."""
    scorer = wiring.scorer()
    canvas = RgbCanvas(next(iter(scenes.one_face((1280, 720), 220, 1))))
    scorer.score(canvas)
    best = float("inf")
    for _ in range(20):
        began = time.process_time()
        scorer.score(canvas)
        best = min(best, time.process_time() - began)
    return best


def threads_row() -> Row:
    """A look must take one core, however many there are: processor time against the clock."""
    scorer = wiring.scorer()
    canvas = RgbCanvas(next(iter(scenes.one_face((1280, 720), 220, 1))))
    scorer.score(canvas)
    wall, cpu = time.perf_counter(), time.process_time()
    for _ in range(40):
        scorer.score(canvas)
    cores = (time.process_time() - cpu) / (time.perf_counter() - wall)
    time.sleep(0.3)
    idle = time.process_time()
    time.sleep(0.5)
    spun = time.process_time() - idle
    text = f"{cores:.2f} cores while it looks, {spun * 1e3:.0f} ms CPU in half a second of rest"
    return "content gate, threads", "<= 1.1 cores, none at rest", text, cores <= 1.1 and spun < 0.05


def memory_row() -> Row:
    """How much more a process holds that has scored a picture beside swapping one."""
    without, with_it = (float(in_child("benchmarks.gate", "memory", one)) for one in ("no", "yes"))
    more = with_it - without
    text = f"{more:.0f} MB ({without:.0f} without, {with_it:.0f} with it)"
    return "content gate, memory of a process", "<= 150 MB", text, more <= 150


def false_refusals_row() -> Row:
    """Ordinary portraits, and what comes of swapping them, that the default limit refuses."""
    scorer = wiring.scorer()
    people = {"Hopper": scenes.hopper(), "Collins": scenes.collins()}
    scores: list[float] = []
    for name, other in (("Hopper", "Collins"), ("Collins", "Hopper")):
        donor = personae.prepare_donor(people[other])
        for scene in variants(people[name]).values():
            scores.append(_score(scorer, scene))
            scores.append(_score(scorer, personae.swap(scene, donor).image))
    refused = sum(one > LIMIT for one in scores)
    text = f"{refused} of {len(scores)}; median {np.median(scores):.3f}, highest {max(scores):.3f}"
    return "content gate, portraits and swaps refused", "0", text, refused == 0


def folder_rows(folder: Path) -> Iterator[Row]:
    """For a folder of ordinary pictures: how many each limit would refuse."""
    from PIL import Image

    scorer = wiring.scorer()
    files = sorted(one for one in folder.iterdir() if one.suffix.lower() in (".jpg", ".png"))
    scores = [_score(scorer, np.asarray(Image.open(one).convert("RGB"))) for one in files]
    yield "pictures", "", f"{len(scores)}, highest {max(scores):.3f}", None
    for limit in (0.05, 0.1, 0.2, 0.3, 0.5, LIMIT):
        yield f"refused above {limit}", "", f"{sum(one > limit for one in scores)}", None


def _score(scorer: Scorer, rgb: Image8 | Float32) -> float:
    return scorer.score(RgbCanvas(np.ascontiguousarray(rgb[..., :3], np.uint8)))


def rows(folder: Path) -> Iterator[Row]:
    """What is measured, its bar, the result, and whether it holds."""
    yield share_row(folder)
    yield threads_row()
    yield memory_row()
    yield false_refusals_row()


def main(arguments: Sequence[str]) -> int:
    """Print the table; with a folder, how many of its pictures each limit refuses."""
    if arguments[:1] == ["memory"]:
        limit = LIMIT if arguments[1] == "yes" else None
        personae.swap(
            scenes.collins(), scenes.hopper(), gate_donor=limit, gate_scene=limit, gate_output=limit
        )
        print(json.dumps(peak_rss_mb()))
        return 0
    table = Table("what", "bar", "measured", "", title=machine())
    missed = 0
    with tempfile.TemporaryDirectory() as folder:
        found = folder_rows(Path(arguments[0])) if arguments else rows(Path(folder))
        for what, bar, measured, holds in found:
            missed += holds is False
            table.add_row(
                what, bar, measured, "" if holds is None else "yes" if holds else "MISSED"
            )
            print(f"{what}: {measured}", file=sys.stderr, flush=True)
    Console(width=None if sys.stdout.isatty() else 200).print(table)
    return 1 if missed else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
