"""Tasks in SQL, moved along by conditional updates: of two that try, one wins."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict, replace
from typing import Any

import sqlalchemy as sa

from personae.adapters.database.history import FOUND_BY, found_by, names_of
from personae.adapters.database.paging import page_of
from personae.adapters.database.purging import purge_tasks
from personae.adapters.database.rows import Row, columns_of, fetch, fetch_one
from personae.adapters.database.tables import DETECTIONS, UNFINISHED, tasks
from personae.app.repositories.work import TaskFilter
from personae.domain.pages import Page
from personae.domain.tasks import (
    FINAL,
    Task,
    TaskError,
    TaskKind,
    TaskProgress,
    TaskStatus,
)

_UNFINISHED = ("queued", "running")
_TASK = sa.select(tasks)
_LISTED = _TASK.where(tasks.c.deleted_at.is_(None))
_GET = _LISTED.where(tasks.c.id == sa.bindparam("task"))
_COUNT = (
    sa.select(sa.func.count())
    .select_from(tasks)
    .where(
        tasks.c.tenant_id == sa.bindparam("tenant"),
        tasks.c.status.in_(sa.bindparam("statuses", expanding=True)),
    )
)
_START = (
    sa.update(tasks)
    .where(tasks.c.id == sa.bindparam("task"), tasks.c.status.in_(_UNFINISHED))
    .values(
        status="running",
        attempt=tasks.c.attempt + 1,
        started_at=sa.func.coalesce(tasks.c.started_at, sa.bindparam("at")),
    )
)
_PROGRESS = (
    sa.update(tasks)
    .where(tasks.c.id == sa.bindparam("task"), tasks.c.status == "running")
    .values(progress=sa.bindparam("new_progress"))
)


class SqlTasks:
    """`personae.app.ports.Tasks` on one connection."""

    def __init__(self, connection: sa.Connection) -> None:
        self._connection = connection

    def insert(self, task: Task) -> None:
        self._connection.execute(sa.insert(tasks), columns_of(task) | found_by(task))

    def get(self, tenant_id: str | None, task_id: str) -> Task | None:
        """A task that is not deleted; `tenant_id` None only for workers and admins."""
        one = _GET if tenant_id is None else _GET.where(tasks.c.tenant_id == tenant_id)
        row = fetch_one(self._connection, one, {"task": task_id})
        return None if row is None else _task(row)

    def by_dialect_id(self, tenant_id: str, dialect: str, dialect_id: str) -> Task | None:
        row = fetch_one(
            self._connection,
            _LISTED.where(
                tasks.c.tenant_id == tenant_id,
                tasks.c.dialect == dialect,
                tasks.c.dialect_id == dialect_id,
            ),
        )
        return None if row is None else _task(row)

    def page(
        self,
        tenant_id: str,
        *,
        kinds: Sequence[TaskKind],
        statuses: Sequence[TaskStatus] = (),
        dialect: str | None = None,
        after: str | None,
        limit: int,
    ) -> Page[Task]:
        """Tasks that are not deleted, newest first; no kinds or no statuses mean all of them."""
        listing = _LISTED.where(tasks.c.tenant_id == tenant_id)
        if kinds:
            listing = listing.where(tasks.c.kind.in_(kinds))
        if statuses:
            listing = listing.where(tasks.c.status.in_(statuses))
        if dialect is not None:
            listing = listing.where(tasks.c.dialect == dialect)
        return page_of(self._connection, listing, tasks.c.id, _task, after=after, limit=limit)

    def search(
        self, tenant_id: str | None, wanted: TaskFilter, *, after: str | None, limit: int
    ) -> Page[Task]:
        """Tasks that are not deleted and fit, newest first; `tenant_id` None only for admins."""
        listing = _TASK.where(tasks.c.id.in_(names_of(tenant_id, wanted, after, limit)))
        return page_of(self._connection, listing, tasks.c.id, _task, after=after, limit=limit)

    def consents(
        self, tenant_id: str, *, since: float | None = None, after: str | None, limit: int
    ) -> Page[Task]:
        """Tasks with a record of consent, deleted ones too, newest first."""
        listing = _TASK.where(tasks.c.tenant_id == tenant_id, tasks.c.consent.is_not(None))
        if since is not None:
            listing = listing.where(tasks.c.created_at >= since)
        return page_of(self._connection, listing, tasks.c.id, _task, after=after, limit=limit)

    def numbered(
        self,
        tenant_id: str,
        *,
        kinds: Sequence[TaskKind],
        dialect: str,
        offset: int,
        limit: int,
    ) -> tuple[list[Task], int]:
        """A dialect's tasks, newest first, without the `offset` newest; and how many there are."""
        wanted = (
            tasks.c.tenant_id == tenant_id,
            tasks.c.dialect == dialect,
            tasks.c.dialect_id.is_not(None),
            tasks.c.kind.in_(kinds),
        )
        listing = _LISTED.where(*wanted).order_by(tasks.c.id.desc()).offset(offset).limit(limit)
        counting = sa.select(sa.func.count()).select_from(tasks)
        counting = counting.where(tasks.c.deleted_at.is_(None), *wanted)
        found = [_task(row) for row in fetch(self._connection, listing)]
        return found, self._connection.execute(counting).scalar_one()

    def count(self, tenant_id: str, *, statuses: Sequence[TaskStatus]) -> int:
        """How many tasks have one of these statuses, deleted ones among them."""
        values = {"tenant": tenant_id, "statuses": list(statuses)}
        return self._connection.execute(_COUNT, values).scalar_one()

    def start(self, task_id: str, at: float) -> bool:
        """To running, one attempt more; False if the task is final.

        A task that a crash left running starts again; `started_at` stays that of its first start.
        """
        return self._connection.execute(_START, {"task": task_id, "at": at}).rowcount == 1

    def finish(
        self,
        task_id: str,
        status: TaskStatus,
        *,
        result: dict[str, Any] | None = None,
        error: TaskError | None = None,
        credits_charged: int = 0,
        expires_at: float | None = None,
        at: float,
    ) -> bool:
        """To a final status; False, and nothing changes, if it is final already.

        The progress of a task that succeeded becomes complete; that of another stays.

        Raises
        ------
        ValueError
            If `status` is not final.
        """
        if status not in FINAL:
            raise ValueError(f"a task cannot finish as {status}")
        done = self._connection.execute(
            sa.update(tasks)
            .where(tasks.c.id == task_id, tasks.c.status.in_(_UNFINISHED))
            .values(
                status=status,
                result=result,
                error=None if error is None else asdict(error),
                credits_charged=credits_charged,
                expires_at=expires_at,
                finished_at=at,
            )
        )
        if done.rowcount != 1:
            return False
        if status == "succeeded":
            self._complete_progress(task_id)
        return True

    def _complete_progress(self, task_id: str) -> None:
        mine = tasks.c.id == task_id
        stored = self._connection.execute(sa.select(tasks.c.progress).where(mine)).scalar_one()
        progress = TaskProgress(**stored)
        complete = replace(
            progress,
            phase="done",
            percent=100.0,
            frames_done=progress.frames_total,
            remaining_s=0.0,
        )
        self._connection.execute(sa.update(tasks).where(mine).values(progress=asdict(complete)))

    def set_progress(self, task_id: str, progress: TaskProgress) -> bool:
        """Write the progress of a running task; False if it runs no longer."""
        values = {"task": task_id, "new_progress": asdict(progress)}
        return self._connection.execute(_PROGRESS, values).rowcount == 1

    def set_held(self, task_id: str, credits_held: int) -> None:
        self._connection.execute(
            sa.update(tasks).where(tasks.c.id == task_id).values(credits_held=credits_held)
        )

    def delete(self, tenant_id: str, task_id: str, at: float) -> bool:
        """Hide a final task; False if the tenant has none of that name, or it is not final.

        Its result goes at once: a detection's tells people apart by their faces.
        """
        done = self._connection.execute(
            sa.update(tasks)
            .where(
                tasks.c.id == task_id,
                tasks.c.tenant_id == tenant_id,
                tasks.c.deleted_at.is_(None),
                tasks.c.status.in_(sorted(FINAL)),
            )
            .values(deleted_at=at, result=None)
        )
        return done.rowcount == 1

    def forget_request(self, task_id: str) -> None:
        """Forget what a task asked for, its names and its callback."""
        gone = ("label", "callback", "scene_name", "words")
        forgotten: dict[str, Any] = {"request": {}, **dict.fromkeys(gone)}
        self._connection.execute(sa.update(tasks).where(tasks.c.id == task_id).values(forgotten))

    def by_mark(self, mark: int) -> list[Task]:
        """Tasks of all tenants whose outputs carry this mark, also deleted ones, newest first."""
        marked = _TASK.where(tasks.c.mark == mark).order_by(tasks.c.id.desc())
        return [_task(row) for row in fetch(self._connection, marked)]

    def naming(self, tenant_id: str, words: Sequence[str]) -> list[Task]:
        """A tenant's tasks in whose request one of these ids or URLs is written, oldest first."""
        return self._naming(words, tasks.c.tenant_id == tenant_id)

    def detections_of(self, tenant_id: str, asset_id: str) -> list[Task]:
        """A tenant's searches for people in a stored scene."""
        return self._naming([asset_id], tasks.c.tenant_id == tenant_id, DETECTIONS)

    def _naming(self, words: Sequence[str], *which: Any) -> list[Task]:
        if not words:
            return []
        asked = sa.cast(tasks.c.request, sa.Text())
        # As it stands in the column, where it is in quotes and has its odd letters escaped.
        written = [asked.contains(json.dumps(word), autoescape=True) for word in words]
        found = _LISTED.where(*which, sa.or_(*written)).order_by(tasks.c.id)
        return [_task(row) for row in fetch(self._connection, found)]

    def unfinished(self, older_than: float, *, after: str | None = None, limit: int) -> Page[Task]:
        """Tasks of all tenants that were made before a time and are not final, oldest first."""
        listing = _TASK.where(UNFINISHED, tasks.c.created_at < older_than)
        if after is not None:
            listing = listing.where(tasks.c.id > after)
        rows = fetch(self._connection, listing.order_by(tasks.c.id).limit(limit + 1))
        kept = rows[:limit]
        more = len(rows) > limit
        return Page(tuple(_task(row) for row in kept), kept[-1]["id"] if more else None)

    def expired(self, now: float, limit: int) -> list[Task]:
        """Final tasks of all tenants that should be deleted by now, longest overdue first."""
        rows = fetch(
            self._connection,
            _LISTED.where(tasks.c.expires_at <= now, tasks.c.status.in_(sorted(FINAL)))
            .order_by(tasks.c.expires_at)
            .limit(limit),
        )
        return [_task(row) for row in rows]

    def purge(self, finished_before: float, limit: int) -> int:
        """Remove final tasks of which no file is left, with their deliveries; how many."""
        return purge_tasks(self._connection, finished_before, limit)

    def counts_by_status(self, statuses: Sequence[TaskStatus] = ()) -> dict[tuple[str, str], int]:
        """How many by kind and status, over all tenants, deleted ones among them; for metrics.

        Of some statuses alone it costs what there is of them, not what there is of all.
        """
        which = tasks.c.status.in_(statuses) if statuses else sa.true()
        return self._counted(sa.select(tasks.c.kind, tasks.c.status).where(which).subquery())

    def ended_since(self, at: float) -> dict[tuple[str, str], int]:
        """How many ended at a time or later, by kind and status, over all tenants."""
        lately = sa.select(tasks.c.kind, tasks.c.status).where(tasks.c.finished_at >= at)
        # Apart, or SQLite walks over the index that is in the order of the groups: all of it.
        return self._counted(lately.cte("lately").prefix_with("MATERIALIZED"))

    def _counted(self, some: sa.FromClause) -> dict[tuple[str, str], int]:
        grouped = sa.select(some.c.kind, some.c.status, sa.func.count())
        rows = self._connection.execute(grouped.group_by(some.c.status, some.c.kind))
        return {(kind, status): count for kind, status, count in rows}

    def oldest_waiting(self) -> dict[str, float]:
        """When the oldest task that waits for its first start was made, by kind."""
        rows = self._connection.execute(
            sa.select(tasks.c.kind, sa.func.min(tasks.c.created_at).label("oldest"))
            .where(tasks.c.status == "queued")
            .group_by(tasks.c.kind)
        )
        return {row.kind: row.oldest for row in rows}


def _task(row: Row) -> Task:
    for name in FOUND_BY:
        del row[name]
    row["progress"] = TaskProgress(**row["progress"])
    if row["error"] is not None:
        row["error"] = TaskError(**row["error"])
    row["notes"] = tuple(row["notes"])
    return Task(**row)
