"""The database as DBOS sees it: an engine for its connections, and its own tables."""

from __future__ import annotations

import sqlite3

import sqlalchemy as sa
from dbos import DBOS
from sqlalchemy import event
from sqlalchemy.engine.interfaces import DBAPIConnection
from sqlalchemy.pool import ConnectionPoolEntry

from personae.adapters.database.engines import engine_for, is_sqlite


def durable_engine(url: str, *, pool_size: int = 8) -> sa.Engine:
    """An engine for DBOS on the service's database, apart from that of the service's own tables.

    Under SQLite its commits do not wait for the disk. What DBOS alone writes is who works on what
    and which steps are done; if the machine loses power, a step is done again. Tasks are enqueued
    by the service's own commits, which do wait.

    Parameters
    ----------
    url : str
        ``sqlite:///…`` or ``postgresql://…``.
    pool_size : int
        Connections kept; each workflow that runs needs one at times.

    Raises
    ------
    InvalidRequest
        If the URL is of no kind that the service can use.
    """
    engine = engine_for(url, pool_size=pool_size)
    if is_sqlite(engine):
        event.listen(engine, "connect", _do_not_wait_for_the_disk)
    return engine


def migrate(url: str) -> None:
    """Make or update DBOS' tables; harmless when they are there, and safe beside another process.

    Whoever migrates the service's own tables calls this too, so that an API which has never seen
    a worker can enqueue.
    """
    engine = durable_engine(url, pool_size=1)
    engine.connect().close()  # Puts a new SQLite file into WAL mode before DBOS opens it.
    engine.dispose()
    DBOS.migrate(plain_url(engine))


def plain_url(engine: sa.Engine) -> str:
    """The engine's URL as DBOS wants it: no driver named, the password in it."""
    name = "sqlite" if is_sqlite(engine) else "postgresql"
    return engine.url.set(drivername=name).render_as_string(hide_password=False)


def _do_not_wait_for_the_disk(dbapi: DBAPIConnection, _entry: ConnectionPoolEntry) -> None:
    assert isinstance(dbapi, sqlite3.Connection)
    dbapi.execute("PRAGMA synchronous=NORMAL")
