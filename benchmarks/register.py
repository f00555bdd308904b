"""The do-not-swap register: how fast somebody is looked up among very many, and how surely.

The crowd is made of random unit vectors with the mean and the covariance of real embeddings
(`moments`): of the portraits that a folder gives, else of numbers measured once on 165 portraits.
Exactness is measured against a comparison with everybody, in the same run.
"""

from __future__ import annotations

import os

os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
os.environ.setdefault("OMP_NUM_THREADS", "1")

import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np

import personae
from benchmarks.measure import in_child, machine, peak_rss_mb
from benchmarks.speed import Row
from personae.domain.register import (
    DISTANCE,
    EMBEDDING,
    SNAPSHOT_HEADER,
    SNAPSHOT_MAGIC,
    SNAPSHOT_PERSON,
)
from personae.engine.types import Float32
from personae.register_files import open_register

PEOPLE = 100_000
LOOK_UPS = 400
MEAN_LENGTH = 0.918
VARIANCE = 0.159
"""Length of the mean embedding, and the sum of the variances around it."""
SHARES = ((4, 0.412), (8, 0.584), (16, 0.770), (30, 0.921), (46, 0.981), (64, 0.999))
"""How much of the variance the first so many principal components have."""
VIEWS_APART = 0.01
"""Median distance of two photos of one person in the crowd."""
_SIZE = EMBEDDING.size // 4


def moments(folder: Path | None = None) -> tuple[np.ndarray, np.ndarray]:
    """Mean, (128,), and a matrix, (128, 128), that gives white noise the covariance."""
    if folder is not None:
        seen = np.stack([personae.embed(path) for path in sorted(folder.glob("*.jpg"))])
        values, vectors = np.linalg.eigh(np.cov(seen.T))
        return seen.mean(0), vectors * np.sqrt(np.maximum(values, 0))
    variances = np.zeros(_SIZE)
    before, share = 0, 0.0
    for count, so_far in SHARES:
        variances[before:count] = (so_far - share) / (count - before)
        before, share = count, so_far
    variances[before:] = (1 - share) / (_SIZE - before)
    basis, _ = np.linalg.qr(np.random.default_rng(1).standard_normal((_SIZE, _SIZE)))
    return MEAN_LENGTH * basis[:, 0], basis * np.sqrt(VARIANCE * variances)


def crowd(count: int, photos: int = 1, seed: int = 0, folder: Path | None = None) -> Float32:
    """So many people, each by so many photos: float32 (count * photos, 128), unit norm."""
    rng = np.random.default_rng(seed)
    mean, colour = moments(folder)
    people = rng.standard_normal((count, _SIZE)) @ colour.T + mean
    people /= np.linalg.norm(people, axis=1, keepdims=True)
    if photos > 1:
        people = np.repeat(people, photos, 0)
        people += rng.standard_normal(people.shape) * np.sqrt(VIEWS_APART / _SIZE)
        people /= np.linalg.norm(people, axis=1, keepdims=True)
    return people.astype(np.float32)


def write(path: Path, embeddings: Float32, photos: int) -> None:
    """A snapshot as the service makes it."""
    count = len(embeddings) // photos
    with path.open("wb") as file:
        file.write(SNAPSHOT_HEADER.pack(SNAPSHOT_MAGIC, len(embeddings), count, 1))
        file.write(embeddings.astype("<f4").data)
        owners = np.repeat(np.arange(count, dtype="<u4"), photos)
        file.write(owners.data)
        for number in range(count):
            file.write(SNAPSHOT_PERSON.pack(f"person_{number}".encode(), b"", 3))


def look_ups(path: Path, embeddings: Float32) -> dict[str, float]:
    """Milliseconds of looking up strangers and members by turns, and how many were found right.

    ``p50`` and ``p95`` are processor time, which neighbours on the machine blur least; ``wall`` is
    the median by the clock.
    """
    register, _ = open_register(path)
    strangers = crowd(LOOK_UPS, seed=2)
    rng = np.random.default_rng(3)
    members = embeddings[rng.integers(0, len(embeddings), LOOK_UPS)]
    members = members + rng.standard_normal(members.shape).astype(np.float32) * np.float32(0.01)
    members /= np.linalg.norm(members, axis=1, keepdims=True)
    register.protected(strangers[0], "donor", DISTANCE, "")
    took: list[float] = []
    walls: list[float] = []
    right = 0
    for number in range(LOOK_UPS):
        query = (strangers if number % 2 else members)[number]
        began, wall = time.thread_time(), time.perf_counter()
        found = register.protected(query, "donor", DISTANCE, "")
        took.append(1e3 * (time.thread_time() - began))
        walls.append(1e3 * (time.perf_counter() - wall))
        if number % 10 < 2:
            near = embeddings.astype(np.float64) @ query.astype(np.float64)
            best = int(near.argmax())
            exact = 1 - float(near[best])
            if exact > DISTANCE:
                right += found is None
            else:
                right += found is not None and abs(found.distance - exact) < 1e-9
    p50, p95 = np.quantile(took, [0.5, 0.95])
    asked = sum(1 for number in range(LOOK_UPS) if number % 10 < 2)
    wall = float(np.median(walls))
    return {"p50": float(p50), "p95": float(p95), "wall": wall, "recall": right / asked}


def brute(embeddings: Float32) -> float:
    """Milliseconds of one comparison with everybody, the best of several."""
    query = crowd(1, seed=4)[0]
    took: list[float] = []
    for _ in range(20):
        began = time.thread_time()
        int((embeddings @ query).argmax())
        took.append(1e3 * (time.thread_time() - began))
    return float(np.median(took))


def rows(folder: Path) -> Iterator[Row]:
    """Speed, exactness, loading and memory."""
    for photos in (1, 3):
        embeddings = crowd(PEOPLE, photos)
        path = folder / f"register{photos}"
        write(path, embeddings, photos)
        began = time.perf_counter()
        open_register(path)
        first_s = time.perf_counter() - began
        told = look_ups(path, embeddings)
        what = f"register, {PEOPLE:,} people, {photos} photo{'s' if photos > 1 else ''} each"
        ratio = brute(embeddings) / told["p50"]
        text = f"p50 {told['p50']:.2f} ms, p95 {told['p95']:.2f} ms of processor time "
        text += f"({ratio:.0f} x as fast as all); p50 {told['wall']:.2f} ms by the clock"
        yield f"{what}: look-up", "5 ms", text, told["p95"] <= 5
        yield (
            f"{what}: recall of an exact search",
            "1",
            f"{told['recall']:.3f}",
            told["recall"] == 1,
        )
        again = in_child("benchmarks.register", "load", str(path))
        text = (
            f"first {first_s:.2f} s, then {again['load_s']:.3f} s; {again['mb']:.0f} MB of its own"
        )
        yield f"{what}: opening the snapshot", "", text, None


def main() -> int:
    """Print the table, or what opening a snapshot costs a fresh process."""
    if sys.argv[1:2] == ["load"]:
        before, began = peak_rss_mb(), time.perf_counter()
        register, _ = open_register(Path(sys.argv[2]))
        load_s = time.perf_counter() - began
        register.protected(crowd(1)[0], "donor", DISTANCE, "")
        private = _private_mb()
        print(f'{{"load_s": {load_s}, "mb": {private or peak_rss_mb() - before}}}')
        return 0
    print(machine())
    missed = 0
    with tempfile.TemporaryDirectory() as folder:
        for what, bar, measured, holds in rows(Path(folder)):
            missed += holds is False
            print(f"{what}: {measured}{f' (bar {bar})' if bar else ''}", flush=True)
    return 1 if missed else 0


def _private_mb() -> float:
    """Memory that only this process has, beyond what a process with NumPy has anyway."""
    try:
        text = Path("/proc/self/smaps_rollup").read_text("ascii")
    except OSError:
        return 0.0
    lines = dict(line.split(":", 1) for line in text.splitlines()[1:])
    return sum(int(lines[name].split()[0]) for name in ("Private_Dirty",)) / 1e3


if __name__ == "__main__":
    sys.exit(main())
