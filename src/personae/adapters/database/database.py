"""The database as the service sees it: works that are done at once or not at all."""

from __future__ import annotations

import asyncio
import contextvars
import threading
from collections.abc import Callable, Generator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from typing import TypeVar

import sqlalchemy as sa

from personae.adapters.database.audit_lines import append
from personae.adapters.database.engines import engine_for, is_sqlite
from personae.adapters.database.failures import as_service_errors
from personae.adapters.database.group_commit import GroupCommitter
from personae.adapters.database.migrating import migrate, newest_revision, stored_revision
from personae.adapters.database.serial_retry import run_with_retries
from personae.adapters.database.transaction import QueueFactory, SqlTransaction
from personae.app.ports import Transaction
from personae.errors import PersonaeError

T = TypeVar("T")
Work = Callable[[Transaction], T]

_READY_WITHIN_S = 5.0
_WRITERS = 4
"""Under PostgreSQL. More only wait for each other: for the interpreter and for one tenant's row."""
_READERS = 8


def database_from_url(url: str, *, queue_factory: QueueFactory, pool_size: int = 16) -> SqlDatabase:
    """The database at `url`; see `engine_for` for what URLs there are.

    Nothing is opened yet, and the schema is not touched: call `SqlDatabase.migrate` at start.

    Raises
    ------
    InvalidRequest
        If the URL is of no kind that the service can use.
    """
    engine = engine_for(url, pool_size=pool_size)
    readers = engine_for(url, read_only=True, pool_size=pool_size) if is_sqlite(engine) else None
    return SqlDatabase(engine, queue_factory, readers=readers)


class SqlDatabase:
    """`personae.app.ports.Database` on SQLite or PostgreSQL.

    Under SQLite the writes of a process go through one thread, and those that wait together share a
    commit; reads have connections of their own and never wait. Under PostgreSQL each work has its
    own transaction (READ COMMITTED), repeated if it loses a race; reads see one snapshot.

    Parameters
    ----------
    engine : sa.Engine
        As `engine_for` makes it. Share it with DBOS if need be; `close` disposes of it.
    queue_factory : callable
        Makes the queue of one transaction from its connection.
    readers : sa.Engine, optional
        Connections for reads; `engine` if there is none.
    """

    def __init__(
        self,
        engine: sa.Engine,
        queue_factory: QueueFactory,
        *,
        readers: sa.Engine | None = None,
    ) -> None:
        self._engine = engine
        self._queue_factory = queue_factory
        self._committer = GroupCommitter(engine) if is_sqlite(engine) else None
        self._readers = (readers or engine).execution_options(**_reading(engine))
        self._writing = ThreadPoolExecutor(_WRITERS, "personae-write")
        self._reading = ThreadPoolExecutor(_READERS, "personae-read")
        self._inside = threading.local()

    @property
    def engine(self) -> sa.Engine:
        """For DBOS and for adapters with tables of their own."""
        return self._engine

    def migrate(self) -> None:
        """Bring the schema up to date; see `personae.adapters.database.migrating.migrate`."""
        migrate(self._engine)

    def write(self, work: Work[T]) -> T:
        """Run `work` in one transaction, committed when it returns, undone when it raises.

        It may run more than once, so it must have no effects of its own, and it must not begin
        another transaction.

        Raises
        ------
        Conflict
            If something with the same unique key is there, also on the third run.
        NotFound
            If it refers to a tenant or a delivery that is not there.
        InvalidRequest
            If a text or a number cannot be stored.
        Unavailable
            If the database does not answer, or stays locked for 30 s.
        """
        self._refuse_inside()
        with as_service_errors():
            if self._committer is not None:
                return self._submit(self._committer, work).result()
            return self._write_alone(work)

    def read(self, work: Work[T]) -> T:
        """Run `work` on one snapshot; statements that write are refused."""
        self._refuse_inside()
        with as_service_errors(), self._readers.connect() as connection, connection.begin():
            if self._committer is not None:
                connection.exec_driver_sql("BEGIN")
            with self._marked():
                return work(SqlTransaction(connection, self._queue_factory, reads=True))

    async def awrite(self, work: Work[T]) -> T:
        """As `write`, for the event loop; works that wait at the same moment may share one commit.

        If the caller is canceled, work that has not begun is dropped; work that has is finished.
        """
        if self._committer is None:
            return await _in_thread(self._writing, lambda: self.write(work))
        with as_service_errors():
            return await asyncio.wrap_future(self._submit(self._committer, work))

    async def aread(self, work: Work[T]) -> T:
        """As `read`, for the event loop."""
        return await _in_thread(self._reading, lambda: self.read(work))

    async def ready(self) -> bool:
        """Whether the database answers within 5 s and its schema is current."""
        try:
            async with asyncio.timeout(_READY_WITHIN_S):
                return await _in_thread(self._reading, self._is_current)
        except (PersonaeError, TimeoutError):
            return False

    def close(self) -> None:
        """Finish what is waiting and close every connection."""
        if self._committer is not None:
            self._committer.close()
        self._writing.shutdown()
        self._reading.shutdown()
        self._readers.dispose()
        self._engine.dispose()

    def _submit(self, committer: GroupCommitter, work: Work[T]) -> Future[T]:
        last: list[SqlTransaction] = []

        def run(connection: sa.Connection) -> T:
            last[:] = [SqlTransaction(connection, self._queue_factory)]
            with self._marked():
                return work(last[0])

        return committer.submit(run, lambda: last[0].tell_of_commit(), lambda: last[0].lines)

    def _write_alone(self, work: Work[T]) -> T:
        last: list[SqlTransaction] = []

        def run(connection: sa.Connection) -> T:
            last[:] = [SqlTransaction(connection, self._queue_factory)]
            with self._marked():
                result = work(last[0])
            append(connection, last[0].lines)
            return result

        result = run_with_retries(self._engine, run)
        last[0].tell_of_commit()
        return result

    def _is_current(self) -> bool:
        with as_service_errors(), self._readers.connect() as connection:
            return stored_revision(connection) == newest_revision()

    @contextmanager
    def _marked(self) -> Generator[None]:
        self._inside.yes = True
        try:
            yield
        finally:
            self._inside.yes = False

    def _refuse_inside(self) -> None:
        # A second transaction would wait for the first for ever, or not see what it wrote.
        if getattr(self._inside, "yes", False):
            raise RuntimeError("a work must not begin another transaction")


async def _in_thread(threads: ThreadPoolExecutor, call: Callable[[], T]) -> T:
    """As `asyncio.to_thread`, with the caller's context, in threads of our own."""
    context = contextvars.copy_context()
    return await asyncio.get_running_loop().run_in_executor(threads, context.run, call)


def _reading(engine: sa.Engine) -> dict[str, object]:
    if is_sqlite(engine):
        return {}
    return {"isolation_level": "REPEATABLE READ", "postgresql_readonly": True}
