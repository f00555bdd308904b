"""Letting things end sooner, in SQL: when a tenant's times have been shortened."""

from __future__ import annotations

from collections.abc import Sequence

import sqlalchemy as sa

from personae.adapters.database.tables import assets, tasks
from personae.domain.retention import Retention

_SLACK_S = 1.0
"""Rows that end within a second of what is right are right: sums of doubles differ."""
_SINCE = sa.func.coalesce(assets.c.renewed_at, assets.c.created_at)
_PREVIEWS = sa.select(tasks.c.id).where(tasks.c.kind == "preview")


def shorten(
    connection: sa.Connection, retention: Retention, only: str | None, but: Sequence[str]
) -> int:
    """As `personae.app.ports.Assets.shorten`."""
    changed = 0
    for which, life_s in _files(retention):
        late = assets.c.expires_at > _SINCE + life_s + _SLACK_S
        update = sa.update(assets).where(
            which, late, assets.c.state.in_(("ready", "awaiting_upload")), _of(assets, only, but)
        )
        changed += connection.execute(update.values(expires_at=_SINCE + life_s)).rowcount
    for kinds, life_s in _tasks(retention):
        late = tasks.c.expires_at > tasks.c.finished_at + life_s + _SLACK_S
        update = sa.update(tasks).where(
            tasks.c.kind.in_(kinds), tasks.c.deleted_at.is_(None), late, _of(tasks, only, but)
        )
        connection.execute(update.values(expires_at=tasks.c.finished_at + life_s))
    return changed


def _files(retention: Retention) -> list[tuple[sa.ColumnElement[bool], float]]:
    """Which files last how long, at most."""
    role, preview = assets.c.role, assets.c.task_id.in_(_PREVIEWS)
    output = role.in_(("output", "manifest"))
    return [
        (role == "upload", retention.of_role("upload")),
        (role == "import", retention.of_role("import")),
        (role == "crop", retention.of_role("crop")),
        (role.in_(("cover", "thumbnail")), retention.of_role("cover")),
        (output & ~preview, retention.of_role("output")),
        (output & preview, retention.of_role("output", preview=True)),
    ]


def _tasks(retention: Retention) -> list[tuple[tuple[str, ...], float]]:
    return [
        (("swap_image", "swap_video"), retention.outputs),
        (("preview",), retention.previews),
        (("detect_image", "detect_video"), retention.detections),
    ]


def _of(table: sa.Table, only: str | None, but: Sequence[str]) -> sa.ColumnElement[bool]:
    if only is not None:
        return table.c.tenant_id == only
    return table.c.tenant_id.not_in(but)
