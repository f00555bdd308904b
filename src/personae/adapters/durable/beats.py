"""Which workers are alive: each beats into one table, by the database's clock."""

from __future__ import annotations

import os
import socket
from collections.abc import Mapping
from typing import Any

import sqlalchemy as sa

from personae.adapters.database.engines import is_sqlite
from personae.adapters.database.tables import executors


class Beats:
    """The heartbeats of all workers; `executor_id` is this one's name.

    `facts`, plain values, are what it says of itself to those who look after the service.

    A row stands for a worker that runs, or that died without saying goodbye. Only the database's
    clock counts, so that machines need not agree on the time.
    """

    def __init__(
        self, engine: sa.Engine, executor_id: str, facts: Mapping[str, Any] | None = None
    ) -> None:
        self.executor_id = executor_id
        self._facts = dict(facts or {})
        self._engine = engine
        self._now = database_time(engine)

    def beat(self) -> None:
        """Say that this worker is alive; it rises again if it was thought dead."""
        alive = sa.update(executors).where(executors.c.id == self.executor_id)
        with self._engine.begin() as connection:
            if connection.execute(alive.values(beat_at=self._now)).rowcount:
                return
            connection.execute(
                sa.insert(executors).values(
                    id=self.executor_id,
                    kind="worker",
                    host=socket.gethostname(),
                    pid=os.getpid(),
                    started_at=self._now,
                    beat_at=self._now,
                    facts=self._facts,
                )
            )

    def alive(self, within_s: float) -> list[str]:
        """The workers that have beaten in the last `within_s` seconds, by name."""
        return self._names(executors.c.beat_at >= self._now - within_s)

    def silent(self, for_s: float) -> list[str]:
        """The workers that have not beaten for `for_s` seconds, by name."""
        return self._names(executors.c.beat_at < self._now - for_s)

    def known(self) -> set[str]:
        """Every worker with a row."""
        return set(self._names(sa.true()))

    def bury(self, executor_id: str, silent_for_s: float) -> None:
        """Remove the row of a dead worker, unless it has beaten again."""
        self._delete(executors.c.id == executor_id, executors.c.beat_at < self._now - silent_for_s)

    def leave(self) -> None:
        """Remove this worker's own row: it has nothing left in hand."""
        self._delete(executors.c.id == self.executor_id)

    def _names(self, where: sa.ColumnElement[bool]) -> list[str]:
        query = sa.select(executors.c.id).where(where).order_by(executors.c.id)
        with self._engine.connect() as connection:
            return list(connection.execute(query).scalars())

    def _delete(self, *where: sa.ColumnElement[bool]) -> None:
        with self._engine.begin() as connection:
            connection.execute(sa.delete(executors).where(*where))


def database_time(engine: sa.Engine) -> sa.ColumnElement[float]:
    """Seconds since 1970 by the database's clock, to the millisecond."""
    if is_sqlite(engine):
        # 2440587.5 is 1970-01-01 as a Julian day.
        text = "((julianday('now') - 2440587.5) * 86400.0)"
    else:
        text = "CAST(extract(epoch FROM clock_timestamp()) AS double precision)"
    return sa.literal_column(text, sa.Double())
