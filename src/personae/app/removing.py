"""Removing the bytes of what was taken down, again and again until none is left."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import replace

import structlog

from personae.app import audit
from personae.app.ports import Blobs, Clock, Database, Transaction
from personae.domain.takedowns import Removal, Takedown
from personae.errors import PersonaeError

_log = structlog.get_logger("personae.takedowns")
_BATCH = 50


class Remover:
    """Carries takedowns out; several of them at once do no harm.

    Parameters
    ----------
    cancel : callable
        Takes the work on these tasks from the queues; it only saves work, and may fail.
    """

    def __init__(
        self,
        database: Database,
        blobs: Blobs,
        clock: Clock,
        cancel: Callable[[Sequence[str]], None],
    ) -> None:
        self._database = database
        self._blobs = blobs
        self._clock = clock
        self._cancel = cancel

    def remove_all(self) -> int:
        """One round over all takedowns that are not done; how many are done now."""
        found = self._database.read(lambda tx: tx.takedowns.unfinished(_BATCH))
        return sum(self.remove(one).state == "done" for one in found)

    def remove(self, takedown: Takedown) -> Takedown:
        """One round over one takedown; it is done when nothing is left and nobody can add to it.

        What goes wrong is written down, for the next round.
        """
        detail, failure = takedown.detail, None
        try:
            left = self._remove_files(detail)
        except PersonaeError as error:
            left, failure = True, error.message
            _log.warning("a takedown waits", action="takedown.retry", id=takedown.id, why=failure)
        now = self._clock()
        if failure is not None:
            detail = replace(detail, failures=detail.failures + 1, last_failure=failure)
        if left or now < detail.settled_at:
            if failure is None:
                return takedown
            return self._write(replace(takedown, detail=detail))
        _log.info(
            "taken down", action="takedown.done", id=takedown.id, took_s=now - takedown.created_at
        )
        return self._write(replace(takedown, state="done", detail=detail, finished_at=now))

    def _remove_files(self, detail: Removal) -> bool:
        """Delete what is there; whether there was anything, so that one has to look again."""
        if detail.canceled:
            self._tell_queue(detail.canceled)
        unused = self._unused(detail.keys)
        there = [key for key in unused if self._blobs.size(key) is not None]
        for folder in detail.folders:
            there += self._unused(self._blobs.list_keys(folder, math.inf))
        if not there:
            return False
        self._delete(there)
        return any(self._blobs.size(key) is not None for key in there)

    def _delete(self, keys: Sequence[str]) -> None:
        """All of them; one that cannot be deleted does not save the others."""
        try:
            self._blobs.delete(keys)
            return
        except PersonaeError as error:
            failure = error
        for key in keys:
            with suppress(PersonaeError):
                self._blobs.delete([key])
        raise failure

    def _unused(self, keys: Sequence[str]) -> list[str]:
        """Those whose bytes belong to nothing that is still there."""

        def work(tx: Transaction) -> list[str]:
            return [key for key in keys if not tx.assets.blob_in_use(key)]

        return self._database.read(work) if keys else []

    def _tell_queue(self, task_ids: Sequence[str]) -> None:
        try:
            self._cancel(task_ids)
        except Exception:
            _log.warning("the queue was not told", action="takedown.cancel", exc_info=True)

    def _write(self, takedown: Takedown) -> Takedown:
        """Write a state down; two that are done at once agree."""

        def work(tx: Transaction) -> Takedown:
            current = tx.takedowns.get(None, takedown.id)
            if current is None or current.state == "done":
                return current or takedown
            tx.takedowns.update(takedown)
            if takedown.state == "done":
                _audit(tx, takedown)
            return takedown

        return self._database.write(work)


def _audit(tx: Transaction, takedown: Takedown) -> None:
    """A line for each tenant, or one where nothing was anybody's."""
    detail, at = takedown.detail, takedown.finished_at or takedown.created_at
    removed = {"tasks": len(detail.tasks), "assets": len(detail.assets), "faces": len(detail.faces)}
    for tenant_id in detail.tenants or (takedown.tenant_id,):
        audit.takedown_finished(
            tx, takedown.id, takedown.id, at, tenant_id=tenant_id, removed=removed
        )
