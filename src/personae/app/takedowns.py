"""Taking things down: the rows end here, all at once; `personae.app.removing` removes the bytes.

From the moment that `ask` is committed nobody finds the things any more, whatever dies afterwards.
What is left to do stands in the takedown's row, and any worker goes on with it.
"""

from __future__ import annotations

from dataclasses import replace

from personae.app import audit, hooks, tasks
from personae.app.outputs import WORK, output_folder
from personae.app.ports import Transaction
from personae.app.subjects import Found, gather, missing
from personae.domain.ids import new_id
from personae.domain.media import Asset
from personae.domain.pages import Page
from personae.domain.takedowns import Order, Removal, Takedown
from personae.domain.tasks import Task
from personae.errors import InvalidRequest, NotFound

SETTLE_S = 15.0
"""How long workers are given to notice that a task is over and to drop what they have of it."""
REASON_CHARS = 1000
_ANNOUNCED = ("upload", "import")
"""Roles of files that are told of by themselves; the others go with their task."""


def look(tx: Transaction, order: Order) -> Found:
    """What `ask` would remove.

    Raises
    ------
    InvalidRequest, NotFound, Conflict
        As `gather`.
    """
    found = gather(tx, order)
    if found.empty and not (order.block and found.sha256):
        raise missing(found, order.subject)
    return found


def ask(tx: Transaction, order: Order, now: float) -> tuple[Takedown, bool]:
    """Take something down; the takedown, and whether it is new.

    If nothing is left of it because it was taken down before, that earlier one is the answer.

    Raises
    ------
    InvalidRequest, NotFound, Conflict
        As `gather`.
    """
    if not order.reason.strip() or len(order.reason) > REASON_CHARS:
        raise InvalidRequest(f"Say why, in 1 to {REASON_CHARS} characters.")
    found = gather(tx, order)
    if found.empty:
        earlier = tx.takedowns.naming(order.tenant_id, [order.subject, *found.words])
        if earlier is not None and not _unblocked(tx, order, found):
            return earlier, False
        if not (order.block and found.sha256):
            raise missing(found, order.subject)
    takedown = Takedown(
        id=new_id("takedown", now),
        tenant_id=order.tenant_id,
        subject=order.subject,
        reason=order.reason,
        requested_by=order.requested_by,
        state="asked",
        detail=Removal(),
        created_at=now,
    )
    with audit.acting(order.requested_by):
        for tenant_id in found.tenants or (order.tenant_id,):
            of = found.words[0] if found.words else takedown.id
            audit.takedown_requested(tx, takedown.id, of, now, tenant_id=tenant_id)
        takedown = replace(takedown, detail=_end_rows(tx, order, found, takedown, now))
    tx.takedowns.insert(takedown)
    return takedown, True


def get(tx: Transaction, tenant_id: str | None, takedown_id: str) -> Takedown:
    """A takedown; `tenant_id` None only for operators.

    Raises
    ------
    NotFound
    """
    takedown = tx.takedowns.get(tenant_id, takedown_id)
    if takedown is None:
        raise NotFound(f"There is no takedown {takedown_id}.")
    return takedown


def page(
    tx: Transaction, tenant_id: str | None, *, after: str | None, limit: int
) -> Page[Takedown]:
    """Takedowns, newest first; everybody's for operators."""
    return tx.takedowns.page(tenant_id, after=after, limit=limit)


def unblock(tx: Transaction, sha256: str, requested_by: str, now: float) -> None:
    """Let everybody use a file again.

    Raises
    ------
    NotFound
        If nobody was kept from it.
    """
    if not tx.takedowns.unblock(sha256):
        raise NotFound(f"No file with the hash {sha256[:64]} is blocked.")
    with audit.acting(requested_by):
        audit.file_unblocked(tx, sha256, now)


def _unblocked(tx: Transaction, order: Order, found: Found) -> bool:
    """Whether there is something to block that is not blocked yet."""
    return order.block and not all(tx.takedowns.is_blocked(one) for one in found.sha256)


def _end_rows(
    tx: Transaction, order: Order, found: Found, takedown: Takedown, now: float
) -> Removal:
    """End every row, and write down where their bytes lie."""
    canceled, released = list[str](), 0
    for task in found.tasks.values():
        if not task.final:
            ended = tasks.stop(tx, task.tenant_id, task.id, now)
            audit.task_ended(tx, ended, now)
            released += ended.credits_held
            canceled.append(task.id)
        _end_task(tx, task, takedown.id, now)
    for asset in found.assets.values():
        if tx.assets.remove(asset.tenant_id, asset.id, now):
            audit.asset_taken_down(tx, asset, takedown.id, now)
            if asset.role in _ANNOUNCED:
                hooks.announce_takedown(tx, asset, takedown.id, now)
    for face in found.faces.values():
        if tx.faces.delete(face.tenant_id, face.id, now):
            audit.face_taken_down(tx, face.tenant_id, face.id, takedown.id, now)
            hooks.announce_takedown(tx, face, takedown.id, now)
    blocked = sorted(_to_block(found)) if order.block else []
    for sha256 in blocked:
        if tx.takedowns.block(sha256, order.reason, takedown.id, now):
            audit.file_blocked(tx, sha256, now, takedown_id=takedown.id)
    return Removal(
        tasks=tuple(found.tasks),
        canceled=tuple(canceled),
        assets=tuple(found.assets),
        faces=tuple(found.faces),
        tenants=found.tenants,
        sha256=tuple(sorted(found.sha256)),
        blocked=tuple(blocked),
        registered=order.registered,
        left=tuple(found.left),
        unstored=len(found.unstored),
        credits_released=released,
        keys=tuple(dict.fromkeys(key for one in found.assets.values() for key in _keys(one))),
        folders=tuple(
            folder
            for task in found.tasks.values()
            for folder in (f"{WORK}/{task.id}/", f"{output_folder(task)}/")
        ),
        settled_at=now + SETTLE_S if found.tasks else now,
    )


def _end_task(tx: Transaction, task: Task, takedown_id: str, now: float) -> None:
    """Hide a final task and forget what it was asked, which may lead to a person."""
    tx.tasks.delete(task.tenant_id, task.id, now)
    tx.tasks.forget_request(task.id)
    audit.task_deleted(tx, task.tenant_id, task.id, now)
    if task.kind not in hooks.UNANNOUNCED:
        hooks.announce_takedown(tx, task, takedown_id, now)


def _to_block(found: Found) -> set[str]:
    """Files that somebody could bring back; crops and stills are nobody's to bring."""
    made = {
        one.sha256
        for one in found.assets.values()
        if one.role in ("crop", "cover", "thumbnail", "manifest")
    }
    return found.sha256 - {one for one in made if one is not None}


def _keys(asset: Asset) -> tuple[str, ...]:
    """Where an asset's bytes lie, and where a client may have put them again past the API."""
    return (asset.blob_key, f"uploads/{asset.tenant_id}/{asset.id}")
