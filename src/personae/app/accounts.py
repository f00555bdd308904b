"""Tenants, their keys and their credits."""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from personae.app import audit
from personae.app.ports import Transaction
from personae.domain.gate import GatePolicy
from personae.domain.ids import new_id
from personae.domain.tenants import ADMIN_SCOPE, OPERATOR, SCOPES, ApiKey, NewKey, Tenant
from personae.errors import Conflict, Forbidden, InvalidRequest, NotFound, Unauthorized

_PREFIX_CHARS = 8


@dataclass(frozen=True, slots=True)
class Principal:
    """Who is asking, and with which key."""

    tenant: Tenant
    key: ApiKey

    def require(self, scope: str) -> None:
        """Go on only if the key allows it.

        Raises
        ------
        Forbidden
        """
        if scope not in self.key.scopes:
            raise Forbidden(f"This key lacks the scope {scope}; make one that has it.")


def digest(secret: str) -> str:
    """What is stored of a secret: SHA-256 in hex.

    The secrets are 256 random bits, so nothing slower is needed against guessing.
    """
    return hashlib.sha256(secret.encode("utf-8", "surrogatepass")).hexdigest()


def create_tenant(tx: Transaction, name: str, now: float) -> Tenant:
    """Make a tenant with an empty account.

    Raises
    ------
    Conflict
        If the name is taken.
    """
    _check_name(tx, name)
    tenant = Tenant(new_id("tenant", now), name, now)
    tx.tenants.insert(tenant)
    audit.tenant_created(tx, tenant.id, now)
    return tenant


def _check_name(tx: Transaction, name: str) -> None:
    if not name.strip() or len(name) > 100:
        raise InvalidRequest("A tenant's name has 1 to 100 characters.")
    if tx.tenants.by_name(name) is not None:
        raise Conflict(f"There is a tenant called {name} already.")


def rename(tx: Transaction, tenant_id: str, name: str, now: float) -> None:
    """Call a tenant something else; its own name again changes nothing.

    Raises
    ------
    NotFound
    Conflict
        If the name is taken.
    """
    tenant = tx.tenants.get(tenant_id)
    if tenant is None:
        raise NotFound(f"There is no tenant {tenant_id}.")
    if tenant.name == name:
        return
    _check_name(tx, name)
    tx.tenants.rename(tenant_id, name)
    audit.tenant_settings_changed(tx, tenant_id, ["name"], now)


def client(tx: Transaction, tenant_id: str) -> Tenant:
    """A tenant that operators may look after over HTTP: any but the one of their own keys.

    Raises
    ------
    NotFound
    """
    tenant = tx.tenants.get(tenant_id)
    if tenant is None or tenant.name == OPERATOR:
        raise NotFound(f"There is no tenant {tenant_id}.")
    return tenant


def tenant_called(tx: Transaction, name: str, now: float) -> Tenant:
    """The tenant of that name, made if there is none."""
    return tx.tenants.by_name(name) or create_tenant(tx, name, now)


def set_suspended(tx: Transaction, tenant_id: str, suspended: bool, now: float) -> None:
    """Stop or readmit a tenant; tasks that are under way go on.

    Raises
    ------
    NotFound
    """
    if not tx.tenants.suspend(tenant_id, now if suspended else None):
        raise NotFound(f"There is no tenant {tenant_id}.")
    audit.tenant_suspended(tx, tenant_id, suspended, now)


def set_gate(
    tx: Transaction, tenant_id: str, changes: Mapping[str, Any] | None, now: float
) -> dict[str, Any]:
    """Let a tenant's content gate differ from the service's; what is set for it now.

    Parameters
    ----------
    changes : mapping or None
        Fields of `GatePolicy`, besides those that were set before; None forgets all of them.

    Raises
    ------
    NotFound, InvalidRequest
    """
    tenant = tx.tenants.get(tenant_id)
    if tenant is None:
        raise NotFound(f"There is no tenant {tenant_id}.")
    wanted: dict[str, Any] = {}
    if changes is not None:
        wanted = {**(tenant.settings.get("gate") or {}), **changes}
        GatePolicy().but(wanted)
    tx.tenants.configure(tenant_id, "gate", wanted or None)
    audit.tenant_settings_changed(tx, tenant_id, ["gate"], now)
    return wanted


def grant(
    tx: Transaction, tenant_id: str, amount: int, *, key: str, note: str | None, now: float
) -> bool:
    """Give (or, below 0, take) credits once for each `key`; False if it was done before.

    Raises
    ------
    InsufficientCredits
        If more is taken than is available.
    NotFound
    """
    if tx.tenants.get(tenant_id) is None:
        raise NotFound(f"There is no tenant {tenant_id}.")
    if amount == 0:
        raise InvalidRequest("Give an amount that is not 0.")
    kind = "grant" if amount > 0 else "adjust"
    done = tx.credits.transfer(tenant_id, kind, amount, key, note=note, at=now)
    if done:
        audit.credits_granted(tx, tenant_id, amount, key, now)
    return done


def issue_key(
    tx: Transaction,
    tenant_id: str,
    *,
    name: str,
    scopes: Sequence[str] = SCOPES,
    expires_at: float | None = None,
    now: float,
) -> NewKey:
    """Make a key; its secrets are in the answer and nowhere else.

    Raises
    ------
    InvalidRequest
        For scopes that do not exist, that of operators among them, or an expiry that has passed.
    """
    unknown = [scope for scope in scopes if scope not in SCOPES]
    if unknown or not scopes:
        raise InvalidRequest(f"Scopes are {', '.join(SCOPES)}; not {', '.join(unknown) or 'none'}.")
    given = tuple(scope for scope in SCOPES if scope in scopes)
    return _issue(tx, tenant_id, name, given, expires_at, now)


def issue_operator_key(
    tx: Transaction, *, name: str, expires_at: float | None = None, now: float
) -> NewKey:
    """Make a key for the calls of operators, and for nothing else.

    Only whoever can reach the database may call this: no call over HTTP does.

    Raises
    ------
    InvalidRequest
        For an expiry that has passed.
    """
    owner = tenant_called(tx, OPERATOR, now)
    return _issue(tx, owner.id, name, (ADMIN_SCOPE,), expires_at, now)


def _issue(
    tx: Transaction,
    tenant_id: str,
    name: str,
    scopes: tuple[str, ...],
    expires_at: float | None,
    now: float,
) -> NewKey:
    if expires_at is not None and expires_at <= now:
        raise InvalidRequest("The key would have expired already.")
    secret = f"pk_{secrets.token_urlsafe(32)}"
    client_secret = secrets.token_urlsafe(32)
    stored = ApiKey(
        id=new_id("key", now),
        tenant_id=tenant_id,
        name=name,
        prefix=secret[:_PREFIX_CHARS],
        scopes=scopes,
        client_id=f"client_{secrets.token_hex(12)}",
        created_at=now,
        expires_at=expires_at,
    )
    tx.tenants.insert_key(stored, digest(secret), digest(client_secret))
    audit.key_issued(tx, stored, now)
    return NewKey(stored, secret, client_secret)


def revoke_key(tx: Transaction, tenant_id: str, key_id: str, now: float) -> ApiKey:
    """End a key at once; revoking it again changes nothing.

    Raises
    ------
    NotFound
    """
    for key in tx.tenants.keys(tenant_id):
        if key.id == key_id:
            if tx.tenants.revoke_key(tenant_id, key_id, now):
                audit.key_revoked(tx, tenant_id, key_id, now)
            return next(one for one in tx.tenants.keys(tenant_id) if one.id == key_id)
    raise NotFound(f"There is no key {key_id}.")


def authenticate(tx: Transaction, secret: str, now: float) -> Principal:
    """Who holds this key.

    Raises
    ------
    Unauthorized
        One message for unknown, expired and revoked keys: nobody learns which it was.
    Forbidden
        If the tenant is suspended.
    """
    return _principal(tx, tx.tenants.key_by_hash(digest(secret)), now)


def authenticate_client(
    tx: Transaction, client_id: str, client_secret: str, now: float
) -> Principal:
    """As `authenticate`, by client id and secret."""
    return _principal(tx, tx.tenants.key_by_client(client_id, digest(client_secret)), now)


def authenticate_key(tx: Transaction, tenant_id: str, key_id: str, now: float) -> Principal:
    """As `authenticate`, by the names that one of our own tokens carries."""
    key = next((one for one in tx.tenants.keys(tenant_id) if one.id == key_id), None)
    return _principal(tx, key, now)


def _principal(tx: Transaction, key: ApiKey | None, now: float) -> Principal:
    if key is None or key.revoked_at is not None:
        raise Unauthorized
    if key.expires_at is not None and key.expires_at <= now:
        raise Unauthorized
    tenant = tx.tenants.get(key.tenant_id)
    if tenant is None:
        raise Unauthorized
    if tenant.suspended_at is not None:
        raise Forbidden("This account is suspended; ask the operator.")
    return Principal(tenant, key)
