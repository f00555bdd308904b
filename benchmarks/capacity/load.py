"""Tenants of very different sizes, and what they ask for."""

from __future__ import annotations

import bisect
import math
import random
from collections.abc import Iterator
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Load:
    """What is asked of the service.

    Attributes
    ----------
    tenants : int
    tasks_per_s : float
        Of all tenants together.
    tail : float
        How unequal tenants are: the n-th largest asks in proportion to ``n ** -tail``. At 1.0 the
        largest of 10,000 asks for a tenth of everything, and the largest hundred for half.
    video_share : float
        Videos among the tasks.
    video_median_s, video_sigma : float
        Their lengths are log-normal: the median in seconds, and how wide.
    """

    tenants: int
    tasks_per_s: float
    tail: float = 1.0
    video_share: float = 0.1
    video_median_s: float = 20.0
    video_sigma: float = 1.0

    @property
    def video_mean_s(self) -> float:
        """The mean length of a video, seconds."""
        return self.video_median_s * math.exp(self.video_sigma**2 / 2)


@dataclass(frozen=True, slots=True)
class Asked:
    """One task: when, by which tenant, and how many seconds of video; 0 for a picture."""

    at_s: float
    tenant: int
    video_s: float


def arrivals(load: Load, until_s: float, rng: random.Random) -> Iterator[Asked]:
    """Tasks in the order of their times, by a Poisson process."""
    weights = [(n + 1) ** -load.tail for n in range(load.tenants)]
    total = sum(weights)
    running = 0.0
    edges: list[float] = []
    for weight in weights:
        running += weight / total
        edges.append(running)
    at = 0.0
    while True:
        at += rng.expovariate(load.tasks_per_s)
        if at >= until_s:
            return
        tenant = min(bisect.bisect_left(edges, rng.random()), load.tenants - 1)
        video_s = 0.0
        if rng.random() < load.video_share:
            video_s = rng.lognormvariate(math.log(load.video_median_s), load.video_sigma)
        yield Asked(at, tenant, video_s)
