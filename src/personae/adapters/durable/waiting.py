"""Waiting for child workflows: one query for all that are waited for, and a way out."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Sequence

import structlog

from personae.app.stopping import HandedBack

_log = structlog.get_logger("personae.durable")
_OUTAGE_S = 1.0
_HURRY_S, _HURRIED_S = 0.25, 0.005
"""For so long the database is asked so often, when something is about to end."""


class Waiter:
    """Lets many workflows wait for their children with one query every `interval_s`.

    Parameters
    ----------
    ended : function
        Which of these workflows have ended, from the database.
    stopping : threading.Event
        Set when this worker stops: every wait ends in `HandedBack`.
    """

    def __init__(
        self,
        ended: Callable[[Sequence[str]], list[str]],
        stopping: threading.Event,
        interval_s: float = 0.1,
    ) -> None:
        self._ended = ended
        self._stopping = stopping
        self._interval_s = interval_s
        self._change = threading.Condition()
        self._wanted: dict[str, int] = {}
        self._done: set[str] = set()
        self._asking = False
        self._bell = threading.Event()
        self._hurry_until = 0.0

    def hurry(self) -> None:
        """Say that a workflow of this process ends now: its outcome is about to be written."""
        self._hurry_until = time.monotonic() + _HURRY_S
        self._bell.set()

    def wait(self, workflow_id: str) -> None:
        """Return when the workflow has ended.

        Raises
        ------
        HandedBack
            If this worker stops first.
        """
        with self._change:
            self._wanted[workflow_id] = self._wanted.get(workflow_id, 0) + 1
        try:
            while not self._is_done(workflow_id):
                self._ask_or_sleep()
        finally:
            with self._change:
                self._wanted[workflow_id] -= 1
                if not self._wanted[workflow_id]:
                    del self._wanted[workflow_id]
                    self._done.discard(workflow_id)

    def _is_done(self, workflow_id: str) -> bool:
        if self._stopping.is_set():
            raise HandedBack
        with self._change:
            return workflow_id in self._done

    def _ask_or_sleep(self) -> None:
        """Whoever comes first asks for everybody; the others sleep until it has."""
        with self._change:
            if self._asking:
                self._change.wait(self._interval_s * 2)
                return
            self._asking = True
            wanted = [one for one in self._wanted if one not in self._done]
        found: list[str] = []
        try:
            found = self._ask(wanted)
            if not found:
                hurried = time.monotonic() < self._hurry_until
                if self._bell.wait(_HURRIED_S if hurried else self._interval_s):
                    self._bell.clear()
        finally:
            with self._change:
                self._asking = False
                self._done.update(one for one in found if one in self._wanted)
                self._change.notify_all()

    def _ask(self, wanted: Sequence[str]) -> list[str]:
        try:
            return self._ended(wanted)
        except Exception:
            # A database that is away for a while must not fail those who only wait.
            _log.warning("waiting without an answer", action="durable.wait", exc_info=True)
            self._stopping.wait(_OUTAGE_S)
            return []
