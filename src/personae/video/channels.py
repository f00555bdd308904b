"""Bounded queues between threads that all end together."""

from __future__ import annotations

from collections import deque
from threading import Condition, Lock
from typing import Generic, TypeVar

T = TypeVar("T")

_POLL_S = 0.2
"""No wait is longer than this before it looks again, whatever was missed."""


class Stopped(Exception):
    """Raised in a thread whose run has ended elsewhere; nothing to report."""


class Finished(Exception):
    """Raised when nothing more will come."""


class Run:
    """One failure path for all threads of a run: the first failure stops every wait."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._waits: list[Condition] = []
        self._stopped = False
        self.failure: BaseException | None = None

    @property
    def stopped(self) -> bool:
        """Whether the threads should end."""
        return self._stopped

    def condition(self) -> Condition:
        """A condition that wakes up when the run stops."""
        made = Condition()
        with self._lock:
            self._waits.append(made)
        return made

    def stop(self, failure: BaseException | None = None) -> None:
        """End every wait; only the first failure is kept."""
        with self._lock:
            if failure is not None and self.failure is None and not self._stopped:
                self.failure = failure
            self._stopped = True
            waits = list(self._waits)
        for wait in waits:
            with wait:
                wait.notify_all()


class Channel(Generic[T]):
    """First in, first out, at most `capacity` items; any number of threads on both ends."""

    def __init__(self, run: Run, capacity: int) -> None:
        self._run = run
        self._capacity = capacity
        self._items: deque[T] = deque()
        self._changed = run.condition()
        self._closed = self._abandoned = False

    def put(self, item: T) -> None:
        """Add an item, waiting for room.

        Raises
        ------
        Stopped
            If the run has ended, or nobody takes items any more.
        """
        with self._changed:
            while len(self._items) >= self._capacity and not self._over():
                self._changed.wait(_POLL_S)
            if self._over():
                raise Stopped
            self._items.append(item)
            self._changed.notify()

    def get(self) -> T:
        """Take the oldest item, waiting for one.

        Raises
        ------
        Finished
            If the channel is closed and empty.
        Stopped
            If the run has ended.
        """
        with self._changed:
            while not self._items and not self._closed and not self._run.stopped:
                self._changed.wait(_POLL_S)
            if self._run.stopped:
                raise Stopped
            if not self._items:
                raise Finished
            item = self._items.popleft()
            self._changed.notify()
            return item

    def close(self) -> None:
        """Say that nothing more is put."""
        with self._changed:
            self._closed = True
            self._changed.notify_all()

    def abandon(self) -> None:
        """Say that nothing more is taken."""
        with self._changed:
            self._abandoned = True
            self._items.clear()
            self._changed.notify_all()

    def _over(self) -> bool:
        return self._abandoned or self._run.stopped


class OrderedChannel(Generic[T]):
    """Takes numbered items in any order and gives them out by number, from 0.

    An item waits until fewer than `capacity` numbers lie between it and the next one to be given
    out; the next one itself never waits, so nothing can lock up.
    """

    def __init__(self, run: Run, capacity: int) -> None:
        self._run = run
        self._capacity = capacity
        self._items: dict[int, T] = {}
        self._next = 0
        self._total: int | None = None
        self._changed = run.condition()

    def put(self, number: int, item: T) -> None:
        """Add an item, waiting for its turn to be near.

        Raises
        ------
        Stopped
            If the run has ended.
        """
        with self._changed:
            while number >= self._next + self._capacity and not self._run.stopped:
                self._changed.wait(_POLL_S)
            if self._run.stopped:
                raise Stopped
            self._items[number] = item
            if number == self._next:
                self._changed.notify_all()

    def get(self, timeout_s: float) -> T:
        """Take the next item in order, waiting for it.

        Raises
        ------
        TimeoutError
            If it did not come in time.
        Finished
            After the last one.
        Stopped
            If the run has ended.
        """
        with self._changed:
            if self._next not in self._items and self._next != self._total:
                self._changed.wait(timeout_s)
            if self._run.stopped:
                raise Stopped
            if self._next == self._total:
                raise Finished
            if self._next not in self._items:
                raise TimeoutError
            item = self._items.pop(self._next)
            self._next += 1
            self._changed.notify_all()
            return item

    def finish(self, total: int) -> None:
        """Say how many items there are in all."""
        with self._changed:
            self._total = total
            self._changed.notify_all()
