"""Finding out whether a file was made here: by its bytes, its invisible mark and its manifest."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from personae.app.ports import Database, MediaHost, Transaction
from personae.app.receiving import Receiver
from personae.app.scratch import LOCAL_NAME, Scratch
from personae.app.threads import stop_in_thread
from personae.domain.marks import LOCAL_MARK
from personae.errors import MediaUnreadable, RateLimited, TaskFailed, Unavailable

OURS = ("output", "crop", "cover", "thumbnail", "manifest")
"""Roles of assets that this service made; what clients brought is none of anybody's business."""
Verdict = Literal["exact", "marked", "claimed", "unknown"]
_WAITING = 8
"""Files that may wait for their turn: more would only fill the disk."""


@dataclass(frozen=True, slots=True)
class Origin:
    """A task whose output a file is, or carries the mark of.

    Attributes
    ----------
    tenant_id, task_id : str
        For its owner and the operator only.
    made_at : float, seconds since 1970, UTC
    there : bool
        Whether the service still has it; False after deletion, expiry or takedown.
    """

    tenant_id: str
    task_id: str | None
    made_at: float
    there: bool


@dataclass(frozen=True, slots=True)
class Inspection:
    """What a file tells of where it comes from.

    Attributes
    ----------
    sha256 : str, 64 lower-case hex digits
    size_bytes : int
    kind : str
        picture, animation, video or sound.
    manifest : dict or None
        As `personae.media_child.inspecting.inspect` answers; None where the file has none.
    mark : dict or None
        ``number``, ``confidence`` and more of the invisible mark; None where none was found.
    exact, marked : Origin or None
        Whose bytes these are, unchanged; whose mark they carry.
    """

    sha256: str
    size_bytes: int
    kind: str
    manifest: dict[str, Any] | None
    mark: dict[str, Any] | None
    exact: Origin | None
    marked: Origin | None

    @property
    def verdict(self) -> Verdict:
        """The strongest thing that can be said.

        ``exact``: these are the bytes that this service gave out. ``marked``: it carries the mark
        of a task of this service. ``claimed``: a mark or a valid manifest says that Personae made
        it, here or elsewhere. ``unknown``: nothing says so, which proves nothing.
        """
        if self.exact is not None:
            return "exact"
        if self.marked is not None:
            return "marked"
        manifest = self.manifest or {}
        claimed = manifest.get("made_by_personae") and manifest.get("valid")
        return "claimed" if self.mark is not None or claimed else "unknown"


class Inspector:
    """Inspects files that anybody sends, a few at a time.

    Parameters
    ----------
    media : MediaHost
        Of its own: who only asks must not stand in the way of those who work.
    limit_bytes : int
        The largest file that is taken.
    timeout_s : float, seconds
        Of one look; a file also waits at most this long for its turn.
    """

    def __init__(
        self,
        database: Database,
        media: MediaHost,
        work_dir: Path,
        *,
        limit_bytes: int,
        timeout_s: float = 30.0,
    ) -> None:
        self._database = database
        self._media = media
        self._scratch = Scratch(work_dir)
        self.limit_bytes = limit_bytes
        self._timeout_s = timeout_s
        self._waiting = 0
        self._turn = asyncio.Semaphore(1)

    async def inspect(self, chunks: AsyncIterator[bytes]) -> Inspection:
        """Look at a file as it arrives; nothing of it is kept.

        Raises
        ------
        MediaTooLarge, MediaUnreadable, MediaUnsupported
        RateLimited
            If too many files wait already.
        Unavailable
        """
        if self._waiting >= _WAITING:
            raise RateLimited("Too many files wait to be inspected; try again later.", 10.0)
        self._waiting += 1
        try:
            async with self._scratch.folder() as folder:
                path = folder / LOCAL_NAME
                stored = await Receiver(path, self.limit_bytes).receive(chunks)
                seen = await self._look(path)
        finally:
            self._waiting -= 1
        mark = seen["mark"]
        number = None if mark is None else int(mark["number"])
        exact, marked = await self._database.aread(
            lambda tx: (origin_of_bytes(tx, stored.sha256), origin_of_mark(tx, number))
        )
        return Inspection(
            stored.sha256,
            stored.size_bytes,
            str(seen["kind"]),
            seen["manifest"],
            mark,
            exact,
            marked,
        )

    async def _look(self, path: Path) -> dict[str, Any]:
        job = {"op": "inspect", "path": str(path), "names": {str(path): LOCAL_NAME}}
        try:
            async with asyncio.timeout(self._timeout_s):
                await self._turn.acquire()
        except TimeoutError:
            raise Unavailable("Too many files wait to be inspected; try again later.") from None
        try:
            return await stop_in_thread(
                lambda stop: self._media.run(
                    job, timeout_s=self._timeout_s, stall_s=self._timeout_s, should_stop=stop
                )
            )
        except TaskFailed as error:
            raise MediaUnreadable(
                "The file cannot be inspected within the limits of memory and time."
            ) from error
        finally:
            self._turn.release()


def origin_of_bytes(tx: Transaction, sha256: str) -> Origin | None:
    """The task that made exactly these bytes, whoever's it was."""
    found = tx.assets.made(sha256, OURS)
    if not found:
        return None
    first = found[0]
    there = any(asset.state == "ready" for asset in found)
    return Origin(first.tenant_id, first.task_id, first.created_at, there)


def origin_of_mark(tx: Transaction, mark: int | None) -> Origin | None:
    """The task that has this mark, deleted or not."""
    if mark is None or mark == LOCAL_MARK:
        return None
    marked = tx.tasks.by_mark(mark)
    if not marked:
        return None
    task = marked[0]
    made_at = task.created_at if task.finished_at is None else task.finished_at
    return Origin(task.tenant_id, task.id, made_at, task.deleted_at is None)
