"""Who got at which files: noted in memory, written into the audit log a moment later.

A player asks for a clip in a hundred ranges, and a client that waits for a task is given its links
again with every look. So the first access of an actor to a file leaves a line at once, further ones
within the hour are counted, and the hour ends with one line that says how many they were. Answers
never wait for this, and looking leaves no line.
"""

from __future__ import annotations

import asyncio
import re
from collections import OrderedDict
from collections.abc import AsyncGenerator, Callable, Mapping
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from typing import Literal

import structlog

from personae.app import audit
from personae.app.ports import Clock, Database, Transaction
from personae.domain.audit import LINK
from personae.errors import PersonaeError

WINDOW_S = 3600.0
"""For how long repeats are counted rather than written."""
EVERY_S = 1.0
"""What waits is written this often: what a process that is killed can lose."""
_BATCH = 200
_MOST = 50_000
"""Accesses held at once, about 20 MB; what goes beyond is counted and written as ``audit.lost``."""
_NAME = re.compile(r"asset_[0-9a-z]{26}")
_log = structlog.get_logger("personae.audit")

Kind = Literal["asset.link", "asset.download", "asset.put"]
Access = tuple[Kind, str, str]
"""What was done, by whom, and with which asset or blob."""


@dataclass(slots=True)
class _Seen:
    since: float
    last: float
    times: int = 0


class Accesses:
    """The accesses to files through one process of the API.

    Parameters
    ----------
    clock : Clock
    most : int
        Accesses held at once.
    """

    def __init__(self, clock: Clock, most: int = _MOST) -> None:
        self._clock = clock
        self._fresh: dict[Access, _Seen] = {}
        self._counted: OrderedDict[Access, _Seen] = OrderedDict()
        self._lost = 0
        self._most = most

    def linked(self, asset_id: str) -> None:
        """A link to an asset is on its way to whoever asks at this moment."""
        self._note(("asset.link", audit.current_actor(), asset_id))

    def downloaded(self, name: str, *, actor: str = LINK) -> None:
        """The bytes of an asset, or of a blob by its key, are about to be sent."""
        self._note(("asset.download", actor, name))

    def put(self, blob_key: str) -> None:
        """Bytes were put to a signed URL."""
        self._note(("asset.put", LINK, blob_key))

    def _note(self, access: Access) -> None:
        now = self._clock()
        seen = self._fresh.get(access) or self._counted.get(access)
        if seen is not None:
            seen.times, seen.last = seen.times + 1, now
        elif len(self._fresh) + len(self._counted) >= self._most:
            self._lost += 1
        else:
            self._fresh[access] = _Seen(now, now)

    async def flush(self, database: Database, *, last: bool = False) -> None:
        """Write what waits; what cannot be written now waits for the next time.

        Parameters
        ----------
        last : bool
            Whether counts are written though their hour is not over.
        """
        while self._fresh:
            batch = dict(list(self._fresh.items())[:_BATCH])
            firsts = {access: (seen.since, None) for access, seen in batch.items()}
            if not await self._write(database, firsts):
                return
            for access, seen in batch.items():
                del self._fresh[access]
                self._counted[access] = seen
        while due := self._over(last):
            counts = {access: (seen.last, seen.times) for access, seen in due.items() if seen.times}
            if not await self._write(database, counts):
                return
            for access, seen in due.items():
                before = counts.get(access, (0.0, 0))[1] or 0
                del self._counted[access]
                if seen.times > before:  # Somebody came while the line was being written.
                    self._fresh[access] = _Seen(seen.last, seen.last, seen.times - before - 1)
        if self._lost:
            await self._write_lost(database)

    def _over(self, last: bool) -> dict[Access, _Seen]:
        """Some of those whose hour is over; they stand in the order in which it began."""
        found: dict[Access, _Seen] = {}
        end = self._clock() - WINDOW_S
        for access, seen in self._counted.items():
            if len(found) == _BATCH or not (last or seen.since <= end):
                break
            found[access] = seen
        return found

    async def _write(
        self, database: Database, told: Mapping[Access, tuple[float, int | None]]
    ) -> bool:
        if not told:
            return True

        def work(tx: Transaction) -> None:
            for (kind, actor, name), (at, times) in told.items():
                asset_id, tenant_id = _asset(tx, name)
                audit.note(tx, kind, asset_id, at, tenant_id=tenant_id, actor=actor, times=times)

        return await _try(database, work, len(told))

    async def _write_lost(self, database: Database) -> None:
        lost, now = self._lost, self._clock()

        def work(tx: Transaction) -> None:
            audit.note(tx, "audit.lost", "audit", now, tenant_id=None, times=lost)

        if await _try(database, work, lost):
            self._lost -= lost

    @asynccontextmanager
    async def flushing(self, database: Database) -> AsyncGenerator[None]:
        """Write now and then, and once more at the end."""
        ended = asyncio.Event()
        task = asyncio.create_task(self._flush_until(ended, database))
        try:
            yield
        finally:
            # Not canceled: what is being written must not be written again.
            ended.set()
            await task
            await self.flush(database, last=True)

    async def _flush_until(self, ended: asyncio.Event, database: Database) -> None:
        while not ended.is_set():
            with suppress(TimeoutError):
                await asyncio.wait_for(ended.wait(), EVERY_S)
            try:
                await self.flush(database)
            except Exception:
                _log.exception("accesses were not written", action="audit.accesses")


async def _try(database: Database, work: Callable[[Transaction], None], count: int) -> bool:
    try:
        await database.awrite(work)
    except PersonaeError:
        _log.warning("accesses wait", action="audit.accesses", count=count)
        return False
    return True


def _asset(tx: Transaction, name: str) -> tuple[str, str | None]:
    """An asset and its owner, by its name or by the key of its bytes, also if it is deleted."""
    found = _NAME.search(name)
    asset = tx.assets.get(None, found[0]) if found else next(iter(tx.assets.at_keys([name])), None)
    if asset is not None:
        return asset.id, asset.tenant_id
    return (found[0] if found else name.rpartition("/")[2]), None
