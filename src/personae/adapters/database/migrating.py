"""Bringing the schema up to date at start, by one process at a time."""

from __future__ import annotations

import functools
from pathlib import Path

import sqlalchemy as sa
from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory

from personae.adapters.database.engines import is_sqlite
from personae.adapters.database.failures import as_service_errors
from personae.errors import Unavailable

_LOCK = 0x706572736F6E6165  # "personae" in ASCII: the advisory lock's number under PostgreSQL.


@functools.cache
def newest_revision() -> str:
    """The revision that this version of the code needs."""
    newest = ScriptDirectory.from_config(_config()).get_current_head()
    assert newest is not None
    return newest


def stored_revision(connection: sa.Connection) -> str | None:
    """The revision that the database is at; None if it has no schema yet."""
    return MigrationContext.configure(connection).get_current_revision()


def migrate(engine: sa.Engine) -> None:
    """Bring the schema up to date, all of it or nothing.

    Safe when several processes start at once: the first one migrates, the others wait for it and
    find nothing to do.

    Raises
    ------
    Unavailable
        If the database cannot be reached, or was made by a newer version of Personae.
    """
    with as_service_errors(), engine.connect() as connection:
        if is_sqlite(engine):
            _migrate_sqlite(connection)
        else:
            with connection.begin():
                lock = sa.func.pg_advisory_xact_lock(_LOCK)
                connection.execute(sa.select(lock))
                _upgrade(connection)


def _migrate_sqlite(connection: sa.Connection) -> None:
    # Foreign keys go off, which works only outside a transaction, because SQLite changes a table by
    # copying it into a new one: https://www.sqlite.org/lang_altertable.html#otheralter
    connection.exec_driver_sql("PRAGMA foreign_keys=OFF")
    connection.rollback()
    try:
        with connection.begin():
            connection.exec_driver_sql("BEGIN IMMEDIATE")
            _upgrade(connection)
            broken = connection.exec_driver_sql("PRAGMA foreign_key_check").all()
            if broken:
                raise Unavailable(f"The migration would leave {len(broken)} rows without owners.")
    finally:
        connection.exec_driver_sql("PRAGMA foreign_keys=ON")
        connection.rollback()


def _upgrade(connection: sa.Connection) -> None:
    config = _config()
    stored = stored_revision(connection)
    script = ScriptDirectory.from_config(config)
    known = {revision.revision for revision in script.walk_revisions()}
    if stored is not None and stored not in known:
        raise Unavailable(
            f"The database is at revision {stored}, which this version of Personae does not know; "
            "install the version that made it, or a newer one."
        )
    if stored != script.get_current_head():
        config.attributes["connection"] = connection
        command.upgrade(config, "head")


def _config() -> Config:
    config = Config()
    folder = str(Path(__file__).parent / "migrations")
    config.set_main_option("script_location", folder.replace("%", "%%"))
    config.set_main_option("path_separator", "os")
    return config
