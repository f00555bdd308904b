"""PostgreSQL's writer: one transaction for each piece of work, again if it lost a race."""

from __future__ import annotations

import random
import time
from collections.abc import Callable
from typing import TypeVar

import sqlalchemy as sa
import structlog
from sqlalchemy import exc

from personae.adapters.database.failures import error_name, is_taken, is_worth_repeating

T = TypeVar("T")

_TRIES = 10
_TRIES_WHEN_TAKEN = 3
_FIRST_WAIT_S = 0.005
_LONGEST_WAIT_S = 0.5
_log = structlog.get_logger("personae.database")


def run_with_retries(engine: sa.Engine, work: Callable[[sa.Connection], T]) -> T:
    """Run `work` in one transaction; run it anew if that lost against another transaction.

    A serialization failure or a deadlock is tried up to 10 times. So is, 3 times, a unique key that
    was taken: the row that was not there when `work` looked may have come from a transaction that
    has been committed since, and the next run sees it.
    """
    tries = 0
    while True:
        tries += 1
        try:
            with engine.connect() as connection, connection.begin():
                return work(connection)
        except exc.DBAPIError as error:
            limit = _TRIES_WHEN_TAKEN if is_taken(error) else _TRIES
            if tries >= limit or not (is_worth_repeating(error) or is_taken(error)):
                raise
            _log.info(
                "transaction repeated",
                action="database_retry",
                tries=tries,
                error=error_name(error),
            )
        time.sleep(random.uniform(0, min(_LONGEST_WAIT_S, _FIRST_WAIT_S * 2**tries)))
