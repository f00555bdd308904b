"""The few statements that SQLite and PostgreSQL spell alike but SQLAlchemy keeps apart."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite


def insert_unless_there(
    connection: sa.Connection, table: sa.Table, rows: Sequence[Mapping[str, Any]]
) -> int:
    """Insert the rows that break no unique key; how many those were.

    A row that another transaction has inserted but not committed is waited for.
    """
    if connection.dialect.name == "postgresql":
        statement = postgresql.insert(table).values(rows).on_conflict_do_nothing()
    else:
        statement = sqlite.insert(table).values(rows).on_conflict_do_nothing()
    return connection.execute(statement).rowcount
