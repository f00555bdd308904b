"""The simulation against a real small service: real database, queues and worker processes.

What is played is the pixels alone: a picture takes the workers a known time. So the two agree only
if queues, claims and their costs are modelled as they are.
"""

from __future__ import annotations

import random
import time
from dataclasses import dataclass
from pathlib import Path

from benchmarks.capacity.load import Load, arrivals
from benchmarks.capacity.measured import Costs
from benchmarks.capacity.model import Model, Site
from service_lab import lab

WORKERS, TENANTS, PICTURE_S = 2, 4, 0.4
OVER_S = 30.0
_ALONE = 5


@dataclass(frozen=True, slots=True)
class Seen:
    """What one run came to: shares of time, and seconds."""

    rate: float
    use: float
    wait_s: float
    p95_s: float


def compare(url: str, folder: Path, costs: Costs, rate: float) -> tuple[Seen, Seen]:
    """A real run and its prediction, at so many pictures a second."""
    real, alone_s = _really(url, folder, rate)
    site = Site(WORKERS, 1, alone_s, 0.0, 2, 1e9, 0.0, 0.0, reads=0.0)
    load = Load(TENANTS, rate, video_share=0.0)
    runs = [Model(site, load, costs, seed=seed).run(OVER_S) for seed in range(1, 21)]
    waits = sorted(wait for run in runs for wait in run.picture_waits)
    use = sum(run.worker_use for run in runs) / len(runs)
    return real, Seen(rate, use, _mean(waits), waits[int(len(waits) * 0.95)])


def _really(url: str, folder: Path, rate: float) -> tuple[Seen, float]:
    options = {"slots": 1, "poll_s": 0.025, "beat_s": 2.0, "dead_after_s": 30.0, "sweep_s": 600.0}
    with lab(url, folder, **options) as service:
        tenants = [service.tenant(f"{rate} {n}", 1_000_000) for n in range(TENANTS)]
        donors = [service.asset(one) for one in tenants]
        scenes = [service.asset(one, sleep_s=PICTURE_S) for one in tenants]
        for _ in range(WORKERS):
            service.start_worker()
        service.wait_until(lambda: len(service.ready_workers()) == WORKERS)
        alone: list[float] = []
        for _ in range(_ALONE):
            [task] = service.wait([service.submit(tenants[0], "image", scenes[0], donors[0]).id])
            alone.append((task.finished_at or 0.0) - (task.started_at or 0.0))
            time.sleep(0.1)
        ids: list[str] = []
        started = time.monotonic()
        for asked in arrivals(Load(TENANTS, rate, video_share=0.0), OVER_S, random.Random(1)):
            time.sleep(max(0.0, started + asked.at_s - time.monotonic()))
            at = asked.tenant
            ids.append(service.submit(tenants[at], "image", scenes[at], donors[at]).id)
        done = service.wait(ids, 120)
    waits = sorted((one.started_at or 0.0) - one.created_at for one in done)
    worked = sum((one.finished_at or 0.0) - (one.started_at or 0.0) for one in done)
    seen = Seen(
        len(ids) / OVER_S, worked / OVER_S / WORKERS, _mean(waits), waits[int(len(waits) * 0.95)]
    )
    return seen, sorted(alone)[_ALONE // 2]


def _mean(values: list[float]) -> float:
    return sum(values) / len(values)
