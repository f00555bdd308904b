"""Who uses the service, and with what keys."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

SCOPES: tuple[str, ...] = (
    "assets:read",
    "assets:write",
    "swaps:read",
    "swaps:write",
    "faces:read",
    "faces:write",
    "account:read",
    "account:write",
    "keys:write",
    "webhooks:write",
    "register:read",
    "register:write",
)
"""What tenants' keys may be allowed to do."""

ADMIN_SCOPE = "admin"
"""What only the keys of operators may do; no tenant's key ever has it."""

OPERATOR = "_operator"
"""The tenant that operators' own keys belong to; it has nothing else."""


@dataclass(frozen=True, slots=True)
class Tenant:
    """An organisation or a person whose things nobody else sees; ``tenant_…``."""

    id: str
    name: str
    created_at: float
    suspended_at: float | None = None
    settings: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class ApiKey:
    """A key as it is stored: its secret only as a hash. ``key_…`` is its name, not the secret.

    ``prefix``: the first characters of the secret, for people to recognise it by.
    """

    id: str
    tenant_id: str
    name: str
    prefix: str
    scopes: tuple[str, ...]
    client_id: str
    created_at: float
    expires_at: float | None = None
    revoked_at: float | None = None
    last_used_at: float | None = None


@dataclass(frozen=True, slots=True)
class NewKey:
    """A key just made, with the secrets that are shown once."""

    stored: ApiKey
    key: str
    client_secret: str

    def __repr__(self) -> str:
        return f"NewKey({self.stored.id}, secrets hidden)"
