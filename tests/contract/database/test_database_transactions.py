"""A work happens at once or not at all, alone or in company."""

from __future__ import annotations

import asyncio
import contextvars
import sqlite3
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pytest
import sqlalchemy as sa

from database_samples import NOW, add_tenant, asset, delivery, task, tenant
from personae.adapters.database import (
    RecordingQueue,
    SqlDatabase,
    SqlTransaction,
    database_from_url,
    is_sqlite,
)
from personae.adapters.database.tables import tenants
from personae.app.ports import Transaction
from personae.domain.tenants import Tenant
from personae.errors import Conflict, InvalidRequest, NotFound, Unavailable

LONG_S = 30.0
Work = Callable[[Transaction], object]


class Refused(Exception):
    pass


def names(database: SqlDatabase) -> list[str]:
    return [one.id for one in database.read(lambda tx: tx.tenants.all())]


@contextmanager
def commits(database: SqlDatabase) -> Iterator[list[int]]:
    """Counts the engine's commits."""
    seen: list[int] = []

    def note(_connection: sa.Connection) -> None:
        seen.append(1)

    sa.event.listen(database.engine, "commit", note)
    yield seen
    sa.event.remove(database.engine, "commit", note)


@contextmanager
def writer_kept_busy(database: SqlDatabase) -> Iterator[None]:
    """While inside, every other work of the process waits behind one that does nothing."""
    began, go_on = threading.Event(), threading.Event()

    def work(_tx: Transaction) -> None:
        began.set()
        go_on.wait(LONG_S)

    thread = threading.Thread(target=database.write, args=(work,))
    thread.start()
    assert began.wait(LONG_S)
    try:
        yield
    finally:
        go_on.set()
        thread.join(LONG_S)


def adding(one: Tenant) -> Work:
    return lambda tx: tx.tenants.insert(one)


async def side_by_side(database: SqlDatabase, works: list[Work]) -> list[object]:
    """Have works wait together, then let them go; what each returned or raised."""
    with writer_kept_busy(database):
        waiting = [asyncio.ensure_future(database.awrite(work)) for work in works]
        await asyncio.sleep(0)
    return list(await asyncio.gather(*waiting, return_exceptions=True))


def connection_of(tx: Transaction) -> sa.Connection:
    assert isinstance(tx, SqlTransaction)
    return tx.connection


def test_a_work_that_raises_leaves_nothing(database: SqlDatabase, queued: RecordingQueue) -> None:
    owner = add_tenant(database, 10)
    one, told = task(owner), delivery(owner)

    def work(tx: Transaction) -> None:
        tx.credits.transfer(owner, "hold", 5, "h", at=NOW)
        tx.tasks.insert(one)
        tx.queue.put_task(one)
        tx.hooks.insert_delivery(told)
        tx.queue.put_delivery(told, 2.0)
        raise Refused

    with pytest.raises(Refused):
        database.write(work)
    assert database.read(lambda tx: tx.tasks.get(None, one.id)) is None
    assert database.read(lambda tx: tx.hooks.delivery(None, told.id)) is None
    assert database.read(lambda tx: tx.credits.balance(owner)).held == 0
    assert (queued.tasks, queued.deliveries) == ([], [])


def test_a_work_that_returns_leaves_everything(
    database: SqlDatabase, queued: RecordingQueue
) -> None:
    owner = add_tenant(database)
    one, told = task(owner), delivery(owner)

    def work(tx: Transaction) -> str:
        tx.tasks.insert(one)
        tx.queue.put_task(one)
        tx.queue.put_delivery(told, 2.0)
        return "done"

    assert database.write(work) == "done"
    assert (queued.tasks, queued.deliveries) == ([one], [(told, 2.0)])


def test_the_event_loop_reads_and_writes(database: SqlDatabase) -> None:
    async def main() -> None:
        one = tenant()
        await database.awrite(lambda tx: tx.tenants.insert(one))
        assert await database.aread(lambda tx: tx.tenants.get(one.id)) == one
        with pytest.raises(Conflict):
            await database.awrite(lambda tx: tx.tenants.insert(one))
        assert await database.ready()

    asyncio.run(main())


def test_a_failing_work_leaves_its_companions_alone(database: SqlDatabase) -> None:
    good, bad = [tenant() for _ in range(20)], tenant()

    def fail(tx: Transaction) -> None:
        tx.tenants.insert(bad)
        raise Refused

    works = [adding(one) for one in good]
    works.insert(7, fail)
    works.insert(9, adding(good[0]))
    answers = asyncio.run(side_by_side(database, works))
    failed = sorted(type(a).__name__ for a in answers if a is not None)
    assert failed == ["Conflict", "Refused"]
    assert names(database) == sorted(one.id for one in good)


def test_works_that_wait_together_share_a_commit(database: SqlDatabase) -> None:
    if not is_sqlite(database.engine):
        pytest.skip("PostgreSQL shares the disk's writes by itself")

    with commits(database) as seen:
        asyncio.run(side_by_side(database, [adding(tenant()) for _ in range(20)]))
    assert len(names(database)) == 20
    assert len(seen) == 2, "one for the work that kept the writer busy, one for all the others"


def test_all_who_share_a_commit_hear_that_it_failed(database: SqlDatabase) -> None:
    if not is_sqlite(database.engine):
        pytest.skip("nothing is shared")

    def poison(tx: Transaction) -> None:
        # Found out at the commit only.
        connection_of(tx).exec_driver_sql("PRAGMA defer_foreign_keys=ON")
        tx.assets.insert(asset("tenant_none"))

    works = [*(adding(tenant()) for _ in range(3)), poison]
    answers = asyncio.run(side_by_side(database, works))
    assert [type(answer) for answer in answers] == [NotFound] * 4
    assert names(database) == []
    assert add_tenant(database) in names(database), "the writer goes on"


def test_companions_are_done_again_when_sqlite_drops_the_whole_transaction(
    database: SqlDatabase, queued: RecordingQueue
) -> None:
    if not is_sqlite(database.engine):
        pytest.skip("nothing is shared")
    owner = add_tenant(database)

    def drop(tx: Transaction) -> None:
        connection_of(tx).exec_driver_sql(
            "CREATE TEMP TRIGGER bomb BEFORE INSERT ON faces "
            "BEGIN SELECT RAISE(ROLLBACK, 'all of it'); END"
        )
        connection_of(tx).exec_driver_sql("INSERT INTO faces DEFAULT VALUES")

    def add(tx: Transaction) -> None:
        one = task(owner)
        tx.tasks.insert(one)
        tx.queue.put_task(one)

    answers = asyncio.run(side_by_side(database, [add, drop, add]))
    assert (answers[0], answers[2]) == (None, None)
    assert isinstance(answers[1], Exception)
    assert database.read(lambda tx: tx.tasks.count(owner, statuses=("queued",))) == 2
    assert len(queued.tasks) == 2


def test_a_full_disk_stops_only_what_does_not_fit(database: SqlDatabase) -> None:
    if not is_sqlite(database.engine):
        pytest.skip("the server's disk")
    owner = add_tenant(database)

    def pages(tx: Transaction, limit: int) -> None:
        connection_of(tx).exec_driver_sql(f"PRAGMA max_page_count={limit}")

    def too_much(tx: Transaction) -> None:
        pages(tx, 1)  # As many as there are now: SQLite takes no less.
        tx.tasks.insert(task(owner, label="x" * 1_000_000))

    def small(tx: Transaction) -> None:
        pages(tx, 1_000_000)
        tx.tasks.insert(task(owner))

    answers = asyncio.run(side_by_side(database, [small, too_much, small]))
    assert (answers[0], answers[2]) == (None, None)
    assert isinstance(answers[1], Unavailable)
    assert database.read(lambda tx: tx.tasks.count(owner, statuses=("queued",))) == 2


def test_a_work_knows_who_asked_for_it(database: SqlDatabase) -> None:
    asked_by = contextvars.ContextVar("asked_by", default="nobody")

    async def main() -> list[str]:
        asked_by.set("request 7")
        return [
            await database.awrite(lambda _tx: asked_by.get()),
            await database.aread(lambda _tx: asked_by.get()),
        ]

    assert asyncio.run(main()) == ["request 7", "request 7"]


def test_work_that_has_not_begun_is_dropped_with_its_caller(database: SqlDatabase) -> None:
    if not is_sqlite(database.engine):
        pytest.skip("each work begins at once")

    async def main() -> None:
        with writer_kept_busy(database):
            work = asyncio.ensure_future(database.awrite(adding(tenant())))
            await asyncio.sleep(0)
            work.cancel()
            with pytest.raises(asyncio.CancelledError):
                await work

    asyncio.run(main())
    assert names(database) == []


def test_a_read_cannot_write(database: SqlDatabase) -> None:
    with pytest.raises(sa.exc.DBAPIError):
        database.read(lambda tx: tx.tenants.insert(tenant()))
    assert names(database) == []


def test_a_read_sees_one_moment_and_waits_for_nobody(database: SqlDatabase) -> None:
    add_tenant(database)

    def read(tx: Transaction) -> tuple[int, int]:
        before = len(tx.tenants.all())
        thread = threading.Thread(target=add_tenant, args=(database,))
        thread.start()
        thread.join(LONG_S)
        assert not thread.is_alive()
        return before, len(tx.tenants.all())

    assert database.read(read) == (1, 1)
    with writer_kept_busy(database):
        assert len(names(database)) == 2


def test_a_work_begins_no_other(database: SqlDatabase) -> None:
    for inner in (database.write, database.read):
        for outer in (database.write, database.read):
            with pytest.raises(RuntimeError, match="another transaction"):
                outer(lambda _tx, inner=inner: inner(lambda tx: tx.tenants.all()))
    assert names(database) == []


@contextmanager
def locked_for(database: SqlDatabase, seconds: float) -> Iterator[None]:
    """Meanwhile another connection, as of another process, has the file's write lock."""
    other = sqlite3.connect(
        database.engine.url.database or "", isolation_level=None, check_same_thread=False
    )
    other.execute("BEGIN IMMEDIATE")
    timer = threading.Timer(seconds, other.rollback)
    timer.start()
    yield
    timer.join(LONG_S)
    other.close()


def test_a_lock_of_another_process_is_waited_for(database: SqlDatabase) -> None:
    if not is_sqlite(database.engine):
        pytest.skip("rows are locked, not the file")
    with locked_for(database, 0.5):
        add_tenant(database)
    # As DBOS writes: the driver begins the transaction by itself.
    with locked_for(database, 0.5), database.engine.begin() as connection:
        connection.execute(sa.update(tenants).values(name="new"))
    stored = database.read(lambda tx: tx.tenants.all())
    assert [one.name for one in stored] == ["new"]


def test_a_transaction_that_can_never_write_does_not_wait(database: SqlDatabase) -> None:
    if not is_sqlite(database.engine):
        pytest.skip("rows are locked, not the file")
    began = time.monotonic()
    with database.engine.connect() as connection:
        connection.exec_driver_sql("BEGIN")
        connection.execute(sa.select(tenants)).all()
        add_tenant(database)
        with pytest.raises(sa.exc.OperationalError, match="locked"):
            connection.execute(sa.update(tenants).values(name="new"))
    assert time.monotonic() - began < LONG_S / 2


@pytest.mark.parametrize("text", ["\ud800", "zero \x00 byte"])
def test_text_is_stored_as_it_is_or_refused(database: SqlDatabase, text: str) -> None:
    owner = add_tenant(database)
    one = task(owner, label=text)
    try:
        database.write(lambda tx: tx.tasks.insert(one))
    except InvalidRequest:
        assert database.read(lambda tx: tx.tasks.get(None, one.id)) is None
    else:
        assert database.read(lambda tx: tx.tasks.get(None, one.id)) == one


@pytest.mark.parametrize("text", ["\ud800", "zero \x00 byte", "日本 🎭 'quoted' %s :x"])
def test_json_is_stored_as_it_is(database: SqlDatabase, text: str) -> None:
    owner = add_tenant(database)
    one = task(owner, request={"a": text, text: [1.5, None, True, {"b": []}]})
    database.write(lambda tx: tx.tasks.insert(one))
    assert database.read(lambda tx: tx.tasks.get(None, one.id)) == one


def test_a_number_that_does_not_fit_is_refused(database: SqlDatabase) -> None:
    owner = add_tenant(database)
    with pytest.raises(InvalidRequest):
        database.write(lambda tx: tx.credits.transfer(owner, "grant", 2**70, "k", at=NOW))


def test_a_closed_database_does_nothing(database_url: str) -> None:
    database = database_from_url(database_url, queue_factory=RecordingQueue().factory)
    database.migrate()
    add_tenant(database)
    database.close()
    database.close()
    if is_sqlite(database.engine):
        with pytest.raises(Unavailable):
            database.write(lambda tx: tx.tenants.all())


def test_closing_finishes_what_waits(database_url: str) -> None:
    database = database_from_url(database_url, queue_factory=RecordingQueue().factory)
    database.migrate()

    async def main() -> None:
        with writer_kept_busy(database):
            works = [asyncio.ensure_future(database.awrite(adding(tenant()))) for _ in range(5)]
            await asyncio.sleep(0)
            closing = asyncio.get_running_loop().run_in_executor(None, database.close)
        await closing
        await asyncio.gather(*works)

    asyncio.run(main())
    again = database_from_url(database_url, queue_factory=RecordingQueue().factory)
    assert len(names(again)) == 5
    again.close()


def test_a_database_that_is_not_there_is_unavailable() -> None:
    database = database_from_url(
        "postgresql://nobody:secret@127.0.0.1:1/none", queue_factory=RecordingQueue().factory
    )
    with pytest.raises(Unavailable) as caught:
        database.read(lambda tx: tx.tenants.all())
    assert "secret" not in str(caught.value)
    with pytest.raises(Unavailable):
        database.migrate()
    assert asyncio.run(database.ready()) is False
    database.close()
