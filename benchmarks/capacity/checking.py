"""The simulation against a real small service: real database, queues and worker processes.

What is played is the pixels alone: a picture takes the workers a known time. How long a place is
taken by one, all told, is measured on a backlog, by the pace at which it goes down; how long
pictures wait and how much the workers are used at other rates is what the two are compared by.
"""

from __future__ import annotations

import random
import time
from dataclasses import dataclass
from pathlib import Path

from benchmarks.capacity.load import Asked, Load, arrivals
from benchmarks.capacity.measured import Costs
from benchmarks.capacity.model import Model, Site
from service_lab import lab

WORKERS, TENANTS, PICTURE_S = 2, 4, 1.5
OVER_S = 60.0
_BACKLOG = 12


@dataclass(frozen=True, slots=True)
class Seen:
    """What one run came to: shares of time, and seconds."""

    rate: float
    use: float
    wait_s: float
    p95_s: float


def compare(url: str, folder: Path, costs: Costs, rate: float) -> tuple[Seen, Seen]:
    """A real run and its prediction, at so many pictures a second."""
    real, taken_s = _really(url, folder, rate)
    site = Site(WORKERS, 1, taken_s, 0.0, 2, 1e9, 0.0, 0.0, reads=0.0)
    trace = _trace(rate)
    load = Load(TENANTS, rate, video_share=0.0)
    # The same pictures at the same moments; by lot is only who is next.
    model = Model(site, load, costs, trace=trace)
    outcome = model.run(10 * OVER_S)
    waits = sorted(outcome.picture_waits)
    use = len(trace) * taken_s / WORKERS / OVER_S
    return real, Seen(real.rate, use, _mean(waits), waits[int(len(waits) * 0.95)])


def _trace(rate: float) -> list[Asked]:
    return list(arrivals(Load(TENANTS, rate, video_share=0.0), OVER_S, random.Random(1)))


def _really(url: str, folder: Path, rate: float) -> tuple[Seen, float]:
    options = {"slots": 1, "poll_s": 0.025, "beat_s": 2.0, "dead_after_s": 30.0, "sweep_s": 600.0}
    options["stall_s"] = 60.0
    with lab(url, folder, **options) as service:
        tenants = [service.tenant(f"{rate} {n}", 1_000_000) for n in range(TENANTS)]
        donors = [service.asset(one) for one in tenants]
        scenes = [service.asset(one, sleep_s=PICTURE_S) for one in tenants]
        for _ in range(WORKERS):
            service.start_worker()
        service.wait_until(lambda: len(service.ready_workers()) == WORKERS)
        ids = [
            service.submit(
                tenants[n % TENANTS], "image", scenes[n % TENANTS], donors[n % TENANTS]
            ).id
            for n in range(_BACKLOG)
        ]
        ends = sorted(one.finished_at or 0.0 for one in service.wait(ids, 120))
        # Without the first and the last of each worker, which had no neighbour.
        paced = ends[WORKERS:-WORKERS]
        taken_s = WORKERS * (paced[-1] - paced[0]) / (len(paced) - 1)
        ids = []
        started = time.monotonic()
        for asked in _trace(rate):
            time.sleep(max(0.0, started + asked.at_s - time.monotonic()))
            at = asked.tenant
            ids.append(service.submit(tenants[at], "image", scenes[at], donors[at]).id)
        done = service.wait(ids, 120)
    waits = sorted((one.started_at or 0.0) - one.created_at for one in done)
    use = len(ids) * taken_s / WORKERS / OVER_S
    seen = Seen(len(ids) / OVER_S, use, _mean(waits), waits[int(len(waits) * 0.95)])
    return seen, taken_s


def _mean(values: list[float]) -> float:
    return sum(values) / len(values)
