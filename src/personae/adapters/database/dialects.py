"""The few statements that SQLite and PostgreSQL spell alike but SQLAlchemy keeps apart."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite

_ONE: sa.ColumnClause[int] = sa.literal_column("1", sa.Integer())


def insert_unless_there(connection: sa.Connection, table: sa.Table, row: Mapping[str, Any]) -> bool:
    """Insert a row unless that would break a unique key; whether it was inserted.

    A row that another transaction has inserted but not committed is waited for.
    """
    if connection.dialect.name == "postgresql":
        statement = postgresql.insert(table).on_conflict_do_nothing()
    else:
        statement = sqlite.insert(table).on_conflict_do_nothing()
    # Seen by what comes back: drivers do not agree on a row count here.
    return connection.execute(statement.returning(_ONE), row).first() is not None


def add_up(
    connection: sa.Connection,
    table: sa.Table,
    key: Mapping[str, Any],
    amounts: Mapping[str, int],
) -> None:
    """Add to the numbers of the row with that primary key, which is made if it is not there."""
    if connection.dialect.name == "postgresql":
        insert = postgresql.insert(table)
    else:
        insert = sqlite.insert(table)
    sums = {name: table.c[name] + insert.excluded[name] for name in amounts}
    connection.execute(
        insert.on_conflict_do_update(index_elements=list(key), set_=sums), {**key, **amounts}
    )
