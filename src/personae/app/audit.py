"""Writing the audit log: one function for everything that leaves a line.

A line is written in the transaction that does what it tells of, so there is neither without the
other. Refusals are the exception: what was refused has been undone, so their line has a transaction
of its own. Where lines go, and how they are chained, is the database adapter's affair
(docs/16-audit-log.md).

Who acts is known from where a request, a command or a piece of work came in (`acting`), not handed
from call to call.
"""

from __future__ import annotations

from collections.abc import Generator, Mapping, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any

from personae.app.ports import Transaction
from personae.domain.audit import ACTIONS, SERVICE
from personae.domain.consent import digest
from personae.domain.media import Asset, SavedFace
from personae.domain.tasks import Task
from personae.domain.tenants import ApiKey

_actor: ContextVar[str] = ContextVar("personae_actor", default=SERVICE)


@contextmanager
def acting(actor: str) -> Generator[None]:
    """Everything written inside is this actor's: a key's name, or one of `domain.audit.ACTORS`."""
    token = _actor.set(actor)
    try:
        yield
    finally:
        _actor.reset(token)


def set_actor(actor: str) -> None:
    """As `acting`, for the rest of a context that ends by itself, such as a request's."""
    _actor.set(actor)


def current_actor() -> str:
    """Who acts here."""
    return _actor.get()


def note(
    tx: Transaction,
    action: str,
    subject: str,
    now: float,
    *,
    tenant_id: str | None,
    actor: str | None = None,
    **detail: Any,
) -> None:
    """Write one line; the functions below say it with types.

    Parameters
    ----------
    action : str
        One of `personae.domain.audit.ACTIONS`.
    actor : str, optional
        `current_actor()` if omitted.
    detail
        Text, whole numbers, truth values, lists and mappings of these; None is left out, and
        fractions become decimal text.
    """
    known = ACTIONS[action]
    told = {name: _plain(one) for name, one in detail.items() if one is not None}
    unknown = told.keys() - {*known.told, *known.kept}
    if unknown:
        raise ValueError(f"lines of {action} have no {', '.join(sorted(unknown))}")
    tx.audit.write(
        tenant_id=tenant_id,
        actor=actor or current_actor(),
        action=action,
        subject=subject,
        detail=told,
        at=now,
    )


def _plain(value: Any) -> Any:
    """A value as lines hold it: a fraction looks different in every language's JSON, text not."""
    if isinstance(value, float):
        return f"{value:.6g}"
    if isinstance(value, Mapping):
        return {str(name): _plain(one) for name, one in value.items() if one is not None}  # pyright: ignore[reportUnknownVariableType, reportUnknownArgumentType]
    if isinstance(value, (list, tuple, set, frozenset)):
        listed = sorted(value) if isinstance(value, (set, frozenset)) else value  # pyright: ignore[reportUnknownVariableType, reportUnknownArgumentType]
        return [_plain(one) for one in listed]  # pyright: ignore[reportUnknownVariableType]
    return value


# Tenants, keys, credits


def tenant_created(tx: Transaction, tenant_id: str, now: float) -> None:
    note(tx, "tenant.create", tenant_id, now, tenant_id=tenant_id)


def tenant_suspended(tx: Transaction, tenant_id: str, suspended: bool, now: float) -> None:
    note(tx, "tenant.suspend", tenant_id, now, tenant_id=tenant_id, suspended=suspended)


def tenant_settings_changed(
    tx: Transaction, tenant_id: str, names: Sequence[str], now: float
) -> None:
    """`names`: of the settings; what they were set to is not written."""
    note(tx, "tenant.settings", tenant_id, now, tenant_id=tenant_id, names=sorted(names))


def key_issued(tx: Transaction, key: ApiKey, now: float) -> None:
    note(tx, "key.issue", key.id, now, tenant_id=key.tenant_id, scopes=list(key.scopes))


def key_revoked(tx: Transaction, tenant_id: str, key_id: str, now: float) -> None:
    note(tx, "key.revoke", key_id, now, tenant_id=tenant_id)


def key_first_used(tx: Transaction, tenant_id: str, key_id: str, now: float) -> None:
    note(tx, "key.first_use", key_id, now, tenant_id=tenant_id, actor=key_id)


def credits_granted(tx: Transaction, tenant_id: str, amount: int, key: str, now: float) -> None:
    """`amount` below 0 takes credits back."""
    action = "credits.grant" if amount > 0 else "credits.adjust"
    note(tx, action, tenant_id, now, tenant_id=tenant_id, amount=amount, key=key)


# Tasks


def task_submitted(tx: Transaction, task: Task, *, retry_of: str | None = None) -> None:
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
    )


def task_deleted(tx: Transaction, tenant_id: str, task_id: str, now: float) -> None:
    note(tx, "task.delete", task_id, now, tenant_id=tenant_id)


def task_expired(tx: Transaction, tenant_id: str, task_id: str, now: float) -> None:
    note(tx, "task.expire", task_id, now, tenant_id=tenant_id)


# Policy and consent


def policy_refused(
    tx: Transaction,
    tenant_id: str | None,
    subject: str,
    now: float,
    *,
    reason: str | None,
    role: str | None = None,
    facts: Mapping[str, Any] | None = None,
) -> None:
    """A refusal; its tenant reads the role, and nothing else of this.

    Parameters
    ----------
    subject : str
        The task, the asset or, where there is neither yet, the tenant.
    reason : str or None
        ``nsfw``, ``register``, ``file`` or ``consent``.
    facts : mapping, optional
        What was measured and what it was measured against: scores, thresholds, the entry of the
        register (its name, never the person's).
    """
    note(
        tx,
        "policy.refuse",
        subject,
        now,
        tenant_id=tenant_id,
        reason=reason,
        role=role,
        facts=facts or None,
    )


def policy_bypassed(
    tx: Transaction,
    tenant_id: str,
    task_id: str,
    checks: Sequence[str],
    now: float,
    *,
    facts: Mapping[str, Any] | None = None,
) -> None:
    """Checks (``nsfw``, ``register``, …) that a task went without, as the operator allows."""
    note(
        tx,
        "policy.bypass",
        task_id,
        now,
        tenant_id=tenant_id,
        checks=sorted(checks),
        facts=facts or None,
    )


def consent_asserted(tx: Transaction, tenant_id: str, mode: str, now: float) -> None:
    """A tenant's standing assertion; `mode` says what it is from now on, ``none`` for withdrawn."""
    note(tx, "consent.assert", tenant_id, now, tenant_id=tenant_id, mode=mode)


def consent_exported(tx: Transaction, tenant_id: str, records: int, now: float) -> None:
    note(tx, "consent.export", tenant_id, now, tenant_id=tenant_id, records=records)


# Files and faces


def asset_reserved(tx: Transaction, asset: Asset, now: float) -> None:
    note(tx, "asset.reserve", asset.id, now, tenant_id=asset.tenant_id)


def asset_created(tx: Transaction, asset: Asset, now: float) -> None:
    owner = asset.tenant_id
    note(tx, "asset.create", asset.id, now, tenant_id=owner, role=asset.role, sha256=asset.sha256)


def asset_kept(tx: Transaction, asset: Asset, now: float) -> None:
    note(tx, "asset.keep", asset.id, now, tenant_id=asset.tenant_id, role=asset.role)


def asset_refused(tx: Transaction, asset: Asset, code: str, now: float) -> None:
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
    note(tx, "asset.expire", asset.id, now, tenant_id=asset.tenant_id, role=asset.role)


def asset_taken_down(tx: Transaction, asset: Asset, takedown_id: str, now: float) -> None:
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
    photos = len(face.asset_ids)
    note(tx, "face.save", face.id, now, tenant_id=face.tenant_id, photos=photos)


def face_deleted(tx: Transaction, tenant_id: str, face_id: str, now: float) -> None:
    note(tx, "face.delete", face_id, now, tenant_id=tenant_id)


def face_taken_down(
    tx: Transaction, tenant_id: str, face_id: str, takedown_id: str, now: float
) -> None:
    note(tx, "face.takedown", face_id, now, tenant_id=tenant_id, takedown=takedown_id)


# Webhooks


def endpoint_created(
    tx: Transaction, tenant_id: str, endpoint_id: str, events: Sequence[str], now: float
) -> None:
    events = list(events)
    note(tx, "endpoint.create", endpoint_id, now, tenant_id=tenant_id, events=events)


def endpoint_updated(
    tx: Transaction, tenant_id: str, endpoint_id: str, names: Sequence[str], now: float
) -> None:
    names = sorted(names)
    note(tx, "endpoint.update", endpoint_id, now, tenant_id=tenant_id, names=names)


def endpoint_rotated(tx: Transaction, tenant_id: str, endpoint_id: str, now: float) -> None:
    note(tx, "endpoint.rotate", endpoint_id, now, tenant_id=tenant_id)


def endpoint_tested(
    tx: Transaction, tenant_id: str, endpoint_id: str, delivery_id: str, now: float
) -> None:
    note(tx, "endpoint.test", endpoint_id, now, tenant_id=tenant_id, delivery=delivery_id)


def endpoint_deleted(tx: Transaction, tenant_id: str, endpoint_id: str, now: float) -> None:
    note(tx, "endpoint.delete", endpoint_id, now, tenant_id=tenant_id)


def delivery_repeated(
    tx: Transaction, tenant_id: str, delivery_id: str, was: str, now: float
) -> None:
    note(tx, "delivery.repeat", delivery_id, now, tenant_id=tenant_id, of=was)


# The register and takedowns


def person_added(
    tx: Transaction,
    person_id: str,
    applies_to: str,
    now: float,
    *,
    tenant_id: str | None,
    facts: Mapping[str, Any] | None = None,
) -> None:
    """An entry of the register; `facts` never say who it is."""
    note(
        tx,
        "register.add",
        person_id,
        now,
        tenant_id=tenant_id,
        applies_to=applies_to,
        facts=facts or None,
    )


def person_changed(
    tx: Transaction, person_id: str, names: Sequence[str], now: float, *, tenant_id: str | None
) -> None:
    """`names`: of the fields that were changed."""
    note(tx, "register.change", person_id, now, tenant_id=tenant_id, names=sorted(names))


def person_removed(
    tx: Transaction,
    person_id: str,
    now: float,
    *,
    tenant_id: str | None,
    facts: Mapping[str, Any] | None = None,
) -> None:
    note(tx, "register.remove", person_id, now, tenant_id=tenant_id, facts=facts or None)


def person_expired(tx: Transaction, person_id: str, now: float, *, tenant_id: str | None) -> None:
    note(tx, "register.expire", person_id, now, tenant_id=tenant_id)


def takedown_requested(
    tx: Transaction,
    takedown_id: str,
    of: str,
    now: float,
    *,
    tenant_id: str | None,
    facts: Mapping[str, Any] | None = None,
) -> None:
    """`of`: what is to go, by its name; `facts`: what else was asked for, never the reason's words.

    The reason is in the takedown's own row, which can be erased.
    """
    note(tx, "takedown.request", takedown_id, now, tenant_id=tenant_id, of=of, facts=facts or None)


def takedown_finished(
    tx: Transaction,
    takedown_id: str,
    of: str,
    now: float,
    *,
    tenant_id: str | None,
    removed: Mapping[str, int],
) -> None:
    """`removed`: how many of each kind went."""
    note(tx, "takedown.finish", takedown_id, now, tenant_id=tenant_id, of=of, removed=removed)


def file_blocked(tx: Transaction, sha256: str, now: float, *, takedown_id: str | None) -> None:
    note(tx, "file.block", sha256, now, tenant_id=None, takedown=takedown_id)


def file_unblocked(tx: Transaction, sha256: str, now: float) -> None:
    note(tx, "file.unblock", sha256, now, tenant_id=None)
