"""A worker's life on DBOS: launch, watch over the others, hand back, stop."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import structlog
from dbos import DBOS, DBOSConfig, DBOSPortableJSONSerializer
from dbos import error as dbos_errors

from personae.adapters.durable import names
from personae.adapters.durable.beats import Beats
from personae.adapters.durable.crew import Crew
from personae.adapters.durable.engines import durable_engine, plain_url
from personae.adapters.durable.lookout import Lookout
from personae.adapters.durable.recovery import Recovery
from personae.adapters.durable.waiting import Waiter
from personae.adapters.durable.work import DurableWork
from personae.adapters.durable.workflows import Steps, Workflows
from personae.domain.ids import new_id

_log = structlog.get_logger("personae.durable")


@dataclass(frozen=True, slots=True)
class DurableOptions:
    """How a worker works. The slots are the queues', so all workers of a service share them.

    Attributes
    ----------
    image_slots, express_slots, chunk_slots : int
        Tasks and pieces that one worker runs at once; express is for pictures of high priority.
    video_slots, webhook_slots : int
        These wait most of the time.
    poll_s : float, seconds
        How often a worker looks for pictures: what a task waits at most when nothing else is done.
    beat_s, dead_after_s : float, seconds
        A worker that has not beaten for so long is taken for dead.
    tidy_s : float, seconds
        Between two rounds of each worker's own chores; see `Runtime.tidy_with`.
    """

    image_slots: int = 1
    express_slots: int = 1
    chunk_slots: int = 1
    video_slots: int = 50
    webhook_slots: int = 16
    poll_s: float = 0.025
    beat_s: float = 2.0
    dead_after_s: float = names.DEAD_AFTER_S
    tidy_s: float = 4.0


class Runtime:
    """One worker's DBOS: at most one lives in a process at a time.

    Parameters
    ----------
    url : str
        The database's, as `durable_engine` takes it.
    steps : Steps
        Who does the work.
    stopping : threading.Event
        Set by `stop` when work in hand has been handed back; `steps` must then raise
        `HandedBack` soon.
    sweep_s : float, seconds
        Between two sweeps; see `sweep_with`.
    facts : mapping, optional
        Plain values that the worker says of itself; see `Beats`.
    """

    def __init__(
        self,
        url: str,
        steps: Steps,
        options: DurableOptions,
        stopping: threading.Event,
        sweep_s: float = 30.0,
        facts: Mapping[str, Any] | None = None,
    ) -> None:
        self.executor_id = new_id("worker")
        self.options = options
        self._engine = durable_engine(url, pool_size=8)
        self._stopping = stopping
        self._sweep: Callable[[], object] | None = None
        self._chores: list[Callable[[], object]] = []
        self._sweep_s = sweep_s
        self.work = DurableWork(self._engine)
        self.beats = Beats(self._engine, self.executor_id, facts)
        config: DBOSConfig = {
            "name": names.APPLICATION,
            "system_database_url": plain_url(self._engine),
            "system_database_engine": self._engine,
            "application_version": names.VERSION,
            "executor_id": self.executor_id,
            "serializer": DBOSPortableJSONSerializer(),
            "log_level": "WARNING",
            "notification_coalesce_sec": 1.0,
        }
        _join_logs()
        self._dbos = DBOS(config=config)
        crew = Crew(self.beats, self.work, options.chunk_slots, 3 * options.beat_s)
        self._workflows = Workflows(steps, Waiter(self.work.ended, stopping), crew)
        self.recovery = Recovery(self._dbos, self.beats, self.work)
        self._lookout: Lookout | None = None
        self._leaving = threading.Event()
        # Apart: a long sweep must not stop the heart.
        self._threads = [
            threading.Thread(target=self._beat, name="personae-beat", daemon=True),
            threading.Thread(target=self._care, name="personae-care", daemon=True),
            threading.Thread(target=self._tidy, name="personae-tidy", daemon=True),
        ]

    def sweep_with(self, sweep: Callable[[], object]) -> None:
        """Have `sweep` called now and then in one of the workers that are alive."""
        self._sweep = sweep

    def tidy_with(self, chore: Callable[[], object]) -> None:
        """Have `chore` called every few seconds in this worker; it must not take long."""
        self._chores.append(chore)

    def start(self) -> None:
        """Begin to take work."""
        self.beats.beat()
        # Before the launch, which then listens to them at once.
        self._register_queues()
        DBOS.launch()
        self._lookout = Lookout(self._dbos, self._engine, self.options.poll_s / 2)
        for thread in self._threads:
            thread.start()
        _log.info("worker started", action="worker.start", executor_id=self.executor_id)

    def stop(self, grace_s: float) -> bool:
        """Take no more work, let what runs finish, hand back what does not; whether all finished.

        Raises nothing: what cannot be handed back is found by the others when this worker's
        heart has been silent long enough.
        """
        self.recovery.stop_claiming()
        if self._lookout is not None:
            self._lookout.close()
        deadline = time.monotonic() + grace_s
        # Those that only wait for pieces can wait anywhere.
        while set(self.recovery.running()) - self._workflows.parents:
            if time.monotonic() > deadline:
                break
            time.sleep(0.05)
        handed = self._hand_back()
        self._stopping.set()
        self._leaving.set()
        for thread in self._threads:
            thread.join(5.0)
        if handed is not None:
            self._leave()
        finished = self._wait_for_runs(5.0)
        self.recovery.end_waits()
        DBOS.destroy(destroy_registry=True)
        self.work.close()
        self._engine.dispose()
        _log.info(
            "worker stopped",
            action="worker.stop",
            executor_id=self.executor_id,
            handed_back=handed,
        )
        return finished and handed == []

    def _hand_back(self) -> list[str] | None:
        """What was handed back; None if it could not be, and is left for the others to find."""
        try:
            return self.recovery.requeue_own()
        except Exception:
            _log.exception("work could not be handed back", action="worker.hand_back")
            return None

    def _leave(self) -> None:
        try:
            self.beats.leave()
        except Exception:
            _log.exception("the worker's row could not be removed", action="worker.leave")

    def _wait_for_runs(self, timeout_s: float) -> bool:
        deadline = time.monotonic() + timeout_s
        while self.recovery.running():
            if time.monotonic() > deadline:
                return False
            time.sleep(0.02)
        return True

    def _register_queues(self) -> None:
        """Write the queues down; a worker that listens already takes up what has changed."""
        o = self.options
        for name, slots, poll_s in (
            (names.EXPRESS, o.express_slots, o.poll_s),
            (names.IMAGES, o.image_slots, o.poll_s),
            (names.CHUNKS, o.chunk_slots, o.poll_s),
            (names.VIDEOS, o.video_slots, 5 * o.poll_s),
            (names.WEBHOOKS, o.webhook_slots, 10 * o.poll_s),
        ):
            self.work.register_queue(name, slots, poll_s)

    def _beat(self) -> None:
        while not self._leaving.wait(self.options.beat_s):
            self._surviving(self.beats.beat)

    def _care(self) -> None:
        """Look after the work of workers that do not beat; one of them also sweeps."""
        next_sweep = time.monotonic() + self._sweep_s
        while not self._leaving.wait(max(self.options.beat_s, self.options.dead_after_s / 4)):
            self._surviving(self._look_after_others)
            if time.monotonic() >= next_sweep:
                next_sweep = time.monotonic() + self._sweep_s
                self._surviving(self._sweep_if_first)

    def _tidy(self) -> None:
        """What every worker does for itself, apart from the sweep, which may be long."""
        while not self._leaving.wait(self.options.tidy_s):
            for chore in self._chores:
                self._surviving(chore)

    def _surviving(self, care: Callable[[], object]) -> None:
        """A database that is away for a moment must not end the care for good."""
        try:
            care()
        except Exception:
            if not self._leaving.is_set():
                _log.exception("a worker's care stumbled", action="worker.care")

    def _look_after_others(self) -> None:
        dead = self.recovery.requeue_of_dead(self.options.dead_after_s)
        if dead:
            _log.warning("dead workers found", action="worker.recover", executors=dead)
        lost = self.recovery.requeue_lost()
        if lost:
            _log.warning("lost claims handed back", action="worker.lost", workflows=lost)

    def _sweep_if_first(self) -> None:
        """Sweep if this is the first of the workers that are alive; twice would do no harm."""
        if self._sweep is None:
            return
        alive = self.beats.alive(self.options.dead_after_s)
        if alive and alive[0] == self.executor_id:
            self._sweep()


def _join_logs() -> None:
    """Have DBOS log where everything else does, and be silent about tasks that were canceled."""
    logger = logging.getLogger("dbos")
    if not logger.handlers:
        # DBOS brings a console of its own only where it finds no handler.
        logger.addHandler(logging.NullHandler())
        logger.addFilter(_not_canceled)


def _not_canceled(record: logging.LogRecord) -> bool:
    error = record.exc_info[1] if record.exc_info else None
    return not isinstance(error, dbos_errors.DBOSAwaitedWorkflowCancelledError)
