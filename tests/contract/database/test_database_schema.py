"""The schema: migrated by whoever comes first, equal to what the code expects, upgradable."""

from __future__ import annotations

import asyncio
import multiprocessing
import re
import sqlite3
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext

from personae.adapters.database import (
    RecordingQueue,
    SqlDatabase,
    database_from_url,
    engine_for,
    is_sqlite,
    migrate,
)
from personae.adapters.database.migrating import newest_revision, stored_revision
from personae.adapters.database.tables import audit, metadata
from personae.app import audit_reading
from personae.app.repositories.work import TaskFilter
from personae.domain.audit_check import Verdict
from personae.domain.credits import Balance
from personae.errors import InvalidRequest, Unavailable

NOW = 1_760_000_000.0
"""When the rows of the releases were made."""
RELEASES = Path(__file__).parent / "releases"


def revision(engine: sa.Engine) -> str | None:
    with engine.connect() as connection:
        return stored_revision(connection)


def differences(engine: sa.Engine) -> list[object]:
    with engine.connect() as connection:
        context = MigrationContext.configure(
            connection, opts={"compare_type": True, "compare_server_default": True}
        )
        return list(compare_metadata(context, metadata))


def load(url: str, release: str) -> None:
    """Make the database of a release from its dump."""
    engine = engine_for(url)
    kind = "sqlite" if is_sqlite(engine) else "postgresql"
    dump = (RELEASES / f"{release}.{kind}.sql").read_text("utf-8")
    if is_sqlite(engine):
        # Without the engine, which would check each row's owner before it is there.
        file = sqlite3.connect(engine.url.database or "")
        file.executescript(dump)
        file.close()
    else:
        with engine.begin() as connection:
            for statement in dump.split(";\n"):
                if statement.strip():
                    connection.exec_driver_sql(statement.replace("%", "%%"))
    assert revision(engine) == release
    engine.dispose()


def migrate_in_process(url: str, barrier: object) -> None:
    barrier.wait(60)  # type: ignore[attr-defined]
    engine = engine_for(url)
    migrate(engine)
    with engine.connect() as connection:
        assert stored_revision(connection) == newest_revision()
    engine.dispose()


def test_the_migrations_make_what_the_code_expects(database: SqlDatabase) -> None:
    assert differences(database.engine) == []
    assert revision(database.engine) == newest_revision()


def test_the_comparison_sees_a_difference(database: SqlDatabase) -> None:
    with database.engine.begin() as connection:
        connection.exec_driver_sql("DROP INDEX ix_tasks_tenant_id_status")
        connection.exec_driver_sql("ALTER TABLE tasks ADD COLUMN more INTEGER")
    assert len(differences(database.engine)) == 2


def test_sqlite_has_the_same_tables_to_the_letter(tmp_path: Path) -> None:
    migrated = engine_for(f"sqlite:///{tmp_path / 'migrated.db'}")
    migrate(migrated)
    made = engine_for(f"sqlite:///{tmp_path / 'made.db'}")
    metadata.create_all(made)

    def statements(engine: sa.Engine) -> dict[str, set[str]]:
        with engine.connect() as connection:
            rows = connection.exec_driver_sql(
                "SELECT name, sql FROM sqlite_master WHERE sql IS NOT NULL AND type <> 'trigger'"
            ).all()
        engine.dispose()
        # The order of columns and constraints may differ; what they say may not. Columns that were
        # added later stand behind each other on the last line.
        return {
            name: {line.strip("\t ,)") for line in re.split(r"\n|, (?=[a-z_]+ [A-Z])", sql)}
            for name, sql in rows
            if name != "alembic_version"
        }

    assert statements(migrated) == statements(made)


def test_several_processes_may_start_at_once(database_url: str) -> None:
    spawn = multiprocessing.get_context("spawn")
    barrier = spawn.Barrier(4)
    processes = [
        spawn.Process(target=migrate_in_process, args=(database_url, barrier)) for _ in range(4)
    ]
    for process in processes:
        process.start()
    for process in processes:
        process.join(120)
    assert [process.exitcode for process in processes] == [0, 0, 0, 0]


def test_migrating_again_changes_nothing(database: SqlDatabase) -> None:
    database.migrate()
    assert revision(database.engine) == newest_revision()


def test_a_newer_database_is_left_alone(database: SqlDatabase) -> None:
    with database.engine.begin() as connection:
        connection.exec_driver_sql("UPDATE alembic_version SET version_num = '9999'")
    with pytest.raises(Unavailable, match="9999"):
        database.migrate()
    assert revision(database.engine) == "9999"
    assert asyncio.run(database.ready()) is False


def test_an_empty_database_is_not_ready(database_url: str) -> None:
    database = database_from_url(database_url, queue_factory=RecordingQueue().factory)
    assert asyncio.run(database.ready()) is False
    database.migrate()
    assert asyncio.run(database.ready()) is True
    database.close()


@pytest.mark.parametrize("release", ["0001"])
def test_the_database_of_a_release_is_brought_up_to_date(database_url: str, release: str) -> None:
    load(database_url, release)
    database = database_from_url(database_url, queue_factory=RecordingQueue().factory)
    database.migrate()
    assert revision(database.engine) == newest_revision()
    assert differences(database.engine) == []
    assert database.read(lambda tx: tx.credits.audit()) == []
    owner = database.read(lambda tx: tx.tenants.by_name("Ateliér 'Noir'"))
    assert owner is not None
    balance = database.read(lambda tx: tx.credits.balance(owner.id))
    assert balance == Balance(available=65, held=10, spent=25, granted=100)
    page = database.read(lambda tx: tx.tasks.page(owner.id, kinds=(), after=None, limit=9))
    assert [one.status for one in page.items] == ["queued", "succeeded"]
    assets = database.read(lambda tx: tx.assets.page(owner.id, role=None, after=None, limit=9))
    assert len(assets.items) == 1
    assert assets.items[0].facts is not None
    assert assets.items[0].facts.audio_codecs == ()  # Nobody noted them then.
    assert len(database.read(lambda tx: tx.tenants.keys(owner.id))) == 1
    assert database.read(lambda tx: tx.idempotency.find(owner.id, "again")) is not None
    deliveries = database.read(
        lambda tx: tx.hooks.deliveries(owner.id, endpoint_id=None, after=None, limit=9)
    )
    assert len(database.read(lambda tx: tx.hooks.attempts(deliveries.items[0].id))) == 1
    (hook,) = database.read(lambda tx: tx.hooks.endpoints(owner.id))
    assert (hook.previous_secret, hook.rotated_at) == (None, None)
    (face,) = database.read(lambda tx: tx.faces.page(owner.id, after=None, limit=9)).items
    assert face.photos_used is None
    assert (face.dialect, face.dialect_id, face.source_url) == (None, None, None)
    assert [
        one.id for one in database.read(lambda tx: tx.tasks.unfinished(NOW + 1, limit=9)).items
    ] == ["task_02"]
    database.close()


@pytest.mark.parametrize(
    "url", ["sqlite://", "sqlite:///:memory:", "mysql://u:geheim@h/d", "no url", ""]
)
def test_a_url_of_another_kind_is_refused(url: str) -> None:
    with pytest.raises(InvalidRequest) as caught:
        engine_for(url)
    assert "geheim" not in str(caught.value)


def test_the_urls_of_postgresql_mean_psycopg_3() -> None:
    for name in ("postgres", "postgresql", "postgresql+psycopg"):
        engine = engine_for(f"{name}://user:geheim@host/name")
        assert engine.url.drivername == "postgresql+psycopg"
        assert "geheim" not in repr(engine)


def test_sqlite_is_set_up_to_lose_nothing(tmp_path: Path) -> None:
    engine = engine_for(f"sqlite:///{tmp_path / 'new folder' / 'personae.db'}")
    with engine.connect() as connection:

        def pragma(name: str) -> object:
            return connection.exec_driver_sql(f"PRAGMA {name}").scalar()

        assert pragma("journal_mode") == "wal"
        assert pragma("synchronous") == 2
        assert pragma("foreign_keys") == 1
    engine.dispose()


def test_lines_from_before_the_chain_are_counted_and_stay_that_many(database_url: str) -> None:
    load(database_url, "0001")
    database = database_from_url(database_url, queue_factory=RecordingQueue().factory)
    database.migrate()

    def verify() -> Verdict:
        return database.read(audit_reading.verify)

    count = verify().outside
    assert count > 0
    assert verify().faults == []
    database.write(
        lambda tx: tx.audit.write(
            tenant_id=None, actor="a", action="b", subject="c", detail={}, at=NOW
        )
    )
    assert (verify().faults, verify().lines, verify().outside) == ([], 2, count)
    with database.engine.begin() as connection:
        connection.execute(
            sa.insert(audit).values(actor="a", action="b", subject="c", detail={}, at=NOW)
        )
    assert verify().faults == [
        f"{count + 1} lines stand outside the chain; there were {count} when it began."
    ]
    database.close()


def test_an_older_database_is_searched_by_what_it_knows(database_url: str) -> None:
    load(database_url, "0001")
    database = database_from_url(database_url, queue_factory=RecordingQueue().factory)
    with database.engine.begin() as connection:
        connection.exec_driver_sql("UPDATE tasks SET label = 'ÜBUNG' WHERE id = 'task_02'")
    database.migrate()
    owner = database.read(lambda tx: tx.tenants.by_name("Ateliér 'Noir'"))
    assert owner is not None

    def found(**wanted: Any) -> list[str]:
        page = database.read(
            lambda tx: tx.tasks.search(owner.id, TaskFilter(**wanted), after=None, limit=9)
        )
        return [one.id for one in page.items]

    assert found(words="übung") == ["task_02"]
    assert found(engine="mesh") == found(kinds=("swap_image", "swap_video")) != []
    database.close()
