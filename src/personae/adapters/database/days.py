"""Days as queries count them."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import sqlalchemy as sa

DAY_S = 86400


def day_of(at: sa.Column[Any], offset_s: int = 0) -> sa.ColumnElement[Any]:
    """Whole days since 1970, that begin `offset_s` seconds before those of UTC."""
    moved = at + sa.literal_column(f"{int(offset_s)}") if offset_s else at
    return sa.func.floor(moved / sa.literal_column(f"{DAY_S}.0"))


def day_name(day: int) -> str:
    """``YYYY-MM-DD``."""
    return datetime.fromtimestamp(day * DAY_S, UTC).date().isoformat()
