"""What leans on DBOS' private parts, beside `lookout`: recovery and an orderly stop.

DBOS finds dead executors itself only with a paid add-on. What happens then is one UPDATE for each
workflow, PENDING back to ENQUEUED, guarded by the dead executor's name: repeating it, or two
workers doing it at once, is harmless, and an executor that was only asleep can record nothing any
more for what was taken from it. `DBOS._recover_pending_workflows` does that; there is no public
name for it, hence DBOS is pinned. (The public way would be a short-lived process that launches
under the dead executor's name and listens to no queue.)

Tested in tests/contract/durable/test_recovery.py.
"""

# pyright: reportPrivateUsage=false
# This module exists to keep such uses in one place.

from __future__ import annotations

import threading
import time
from typing import NoReturn

from dbos import DBOS

from personae.adapters.durable import names
from personae.adapters.durable.beats import Beats
from personae.adapters.durable.work import DurableWork
from personae.app.stopping import HandedBack

_QUEUE_THREAD = "queue-worker-"
_NO_QUEUE = "_dbos_internal_queue"


class Recovery:
    """What a worker does about work in the wrong hands: dead workers', and its own at the end."""

    def __init__(self, dbos: DBOS, beats: Beats, work: DurableWork) -> None:
        self._dbos = dbos
        self._beats = beats
        self._work = work
        self._missing: set[str] = set()

    def requeue_of_dead(self, dead_after_s: float) -> list[str]:
        """Queue again what workers had in hand that were silent for too long; those workers."""
        dead = set(self._beats.silent(dead_after_s))
        # One without a row said goodbye, or died so long ago that nobody remembers it.
        dead |= self._work.executors_at_work() - self._beats.known()
        dead.discard(self._beats.executor_id)
        if dead:
            DBOS._recover_pending_workflows(sorted(dead))
        for executor_id in dead:
            self._beats.bury(executor_id, dead_after_s)
        return sorted(dead)

    def requeue_lost(self) -> list[str]:
        """Queue again what this worker claimed but does not run; the workflows' names.

        DBOS claims and then starts; an error in between (a database that hiccups) would leave
        the row claimed for ever. Call it every few seconds: one has to be missing twice.
        """
        missing = set(self._in_hand()) - set(self.running())
        lost = sorted(missing & self._missing)
        self._missing = missing
        return [one for one in lost if self._requeue(one)]

    def requeue_own(self) -> list[str]:
        """Hand back all that this worker has in hand; its own runs can record nothing from now."""
        return [one for one in self._in_hand() if self._requeue(one)]

    def running(self) -> list[str]:
        """The workflows that this process executes now."""
        return self._dbos._active_workflows_set.activeList()

    def end_waits(self) -> None:
        """Let go of threads that wait for a workflow's outcome, now that this worker goes.

        A run whose workflow was handed back waits, inside DBOS, until whoever took it has finished
        it; it looks once a second, for ever. Its thread would keep the process from ending. Call it
        last before `DBOS.destroy`.
        """

        def gone(*_: object, **__: object) -> NoReturn:
            raise HandedBack

        self._dbos._sys_db.check_workflow_result = gone  # pyright: ignore[reportAttributeAccessIssue]

    def stop_claiming(self, timeout_s: float = 3.0) -> None:
        """Take no more work from the queues; what runs goes on."""
        for event in self._dbos.background_thread_stop_events:
            event.set()
        deadline = time.monotonic() + timeout_s
        for thread in threading.enumerate():
            if thread.name.startswith(_QUEUE_THREAD):
                thread.join(max(0.0, deadline - time.monotonic()))

    def _in_hand(self) -> list[str]:
        found = self._dbos._sys_db.get_pending_workflows(self._beats.executor_id, names.VERSION)
        return [one.workflow_id for one in found]

    def _requeue(self, workflow_id: str) -> bool:
        return self._dbos._sys_db.reenqueue_for_recovery(
            workflow_id, [self._beats.executor_id], _NO_QUEUE
        )
