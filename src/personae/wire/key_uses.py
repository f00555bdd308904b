"""When keys were last used: noted in memory, written down now and then, behind all requests."""

from __future__ import annotations

import asyncio
from collections import OrderedDict
from collections.abc import AsyncGenerator, Mapping
from contextlib import asynccontextmanager, suppress
from itertools import islice

import structlog

from personae.app import audit
from personae.app.ports import Database, Transaction
from personae.errors import PersonaeError

EVERY_S = 60.0
"""How often one key's use is written at most."""
_BATCH = 500
_MOST_KEYS = 10_000
_log = structlog.get_logger("personae.wire")


class KeyUses:
    """The uses of one process's keys that are not written yet.

    A process that is killed loses those of the last minute, and nothing else.
    """

    def __init__(self) -> None:
        self._written: OrderedDict[str, float] = OrderedDict()
        self._waiting: dict[str, float] = {}

    def note(self, key_id: str, now: float) -> None:
        """Remember that a key was used; costs a request nothing."""
        if now - self._written.get(key_id, -EVERY_S) >= EVERY_S and (
            len(self._waiting) < _MOST_KEYS or key_id in self._waiting
        ):
            self._waiting[key_id] = now

    async def flush(self, database: Database) -> None:
        """Write down what waits; what cannot be written now waits for the next time."""
        while self._waiting:
            batch = dict(islice(self._waiting.items(), _BATCH))
            try:
                await database.awrite(lambda tx, batch=batch: _note(tx, batch))
            except PersonaeError:
                _log.warning("uses of keys wait", action="keys.uses", count=len(self._waiting))
                return
            for key_id, at in batch.items():
                if self._waiting.get(key_id) == at:
                    del self._waiting[key_id]
                self._written[key_id] = at
                self._written.move_to_end(key_id)
            while len(self._written) > _MOST_KEYS:
                self._written.popitem(last=False)

    @asynccontextmanager
    async def flushing(self, database: Database, every_s: float) -> AsyncGenerator[None]:
        """Write down now and then, and once more at the end."""
        task = asyncio.create_task(self._flush_for_ever(database, every_s))
        try:
            yield
        finally:
            task.cancel()
            with suppress(asyncio.CancelledError):
                await task
            await self.flush(database)

    async def _flush_for_ever(self, database: Database, every_s: float) -> None:
        while True:
            await asyncio.sleep(every_s)
            try:
                await self.flush(database)
            except Exception:
                _log.exception("uses of keys were not written", action="keys.uses")


def _note(tx: Transaction, batch: Mapping[str, float]) -> None:
    """Write down when keys were used, and which of them for the first time."""
    for key in tx.tenants.never_used(batch.keys()):
        audit.key_first_used(tx, key.tenant_id, key.id, batch[key.id])
    tx.tenants.note_uses(batch)
