"""Tenants' keys, as operators look after them."""

from __future__ import annotations

from fastapi import APIRouter, Request
from starlette.responses import Response

from personae.app import accounts
from personae.app.ports import Transaction
from personae.domain.tenants import ADMIN_SCOPE, ApiKey, NewKey
from personae.errors import InvalidRequest
from personae.wire.dialects import call_of
from personae.wire.guard import access
from personae.wire.idempotency import IdempotencyKey, create_once, shown_once
from personae.wire.native.models.account import Key, KeyMade
from personae.wire.native.models.admin import KeyForTenant
from personae.wire.native.models.common import Page
from personae.wire.native.routing import PREFIX, KeyInPath, Strict, TenantInPath
from personae.wire.native.views import key_of, made_key_of
from personae.wire.replies import reply

router = APIRouter(prefix=PREFIX, route_class=Strict, tags=["tenants"])
_KEYS = "/admin/tenants/{tenant_id}/keys"


@router.get(
    _KEYS, response_model=Page[Key], operation_id="listTenantKeys", summary="List a tenant's keys"
)
@access(ADMIN_SCOPE)
async def list_tenant_keys(request: Request, tenant_id: TenantInPath) -> Response:
    """All of them at once, revoked ones too; never their secrets."""

    def work(tx: Transaction) -> list[ApiKey]:
        return tx.tenants.keys(accounts.client(tx, tenant_id).id)

    keys = await call_of(request).services.database.aread(work)
    return reply(Page[Key](items=[key_of(one) for one in keys], next_cursor=None))


@router.post(
    _KEYS,
    status_code=201,
    response_model=KeyMade,
    operation_id="createTenantKey",
    summary="Make a key for a tenant",
)
@access(ADMIN_SCOPE, "json")
async def create_tenant_key(
    request: Request,
    tenant_id: TenantInPath,
    wanted: KeyForTenant,
    idempotency_key: IdempotencyKey = None,
) -> Response:
    """Its secrets are in this answer and never again. Operators' keys are made at the command line.

    A repeated `Idempotency-Key` is refused (409), naming the key that there is.
    """
    call = call_of(request)
    if len(set(wanted.scopes)) != len(wanted.scopes):
        raise InvalidRequest("A scope is named twice.")
    expires_at = None if wanted.expires_at is None else wanted.expires_at.timestamp()

    def make(tx: Transaction, now: float) -> NewKey:
        owner = accounts.client(tx, tenant_id)
        return accounts.issue_key(
            tx, owner.id, name=wanted.name, scopes=wanted.scopes, expires_at=expires_at, now=now
        )

    path = f"{PREFIX}/admin/tenants/{tenant_id}/keys"
    made, _ = await create_once(
        call,
        request,
        wanted,
        idempotency_key,
        make=make,
        name_of=lambda made: made.stored.id,
        find=lambda _, name: shown_once(f"revoke it with DELETE {path}/{name}"),
    )
    return reply(made_key_of(made), 201)


@router.delete(
    f"{_KEYS}/{{key_id}}",
    response_model=Key,
    operation_id="revokeTenantKey",
    summary="Revoke a tenant's key",
)
@access(ADMIN_SCOPE)
async def revoke_tenant_key(
    request: Request, tenant_id: TenantInPath, key_id: KeyInPath
) -> Response:
    """It ends at once; revoking it again changes nothing."""
    call, now = call_of(request), call_of(request).now()

    def work(tx: Transaction) -> ApiKey:
        return accounts.revoke_key(tx, accounts.client(tx, tenant_id).id, key_id, now)

    key = await call.services.database.awrite(work)
    call.gate.forget(key_id)
    return reply(key_of(key))
