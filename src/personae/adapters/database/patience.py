"""SQLite connections that wait for the write lock with short steps.

SQLite's own busy handler tries after 1, 2, 5, 10 … 100 ms, then every 100 ms: beside a busy writer
it sleeps through most of the gaps. Here it is given a few milliseconds only, and what still finds
the database locked is tried again, every millisecond or so, up to a deadline of half a minute.
"""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Callable
from typing import Any, TypeVar

T = TypeVar("T")

BUSY_TIMEOUT_S = 30.0
NATIVE_TIMEOUT_S = 0.003
# Not SQLITE_BUSY_SNAPSHOT: a transaction that has read what changed since can never write.
_LOCKED = frozenset(
    {sqlite3.SQLITE_BUSY, sqlite3.SQLITE_BUSY_RECOVERY, sqlite3.SQLITE_BUSY_TIMEOUT}
)


class PatientConnection(sqlite3.Connection):
    """A connection whose cursors are patient."""

    def cursor(self, factory: Any = None) -> Any:
        return super().cursor(factory or PatientCursor)

    def execute(self, sql: str, parameters: Any = (), /) -> sqlite3.Cursor:
        # Python's own makes a plain cursor.
        return self.cursor().execute(sql, parameters)


class PatientCursor(sqlite3.Cursor):
    """A cursor that tries again while another connection holds the lock.

    A statement that finds the database locked has done nothing, nor has the BEGIN that Python's
    driver puts before it.
    """

    def execute(self, sql: str, parameters: Any = (), /) -> PatientCursor:
        return _patiently(lambda: super(PatientCursor, self).execute(sql, parameters))

    def executemany(self, sql: str, seq_of_parameters: Any, /) -> PatientCursor:
        rows = list(seq_of_parameters)
        return _patiently(lambda: super(PatientCursor, self).executemany(sql, rows))


def _patiently(run: Callable[[], T]) -> T:
    deadline = None
    while True:
        try:
            return run()
        except sqlite3.OperationalError as error:
            if error.sqlite_errorcode not in _LOCKED:
                raise
            now = time.monotonic()
            deadline = deadline or now + BUSY_TIMEOUT_S
            if now > deadline:
                raise
            time.sleep(0.0005)
