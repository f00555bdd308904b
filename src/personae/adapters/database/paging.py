"""Listings cut into pages, newest first, that stay put while rows are added."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

import sqlalchemy as sa

from personae.adapters.database.rows import Row, fetch
from personae.domain.pages import Page
from personae.errors import InvalidRequest

T = TypeVar("T")


def page_of(
    connection: sa.Connection,
    statement: sa.Select[*tuple[Any, ...]],
    order: sa.Column[Any],
    make: Callable[[Row], T],
    *,
    after: str | int | None,
    limit: int,
) -> Page[T]:
    """The rows of `statement` that come after the one whose `order` column is `after`.

    `order` is a unique column that is among those selected. The next page starts from a row, not
    from a number of rows, so a row added meanwhile neither repeats nor hides another.

    Raises
    ------
    InvalidRequest
        If `limit` is below 1.
    """
    if limit < 1:
        raise InvalidRequest(f"A page has at least 1 item, not {limit}.")
    if after is not None:
        statement = statement.where(order < after)
    rows = fetch(connection, statement.order_by(order.desc()).limit(limit + 1))
    kept = rows[:limit]
    more = len(rows) > limit
    return Page(
        tuple(make(row) for row in kept),
        str(kept[-1][order.name]) if more else None,
    )


def number_after(after: str | None) -> int | None:
    """A cursor of a listing that is ordered by a number.

    Raises
    ------
    InvalidRequest
        If it is not such a cursor.
    """
    if after is None:
        return None
    if not (after.isascii() and after.isdigit() and len(after) <= 18):
        raise InvalidRequest("The cursor is not one that a listing gave out.")
    return int(after)
