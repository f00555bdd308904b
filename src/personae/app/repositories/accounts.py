"""Who may ask: tenants, their keys and credits, and what they asked once already."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any, Protocol

from personae.domain.credits import Balance, LedgerEntry, TransferKind
from personae.domain.pages import Page
from personae.domain.tenants import ApiKey, Tenant


class Tenants(Protocol):
    """Tenants and their keys."""

    def insert(self, tenant: Tenant) -> None: ...
    def get(self, tenant_id: str) -> Tenant | None: ...
    def by_name(self, name: str) -> Tenant | None: ...
    def all(self) -> list[Tenant]: ...
    def page(
        self, *, words: str = "", suspended: bool | None = None, after: str | None, limit: int
    ) -> Page[Tenant]:
        """Newest first, without the operators' own; `words` in the name, or the whole id."""
        ...

    def rename(self, tenant_id: str, name: str) -> bool:
        """False if there is no such tenant; the name must be free."""
        ...

    def suspend(self, tenant_id: str, at: float | None) -> bool: ...
    def configure(self, tenant_id: str, name: str, value: Any) -> bool:
        """Write one of a tenant's settings, or with None remove it; False if there is no tenant."""
        ...

    def insert_key(self, key: ApiKey, key_hash: str, client_secret_hash: str) -> None: ...
    def key_by_hash(self, key_hash: str) -> ApiKey | None: ...
    def key_by_client(self, client_id: str, client_secret_hash: str) -> ApiKey | None: ...
    def keys(self, tenant_id: str) -> list[ApiKey]: ...
    def revoke_key(self, tenant_id: str, key_id: str, at: float) -> bool: ...
    def note_uses(self, used: Mapping[str, float]) -> None:
        """Write when keys were last used, by name; never back to an earlier time."""
        ...

    def never_used(self, key_ids: Collection[str]) -> list[ApiKey]:
        """Those of some keys of which no use was ever written."""
        ...


class Credits(Protocol):
    """The double-entry ledger; see `personae.domain.credits`."""

    def transfer(
        self,
        tenant_id: str,
        kind: TransferKind,
        amount: int,
        key: str,
        *,
        task_id: str | None = None,
        note: str | None = None,
        at: float,
    ) -> bool:
        """Move `amount` credits; False, and nothing moves, if `key` has been used.

        Raises
        ------
        InsufficientCredits
            If `available` (or, for settle and release, `held`) would fall below 0.
        """
        ...

    def balance(self, tenant_id: str) -> Balance: ...
    def balances(self, tenant_ids: Collection[str]) -> dict[str, Balance]:
        """Those of several tenants, by their names."""
        ...

    def entries(self, tenant_id: str, *, after: str | None, limit: int) -> Page[LedgerEntry]: ...
    def usage(
        self, tenant_id: str, since: float, until: float, offset_s: int = 0
    ) -> list[dict[str, Any]]:
        """Credits spent and tasks done by day and kind; days begin `offset_s` before those of UTC.

        Of tasks whose rows are gone only the day in UTC is known.
        """
        ...

    def audit(self) -> list[str]:
        """What is wrong with the books, one sentence each; empty when they balance."""
        ...


@dataclass(frozen=True, slots=True)
class Seen:
    """What an idempotency key stood for when it was first used."""

    request_hash: str
    resource_id: str


class Idempotency(Protocol):
    """Keys that clients send so that a repeated request is done once."""

    def find(self, tenant_id: str, key: str) -> Seen | None: ...
    def remember(
        self, tenant_id: str, key: str, request_hash: str, resource_id: str, at: float
    ) -> None: ...
    def forget_before(self, at: float) -> int: ...
