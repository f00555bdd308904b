"""A small discrete-event engine: processes are generators that wait for times and for places."""

from __future__ import annotations

import heapq
import itertools
from collections import deque
from collections.abc import Callable, Generator
from dataclasses import dataclass, field
from typing import Any

Process = Generator["float | Claim", None, None]
"""Yields seconds to wait, or a `Claim` to wait for a place."""


class Simulation:
    """Events in the order of their times; `now` in seconds."""

    def __init__(self) -> None:
        self.now = 0.0
        self._events: list[tuple[float, int, Callable[[], None]]] = []
        self._order = itertools.count()

    def after(self, delay_s: float, do: Callable[[], None]) -> None:
        """Have `do` called then; of equal times, what was asked first comes first."""
        heapq.heappush(self._events, (self.now + delay_s, next(self._order), do))

    def start(self, process: Process) -> None:
        """Run a process from now on."""

        def go() -> None:
            try:
                wanted = next(process)
            except StopIteration:
                return
            if isinstance(wanted, Claim):
                wanted.station.enter(wanted, go)
            else:
                self.after(wanted, go)

        self.after(0.0, go)

    def run(self, until_s: float) -> None:
        """Let everything happen up to that time."""
        while self._events and self._events[0][0] <= until_s:
            self.now, _, do = heapq.heappop(self._events)
            do()
        self.now = until_s


@dataclass(slots=True)
class Claim:
    """A wish to be served by a station for so long."""

    station: Station
    service_s: float


@dataclass
class Station:
    """Servers with one line before them, first come first served.

    Attributes
    ----------
    busy_s : float
        Seconds of all servers together in which somebody was served.
    waited_s : float
        Seconds that everybody spent in the line.
    """

    sim: Simulation
    servers: int
    entered: int = 0
    left: int = 0
    busy_s: float = 0.0
    waited_s: float = 0.0
    _working: int = 0
    _line: deque[tuple[float, Claim, Callable[[], None]]] = field(default_factory=deque[Any])

    def serve(self, service_s: float) -> Claim:
        """For a process to yield: wait for a server, and be served."""
        return Claim(self, service_s)

    def enter(self, claim: Claim, done: Callable[[], None]) -> None:
        """Join the line; `done` is called when the claim has been served."""
        self.entered += 1
        self._line.append((self.sim.now, claim, done))
        self._call()

    @property
    def waiting(self) -> int:
        """How many stand in the line."""
        return len(self._line)

    def use(self, over_s: float) -> float:
        """The share of all servers' time that was used; above 1 the line only grows."""
        return self.busy_s / (self.servers * over_s)

    def _call(self) -> None:
        while self._line and self._working < self.servers:
            since, claim, done = self._line.popleft()
            self.waited_s += self.sim.now - since
            self._working += 1
            self.busy_s += claim.service_s

            def finish(done: Callable[[], None] = done) -> None:
                self._working -= 1
                self.left += 1
                done()
                self._call()

            self.sim.after(claim.service_s, finish)
