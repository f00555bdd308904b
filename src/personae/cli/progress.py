"""Progress of a long swap on stderr: a bar for people, a line now and then for logs."""

from __future__ import annotations

import os
import sys
import threading
import time
from types import TracebackType
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from rich.progress import Progress


_FACTS = "{task.fields[facts]}"


class Step(Protocol):
    """How far the work is: what `personae.library.Progress` tells."""

    @property
    def frames_done(self) -> int: ...

    @property
    def frames_total(self) -> int | None: ...

    @property
    def fps(self) -> float: ...

    @property
    def remaining_s(self) -> float | None: ...


def clock(seconds: float | None) -> str:
    """``1:05`` or ``2:03:04``; ``-:--`` if unknown."""
    if seconds is None:
        return "-:--"
    whole = max(0, round(seconds))
    hours, minutes = whole // 3600, whole // 60 % 60
    return f"{hours}:{minutes:02}:{whole % 60:02}" if hours else f"{minutes}:{whole % 60:02}"


def describe(step: Step, unit: str = "frames") -> str:
    """``120/900 frames, 24.1 fps, 0:32 left``; ``12/300 pairs, 4.0 a second, 1:12 left``."""
    total = "?" if step.frames_total is None else step.frames_total
    left = "" if step.remaining_s is None else f", {clock(step.remaining_s)} left"
    rate = f"{step.fps:.1f} {'fps' if unit == 'frames' else 'a second'}"
    return f"{step.frames_done}/{total} {unit}, {rate}{left}"


def redraws() -> bool:
    """Whether lines on stderr can be drawn over: on a terminal that is not a dumb one.

    Colours that are forced on a pipe (``FORCE_COLOR``) do not make it a terminal.
    """
    return sys.stderr.isatty() and os.environ.get("TERM", "") not in ("dumb", "unknown")


def _bar(title: str) -> Progress:
    from rich.console import Console
    from rich.progress import BarColumn, Progress, TextColumn

    columns = (
        TextColumn("{task.description}", markup=False),
        BarColumn(bar_width=30),
        TextColumn(_FACTS, markup=False),
    )
    bar = Progress(*columns, console=Console(stderr=True), transient=True)
    bar.add_task(title, total=None, facts="")
    return bar


class ShownProgress:
    """Shows a job's progress while the block runs; call it with every step.

    On a terminal a bar that is redrawn, elsewhere a line every `every_s` seconds. Safe to call
    from several threads.

    Parameters
    ----------
    title : str
    quiet : bool
        Show nothing.
    every_s : float, seconds
    unit : str
        What is counted.
    """

    def __init__(
        self, title: str, *, quiet: bool = False, every_s: float = 5.0, unit: str = "frames"
    ) -> None:
        self._title = title
        self._unit = unit
        self._quiet = quiet
        self._every_s = every_s
        self._said_at = time.monotonic()
        self._lock = threading.Lock()
        self._bar: Progress | None = None

    def __enter__(self) -> ShownProgress:
        if not self._quiet and redraws():
            self._bar = _bar(self._title)
            self._bar.start()
        return self

    def __call__(self, step: Step) -> None:
        if self._quiet:
            return
        with self._lock:
            if self._bar is not None:
                self._bar.update(
                    self._bar.task_ids[0],
                    completed=step.frames_done,
                    total=step.frames_total,
                    facts=describe(step, self._unit),
                )
            elif time.monotonic() - self._said_at >= self._every_s:
                self._said_at = time.monotonic()
                print(f"{self._title}: {describe(step, self._unit)}", file=sys.stderr, flush=True)

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self._bar is not None:
            self._bar.stop()
