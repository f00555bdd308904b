"""How fast and how steady the service is: ``python -m benchmarks.service``, `make bench-service`.

Every comparison is made in one run, on one machine; each part is bounded and stops by itself.
"""

from __future__ import annotations

import argparse
import asyncio
import io
import sys
import tempfile
import time
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import Any

import httpx
import numpy as np
from PIL import Image
from rich.console import Console
from rich.table import Table

from benchmarks import scenes
from benchmarks.measure import machine
from benchmarks.service_parts import (
    at,
    bare,
    client,
    hammer,
    hammer_raw,
    loaded,
    rss_mb,
    service,
)

Row = tuple[str, str, str, bool | None]
SUBMITS = 2000
TASKS = 60
BACKLOG = 5000


def wanted(scene: str, donor: str, **rest: Any) -> dict[str, Any]:
    """A picture swap."""
    mapping = {"donor": {"photos": [{"asset_id": donor}]}, "scene_face": {"by": "largest"}}
    return {"media": "image", "scene": {"asset_id": scene}, "mappings": [mapping], **rest}


async def upload(http: httpx.AsyncClient, picture: np.ndarray[Any, Any], side: int) -> str:
    """A portrait as an asset."""
    data = io.BytesIO()
    Image.fromarray(picture).resize((side, side)).save(data, "JPEG", quality=92)
    answer = await http.post("/native/v1/assets", files={"file": ("a.jpg", data.getvalue())})
    return str(answer.raise_for_status().json()["id"])


async def _inputs(http: httpx.AsyncClient, side: int = 1024) -> tuple[str, str]:
    return await upload(http, scenes.collins(), side), await upload(http, scenes.hopper(), 600)


def submit_rows(folder: Path) -> Iterator[Row]:
    """Submitting against a bare route with one insert, in turns, one at a time and 20 at once."""

    async def measure(api: str, key: str, bare_url: str) -> dict[str, list[float]]:
        spent: dict[str, list[float]] = {}
        async with client(api, key) as http:
            body = wanted(*await _inputs(http))
        ours, theirs = (api, "/native/v1/swaps", body), (bare_url, "/", body)
        await hammer_raw(*ours, 200, 20, key)
        await hammer_raw(*theirs, 200, 20)
        for parallel in (1, 20):
            total = SUBMITS if parallel > 1 else SUBMITS // 4
            spent[f"bare{parallel}"] = await hammer_raw(*theirs, total, parallel)
            spent[f"ours{parallel}"] = await hammer_raw(*ours, total, parallel, key)
        return spent

    with bare(folder / "bare") as bare_url, service(folder / "submit", "api") as (url, key, pid):
        before = rss_mb(pid)
        spent = asyncio.run(measure(url, key, bare_url))
        after = rss_mb(pid)
        found = loaded(pid, "numpy", "onnxruntime", "av", "cv2")
    for parallel in (1, 20):
        ours, theirs = spent[f"ours{parallel}"], spent[f"bare{parallel}"]
        ratio = at(ours, 0.5) / at(theirs, 0.5)
        text = f"{ratio:.2f} ({at(ours, 0.5):.1f} over {at(theirs, 0.5):.1f} ms)"
        yield f"submit, {parallel} at once: p50 over a bare insert's", "<= 3", text, ratio <= 3
    p99 = at(spent["ours20"], 0.99)
    yield "submit, 20 at once: p99", "<= 50 ms", f"{p99:.1f} ms", p99 <= 50
    grown = (after - before) / before
    text = f"{before:.0f} MB, {after:.0f} MB after {SUBMITS + SUBMITS // 4 + 100} submits"
    yield (
        "memory of the API process",
        "flat, no NumPy",
        f"{text}; {found or 'none'} loaded",
        (not found and grown < 0.25),
    )


def picture_rows(folder: Path) -> Iterator[Row]:
    """One picture at a time over HTTP, against the same swap in this process."""
    from personae import library

    scene, donor = folder / "scene.jpg", folder / "donor.jpg"
    Image.fromarray(scenes.collins()).resize((1024, 1024)).save(scene, quality=92)
    Image.fromarray(scenes.hopper()).resize((600, 600)).save(donor, quality=92)
    engine_s = sorted(
        _timed(lambda: library.swap_file(scene, folder / "o.jpg", donor)) for _ in range(9)
    )[4]

    async def measure(url: str, key: str) -> tuple[list[float], list[float]]:
        waits, whole = list[float](), list[float]()
        async with client(url, key) as http:
            body = wanted(*await _inputs(http))
            for number in range(TASKS + 5):
                started = time.perf_counter()
                task = (await http.post("/native/v1/swaps", json=body)).raise_for_status().json()
                answer = await http.get(f"/native/v1/swaps/{task['id']}", params={"wait": 20})
                spent = time.perf_counter() - started
                task = answer.raise_for_status().json()
                if task["status"] != "succeeded":
                    raise RuntimeError(str(task["error"]))
                if number >= 5:
                    waits.append(_moment(task["started_at"]) - _moment(task["created_at"]))
                    whole.append(spent)
                await asyncio.sleep(0.05)
        return sorted(waits), sorted(whole)

    with service(folder / "pictures") as (url, key, _):
        waits, whole = asyncio.run(measure(url, key))
    p95 = at(waits, 0.95)
    text = f"{p95:.0f} ms (p50 {at(waits, 0.5):.0f} ms)"
    yield "start of a picture task after submit, idle: p95", "<= 60 ms", text, p95 <= 60
    over = at(whole, 0.95) - engine_s * 1e3
    text = f"{over:.0f} ms ({at(whole, 0.95):.0f} ms; the engine alone {engine_s * 1e3:.0f} ms)"
    yield "picture task over HTTP, p95 over the engine's time", "<= 120 ms", text, over <= 120


def backlog_rows(folder: Path) -> Iterator[Row]:
    """Submitting, and starting what is urgent, behind thousands of waiting tasks."""

    async def measure(url: str, key: str) -> dict[str, float]:
        async with client(url, key) as http:
            scene, donor = await _inputs(http, 512)
            usual, urgent = wanted(scene, donor), wanted(scene, donor, priority="high")

            async def submit() -> None:
                (await http.post("/native/v1/swaps", json=usual)).raise_for_status()

            async def start() -> float:
                task = (await http.post("/native/v1/swaps", json=urgent)).raise_for_status().json()
                got = await http.get(f"/native/v1/swaps/{task['id']}", params={"wait": 20})
                task = got.raise_for_status().json()
                if task["started_at"] is None:
                    return 60.0
                return _moment(task["started_at"]) - _moment(task["created_at"])

            for _ in range(5):
                await start()
            idle_start = sorted([await start() for _ in range(20)])
            idle_submit = await hammer(submit, 40, 1)
            await hammer(submit, BACKLOG, 20)
            full_submit = await hammer(submit, 40, 1)
            full_start = sorted([await start() for _ in range(20)])
        return {
            "idle_submit": at(idle_submit, 0.5),
            "full_submit": at(full_submit, 0.5),
            "idle_start": at(idle_start, 0.5),
            "full_start": at(full_start, 0.5),
        }

    with service(folder / "backlog") as (url, key, _):
        found = asyncio.run(measure(url, key))
    for name, what in (("submit", "submit"), ("start", "start of a task of high priority")):
        idle, full = found[f"idle_{name}"], found[f"full_{name}"]
        text = f"{full / idle:.2f} ({full:.1f} over {idle:.1f} ms)"
        yield f"{what} behind {BACKLOG} tasks, over idle", "<= 2", text, full <= 2 * idle


def dialect_rows(folder: Path) -> Iterator[Row]:
    """Submitting in a vendor's words, against the native ones."""
    from benchmarks import service_dialects

    yield from service_dialects.rows(folder)


def chunk_rows(folder: Path) -> Iterator[Row]:
    """Long videos in chunks: what they cost, what a second worker brings."""
    from benchmarks import chunks

    yield from chunks.rows(folder)


def fault_rows(folder: Path) -> Iterator[Row]:
    """Random kills of APIs and workers, on SQLite and PostgreSQL; then the books."""
    from benchmarks import service_faults

    yield from service_faults.rows(folder)


def _timed(work: Any) -> float:
    started = time.perf_counter()
    work()
    return time.perf_counter() - started


def _moment(text: str) -> float:
    return datetime.fromisoformat(text).timestamp()


PARTS = {
    "submit": submit_rows,
    "dialects": dialect_rows,
    "pictures": picture_rows,
    "backlog": backlog_rows,
    "chunks": chunk_rows,
    "faults": fault_rows,
}


def main() -> int:
    """Measure; 1 if a bar was missed."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.service", description=__doc__)
    parser.add_argument("parts", nargs="*", help=f"{', '.join(PARTS)}; all if none is given")
    chosen = parser.parse_args().parts or list(PARTS)
    table = Table("what", "bar", "measured", "", title=machine())
    missed = 0
    with tempfile.TemporaryDirectory() as folder:
        for name in chosen:
            for what, bar, measured, holds in PARTS[name](Path(folder)):
                missed += holds is False
                table.add_row(what, bar, measured, "yes" if holds else "MISSED")
                print(f"{what}: {measured}", file=sys.stderr, flush=True)
    Console(width=None if sys.stdout.isatty() else 200).print(table)
    return 1 if missed else 0


if __name__ == "__main__":
    sys.exit(main())
