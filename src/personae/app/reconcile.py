"""Putting right what no single step can: lost work, expired things, bytes that nobody owns.

One worker at a time does this every half minute; two at once would do no harm.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Protocol

import structlog

from personae.app import audit, closing, faces, hooks, register_entries, tasks
from personae.app.outputs import WORK
from personae.app.ports import Blobs, Clock, Database, Transaction
from personae.domain.audit import SWEEP
from personae.domain.media import Asset
from personae.domain.retention import SETTING, USUAL, WISH, Retention, in_force
from personae.domain.tasks import Task
from personae.errors import TaskFailed

_log = structlog.get_logger("personae.reconcile")

IDEMPOTENCY_TTL_S = 24 * 3600.0
RETENTION_S = 30 * 24 * 3600.0
_BATCH = 500
_PURGED = 200
"""Rows removed in one go: a purge must not hold up those who submit."""
_SETTLED_S = 30.0
"""A task younger than this is left alone: its worker may be about to end it."""
_ORPHAN_S = 6 * 3600.0
"""Blobs younger than this may belong to a transaction that is still on its way."""
_ORPHANS_EVERY_S = 3600.0
_RETENTION_EVERY_S = 3600.0
_HEAD_EVERY_S = 3600.0
_HISTORY_S = 7 * 24 * 3600.0
_ANNOUNCED = ("upload", "import", "output")
"""Roles of assets whose end clients are told of."""


class Work(Protocol):
    """What became of workflows; `personae.adapters.durable` knows."""

    def states(self, ids: Sequence[str]) -> Mapping[str, str]:
        """``waiting``, ``running``, ``done``, ``failed``, ``canceled``; missing if unknown."""
        ...

    def forget(self, before: float, limit: int) -> int:
        """Delete the records of workflows that ended before a time; how many."""
        ...


class Reconciler:
    """Sweeps; `sweep` is one round of everything.

    Parameters
    ----------
    retention_s : float, seconds
        How long the rows of finished tasks and of what was sent about them are kept.
    batch : int
        How many unfinished tasks are looked at together.
    retention : Retention
        How long things are kept, of tenants for whom nothing else was said.
    """

    def __init__(
        self,
        database: Database,
        blobs: Blobs,
        work: Work,
        clock: Clock,
        retention_s: float = RETENTION_S,
        batch: int = _BATCH,
        retention: Retention = USUAL,
    ) -> None:
        self._database = database
        self._blobs = blobs
        self._work = work
        self._clock = clock
        self._retention_s = retention_s
        self._batch = batch
        self._retention = retention
        self._applied: dict[str, Retention] = {}
        self._next_orphans = self._next_retention = self._next_head = 0.0

    @audit.acting(SWEEP)
    def sweep(self) -> dict[str, int]:
        """One round; what was put right, by name. One part that fails does not stop the others."""
        done: dict[str, int] = {}
        for part in (
            self.fail_lost_tasks,
            self.apply_retention,
            self.expire_assets,
            self.expire_tasks,
            self.purge_tasks,
            self.purge_deliveries,
            self.expire_protection,
            self.purge_protection,
            self.forget_idempotency,
            self.forget_workflows,
            self.delete_working_files,
            self.delete_orphans,
            self.tell_head,
        ):
            name = part.__name__
            try:
                done[name] = part()
            except Exception:
                _log.exception("a sweep failed", action="reconcile.error", part=name)
        found = {name: count for name, count in done.items() if count}
        if found:
            _log.info("swept", action="reconcile.sweep", **found)
        return done

    def fail_lost_tasks(self) -> int:
        """End tasks whose workflow ended without ending them, and give their credits back."""
        now = self._clock()
        ended, after = 0, None
        while True:  # A page at a time: a backlog may be long.
            page = self._database.read(
                lambda tx, after=after: tx.tasks.unfinished(
                    now - _SETTLED_S, after=after, limit=self._batch
                )
            )
            ended += self._fail_lost(page.items)
            after = page.next_after
            if after is None:
                return ended

    def _fail_lost(self, tasks: Sequence[Task]) -> int:
        """End those of some tasks that nobody works on; how many."""
        states = self._work.states([task.id for task in tasks])
        error, ended = closing.task_error(TaskFailed()), 0
        for task in tasks:
            if states.get(task.id) in ("waiting", "running"):
                continue
            _log.warning(
                "lost task ended",
                action="reconcile.lost",
                task_id=task.id,
                workflow=states.get(task.id),
            )
            ended += self._database.write(
                lambda tx, task=task: closing.fail(tx, task.id, error, self._clock())
            )
        return ended

    def expire_assets(self) -> int:
        """Delete assets whose time has come, and their bytes if nobody shares them."""
        now = self._clock()
        due = self._database.read(lambda tx: tx.assets.expired(now, _BATCH))
        for asset in due:
            unused = self._database.write(lambda tx, asset=asset: _expire(tx, asset, now))
            if unused:
                self._blobs.delete(unused)
        return len(due)

    def apply_retention(self) -> int:
        """Let things end sooner where the times of a tenant, or of all, have been shortened.

        Tenants whose times are what they were in the last round are passed over, but for a round
        over everything each hour: a worker may have begun with older times.
        """
        now = self._clock()
        tenants = self._database.read(lambda tx: tx.tenants.all())
        own = {
            one.id: in_force(one.settings, self._retention)
            for one in tenants
            if one.settings.get(SETTING) or one.settings.get(WISH)
        }
        whole = now >= self._next_retention or set(self._applied) - set(own)
        todo = own if whole else {k: v for k, v in own.items() if self._applied.get(k) != v}
        changed = 0
        if whole:
            changed += self._database.write(
                lambda tx: tx.assets.shorten(self._retention, but=sorted(own))
            )
            self._next_retention = now + _RETENTION_EVERY_S
        for tenant_id, times in todo.items():
            changed += self._database.write(
                lambda tx, one=tenant_id, times=times: tx.assets.shorten(times, only=one)
            )
        self._applied = own
        return changed + self._expire_faces(own, now)

    def _expire_faces(self, own: Mapping[str, Retention], now: float) -> int:
        """Forget saved faces whose time is over; how many."""
        forgotten = 0
        for only, times in (None, self._retention), *own.items():
            if times.faces is None:
                continue
            before, but = now - times.faces, sorted(own) if only is None else ()

            def work(
                tx: Transaction, only: str | None = only, before: float = before, but: Any = but
            ) -> int:
                old = tx.faces.saved_before(before, _BATCH, only=only, but=but)
                for face in old:
                    faces.expire(tx, face, now)
                return len(old)

            forgotten += self._database.write(work)
        return forgotten

    def expire_tasks(self) -> int:
        """Hide tasks whose outputs are gone."""
        now = self._clock()

        def hide(tx: Transaction) -> int:
            due = tx.tasks.expired(now, _BATCH)
            gone = [task for task in due if tx.tasks.delete(task.tenant_id, task.id, now)]
            for task in gone:
                audit.task_expired(tx, task.tenant_id, task.id, now)
            return len(gone)

        return self._database.write(hide)

    def purge_tasks(self) -> int:
        """Remove the rows of tasks that ended long ago, once their files are gone."""
        before = self._clock() - self._retention_s
        return self._database.write(lambda tx: tx.tasks.purge(before, _PURGED))

    def purge_deliveries(self) -> int:
        """Remove what was sent long ago, to whomever."""
        before = self._clock() - self._retention_s
        return self._database.write(lambda tx: tx.hooks.purge(before, _PURGED))

    def expire_protection(self) -> int:
        """Delete the embeddings of people whose entry in the register has expired."""
        now = self._clock()
        return self._database.write(lambda tx: register_entries.expire(tx, now, _PURGED))

    def purge_protection(self) -> int:
        """Forget entries of the register that were removed long ago."""
        before = self._clock() - self._retention_s
        return self._database.write(lambda tx: tx.register.purge(before, _PURGED))

    def forget_idempotency(self) -> int:
        """Drop idempotency keys that clients no longer repeat."""
        before = self._clock() - IDEMPOTENCY_TTL_S
        return self._database.write(lambda tx: tx.idempotency.forget_before(before))

    def forget_workflows(self) -> int:
        """Drop the history of work that ended long ago."""
        return self._work.forget(self._clock() - _HISTORY_S, _BATCH)

    def delete_working_files(self) -> int:
        """Delete what tasks that have ended left under ``work/``: a cancel, a killed worker."""
        now = self._clock()
        keys = self._blobs.list_keys(WORK, now - _SETTLED_S)
        by_task: dict[str, list[str]] = {}
        for key in keys:
            by_task.setdefault(key.split("/")[1], []).append(key)
        deleted = 0
        for task_id, left in by_task.items():
            task = self._database.read(lambda tx, one=task_id: tx.tasks.get(None, one))
            if task is None or task.final:
                self._blobs.delete(left)
                deleted += len(left)
        return deleted

    def delete_orphans(self) -> int:
        """Delete bytes that no row points to; hourly, because it lists everything."""
        now = self._clock()
        if now < self._next_orphans:
            return 0
        self._next_orphans = now + _ORPHANS_EVERY_S
        keys = [
            key
            for key in self._blobs.list_keys("", now - _ORPHAN_S)
            if not key.startswith(f"{WORK}/")
        ]
        deleted = 0
        for start in range(0, len(keys), _BATCH):
            batch = keys[start : start + _BATCH]
            orphans = self._database.read(
                lambda tx, batch=batch: [key for key in batch if not tx.assets.blob_in_use(key)]
            )
            if orphans:
                self._blobs.delete(orphans)
                deleted += len(orphans)
        return deleted

    def tell_head(self) -> int:
        """Log the end of the audit log's chain, hourly: where logs are kept, it stays known."""
        now = self._clock()
        if now < self._next_head:
            return 0
        self._next_head = now + _HEAD_EVERY_S
        head = self._database.read(lambda tx: tx.audit.head())
        if head is None:
            _log.critical("the audit log has lost its head", action="audit.damaged")
            return 0
        _log.info("audit log", action="audit.head", lines=head.lines, hash=head.hash)
        return 0


def _expire(tx: Transaction, asset: Asset, now: float) -> list[str]:
    """Mark an asset deleted; the keys of bytes that nobody needs any more.

    What was found of people in it goes with it.
    """
    if not tx.assets.remove(asset.tenant_id, asset.id, now, expired_by=now):
        return []
    audit.asset_expired(tx, asset, now)
    if asset.role in _ANNOUNCED:
        hooks.announce_expiry(tx, asset, now)
    unused = [] if tx.assets.blob_in_use(asset.blob_key) else [asset.blob_key]
    return unused + tasks.forget_detections(tx, asset, now)
