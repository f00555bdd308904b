"""The workflows: thin and deterministic. All work is done in `personae.app`, in steps.

A long video is a family of workflows. The parent only waits::

    task ─► plan ─► a0 ─► a1 ─► … ─► an       analysis, each from the state of the one before
                     └─► r0  └─► r1 … └─► rn  rendering, by the plans that analysis made
                                       └────► join, which also finishes the task

Where no worker is left to take the rendering, analysis renders its chunk in the same go and the
piece for that is left out. That is decided when a piece begins, and recorded with its outcome.

Every piece is a workflow on the queue of chunks, so that any worker takes it, in its turn. What
has been done is kept: when the parent's worker dies, another replays it over the finished pieces.
Only keys and small facts travel in a workflow's data.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Protocol

from dbos import DBOS, SetEnqueueOptions, SetWorkflowID, WorkflowHandle

from personae.adapters.durable import names
from personae.adapters.durable.crew import Crew
from personae.adapters.durable.waiting import Waiter

MAX_ATTEMPTS = 3
"""How often a task or a piece of one is tried when the platform fails over it."""
_PAUSES_S = (0.2, 2.0)
MAX_OUTAGES = 60
_OUTAGE_PAUSE_S = 5.0
"""A database or storage that is away is nobody's failure: it is waited for, about five minutes."""
MAX_RECOVERIES = 50
"""How often a workflow is begun again after its worker died, before it is given up.

Media are looked at in child processes, so work that kills its worker is rare, and workers that die
for other reasons (updates, machines) must not use up anybody's chances.
"""


Outcome = dict[str, Any]
"""What a task or a piece came to: ``state`` and, of pieces, small facts.

``state``: ``done``; ``again`` if the platform failed and it may be tried once more (``outage``: it
could not even be tried); ``stopped`` if the task is final (canceled, failed) and nothing more is to
be done.
"""


class Steps(Protocol):
    """What the workflows have done for them; `personae.app` does it."""

    def run_task(self, task_id: str, *, last: bool) -> Outcome: ...
    def run_piece(
        self, task_id: str, name: str, arguments: dict[str, Any], *, last: bool
    ) -> Outcome: ...
    def abandon(self, task_id: str) -> None:
        """Fail a task whose piece killed worker after worker."""
        ...

    def clean(self, task_id: str) -> None: ...
    def deliver(self, delivery_id: str) -> None: ...


class Workflows:
    """Registers the workflows with DBOS; make one before it launches.

    Attributes
    ----------
    parents : set of str
        Tasks whose workflow here does nothing but wait for pieces.
    """

    def __init__(self, steps: Steps, waiter: Waiter, crew: Crew) -> None:
        self.parents: set[str] = set()
        self._steps = steps
        self._waiter = waiter
        self._crew = crew
        register = DBOS.workflow
        register(name=names.RUN_TASK, max_recovery_attempts=MAX_RECOVERIES)(self._task())
        register(name=names.RUN_DELIVERY, max_recovery_attempts=MAX_RECOVERIES)(self._delivery())
        # A parent dies with every worker that it waits in, however healthy its pieces are.
        register(name=names.RUN_VIDEO, max_recovery_attempts=10 * MAX_RECOVERIES)(self._video())
        self._piece = register(name=names.RUN_PIECE, max_recovery_attempts=MAX_RECOVERIES)(
            self._piece_function()
        )

    def _task(self) -> Callable[[str], str]:
        def task(task_id: str) -> str:
            return _tried(
                lambda last: DBOS.run_step(
                    {"name": "run"}, self._steps.run_task, task_id, last=last
                )
            )["state"]

        return task

    def _delivery(self) -> Callable[[str], None]:
        def delivery(delivery_id: str) -> None:
            DBOS.run_step({"name": "deliver"}, self._steps.deliver, delivery_id)

        return delivery

    def _piece_function(self) -> Callable[[str, str, dict[str, Any]], Outcome]:
        def piece(task_id: str, name: str, arguments: dict[str, Any]) -> Outcome:
            try:
                return _tried(
                    lambda last: DBOS.run_step(
                        {"name": name}, self._do_piece, task_id, name, arguments, last=last
                    )
                )
            finally:
                self._waiter.hurry()

        return piece

    def _do_piece(
        self, task_id: str, name: str, arguments: dict[str, Any], *, last: bool
    ) -> Outcome:
        if name.startswith("a"):
            arguments = {**arguments, "render": not self._crew.has_spare_hands()}
        return self._steps.run_piece(task_id, name, arguments, last=last)

    def _video(self) -> Callable[[str, str, int], str]:
        def video(task_id: str, tenant_id: str, priority: int) -> str:
            family = _Family(self._piece, self._waiter, task_id, tenant_id, priority)
            self.parents.add(task_id)
            try:
                state = _conduct(family)
            except _PieceGivenUp:
                DBOS.run_step({"name": "abandon"}, self._steps.abandon, task_id)
                state = "stopped"
            finally:
                self.parents.discard(task_id)
            DBOS.run_step({"name": "clean"}, self._steps.clean, task_id)
            return state

        return video


class _PieceGivenUp(Exception):
    """A piece ended without an outcome: canceled, or begun too often."""


class _Family:
    """The pieces of one video task: start them, wait for them."""

    def __init__(
        self,
        piece: Callable[[str, str, dict[str, Any]], Outcome],
        waiter: Waiter,
        task_id: str,
        tenant_id: str,
        priority: int,
    ) -> None:
        self._piece = piece
        self._waiter = waiter
        self._task_id = task_id
        self._tenant_id = tenant_id
        self._priority = priority

    def start(
        self, name: str, arguments: dict[str, Any], *, later: int = 0
    ) -> WorkflowHandle[Outcome]:
        """Put a piece in the queue; `later` is added to its priority."""
        with (
            SetWorkflowID(names.piece_id(self._task_id, name)),
            SetEnqueueOptions(priority=self._priority + later, queue_partition_key=self._tenant_id),
        ):
            return DBOS.enqueue_workflow(names.CHUNKS, self._piece, self._task_id, name, arguments)

    def outcome(self, handle: WorkflowHandle[Outcome]) -> Outcome:
        """Wait for a piece."""
        self._waiter.wait(handle.get_workflow_id())
        try:
            return handle.get_result()
        except Exception as error:
            raise _PieceGivenUp from error

    def run(self, name: str, arguments: dict[str, Any]) -> Outcome:
        """Start a piece and wait for it."""
        return self.outcome(self.start(name, arguments))


def _tried(attempt: Callable[[bool], Outcome]) -> Outcome:
    """Try a few times; the last attempt settles the matter itself."""
    failures = outages = 0
    while True:
        outcome = attempt(failures == MAX_ATTEMPTS - 1 or outages == MAX_OUTAGES)
        if outcome["state"] != "again":
            return outcome
        if outcome.get("outage"):
            outages += 1
            DBOS.sleep(_OUTAGE_PAUSE_S)
        else:
            DBOS.sleep(_PAUSES_S[failures])
            failures += 1


def _conduct(family: _Family) -> str:
    """Plan, analyse, render, join; every decision follows from the pieces' recorded outcomes."""
    plan = family.run("plan", {})
    if plan["state"] != "done":
        return plan["state"]
    ends = plan["ends"]
    if len(ends) == 1:
        return family.run("whole", {"plan": plan["plan"]})["state"]
    state: str | None = None
    begun: list[Outcome | WorkflowHandle[Outcome]] = []
    for i in range(len(ends)):
        done = family.run(f"a{i}", {"plan": plan["plan"], "chunk": i, "state": state})
        if done["state"] != "done":
            return done["state"]
        state = done["state_key"]
        if "chunk_key" in done:
            begun.append(done)
            continue
        needed = {"plan": plan["plan"], "chunk": i, "plans": [done["plans_key"]]}
        begun.append(family.start(f"r{i}", needed, later=names.RENDERING))
    rendered = [one if isinstance(one, dict) else family.outcome(one) for one in begun]
    for one in rendered:
        if one["state"] != "done":
            return one["state"]
    chunks = [one["chunk_key"] for one in rendered]
    return family.run("join", {"plan": plan["plan"], "chunks": chunks})["state"]
