"""Connections to SQLite or PostgreSQL, set up as both the service and DBOS need them.

SQLite runs in WAL mode, so that readers never wait for the writer, and with ``synchronous=FULL``:
a commit is on the disk when it returns, also if the power fails. NORMAL would survive the death of
a process but not that of the machine, and an accepted task or a charge must not vanish; group
commit pays for the difference. ``isolation_level = "IMMEDIATE"`` is what DBOS sets on engines of
its own: Python's driver then begins a transaction by itself only before a statement that writes,
and takes the write lock at once. `personae.adapters.database` begins its transactions explicitly.
"""

from __future__ import annotations

import sqlite3
from pathlib import Path

import sqlalchemy as sa
from sqlalchemy import event, exc
from sqlalchemy.engine.interfaces import DBAPIConnection
from sqlalchemy.pool import ConnectionPoolEntry

from personae.adapters.database.patience import (
    BUSY_TIMEOUT_S,
    NATIVE_TIMEOUT_S,
    PatientConnection,
)
from personae.errors import InvalidRequest

_IDLE_IN_TRANSACTION_S = 60
_WAL_BYTES_KEPT = 64 * 1024 * 1024


def is_sqlite(engine: sa.Engine) -> bool:
    """Whether the database is a local SQLite file."""
    return engine.dialect.name == "sqlite"


def engine_for(url: str, *, read_only: bool = False, pool_size: int = 16) -> sa.Engine:
    """An engine for the service's tables and for DBOS (as its ``system_database_engine``).

    Nothing is opened before the first connection. The caller disposes of it.

    Parameters
    ----------
    url : str
        ``sqlite:///relative/file``, ``sqlite:////absolute/file``, ``postgresql://…`` or
        ``postgres://…`` (psycopg 3).
    read_only : bool
        With SQLite, statements that write are refused.
    pool_size : int
        Connections kept open; as many again may be opened for a while.

    Raises
    ------
    InvalidRequest
        If the URL is of no kind that the service can use. The message never shows the password.
    """
    parsed = _parsed(url)
    if parsed.drivername == "sqlite":
        return _sqlite_engine(parsed, read_only, pool_size)
    engine = sa.create_engine(
        parsed,
        pool_size=pool_size,
        max_overflow=pool_size,
        pool_timeout=BUSY_TIMEOUT_S,
        pool_pre_ping=True,
        hide_parameters=True,
    )
    event.listen(engine, "connect", _set_up_postgres)
    return engine


def _parsed(url: str) -> sa.URL:
    try:
        parsed = sa.make_url(url)
    except exc.ArgumentError:
        raise InvalidRequest(
            "The database URL does not parse; it must look like sqlite:///FILE or "
            "postgresql://USER:PASSWORD@HOST/NAME."
        ) from None
    if parsed.drivername in ("postgresql", "postgres", "postgresql+psycopg"):
        return parsed.set(drivername="postgresql+psycopg")
    if parsed.drivername in ("sqlite", "sqlite+pysqlite"):
        if not parsed.database or parsed.database == ":memory:":
            raise InvalidRequest(
                "The database must be a file that several processes can open: sqlite:///FILE."
            )
        return parsed.set(drivername="sqlite")
    raise InvalidRequest(
        f"The database URL begins with {parsed.drivername}://; it must begin with sqlite:/// or "
        "postgresql://."
    )


def _sqlite_engine(url: sa.URL, read_only: bool, pool_size: int) -> sa.Engine:
    engine = sa.create_engine(
        url,
        pool_size=pool_size,
        max_overflow=pool_size,
        pool_timeout=BUSY_TIMEOUT_S,
        hide_parameters=True,
        connect_args={"timeout": NATIVE_TIMEOUT_S, "factory": PatientConnection},
    )
    folder = Path(url.database or "").parent

    def make_folder(*_: object) -> None:
        try:
            folder.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise InvalidRequest(
                f"The database's folder {folder} cannot be made: {error.strerror}."
            ) from error

    event.listen(engine, "do_connect", make_folder)
    event.listen(engine, "connect", _set_up_sqlite)
    if read_only:
        event.listen(engine, "connect", _refuse_writes)
    return engine


def _set_up_sqlite(dbapi: DBAPIConnection, _entry: ConnectionPoolEntry) -> None:
    assert isinstance(dbapi, sqlite3.Connection)
    dbapi.isolation_level = "IMMEDIATE"
    dbapi.execute("PRAGMA journal_mode=WAL")
    dbapi.execute("PRAGMA synchronous=FULL")
    dbapi.execute("PRAGMA foreign_keys=ON")
    dbapi.execute(f"PRAGMA journal_size_limit={_WAL_BYTES_KEPT}")


def _refuse_writes(dbapi: DBAPIConnection, _entry: ConnectionPoolEntry) -> None:
    assert isinstance(dbapi, sqlite3.Connection)
    dbapi.execute("PRAGMA query_only=ON")


def _set_up_postgres(dbapi: DBAPIConnection, _entry: ConnectionPoolEntry) -> None:
    # A process that hangs inside a transaction must not keep its locks for ever. Committed, because
    # the pool rolls back what it takes in.
    cursor = dbapi.cursor()
    cursor.execute(f"SET idle_in_transaction_session_timeout = {_IDLE_IN_TRANSACTION_S * 1000}")
    cursor.close()
    dbapi.commit()
