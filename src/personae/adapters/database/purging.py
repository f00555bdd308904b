"""Removing rows for good, once nobody asks for them any more."""

from __future__ import annotations

from collections.abc import Sequence

import sqlalchemy as sa

from personae.adapters.database.days import day_of
from personae.adapters.database.dialects import add_up
from personae.adapters.database.tables import (
    assets,
    chunks,
    deliveries,
    delivery_attempts,
    tasks,
    usage_days,
)
from personae.domain.tasks import FINAL

_FINAL = tuple(sorted(FINAL))


def purge_tasks(connection: sa.Connection, finished_before: float, limit: int) -> int:
    """Remove final tasks of which no file is left; how many.

    Their deliveries, pieces and deleted files' rows go with them. The ledger stays, and what they
    add to the usage is written down by day.
    """
    left = sa.exists().where(assets.c.task_id == tasks.c.id, assets.c.state != "deleted")
    old = (
        sa.select(tasks.c.id)
        .where(tasks.c.finished_at < finished_before, tasks.c.status.in_(_FINAL), ~left)
        .order_by(tasks.c.finished_at)
        .limit(limit)
        .with_for_update(skip_locked=True)
    )
    gone = list(connection.scalars(old))
    if not gone:
        return 0
    _keep_usage(connection, gone)
    sent = sa.select(deliveries.c.id).where(deliveries.c.task_id.in_(gone))
    remove_deliveries(connection, list(connection.scalars(sent)))
    connection.execute(sa.delete(chunks).where(chunks.c.task_id.in_(gone)))
    connection.execute(
        sa.delete(assets).where(assets.c.task_id.in_(gone), assets.c.state == "deleted")
    )
    return connection.execute(sa.delete(tasks).where(tasks.c.id.in_(gone))).rowcount


def remove_deliveries(connection: sa.Connection, names: Sequence[str]) -> int:
    """Remove deliveries and their attempts; how many."""
    if not names:
        return 0
    connection.execute(
        sa.delete(delivery_attempts).where(delivery_attempts.c.delivery_id.in_(names))
    )
    return connection.execute(sa.delete(deliveries).where(deliveries.c.id.in_(names))).rowcount


def _keep_usage(connection: sa.Connection, gone: Sequence[str]) -> None:
    """Add what these tasks did and cost to the days on which they ended."""
    rows = connection.execute(
        sa.select(
            tasks.c.tenant_id,
            day_of(tasks.c.finished_at),
            tasks.c.kind,
            sa.func.count(),
            sa.func.sum(tasks.c.credits_charged),
        )
        .where(tasks.c.id.in_(gone), tasks.c.status == "succeeded")
        .group_by(sa.text("1"), sa.text("2"), sa.text("3"))
    )
    for tenant_id, day, kind, count, credits in rows.all():
        key = {"tenant_id": tenant_id, "day": int(day), "kind": kind}
        add_up(connection, usage_days, key, {"tasks": int(count), "credits": int(credits)})
