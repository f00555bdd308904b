"""How much is in the queues, and how many workers there are: for dashboards and autoscaling."""

from __future__ import annotations

import sqlalchemy as sa
from dbos import WorkflowStatusString

from personae.adapters.database.engines import is_sqlite
from personae.adapters.durable import names
from personae.adapters.durable.beats import Beats
from personae.app.figures import WorkFigures, WorkState

_STATES: dict[str, WorkState] = {
    WorkflowStatusString.ENQUEUED.value: "waiting",
    WorkflowStatusString.PENDING.value: "running",
    WorkflowStatusString.DELAYED.value: "delayed",
}
_IN_FLIGHT = ("ENQUEUED", "PENDING")
ALIVE_S = names.DEAD_AFTER_S
"""A worker beats every two seconds; one that was silent for so long is taken for dead."""


class Backlog:
    """Counts what DBOS has in its queues.

    The table and its columns are those that DBOS documents as its system tables. What is in flight
    is counted from its partial index, so finished work costs nothing.

    Parameters
    ----------
    engine : sqlalchemy.Engine
        On the service's database.
    """

    def __init__(self, engine: sa.Engine) -> None:
        self._engine = engine
        # Nobody beats under this name: it only looks.
        self._beats = Beats(engine, "")
        schema = None if is_sqlite(engine) else "dbos"
        workflows = sa.table(
            "workflow_status", sa.column("queue_name"), sa.column("status"), schema=schema
        )
        # Spelled out, not bound: a partial index serves only what it can be seen to cover.
        in_flight, delayed = (
            sa.select(workflows.c.queue_name, workflows.c.status, sa.func.count())
            .where(sa.text(f"status IN ({', '.join(repr(one) for one in which)})"))
            .where(workflows.c.queue_name.in_(names.QUEUES))
            .group_by(workflows.c.queue_name, workflows.c.status)
            for which in (_IN_FLIGHT, ("DELAYED",))
        )
        self._counting = sa.union_all(in_flight, delayed)

    def look(self) -> WorkFigures:
        """The queues and the workers, now."""
        counts: dict[tuple[str, WorkState], int] = {
            (queue, state): 0 for queue in names.QUEUES for state in _STATES.values()
        }
        with self._engine.connect() as connection:
            for queue, status, count in connection.execute(self._counting):
                counts[queue, _STATES[status]] = count
        return WorkFigures(counts, len(self._beats.alive(ALIVE_S)))
