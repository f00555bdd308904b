"""Entries of the do-not-swap register: what they say, where they are listed, how they end.

Embeddings are personal data: they are deleted the moment an entry is removed or expires.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime

from personae.app import audit
from personae.app.ports import Transaction
from personae.domain.pages import Page
from personae.domain.register import ROLE_BITS, AppliesTo, ProtectedPerson
from personae.errors import InvalidRequest, NotFound, PolicyRefused

_DAY_CHARS = len("2027-01-31")
_LONGEST = {"name": 200, "reason": 500, "origin": 200}


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """What is to be written down about somebody; the fields are `ProtectedPerson`'s."""

    applies_to: AppliesTo = "either"
    name: str = ""
    reason: str = ""
    origin: str = ""
    expires_at: float | None = None


def check(entry: Entry, now: float) -> None:
    """Refuse an entry that makes no sense.

    Raises
    ------
    InvalidRequest
    """
    if entry.applies_to not in ROLE_BITS:
        raise InvalidRequest(
            f"An entry applies to donor, scene or either, not to {entry.applies_to}."
        )
    for field, longest in _LONGEST.items():
        value: str = getattr(entry, field)
        if len(value) > longest or any(ord(one) < 32 or ord(one) == 127 for one in value):
            raise InvalidRequest(
                f"The {field} of an entry is one line of at most {longest} characters."
            )
    if entry.expires_at is not None and entry.expires_at <= now:
        raise InvalidRequest("The entry would have expired already.")


def reason_of(text: str) -> str:
    """A text as an entry takes it for its reason: one line, not too long."""
    plain = "".join(one if ord(one) >= 32 and ord(one) != 127 else " " for one in text)
    return plain[: _LONGEST["reason"]]


def expiry_of(text: str) -> float | None:
    """When an entry ends: a day means its end, in UTC; a time without a zone is UTC; empty never.

    Raises
    ------
    InvalidRequest
    """
    text = text.strip()
    if not text:
        return None
    try:
        told = datetime.fromisoformat(text)
    except ValueError as error:
        raise InvalidRequest(
            "An entry ends on a day, 2027-01-31, or at a time, 2027-01-31T12:00:00Z."
        ) from error
    if len(text) == _DAY_CHARS:
        told = told.replace(hour=23, minute=59, second=59)
    return (told if told.tzinfo is not None else told.replace(tzinfo=UTC)).timestamp()


def get(
    tx: Transaction, person_id: str, tenant_id: str | None, *, everybody: bool = False
) -> ProtectedPerson:
    """An entry in force: the tenant's own, or the whole service's for None.

    `everybody` finds anybody's.

    Raises
    ------
    NotFound
    """
    person = tx.register.get(person_id)
    theirs = person is not None and (everybody or person.tenant_id == tenant_id)
    if person is None or not theirs or person.removed_at is not None:
        raise NotFound(f"There is no entry {person_id}.")
    return person


def page(
    tx: Transaction,
    tenant_id: str | None,
    *,
    everybody: bool = False,
    words: str = "",
    after: str | None,
    limit: int,
) -> Page[ProtectedPerson]:
    """Entries in force, newest first; as `get`. ``words`` stand in name, reason or origin."""
    return tx.register.page(
        tenant_id=tenant_id, everybody=everybody, words=words, after=after, limit=limit
    )


def remove(
    tx: Transaction,
    person_id: str,
    tenant_id: str | None,
    *,
    now: float,
    everybody: bool = False,
) -> None:
    """Protect somebody no longer: embeddings and name are deleted at once.

    Raises
    ------
    NotFound
    """
    person = get(tx, person_id, tenant_id, everybody=everybody)
    if tx.register.remove(person_id, now):
        audit.person_removed(tx, person_id, now, tenant_id=person.tenant_id)


def expire(tx: Transaction, now: float, limit: int) -> int:
    """Forget people whose entry's time has come; how many."""
    due = tx.register.expired(now, limit)
    for person in due:
        tx.register.remove(person.id, now)
        audit.person_expired(tx, person.id, now, tenant_id=person.tenant_id)
    return len(due)


def note_refusal(
    tx: Transaction, error: PolicyRefused, *, tenant_id: str | None, subject: str, now: float
) -> None:
    """Write down for operators who was recognised, and how near; tenants are never told.

    Parameters
    ----------
    subject : str
        The task, or whose photos were refused.
    """
    audit.policy_refused(
        tx, tenant_id, subject, now, reason=error.reason, role=error.role, facts=error.facts
    )
