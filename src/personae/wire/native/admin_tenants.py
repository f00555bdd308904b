"""Tenants, as operators look after them: made, found, changed, suspended, given credits."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query, Request
from starlette.responses import Response

from personae.app import accounts, retention
from personae.app.hooks import iso_time
from personae.app.ports import Transaction
from personae.domain import credits as books
from personae.domain import tenants
from personae.domain.ids import new_id
from personae.domain.retention import allowed
from personae.domain.tenants import ADMIN_SCOPE
from personae.errors import InvalidRequest
from personae.wire.dialects import Call, call_of
from personae.wire.guard import access
from personae.wire.idempotency import IdempotencyKey, create_once
from personae.wire.native.account import balance_of, times_of
from personae.wire.native.models import admin as models
from personae.wire.native.models.common import Page
from personae.wire.native.reading import page_reply
from personae.wire.native.routing import PREFIX, Strict, TenantInPath
from personae.wire.paging import Cursor, Limit, from_cursor
from personae.wire.replies import at, replayed, reply

router = APIRouter(prefix=PREFIX, route_class=Strict, tags=["tenants"])
_ALL = "/admin/tenants"
Words = Annotated[
    str,
    Query(
        alias="q",
        max_length=100,
        pattern=r"^[^\x00-\x1f\x7f]*$",
        description="Only those with this in their name, or of this id.",
    ),
]


def _shown(call: Call, tenant: tenants.Tenant, balance: books.Balance) -> models.Tenant:
    return models.Tenant(
        id=tenant.id,
        name=tenant.name,
        balance=balance_of(balance),
        suspended_at=at(tenant.suspended_at),
        retention=times_of(allowed(tenant.settings, call.services.settings.retention)),
        created_at=iso_time(tenant.created_at),
    )


@router.get(
    _ALL, response_model=Page[models.Tenant], operation_id="listTenants", summary="List tenants"
)
@access(ADMIN_SCOPE)
async def list_tenants(
    request: Request,
    q: Words = "",
    suspended: Annotated[bool | None, Query(description="Only such.")] = None,
    limit: Limit = 20,
    cursor: Cursor = None,
) -> Response:
    """With their balances, newest first; without the one that operators' keys belong to."""
    call, after = call_of(request), from_cursor(_ALL, cursor)

    def work(tx: Transaction) -> tuple[list[models.Tenant], str | None]:
        page = tx.tenants.page(words=q.strip(), suspended=suspended, after=after, limit=limit)
        balances = tx.credits.balances([one.id for one in page.items])
        return [_shown(call, one, balances[one.id]) for one in page.items], page.next_after

    items, next_after = await call.services.database.aread(work)
    query: list[tuple[str, str | int]] = [("limit", limit)]
    if q:
        query.append(("q", q))
    if suspended is not None:
        query.append(("suspended", str(suspended).lower()))
    return page_reply(call, _ALL, items, next_after, query)


@router.post(
    _ALL,
    status_code=201,
    response_model=models.Tenant,
    operation_id="createTenant",
    summary="Make a tenant",
)
@access(ADMIN_SCOPE, "json")
async def create_tenant(
    request: Request, wanted: models.TenantIn, idempotency_key: IdempotencyKey = None
) -> Response:
    """With an empty account and no key; a name that is taken is refused (409)."""
    call = call_of(request)
    made, new = await create_once(
        call,
        request,
        wanted,
        idempotency_key,
        make=lambda tx, now: _both(tx, accounts.create_tenant(tx, wanted.name, now).id),
        name_of=lambda made: made[0].id,
        find=_both,
    )
    location = f"{call.services.settings.base_url}{PREFIX}{_ALL}/{made[0].id}"
    return reply(_shown(call, *made), 201, {"Location": location, **replayed(new)})


def _both(tx: Transaction, tenant_id: str) -> tuple[tenants.Tenant, books.Balance]:
    return accounts.client(tx, tenant_id), tx.credits.balance(tenant_id)


@router.get(
    f"{_ALL}/{{tenant_id}}",
    response_model=models.Tenant,
    operation_id="getTenant",
    summary="Look at a tenant",
)
@access(ADMIN_SCOPE)
async def get_tenant(request: Request, tenant_id: TenantInPath) -> Response:
    """With its balance."""
    call = call_of(request)
    return reply(_shown(call, *await call.services.database.aread(lambda tx: _both(tx, tenant_id))))


@router.patch(
    f"{_ALL}/{{tenant_id}}",
    response_model=models.Tenant,
    operation_id="changeTenant",
    summary="Change or suspend a tenant",
)
@access(ADMIN_SCOPE, "json")
async def change_tenant(
    request: Request, tenant_id: TenantInPath, wanted: models.TenantChange
) -> Response:
    """A suspended tenant's requests are refused from now on; its tasks under way go on."""
    call, now = call_of(request), call_of(request).now()

    def work(tx: Transaction) -> tuple[tenants.Tenant, books.Balance, list[str]]:
        tenant = accounts.client(tx, tenant_id)
        if wanted.name is not None:
            accounts.rename(tx, tenant_id, wanted.name, now)
        if wanted.suspended is not None and wanted.suspended != (tenant.suspended_at is not None):
            accounts.set_suspended(tx, tenant_id, wanted.suspended, now)
        if wanted.retention is not None:
            asked = wanted.retention
            times = {name: getattr(asked, name) for name in asked.model_fields_set}
            retention.rule(tx, tenant_id, times, now, forgets=True)
        keys = [one.id for one in tx.tenants.keys(tenant_id)]
        return *_both(tx, tenant_id), keys

    tenant, balance, keys = await call.services.database.awrite(work)
    for key_id in keys:
        call.gate.forget(key_id)
    return reply(_shown(call, tenant, balance))


@router.post(
    f"{_ALL}/{{tenant_id}}/credits",
    status_code=201,
    response_model=models.Grant,
    operation_id="grantCredits",
    summary="Give a tenant credits",
)
@access(ADMIN_SCOPE, "json")
async def grant_credits(
    request: Request,
    tenant_id: TenantInPath,
    wanted: models.GrantIn,
    idempotency_key: IdempotencyKey = None,
) -> Response:
    """Or, with an amount below 0, take some back. Send an `Idempotency-Key`: a repeated request
    then moves nothing, and tells the balance as it is.
    """
    call = call_of(request)
    if wanted.amount == 0:
        raise InvalidRequest("Give an amount that is not 0.")

    def make(tx: Transaction, now: float) -> tuple[str, books.Balance]:
        accounts.client(tx, tenant_id)
        name = new_id("grant", now)
        accounts.grant(
            tx, tenant_id, wanted.amount, key=f"grant:{name}", note=wanted.reason, now=now
        )
        return name, tx.credits.balance(tenant_id)

    (name, balance), new = await create_once(
        call,
        request,
        wanted,
        idempotency_key,
        make=make,
        name_of=lambda made: made[0],
        find=lambda tx, name: (name, tx.credits.balance(tenant_id)),
    )
    made = models.Grant(
        id=name,
        tenant_id=tenant_id,
        amount=wanted.amount,
        reason=wanted.reason,
        balance=balance_of(balance),
    )
    return reply(made, 201, replayed(new))
