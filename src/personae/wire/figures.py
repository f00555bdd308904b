"""The whole service's numbers for ``/metrics``, read no more often than they are worth."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Generic, TypeVar

import structlog
from starlette.concurrency import run_in_threadpool

from personae.app.figures import TaskFigures, WorkFigures, ended_tasks, task_figures
from personae.errors import PersonaeError
from personae.wire.services import Services

T = TypeVar("T")
_log = structlog.get_logger("personae.wire")


@dataclass(frozen=True, slots=True)
class Figures:
    """Numbers of the whole service; `work` is None where this process cannot see the queues."""

    tasks: TaskFigures
    ended: Mapping[tuple[str, str], int]
    work: WorkFigures | None


class _Kept(Generic[T]):
    """A value that is read anew once it is older than `fresh_s` seconds, by one at a time."""

    def __init__(self, fresh_s: float) -> None:
        self._fresh_s = fresh_s
        self._turn = asyncio.Lock()
        self._known: tuple[float, T] | None = None

    async def get(self, read: Callable[[], Awaitable[T]]) -> T:
        async with self._turn:
            if self._known is None or time.monotonic() - self._known[0] >= self._fresh_s:
                self._known = (time.monotonic(), await read())
            return self._known[1]


class FigureReader:
    """Reads `Figures`; scrapes that come more often, or from several places, share what is known.

    Parameters
    ----------
    fresh_s, totals_fresh_s : float, seconds
        How old numbers may be. Totals of finished tasks are a walk over all of them, so they may be
        older.
    """

    def __init__(self, fresh_s: float, totals_fresh_s: float) -> None:
        self._present: _Kept[tuple[TaskFigures, WorkFigures | None]] = _Kept(fresh_s)
        self._totals: _Kept[Mapping[tuple[str, str], int]] = _Kept(totals_fresh_s)

    async def read(self, services: Services) -> Figures | None:
        """The numbers; None if the database does not answer."""

        async def present() -> tuple[TaskFigures, WorkFigures | None]:
            now = services.clock()
            tasks = await services.database.aread(lambda tx: task_figures(tx, now))
            look = services.look_at_work
            return tasks, None if look is None else await run_in_threadpool(look)

        async def totals() -> Mapping[tuple[str, str], int]:
            return await services.database.aread(ended_tasks)

        try:
            tasks, work = await self._present.get(present)
            return Figures(tasks, await self._totals.get(totals), work)
        except (PersonaeError, OSError) as error:
            _log.warning("the numbers were not read", action="metrics", error=repr(error))
            return None
