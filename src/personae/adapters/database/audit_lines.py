"""Adding lines to the audit log's chain, as the last thing that a transaction does.

The row of `audit_head` is the lock: whoever adds lines takes it, reads the hash before its own
lines, and moves it on; the commit lets it go. It is always the last lock taken, so nobody who holds
it waits for anybody. What is rolled back moves nothing, so the chain has neither forks nor holes.
"""

from __future__ import annotations

from collections.abc import Sequence

import sqlalchemy as sa
import structlog
from sqlalchemy import exc

from personae.adapters.database.failures import error_name
from personae.adapters.database.tables import audit
from personae.domain.audit_chain import Entry, Head, Line, canonical, chained, entry
from personae.domain.audit_check import BEGIN
from personae.errors import Unavailable

_log = structlog.get_logger("personae.audit")
_HEAD = "SELECT lines, hash FROM audit_head WHERE number = 1"
_INSERT = (
    "INSERT INTO audit (tenant_id, actor, action, subject, detail, at, number, previous_hash, hash)"
    " VALUES "
)
_PLACES = "(%, %, %, %, %, %, %, %, %)"
_MOVE = "UPDATE audit_head SET lines = %, hash = % WHERE number = 1"
_AT_ONCE = 100
"""Lines in one statement: SQLite's older builds take 999 values."""


def append(connection: sa.Connection, entries: Sequence[Entry]) -> None:
    """Chain `entries`, in their order, to what is there; nothing else may follow but the commit.

    Plain SQL, because every submit waits for this.

    Raises
    ------
    Unavailable
        If the head is not there, or is not that of the last line: somebody has meddled with the
        log, and what cannot be written down is not done.
    """
    if not entries:
        return
    try:
        _append(connection, entries)
    except (exc.NoResultFound, exc.IntegrityError) as error:
        _log.critical("the audit log is damaged", action="audit.damaged", error=error_name(error))
        raise Unavailable(
            "The audit log is damaged, so nothing is done; the operator should run "
            "`personae audit verify`."
        ) from error


def _append(connection: sa.Connection, entries: Sequence[Entry]) -> None:
    sqlite = connection.dialect.name == "sqlite"
    found = connection.exec_driver_sql(_HEAD if sqlite else f"{_HEAD} FOR UPDATE").one()
    head, lines = Head(int(found[0]), str(found[1])), list[tuple[Line, float]]()
    if head.lines == 0:
        entries = [_beginning(connection, entries[0].at), *entries]
    for one in entries:
        line = chained(one, head)
        head = Head(line.number, line.hash)
        lines.append((line, one.at))
    for start in range(0, len(lines) - _AT_ONCE, _AT_ONCE):
        _insert(connection, sqlite, lines[start : start + _AT_ONCE])
    rest = lines[(len(lines) - 1) // _AT_ONCE * _AT_ONCE :]
    if sqlite:
        _insert(connection, sqlite, rest)
        connection.exec_driver_sql(_spelled(_MOVE, sqlite), (head.lines, head.hash))
    else:  # In one go: others wait for the head, and every statement is a way to the server.
        places = ", ".join([_PLACES] * len(rest))
        statement = _spelled(f"WITH added AS ({_INSERT}{places}) {_MOVE}", sqlite)
        connection.exec_driver_sql(statement, (*_values(rest), head.lines, head.hash))


def _insert(connection: sa.Connection, sqlite: bool, lines: Sequence[tuple[Line, float]]) -> None:
    places = ", ".join([_PLACES] * len(lines))
    connection.exec_driver_sql(_spelled(_INSERT + places, sqlite), tuple(_values(lines)))


def _values(lines: Sequence[tuple[Line, float]]) -> list[object]:
    return [value for line, at in lines for value in _row(line, at)]


def head_of(connection: sa.Connection) -> Head | None:
    """The end of the chain as it is written; None if the row is not there."""
    found = connection.exec_driver_sql(_HEAD).one_or_none()
    return None if found is None else Head(int(found[0]), str(found[1]))


def _beginning(connection: sa.Connection, at: float) -> Entry:
    """The first line: it says how many lines there were before the chain."""
    before = connection.scalar(sa.select(sa.func.count()).where(audit.c.number.is_(None)))
    return entry(None, "service", BEGIN, "audit", {"lines_before": before}, at)


def _row(line: Line, at: float) -> tuple[object, ...]:
    return (
        line.tenant_id,
        line.actor,
        line.action,
        line.subject,
        canonical(line.detail),
        at,
        line.number,
        line.previous_hash,
        line.hash,
    )


def _spelled(statement: str, sqlite: bool) -> str:
    return statement.replace("%", "?" if sqlite else "%s")
