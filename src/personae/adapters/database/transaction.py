"""One unit of work over all tables."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Protocol, TypeAlias, runtime_checkable

import sqlalchemy as sa

from personae.adapters.database.assets import SqlAssets
from personae.adapters.database.audit import SqlAudit
from personae.adapters.database.credits import SqlCredits
from personae.adapters.database.faces import SqlFaces
from personae.adapters.database.hooks import SqlHooks
from personae.adapters.database.idempotency import SqlIdempotency
from personae.adapters.database.register import SqlRegister
from personae.adapters.database.takedowns import SqlTakedowns
from personae.adapters.database.tasks import SqlTasks
from personae.adapters.database.tenants import SqlTenants
from personae.app.ports import Queue
from personae.domain.audit_chain import Entry

QueueFactory: TypeAlias = Callable[[sa.Connection], Queue]
"""Makes the queue of one transaction; what it puts must go through this connection."""


@runtime_checkable
class ToldOfCommit(Protocol):
    """A queue that wants to know when its transaction is committed."""

    def committed(self) -> None:
        """Called once, after the commit, in the thread that made it; must not raise or wait."""
        ...


class SqlTransaction:
    """`personae.app.ports.Transaction` on one connection whose transaction somebody else ends.

    Parameters
    ----------
    reads : bool
        Whether the audit log refuses to be written.
    """

    def __init__(
        self, connection: sa.Connection, queue_factory: QueueFactory, *, reads: bool = False
    ) -> None:
        self._connection = connection
        self._queue_factory = queue_factory
        self._queue: Queue | None = None
        self._lines: list[Entry] | None = None if reads else []

    @property
    def connection(self) -> sa.Connection:
        """For adapters that keep rows of their own in the same transaction."""
        return self._connection

    @property
    def tenants(self) -> SqlTenants:
        return SqlTenants(self._connection)

    @property
    def credits(self) -> SqlCredits:
        return SqlCredits(self._connection)

    @property
    def assets(self) -> SqlAssets:
        return SqlAssets(self._connection)

    @property
    def faces(self) -> SqlFaces:
        return SqlFaces(self._connection)

    @property
    def tasks(self) -> SqlTasks:
        return SqlTasks(self._connection)

    @property
    def idempotency(self) -> SqlIdempotency:
        return SqlIdempotency(self._connection)

    @property
    def hooks(self) -> SqlHooks:
        return SqlHooks(self._connection)

    @property
    def audit(self) -> SqlAudit:
        return SqlAudit(self._connection, self._lines)

    @property
    def takedowns(self) -> SqlTakedowns:
        return SqlTakedowns(self._connection)

    @property
    def register(self) -> SqlRegister:
        return SqlRegister(self._connection)

    @property
    def queue(self) -> Queue:
        if self._queue is None:
            self._queue = self._queue_factory(self._connection)
        return self._queue

    @property
    def lines(self) -> Sequence[Entry]:
        """What the audit log is to be told when all else is done; see `audit_lines.append`."""
        return self._lines or ()

    def tell_of_commit(self) -> None:
        """Pass on that everything is committed."""
        if isinstance(self._queue, ToldOfCommit):
            self._queue.committed()
