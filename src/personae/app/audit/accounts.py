"""Lines about tenants, their keys, their credits and their webhooks."""

from __future__ import annotations

from collections.abc import Sequence

from personae.app.audit.writing import note
from personae.app.ports import Transaction
from personae.domain.tenants import ApiKey


def tenant_created(tx: Transaction, tenant_id: str, now: float) -> None:
    """A tenant was made."""
    note(tx, "tenant.create", tenant_id, now, tenant_id=tenant_id)


def tenant_suspended(tx: Transaction, tenant_id: str, suspended: bool, now: float) -> None:
    """A tenant was stopped or readmitted."""
    note(tx, "tenant.suspend", tenant_id, now, tenant_id=tenant_id, suspended=suspended)


def tenant_settings_changed(
    tx: Transaction, tenant_id: str, names: Sequence[str], now: float
) -> None:
    """`names`: of the settings; what they were set to is not written."""
    note(tx, "tenant.settings", tenant_id, now, tenant_id=tenant_id, names=sorted(names))


def key_issued(tx: Transaction, key: ApiKey, now: float) -> None:
    """A key was made."""
    note(tx, "key.issue", key.id, now, tenant_id=key.tenant_id, scopes=list(key.scopes))


def key_revoked(tx: Transaction, tenant_id: str, key_id: str, now: float) -> None:
    """A key was ended."""
    note(tx, "key.revoke", key_id, now, tenant_id=tenant_id)


def key_first_used(tx: Transaction, tenant_id: str, key_id: str, now: float) -> None:
    """A key was used that never was before."""
    note(tx, "key.first_use", key_id, now, tenant_id=tenant_id, actor=key_id)


def credits_granted(tx: Transaction, tenant_id: str, amount: int, key: str, now: float) -> None:
    """`amount` below 0 takes credits back."""
    action = "credits.grant" if amount > 0 else "credits.adjust"
    note(tx, action, tenant_id, now, tenant_id=tenant_id, amount=amount, key=key)


def endpoint_created(
    tx: Transaction, tenant_id: str, endpoint_id: str, events: Sequence[str], now: float
) -> None:
    """A webhook endpoint was made."""
    events = list(events)
    note(tx, "endpoint.create", endpoint_id, now, tenant_id=tenant_id, events=events)


def endpoint_updated(
    tx: Transaction, tenant_id: str, endpoint_id: str, names: Sequence[str], now: float
) -> None:
    """A webhook endpoint was changed; `names`: of the fields."""
    names = sorted(names)
    note(tx, "endpoint.update", endpoint_id, now, tenant_id=tenant_id, names=names)


def endpoint_rotated(tx: Transaction, tenant_id: str, endpoint_id: str, now: float) -> None:
    """A webhook endpoint got a new secret."""
    note(tx, "endpoint.rotate", endpoint_id, now, tenant_id=tenant_id)


def endpoint_tested(
    tx: Transaction, tenant_id: str, endpoint_id: str, delivery_id: str, now: float
) -> None:
    """A test event was sent."""
    note(tx, "endpoint.test", endpoint_id, now, tenant_id=tenant_id, delivery=delivery_id)


def endpoint_deleted(tx: Transaction, tenant_id: str, endpoint_id: str, now: float) -> None:
    """A webhook endpoint was removed."""
    note(tx, "endpoint.delete", endpoint_id, now, tenant_id=tenant_id)


def delivery_repeated(
    tx: Transaction, tenant_id: str, delivery_id: str, was: str, now: float
) -> None:
    """An event was sent again, as a delivery of its own."""
    note(tx, "delivery.repeat", delivery_id, now, tenant_id=tenant_id, of=was)
