"""Lines about tasks, files and saved faces."""

from __future__ import annotations

from personae.app.audit.writing import note
from personae.app.ports import Transaction
from personae.domain.consent import digest
from personae.domain.media import Asset, SavedFace
from personae.domain.tasks import Task


def task_submitted(tx: Transaction, task: Task, *, retry_of: str | None = None) -> None:
    """A task was taken on."""
    note(
        tx,
        "task.submit",
        task.id,
        task.created_at,
        tenant_id=task.tenant_id,
        kind=task.kind,
        dialect=task.dialect,
        credits=task.credits_held,
        consent=None if task.consent is None else task.consent.get("how"),
        consent_sha256=None if task.consent is None else digest(task.consent),
        retry_of=retry_of,
    )


def task_ended(tx: Transaction, task: Task, now: float) -> None:
    """Of a task whose row says how it ended; for a canceled one as well."""
    tenant_id = task.tenant_id
    if task.status == "canceled":
        note(tx, "task.cancel", task.id, now, tenant_id=tenant_id, credits=task.credits_charged)
        return
    note(
        tx,
        "task.end",
        task.id,
        now,
        tenant_id=tenant_id,
        status=task.status,
        credits=task.credits_charged,
        code=None if task.error is None else task.error.code,
        outputs=(task.result or {}).get("assets"),
    )


def task_deleted(tx: Transaction, tenant_id: str, task_id: str, now: float) -> None:
    """A finished task was deleted."""
    note(tx, "task.delete", task_id, now, tenant_id=tenant_id)


def task_expired(tx: Transaction, tenant_id: str, task_id: str, now: float) -> None:
    """A finished task's row was hidden by the sweep."""
    note(tx, "task.expire", task_id, now, tenant_id=tenant_id)


def asset_reserved(tx: Transaction, asset: Asset, now: float) -> None:
    """An address for an upload was given out."""
    note(tx, "asset.reserve", asset.id, now, tenant_id=asset.tenant_id)


def asset_created(tx: Transaction, asset: Asset, now: float) -> None:
    """A file was stored."""
    owner = asset.tenant_id
    note(tx, "asset.create", asset.id, now, tenant_id=owner, role=asset.role, sha256=asset.sha256)


def asset_kept(tx: Transaction, asset: Asset, now: float) -> None:
    """A file came that was stored already."""
    note(tx, "asset.keep", asset.id, now, tenant_id=asset.tenant_id, role=asset.role)


def asset_refused(tx: Transaction, asset: Asset, code: str, now: float) -> None:
    """A file was refused; `code` says why."""
    note(tx, "asset.refuse", asset.id, now, tenant_id=asset.tenant_id, role=asset.role, code=code)


def asset_linked(
    tx: Transaction, tenant_id: str, asset_id: str, now: float, *, actor: str | None = None
) -> None:
    """A link was given out; those that the API gives out go through `app.accesses`."""
    note(tx, "asset.link", asset_id, now, tenant_id=tenant_id, actor=actor)


def asset_deleted(tx: Transaction, asset: Asset, now: float) -> None:
    """By its owner, with its task if it is an output."""
    owner, task_id = asset.tenant_id, asset.task_id
    note(tx, "asset.delete", asset.id, now, tenant_id=owner, role=asset.role, task=task_id)


def asset_expired(tx: Transaction, asset: Asset, now: float) -> None:
    """A file was deleted by the sweep."""
    note(tx, "asset.expire", asset.id, now, tenant_id=asset.tenant_id, role=asset.role)


def asset_taken_down(tx: Transaction, asset: Asset, takedown_id: str, now: float) -> None:
    """A file was deleted by a takedown."""
    note(
        tx,
        "asset.takedown",
        asset.id,
        now,
        tenant_id=asset.tenant_id,
        role=asset.role,
        takedown=takedown_id,
    )


def face_saved(tx: Transaction, face: SavedFace, now: float) -> None:
    """A donor was saved."""
    photos = len(face.asset_ids)
    note(tx, "face.save", face.id, now, tenant_id=face.tenant_id, photos=photos)


def face_deleted(tx: Transaction, tenant_id: str, face_id: str, now: float) -> None:
    """A saved donor was forgotten."""
    note(tx, "face.delete", face_id, now, tenant_id=tenant_id)


def face_taken_down(
    tx: Transaction, tenant_id: str, face_id: str, takedown_id: str, now: float
) -> None:
    """A saved donor was forgotten by a takedown."""
    note(tx, "face.takedown", face_id, now, tenant_id=tenant_id, takedown=takedown_id)
