"""Tenants' visible labels, as operators set them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from personae.app import audit
from personae.app.ports import Transaction
from personae.domain.labels import SETTING, TenantLabels
from personae.errors import NotFound


def change(tx: Transaction, tenant_id: str, changes: Mapping[str, Any], now: float) -> TenantLabels:
    """Change some fields of a tenant's labels; without changes, only look at them.

    Raises
    ------
    NotFound
    """
    tenant = tx.tenants.get(tenant_id)
    if tenant is None:
        raise NotFound(f"There is no tenant {tenant_id}.")
    now_set = replace(TenantLabels.of(tenant.settings), **changes)
    if changes:
        tx.tenants.configure(tenant_id, SETTING, now_set.to_json())
        audit.tenant_settings_changed(tx, tenant_id, [SETTING], now)
    return now_set
