"""Rows as plain dictionaries of their columns."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, fields, is_dataclass
from typing import TYPE_CHECKING, Any, TypeAlias

import sqlalchemy as sa

if TYPE_CHECKING:
    from _typeshed import DataclassInstance

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


def columns_of(value: DataclassInstance) -> Row:
    """A value's fields by name, those that are dataclasses themselves as dictionaries.

    Unlike `dataclasses.asdict` this copies nothing: a detection's result has thousands of numbers.
    """
    row: Row = {}
    for field in fields(value):
        one = getattr(value, field.name)
        row[field.name] = asdict(one) if is_dataclass(one) and not isinstance(one, type) else one
    return row
