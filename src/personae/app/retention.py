"""How long a tenant's things are kept: what holds, and changing it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from personae.app import audit
from personae.app.ports import Transaction
from personae.domain.retention import KINDS, SETTING, WISH, Retention, allowed, in_force
from personae.domain.tenants import Tenant
from personae.errors import InvalidRequest, NotFound


def kept(tx: Transaction, tenant_id: str, default: Retention) -> Retention:
    """What is in force for a tenant."""
    tenant = tx.tenants.get(tenant_id)
    return default if tenant is None else in_force(tenant.settings, default)


def rule(
    tx: Transaction,
    tenant_id: str,
    times: Mapping[str, float | None],
    now: float,
    *,
    forgets: bool = False,
) -> Tenant:
    """Let the operator say how long a tenant's things are kept, of the kinds that are named.

    None keeps saved faces until they are deleted; with `forgets` it takes a rule back.
    What is in force from now on also holds for what is there: the sweep shortens it.

    Raises
    ------
    NotFound, InvalidRequest
    """
    return _change(tx, tenant_id, SETTING, times, now, forgets=forgets)


def forget_rule(tx: Transaction, tenant_id: str, now: float) -> Tenant:
    """Let the service's own times hold for a tenant again.

    Raises
    ------
    NotFound
    """
    return _write(tx, _tenant(tx, tenant_id), SETTING, None, now)


def wish(
    tx: Transaction,
    tenant_id: str,
    times: Mapping[str, float | None],
    default: Retention,
    now: float,
) -> Tenant:
    """Let a tenant have things kept for a shorter time; None takes a wish back.

    Raises
    ------
    InvalidRequest
        If it would be longer than the operator allows.
    """
    longest = allowed(_tenant(tx, tenant_id).settings, default)
    for name, value in times.items():
        most = getattr(longest, name, None)
        if value is not None and most is not None and value > most:
            raise InvalidRequest(
                f"The operator keeps {name} for {most:g} s at most; {value:g} s is longer."
            )
    return _change(tx, tenant_id, WISH, times, now, forgets=True)


def _change(
    tx: Transaction,
    tenant_id: str,
    where: str,
    times: Mapping[str, float | None],
    now: float,
    *,
    forgets: bool = False,
) -> Tenant:
    """Write some times; with `forgets`, None removes one."""
    unknown = sorted(set(times) - set(KINDS))
    if unknown:
        raise InvalidRequest(f"There is no {unknown[0]}; there is {', '.join(KINDS)}.")
    tenant = _tenant(tx, tenant_id)
    before: Mapping[str, float | None] = tenant.settings.get(where) or {}
    said: dict[str, float | None] = {**before, **times}
    if forgets:
        said = {name: value for name, value in said.items() if value is not None}
    return _write(tx, tenant, where, said, now)


def _write(
    tx: Transaction,
    tenant: Tenant,
    where: str,
    said: Mapping[str, float | None] | None,
    now: float,
) -> Tenant:
    settings = {name: value for name, value in tenant.settings.items() if name != where}
    if said:
        settings[where] = dict(said)
    # Locks the row: other settings may be changing at this moment.
    tx.tenants.configure(tenant.id, where, settings.get(where))
    audit.tenant_settings_changed(tx, tenant.id, [where], now)
    return replace(tenant, settings=settings)


def _tenant(tx: Transaction, tenant_id: str) -> Tenant:
    tenant = tx.tenants.get(tenant_id)
    if tenant is None:
        raise NotFound(f"There is no tenant {tenant_id}.")
    return tenant
