"""Looking at queues and workers from outside: a few counts, of the database alone.

DBOS has no call that counts by queue and tenant without fetching every row, so its table is asked
directly; only columns that its own listings give out are named here.
"""

from __future__ import annotations

import time
from collections import defaultdict
from collections.abc import Sequence
from typing import Any

import sqlalchemy as sa
from dbos import WorkflowStatusString as Status

from personae.adapters.database.engines import is_sqlite
from personae.adapters.database.tables import executors
from personae.adapters.durable import names
from personae.adapters.durable.beats import database_time
from personae.domain.workload import Executor, Job, QueueLoad, Share, Workload

WINDOW_S = 300.0
_TENANTS = 5
_JOBS = 20
_MOST_JOBS = 2000
_WAITING, _RUNNING, _DELAYED = Status.ENQUEUED.value, Status.PENDING.value, Status.DELAYED.value


def _literal(text: str) -> sa.ColumnElement[str]:
    # Spelled out: a partial index is used only where the database can see that it fits.
    return sa.literal_column(f"'{text}'", sa.Text())


class WorkloadReader:
    """Counts what is in the queues, and who works.

    Parameters
    ----------
    engine : sqlalchemy.Engine
        On the service's database.
    dead_after_s : float, seconds
        Who has not beaten for so long is called silent.
    """

    def __init__(self, engine: sa.Engine, dead_after_s: float) -> None:
        self._engine = engine
        self._dead_after_s = dead_after_s
        self._now = database_time(engine)
        self._work = sa.table(
            "workflow_status",
            *(sa.column(name, sa.Text()) for name in ("workflow_uuid", "status", "queue_name")),
            *(sa.column(name, sa.Text()) for name in ("queue_partition_key", "executor_id")),
            *(sa.column(name, sa.BigInteger()) for name in ("created_at", "completed_at")),
            sa.column("delay_until_epoch_ms", sa.BigInteger()),
            sa.column("started_at_epoch_ms", sa.BigInteger()),
            schema=None if is_sqlite(engine) else "dbos",
        )

    def queues(self) -> Workload:
        """What is in each queue, and what left it in the last minutes."""
        with self._engine.connect() as connection:
            rows = [row for name in names.QUEUES for row in self._in_queue(connection, name)]
            delayed = self._delayed(connection)
            ended = self._ended(connection)
        now = time.time()
        found = (
            _load(name, [row for row in rows if row[0] == name], delayed, ended, now)
            for name in names.QUEUES
        )
        return Workload(WINDOW_S, tuple(found))

    def _in_queue(self, connection: sa.Connection, name: str) -> Sequence[Any]:
        c = self._work.c
        # A webhook's next attempt waits from when it is due, not from when it was planned. Only
        # there, because the index that serves the others has no such column.
        since = c.created_at
        if name == names.WEBHOOKS:
            since = sa.func.coalesce(c.delay_until_epoch_ms, c.created_at)
        counted = (
            sa.select(
                c.queue_name, c.queue_partition_key, c.status, sa.func.count(), sa.func.min(since)
            )
            .where(
                c.queue_name == _literal(name),
                c.status.in_([_literal(_WAITING), _literal(_RUNNING)]),
            )
            .group_by(c.queue_name, c.status, c.queue_partition_key)
        )
        return connection.execute(counted).all()

    def _delayed(self, connection: sa.Connection) -> dict[str, int]:
        c = self._work.c
        counted = (
            sa.select(c.queue_name, sa.func.count())
            .where(c.status == _literal(_DELAYED), c.delay_until_epoch_ms.is_not(None))
            .group_by(c.queue_name)
        )
        return {row[0]: row[1] for row in connection.execute(counted)}

    def _ended(self, connection: sa.Connection) -> dict[tuple[str, bool], int]:
        """How many ended lately, by queue and whether they succeeded."""
        c = self._work.c
        since_ms = int((time.time() - WINDOW_S) * 1000)
        counted = (
            sa.select(c.queue_name, c.status, sa.func.count())
            .where(c.completed_at.is_not(None), c.completed_at >= since_ms)
            .group_by(c.queue_name, c.status)
        )
        found: dict[tuple[str, bool], int] = defaultdict(int)
        for name, status, count in connection.execute(counted):
            if status != Status.CANCELLED.value:
                found[name, status == Status.SUCCESS.value] += count
        return found

    def workers(self) -> list[Executor]:
        """Every worker with a row, the eldest first, and dead ones whose work is still theirs."""
        e = executors.c
        columns = (e.id, e.host, e.pid, e.started_at, self._now - e.beat_at, e.facts)
        with self._engine.connect() as connection:
            rows = connection.execute(sa.select(*columns).order_by(e.id)).all()
            jobs = self._jobs(connection)
        found = [
            Executor(
                id=name,
                state="alive" if silent_s < self._dead_after_s else "silent",
                host=host,
                pid=pid,
                started_at=started_at,
                silent_s=max(0.0, silent_s),
                facts=facts or {},
                jobs=tuple(jobs[name][:_JOBS]),
                jobs_total=len(jobs[name]),
            )
            for name, host, pid, started_at, silent_s, facts in rows
        ]
        for name in sorted(jobs.keys() - {one.id for one in found}):
            told = tuple(jobs[name][:_JOBS])
            found.append(
                Executor(name, "silent", None, None, None, None, {}, told, len(jobs[name]))
            )
        return found

    def _jobs(self, connection: sa.Connection) -> dict[str, list[Job]]:
        c = self._work.c
        running = (
            sa.select(
                c.executor_id,
                c.workflow_uuid,
                c.queue_name,
                c.queue_partition_key,
                c.started_at_epoch_ms,
            )
            .where(c.status == _literal(_RUNNING), c.executor_id.is_not(None))
            .order_by(c.created_at)
            .limit(_MOST_JOBS)
        )
        found: dict[str, list[Job]] = defaultdict(list)
        for executor_id, name, queue, tenant_id, started_ms in connection.execute(running):
            since = None if started_ms is None else started_ms / 1000
            found[executor_id].append(Job(name, queue or "", tenant_id, since))
        return found


def _load(
    name: str,
    rows: Sequence[Any],
    delayed: dict[str, int],
    ended: dict[tuple[str, bool], int],
    now: float,
) -> QueueLoad:
    waiting: dict[str, int] = defaultdict(int)
    running: dict[str, int] = defaultdict(int)
    oldest_ms: list[int] = []
    for _, tenant_id, status, count, since_ms in rows:
        if status == _WAITING:
            waiting[tenant_id or ""] += count
            oldest_ms.append(since_ms)
        else:
            running[tenant_id or ""] += count
    tenants = sorted(
        (Share(one, waiting[one], running[one]) for one in {*waiting, *running} if one),
        key=lambda share: (-share.waiting, -share.running, share.tenant_id),
    )
    return QueueLoad(
        name=name,
        waiting=sum(waiting.values()),
        delayed=delayed.get(name, 0),
        running=sum(running.values()),
        oldest_s=max(0.0, now - min(oldest_ms) / 1000) if oldest_ms else None,
        done=ended.get((name, True), 0),
        failed=ended.get((name, False), 0),
        tenants=tuple(tenants[:_TENANTS]),
    )
