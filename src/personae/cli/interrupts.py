"""Ctrl-C: the first press asks the work to stop, the second ends it where it stands."""

from __future__ import annotations

import signal
import sys
import threading
from types import FrameType, TracebackType


class Interruptible:
    """While the block runs, Ctrl-C and SIGTERM set a flag instead of breaking in anywhere.

    So that threads end in order and no half file stays. A second signal raises
    `KeyboardInterrupt` at once. Outside the main thread nothing is changed.
    """

    def __init__(self) -> None:
        self._asked = threading.Event()
        self._before: dict[int, signal.Handlers | int | object] = {}

    def should_stop(self) -> bool:
        """Whether the person has asked to stop."""
        return self._asked.is_set()

    def _on_signal(self, number: int, frame: FrameType | None) -> None:
        if self._asked.is_set():
            raise KeyboardInterrupt
        self._asked.set()
        print("Stopping ... (press Ctrl-C again to force it)", file=sys.stderr, flush=True)

    def __enter__(self) -> Interruptible:
        if threading.current_thread() is threading.main_thread():
            for number in (signal.SIGINT, signal.SIGTERM):
                self._before[number] = signal.signal(number, self._on_signal)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        for number, handler in self._before.items():
            signal.signal(number, handler)  # pyright: ignore[reportArgumentType] - what it returned
