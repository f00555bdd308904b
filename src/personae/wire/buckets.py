"""Token buckets: how often somebody may do something, counted in this process."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass

MOST_NAMES = 10_000
"""Buckets held at once; those used longest ago are forgotten."""


@dataclass(slots=True)
class Bucket:
    """What somebody has left, as of a moment (seconds since 1970)."""

    tokens: float
    at: float


class Buckets:
    """One bucket for each name, with `burst` tokens, that fills at `rate_per_s`.

    Parameters
    ----------
    clock : callable
        Seconds since 1970, UTC.
    """

    def __init__(self, rate_per_s: float, burst: int, clock: Callable[[], float]) -> None:
        self.rate_per_s = rate_per_s
        self.burst = burst
        self._clock = clock
        self._held: OrderedDict[str, Bucket] = OrderedDict()

    def take(self, name: str) -> tuple[Bucket, float]:
        """Take a token if there is one; the bucket, and 0 or for how many seconds to wait."""
        now = self._clock()
        bucket = self._held.get(name)
        if bucket is None:
            bucket = self._held[name] = Bucket(float(self.burst), now)
            while len(self._held) > MOST_NAMES:
                self._held.popitem(last=False)
        else:
            # Clocks can be set back; a bucket never loses tokens by that.
            gained = max(0.0, now - bucket.at) * self.rate_per_s
            bucket.tokens, bucket.at = min(float(self.burst), bucket.tokens + gained), now
            self._held.move_to_end(name)
        if bucket.tokens < 1.0:
            return bucket, (1.0 - bucket.tokens) / self.rate_per_s
        bucket.tokens -= 1.0
        return bucket, 0.0
