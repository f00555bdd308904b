"""Rows as plain dictionaries of their columns."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypeAlias

import sqlalchemy as sa

Row: TypeAlias = dict[str, Any]
"""One row by column name; whoever gets it may change it."""


def fetch(
    connection: sa.Connection, statement: sa.Executable, values: Mapping[str, Any] | None = None
) -> list[Row]:
    """All rows that `statement` selects, with `values` for its parameters."""
    result = connection.execute(statement, values)
    names = list(result.keys())
    return [dict(zip(names, row, strict=True)) for row in result]


def fetch_one(
    connection: sa.Connection, statement: sa.Executable, values: Mapping[str, Any] | None = None
) -> Row | None:
    """The row that `statement` selects, or None; more than one is a bug."""
    rows = fetch(connection, statement, values)
    assert len(rows) <= 1
    return rows[0] if rows else None
