"""Lines about policy, consent, the register and takedowns."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from personae.app.audit.writing import note
from personae.app.ports import Transaction


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
    """Records of consent were given out."""
    note(tx, "consent.export", tenant_id, now, tenant_id=tenant_id, records=records)


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
    """An entry of the register was removed."""
    note(tx, "register.remove", person_id, now, tenant_id=tenant_id, facts=facts or None)


def person_expired(tx: Transaction, person_id: str, now: float, *, tenant_id: str | None) -> None:
    """An entry of the register came to its end."""
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
    """Nobody may use these bytes again."""
    note(tx, "file.block", sha256, now, tenant_id=None, takedown=takedown_id)


def file_unblocked(tx: Transaction, sha256: str, now: float) -> None:
    """These bytes may be used again."""
    note(tx, "file.unblock", sha256, now, tenant_id=None)
