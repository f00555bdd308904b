"""What an idle worker looks at instead of its queues: whether there can be anything in them.

DBOS has a thread for each queue. Whenever it looks, it reads the queue's settings and asks which
tenants wait, 40 times a second and queue, also where nobody has come for hours. A `Lookout` stands
before that: it knows from one cheap look for all queues that some are empty, and their threads go
back to sleep. Under SQLite the look is `PRAGMA data_version`, which changes with every commit of
anybody's; under PostgreSQL it is one query.

With `recovery`, the only module that leans on DBOS' private parts. Whatever it does is right by
itself: a queue is only passed over when it was seen to be empty, for `_MOST_S` at most.
"""

# pyright: reportPrivateUsage=false, reportAttributeAccessIssue=false
# This module exists to keep such uses in one place.

from __future__ import annotations

import sqlite3
import threading
import time
from collections.abc import Callable, Sequence
from typing import Any, Protocol

import sqlalchemy as sa
from dbos import DBOS, WorkflowStatusString
from sqlalchemy.exc import SQLAlchemyError

from personae.adapters.database.engines import is_sqlite
from personae.adapters.durable import names

_MOST_S = 1.0
"""Whatever was seen counts for no longer; so do a queue's settings."""


class _Signs(Protocol):
    """Tells queues apart that may hold work from those that cannot."""

    def is_empty(self, queue: str) -> bool: ...
    def saw_empty(self, queue: str, mark: object) -> None:
        """DBOS itself looked, found nobody waiting, and `mark` was taken before."""
        ...

    def mark(self) -> object: ...
    def close(self) -> None: ...


class Lookout:
    """Spares the database the looks at empty queues; one for a launched DBOS.

    Parameters
    ----------
    dbos : DBOS
        Launched; its queue threads ask here from now on.
    engine : sqlalchemy.Engine
        On the same database.
    fresh_s : float, seconds
        PostgreSQL: how old a look at all queues may be.
    """

    def __init__(self, dbos: DBOS, engine: sa.Engine, fresh_s: float) -> None:
        database: Any = dbos._sys_db
        self._database = database
        self._settings: dict[str, tuple[float, Any]] = {}
        if is_sqlite(engine):
            self._signs: _Signs = _Commits(str(engine.url.database))
        else:
            # Its own engine, which knows the schema of its tables.
            self._signs = _Glance(database.engine, database.tables.workflow_status, fresh_s)
        self._get_queue = database.get_queue
        self._partitions = database.get_queue_partitions
        self._scopes = database.dequeue_scopes
        self._running: Callable[[str], int] = dbos._active_workflows_set.count_for_queue
        database.get_queue = self._settings_of
        database.get_queue_partitions = self._waiting_in
        database.dequeue_scopes = self._worth_a_look

    def close(self) -> None:
        """Stand aside; call it when DBOS takes no more work."""
        del self._database.get_queue
        del self._database.get_queue_partitions
        del self._database.dequeue_scopes
        self._signs.close()

    def _settings_of(self, name: str, **how: Any) -> Any:
        at, known = self._settings.get(name, (0.0, None))
        if known is None or how or time.monotonic() - at > _MOST_S:
            known = self._get_queue(name, **how)
            if not how:
                self._settings[name] = (time.monotonic(), known)
        return known

    def _worth_a_look(self, name: str) -> list[Any]:
        if self._is_full(name):
            return []
        try:
            empty = self._signs.is_empty(name)
        except (SQLAlchemyError, sqlite3.Error):
            empty = False  # DBOS finds out itself what is wrong
        return [] if empty else self._scopes(name)

    def _is_full(self, name: str) -> bool:
        """Whether this worker runs as much of a queue as it may, and could claim nothing anyhow.

        DBOS asks that only after it has listed the tenants who wait, which takes the longer the
        more there are: docs/capacity.md.
        """
        _, known = self._settings.get(name, (0.0, None))
        most: int | None = None if known is None else known._worker_concurrency
        return most is not None and self._running(name) >= most

    def _waiting_in(self, name: str) -> list[str]:
        mark = self._signs.mark()
        found: list[str] = self._partitions(name)
        if not found:
            self._signs.saw_empty(name, mark)
        return found


class _Commits:
    """SQLite: as long as nobody commits anything, what was empty is empty.

    https://www.sqlite.org/pragma.html#pragma_data_version
    """

    def __init__(self, path: str) -> None:
        self._lock = threading.Lock()
        self._connection = sqlite3.connect(path, isolation_level=None, check_same_thread=False)
        self._empty: dict[str, tuple[object, float]] = {}

    def mark(self) -> object:
        with self._lock:
            return self._connection.execute("PRAGMA data_version").fetchone()[0]

    def is_empty(self, queue: str) -> bool:
        mark, until = self._empty.get(queue, (None, 0.0))
        return time.monotonic() < until and self.mark() == mark

    def saw_empty(self, queue: str, mark: object) -> None:
        self._empty[queue] = (mark, time.monotonic() + _MOST_S)

    def close(self) -> None:
        with self._lock:
            self._connection.close()


def _literal(text: str) -> sa.ColumnElement[str]:
    return sa.literal_column(f"'{text}'", sa.Text())


class _Glance:
    """PostgreSQL: one query tells of all queues whether anybody waits there."""

    def __init__(self, engine: sa.Engine, workflows: sa.Table, fresh_s: float) -> None:
        self._engine = engine
        self._fresh_s = fresh_s
        self._lock = threading.Lock()
        self._looked_at = 0.0
        self._busy: frozenset[str] = frozenset()
        # Literals, so that the partial index of what is in flight serves every plan.
        waits = _literal(WorkflowStatusString.ENQUEUED.value)
        looks = [
            sa.select(_literal(name)).where(
                sa.exists().where(
                    workflows.c.queue_name == _literal(name), workflows.c.status == waits
                )
            )
            for name in names.QUEUES
        ]
        self._query: sa.CompoundSelect[str] = sa.union_all(*looks)

    def mark(self) -> object:
        return None

    def is_empty(self, queue: str) -> bool:
        if queue not in names.QUEUES:
            return False
        with self._lock:
            if time.monotonic() - self._looked_at > self._fresh_s:
                self._busy = frozenset(self._look())
                self._looked_at = time.monotonic()
            return queue not in self._busy

    def saw_empty(self, queue: str, mark: object) -> None:
        pass

    def close(self) -> None:
        pass

    def _look(self) -> Sequence[str]:
        with self._engine.connect() as connection:
            return connection.execute(self._query).scalars().all()
