"""SQLite's one writer: works that wait together share one transaction and one write to the disk.

SQLite lets one connection write at a time and makes every commit wait for the disk. So all writes
of a process go through one thread, which takes what is waiting, runs each piece inside a savepoint
of its own, and commits once. A piece that fails is undone alone.
"""

from __future__ import annotations

import contextvars
import queue
import sqlite3
import threading
import time
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from typing import Any, Generic, TypeVar, cast

import sqlalchemy as sa
import structlog

from personae.adapters.database.audit_lines import append
from personae.domain.audit_chain import Entry
from personae.errors import Unavailable

T = TypeVar("T")

_SHARED_AT_MOST = 32
"""Bounds how long the write lock is held, for the other processes that wait for it."""
_LONG_S = 0.015
_PAUSE_S = 0.004
"""Between two transactions, see `GroupCommitter._leave_a_gap`."""
_log = structlog.get_logger("personae.database")


class _Job(Generic[T]):
    """A piece of work, who waits for it, and the caller's context, for its name in the logs."""

    def __init__(
        self,
        work: Callable[[sa.Connection], T],
        committed: Callable[[], None],
        lines: Callable[[], Sequence[Entry]],
    ) -> None:
        self.work = work
        self.committed = committed
        self.lines = lines
        self.context = contextvars.copy_context()
        self.future: Future[T] = Future()
        self.value: T | None = None
        self.error: BaseException | None = None

    def answer(self) -> None:
        if self.error is not None:
            self.future.set_exception(self.error)
        else:
            self.future.set_result(cast("T", self.value))
        self.error = self.value = None


class _TransactionLost(Exception):
    """SQLite undid the whole transaction, as it does when the disk is full."""


class GroupCommitter:
    """The thread that writes; it starts with the first piece of work.

    Parameters
    ----------
    engine : sa.Engine
        Of a SQLite file.
    """

    def __init__(self, engine: sa.Engine) -> None:
        self._engine = engine
        self._waiting: queue.SimpleQueue[_Job[Any] | None] = queue.SimpleQueue()
        self._thread: threading.Thread | None = None
        self._lock = threading.Lock()
        self._closed = False
        self._began = self._ended = time.monotonic()
        self._held_s = 0.0

    def submit(
        self,
        work: Callable[[sa.Connection], T],
        committed: Callable[[], None],
        lines: Callable[[], Sequence[Entry]],
    ) -> Future[T]:
        """Have `work` run and committed; `committed` is called after that, before the answer.

        `lines` is called before the commit, for what the audit log is to be told if the work was
        done; it is told once for all works that share the transaction.

        A future that is canceled before its work begins drops the work.

        Raises
        ------
        Unavailable
            If the database is closed.
        """
        job = _Job(work, committed, lines)
        with self._lock:
            if self._closed:
                raise Unavailable("The database is closed.")
            if self._thread is None:
                self._thread = threading.Thread(
                    target=self._run, name="personae-writer", daemon=True
                )
                self._thread.start()
            self._waiting.put(job)
        return job.future

    def close(self) -> None:
        """Finish what is waiting, then stop."""
        with self._lock:
            self._closed = True
            thread = self._thread
            self._waiting.put(None)
        if thread is not None:
            thread.join()

    def _run(self) -> None:
        while True:
            self._leave_a_gap()
            jobs, go_on = self._take()
            if jobs:
                self._began = time.monotonic()
                self._write(jobs)
                self._ended = time.monotonic()
            if not go_on:
                return

    def _leave_a_gap(self) -> None:
        """Keep off for a moment when the lock was held for long, so that other processes get in.

        SQLite has no queue for its write lock: who waits tries again every millisecond or so. A
        busy writer that takes the lock again at once would keep the others out for seconds. What
        arrives meanwhile joins the next transaction, so little is lost. A writer with nothing to do
        leaves gaps enough by itself.
        """
        if self._waiting.empty():
            self._held_s = 0.0
            return
        self._held_s += self._ended - self._began
        if self._held_s >= _LONG_S:
            self._held_s = 0.0
            time.sleep(_PAUSE_S)

    def _take(self) -> tuple[list[_Job[Any]], bool]:
        jobs: list[_Job[Any]] = []
        job = self._waiting.get()
        while job is not None:
            if job.future.set_running_or_notify_cancel():
                jobs.append(job)
            if len(jobs) == _SHARED_AT_MOST:
                return jobs, True
            try:
                job = self._waiting.get_nowait()
            except queue.Empty:
                return jobs, True
        return jobs, False

    def _write(self, jobs: list[_Job[Any]]) -> None:
        try:
            self._commit(jobs)
        except _TransactionLost:
            # Those that did not fail by themselves deserve a try of their own.
            self._write_alone([job for job in jobs if job.error is None])
        except BaseException as error:
            for job in jobs:
                job.error = job.error or error
        for job in jobs:
            job.answer()

    def _write_alone(self, jobs: list[_Job[Any]]) -> None:
        for job in jobs:
            try:
                self._commit([job])
            except _TransactionLost:
                pass  # The job has its error.
            except BaseException as error:
                job.error = error

    def _commit(self, jobs: list[_Job[Any]]) -> None:
        with self._engine.connect() as connection:
            driver = connection.connection.driver_connection
            assert isinstance(driver, sqlite3.Connection)
            with connection.begin() as transaction:
                connection.exec_driver_sql("BEGIN IMMEDIATE")
                for job in jobs:
                    _step(job, connection, driver)
                if all(job.error is not None for job in jobs):
                    transaction.rollback()
                    return
                done = [job for job in jobs if job.error is None]
                append(connection, [line for job in done for line in job.lines()])
        for job in jobs:
            if job.error is None:
                _tell(job)


def _tell(job: _Job[Any]) -> None:
    try:
        job.committed()
    except Exception:
        # It is committed: whoever waits must not be told otherwise.
        _log.exception("a hook failed after a commit", action="database_commit")


def _step(job: _Job[Any], connection: sa.Connection, driver: sqlite3.Connection) -> None:
    driver.execute("SAVEPOINT work")
    try:
        job.value = job.context.run(job.work, connection)
    except BaseException as error:
        job.error = error
        if not driver.in_transaction:
            raise _TransactionLost from error
        driver.execute("ROLLBACK TO work")
    driver.execute("RELEASE work")
