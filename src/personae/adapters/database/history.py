"""Finding tasks in a long history: what their rows are searched by.

One index has every column that a search looks at, so that rows which do not fit are never read:
they are far larger than what is asked of them.
"""

from __future__ import annotations

import math
from typing import Any

import sqlalchemy as sa

from personae.adapters.database.tables import ENDED_BADLY, LISTED, UNFINISHED, tasks
from personae.app.repositories.work import TaskFilter
from personae.domain.engines import MESH
from personae.domain.ids import packed
from personae.domain.tasks import Task

FOUND_BY = ("engine", "words")
"""Columns that are for searching alone; the value of a task has them in other words."""
_MOST_WORDS = 500  # Characters: an entry of PostgreSQL's index has 2,704 bytes at most.
_RANDOM_BITS = 80  # Of a task's name, after its milliseconds; see `personae.domain.ids`.
_RARE = {UNFINISHED: {"queued", "running"}, ENDED_BADLY: {"failed", "canceled"}}
_LAST_MS = (1 << 48) - 1


def found_by(task: Task) -> dict[str, str | None]:
    """What a task's row is searched by."""
    engine: str | None = None
    if task.kind in ("swap_image", "swap_video", "preview"):
        setup: dict[str, Any] = task.request.get("setup") or {}
        engine = setup.get("engine") or MESH
    named = "\n".join(one for one in (task.label, task.scene_name) if one)
    return {"engine": engine, "words": named.casefold()[:_MOST_WORDS] or None}


def names_of(
    tenant_id: str | None, wanted: TaskFilter, after: str | None, limit: int
) -> sa.ScalarSelect[Any]:
    """The names of the tasks of one page, and of the one after it."""
    c = tasks.c
    found = sa.select(c.id).where(LISTED)
    if tenant_id is not None:
        found = found.where(c.tenant_id == tenant_id)
    if after is not None:
        found = found.where(c.id < after)
    if wanted.kinds:
        found = found.where(c.kind.in_(wanted.kinds))
    if wanted.statuses:
        found = found.where(c.status.in_(wanted.statuses))
        if tenant_id is None:
            # Spelled out, so that the database sees that an index of theirs alone will do.
            rare = (one for one in _RARE if set(wanted.statuses) <= _RARE[one])
            found = found.where(*rare)
    if wanted.engine is not None:
        found = found.where(c.engine == wanted.engine)
    # Names begin with the time.
    if wanted.since is not None:
        found = found.where(c.id >= _first_at(wanted.since))
    if wanted.until is not None:
        found = found.where(c.id < _first_at(wanted.until))
    for word in wanted.words.casefold().split():
        named = c.words.contains(word, autoescape=True)
        if word.startswith("task_"):
            named = sa.or_(named, sa.and_(c.id >= word, c.id < f"{word}~"))
        found = found.where(named)
    return found.order_by(c.id.desc()).limit(limit + 1).scalar_subquery()


def _first_at(at: float) -> str:
    """The name that sorts before those of all tasks from a time on, to the millisecond."""
    millis = min(max(0, math.ceil(at * 1000)), _LAST_MS)
    return packed("task", millis << _RANDOM_BITS)
