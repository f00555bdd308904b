"""How many threads do what, so that cores neither idle nor get in each other's way."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from personae.engine.sessions.providers import Provider


@dataclass(frozen=True, slots=True)
class Layout:
    """Threads for one job.

    Attributes
    ----------
    workers : int
        How many frames are worked on at once, each in a thread of its own.
    threads : int
        How many threads a single run of a network may use.
    batch : int
        How many faces a network is asked to take at a time, where its graph leaves that free.
    """

    workers: int
    threads: int
    batch: int


def layout(cores: int, providers: Sequence[Provider], batch: int = 0) -> Layout:
    """The best layout for a machine.

    On the CPU each core works on a frame of its own with one thread: a network that is spread over
    several waits at the end of every operation for the slowest of them, while decoder and encoder
    want the cores as well. Larger batches only make more of the memory cold there. An accelerator
    wants batches, and two workers: one prepares while the other's faces are computed.

    Parameters
    ----------
    cores : int
        Those that may be used.
    providers : sequence of Provider
    batch : int
        What the operator asks for; 0 for the default of the providers.
    """
    if not all(one.on_cpu for one in providers):
        return Layout(workers=min(2, max(1, cores)), threads=1, batch=batch or 8)
    return Layout(workers=max(1, cores), threads=1, batch=batch or 1)
