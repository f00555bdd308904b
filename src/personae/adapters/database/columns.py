"""The kinds of column that tables are made of."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa

NAME = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")
JSON = sa.JSON(none_as_null=True)
TIME: sa.Double[float] = sa.Double()
CREDITS = sa.BigInteger()
SERIAL = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def name(name: str, *, null: bool = False) -> sa.Column[Any]:
    """A name of something, compared byte by byte."""
    return sa.Column(name, NAME, nullable=null)


def text(name: str, *, null: bool = False) -> sa.Column[Any]:
    """Words for people."""
    return sa.Column(name, sa.Text(), nullable=null)


def time(name: str, *, null: bool = False) -> sa.Column[Any]:
    """Seconds since 1970, UTC."""
    return sa.Column(name, TIME, nullable=null)


def json(name: str, *, null: bool = False) -> sa.Column[Any]:
    """Plain values that no query looks into."""
    return sa.Column(name, JSON, nullable=null)


def count(name: str, *, null: bool = False) -> sa.Column[Any]:
    """A whole number."""
    return sa.Column(name, sa.Integer(), nullable=null)


def credits(name: str) -> sa.Column[Any]:
    """Whole credits."""
    return sa.Column(name, CREDITS, nullable=False)


def key(name: str = "id") -> sa.Column[Any]:
    """The primary key, or a part of it."""
    return sa.Column(name, NAME, primary_key=True)


def tenant() -> sa.Column[Any]:
    """Whose row it is."""
    return sa.Column("tenant_id", NAME, sa.ForeignKey("tenants.id"), nullable=False)
