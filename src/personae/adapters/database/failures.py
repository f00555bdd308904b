"""What the database's errors mean to the service."""

from __future__ import annotations

import contextlib
from collections.abc import Generator

from sqlalchemy import exc

from personae.errors import Conflict, InvalidRequest, NotFound, PersonaeError, Unavailable

_UNIQUE = frozenset({"23505", "SQLITE_CONSTRAINT_UNIQUE", "SQLITE_CONSTRAINT_PRIMARYKEY"})
_FOREIGN = frozenset({"23503", "SQLITE_CONSTRAINT_FOREIGNKEY"})
_TRY_AGAIN = frozenset({"40001", "40P01"})  # serialization failure, deadlock
_READ_ONLY = frozenset({"25006", "SQLITE_READONLY"})


def error_name(error: BaseException) -> str:
    """The driver's own name of an error: an SQLSTATE of PostgreSQL's, or SQLite's; else empty."""
    original = getattr(error, "orig", None)
    for attribute in ("sqlstate", "sqlite_errorname"):
        name = getattr(original, attribute, None)
        if isinstance(name, str):
            return name
    return ""


def is_worth_repeating(error: BaseException) -> bool:
    """Whether the transaction lost a race that it may win the next time."""
    return error_name(error) in _TRY_AGAIN


def is_taken(error: BaseException) -> bool:
    """Whether a row with the same unique key was there."""
    return error_name(error) in _UNIQUE


@contextlib.contextmanager
def as_service_errors() -> Generator[None]:
    """Let nothing of the database's own errors out, except those that only a bug can cause."""
    try:
        yield
    except (exc.SQLAlchemyError, UnicodeEncodeError, OverflowError) as error:
        meant = _meaning(error)
        if meant is None:
            raise
        raise meant from error


def _meaning(error: Exception) -> PersonaeError | None:
    name = error_name(error)
    if isinstance(error, exc.IntegrityError):
        if name in _UNIQUE:
            return Conflict("Something of the same name is there already.")
        if name in _FOREIGN:
            return NotFound("It belongs to something that is not there.")
        return None
    if name in _READ_ONLY:
        return None
    if isinstance(error, (exc.DataError, UnicodeEncodeError, OverflowError)):
        return InvalidRequest("A text or a number holds what the database cannot store.")
    if isinstance(error, (exc.OperationalError, exc.TimeoutError, exc.InterfaceError)):
        return Unavailable("The database cannot do this now; try again later.")
    if isinstance(error, exc.DBAPIError) and error.connection_invalidated:
        return Unavailable("The database broke off; try again later.")
    return None
