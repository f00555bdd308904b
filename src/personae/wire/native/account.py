"""The account: balance, books and usage."""

from __future__ import annotations

from dataclasses import asdict
from typing import Annotated

from fastapi import Query, Request
from pydantic import AwareDatetime
from starlette.responses import Response

from personae.app import retention
from personae.app.hooks import iso_time
from personae.domain.credits import Balance, LedgerEntry
from personae.domain.retention import Retention, allowed, in_force
from personae.domain.tenants import Tenant
from personae.errors import InvalidRequest
from personae.wire.dialects import Call, call_of
from personae.wire.guard import access
from personae.wire.native.models import account as models
from personae.wire.native.models.common import Page
from personae.wire.native.reading import listed, seconds_of
from personae.wire.native.routing import group
from personae.wire.paging import Cursor, Limit
from personae.wire.replies import reply

router = group("/account", "account")
_USUAL_S = 30 * 86_400.0
_LONGEST_S = 366 * 86_400.0

Offset = Annotated[
    int,
    Query(ge=-840, le=840, description="Where days begin: minutes that your clocks are ahead."),
]
Moment = Annotated[AwareDatetime | None, Query(description="ISO 8601, with its zone.")]


@router.get(
    "", response_model=models.Account, operation_id="getAccount", summary="Look at the account"
)
@access("account:read")
async def get_account(request: Request) -> Response:
    """Whose key this is, and the balance."""
    call = call_of(request)
    tenant, default = call.who.tenant, call.services.settings.retention
    balance, times = await call.services.database.aread(
        lambda tx: (
            tx.credits.balance(tenant.id),
            retention.kept(tx, tenant.id, default),
        )
    )
    return reply(
        models.Account(
            id=tenant.id,
            name=tenant.name,
            balance=balance_of(balance),
            retention=times_of(times),
            created_at=iso_time(tenant.created_at),
        )
    )


def balance_of(balance: Balance) -> models.Balance:
    """A tenant's accounts."""
    return models.Balance(**asdict(balance))


@router.get(
    "/retention",
    response_model=models.RetentionShown,
    operation_id="getRetention",
    summary="See how long things are kept",
)
@access("account:read")
async def get_retention(request: Request) -> Response:
    """In seconds, by kind."""
    call = call_of(request)
    found = await call.services.database.aread(lambda tx: tx.tenants.get(call.tenant_id))
    return _retention(call, found or call.who.tenant)


@router.patch(
    "/retention",
    response_model=models.RetentionShown,
    operation_id="changeRetention",
    summary="Have things kept for less",
)
@access("account:write", "json")
async def change_retention(request: Request, wanted: models.RetentionChange) -> Response:
    """Never for longer than the operator allows. It holds for what is there within a minute."""
    call, now = call_of(request), call_of(request).now()
    times = {name: getattr(wanted, name) for name in wanted.model_fields_set}
    default = call.services.settings.retention
    changed = await call.services.database.awrite(
        lambda tx: retention.wish(tx, call.tenant_id, times, default, now)
    )
    return _retention(call, changed)


def _retention(call: Call, tenant: Tenant) -> Response:
    default = call.services.settings.retention
    return reply(
        models.RetentionShown(
            in_force=times_of(in_force(tenant.settings, default)),
            longest=times_of(allowed(tenant.settings, default)),
        )
    )


def times_of(times: Retention) -> models.Times:
    """How long each kind of thing is kept."""
    return models.Times(**{**asdict(times), "stills": min(times.stills, times.outputs)})


@router.get(
    "/ledger",
    response_model=Page[models.Entry],
    operation_id="listLedger",
    summary="Read the account's books",
)
@access("account:read")
async def list_ledger(request: Request, limit: Limit = 20, cursor: Cursor = None) -> Response:
    """Every transfer in two entries that sum to 0, newest first."""
    call = call_of(request)
    return await listed(
        call,
        "/account/ledger",
        cursor,
        limit,
        lambda tx, after: tx.credits.entries(call.tenant_id, after=after, limit=limit),
        _entry,
    )


def _entry(one: LedgerEntry) -> models.Entry:
    return models.Entry(
        id=one.id,
        kind=one.kind,
        account=one.account,
        amount=one.amount,
        task_id=one.task_id,
        note=one.note,
        created_at=iso_time(one.created_at),
    )


@router.get(
    "/usage", response_model=models.Usage, operation_id="getUsage", summary="See what was spent"
)
@access("account:read")
async def get_usage(
    request: Request, since: Moment = None, until: Moment = None, utc_offset_minutes: Offset = 0
) -> Response:
    """By day and kind; the last 30 days unless told otherwise, a year at most.

    Of tasks that were finished longer ago than their rows are kept, the day is that of UTC.
    """
    call = call_of(request)
    end_s = call.now() if until is None else seconds_of(until)
    start_s = end_s - _USUAL_S if since is None else seconds_of(since)
    if not 0 <= end_s - start_s <= _LONGEST_S:
        raise InvalidRequest("`until` comes after `since`, by a year at most.")
    rows = await call.services.database.aread(
        lambda tx: tx.credits.usage(call.tenant_id, start_s, end_s, 60 * utc_offset_minutes)
    )
    return reply(
        models.Usage(
            since=iso_time(start_s),
            until=iso_time(end_s),
            utc_offset_minutes=utc_offset_minutes,
            items=[models.UsageRow(**row) for row in rows],
        )
    )
