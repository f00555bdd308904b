"""Consent: what the account asserts once, and the records of its tasks."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any

from fastapi import Query, Request
from pydantic import AwareDatetime
from starlette.responses import Response

from personae.app import consents
from personae.app.hooks import iso_time
from personae.app.ports import Transaction
from personae.domain.consent import Standing
from personae.errors import NotFound
from personae.wire.dialects import call_of
from personae.wire.guard import access
from personae.wire.native.models import consents as models
from personae.wire.native.models.common import Page
from personae.wire.native.reading import page_reply, seconds_of
from personae.wire.native.routing import group
from personae.wire.paging import Cursor, Limit, from_cursor
from personae.wire.replies import at, reply

router = group("", "consent")
_NONE = "This account has asserted nothing for all its requests."


@router.get(
    "/account/consent",
    response_model=models.Standing,
    operation_id="getStandingConsent",
    summary="See what the account asserts for all its requests",
)
@access("account:read", refuses=("not_found",))
async def get_standing(request: Request) -> Response:
    """404 if it asserts nothing."""
    call, now = call_of(request), call_of(request).now()
    found = await call.services.database.aread(lambda tx: consents.standing_of(tx, call.tenant_id))
    if found is None:
        raise NotFound(_NONE)
    return reply(_standing(found, now))


@router.put(
    "/account/consent",
    response_model=models.Standing,
    operation_id="putStandingConsent",
    summary="Assert consent for all requests",
)
@access("account:write", "json")
async def put_standing(request: Request, wanted: models.StandingIn) -> Response:
    """For clients of dialects, which have no field for it. It replaces an earlier assertion."""
    call, now = call_of(request), call_of(request).now()
    standing = Standing(
        wanted.statement,
        wanted.asserted_by,
        now,
        call.who.key.id,
        None if wanted.until is None else seconds_of(wanted.until),
        wanted.evidence,
    )
    await call.services.database.awrite(
        lambda tx: consents.assert_standing(tx, call.tenant_id, standing, now)
    )
    return reply(_standing(standing, now))


@router.delete(
    "/account/consent",
    status_code=204,
    operation_id="withdrawStandingConsent",
    summary="Withdraw what the account asserts",
)
@access("account:write")
async def withdraw_standing(request: Request) -> Response:
    """For requests from now on; records of earlier tasks stay as they are."""
    call, now = call_of(request), call_of(request).now()
    done = await call.services.database.awrite(
        lambda tx: consents.withdraw(tx, call.tenant_id, now)
    )
    if not done:
        raise NotFound(_NONE)
    return Response(status_code=204)


@router.get(
    "/consents",
    response_model=Page[models.Record],
    operation_id="listConsents",
    summary="List who asserted consent",
)
@access("account:read")
async def list_consents(
    request: Request,
    since: Annotated[AwareDatetime | None, Query(description="ISO 8601, with its zone.")] = None,
    limit: Limit = 20,
    cursor: Cursor = None,
) -> Response:
    """Newest first, of deleted tasks too, for as long as their rows are kept."""
    call, after = call_of(request), from_cursor("/consents", cursor)
    start = None if since is None else seconds_of(since)

    def work(tx: Transaction) -> tuple[list[dict[str, Any]], str | None]:
        page = tx.tasks.consents(call.tenant_id, since=start, after=after, limit=limit)
        return [consents.exported(one) for one in page.items], page.next_after

    found, next_after = await call.services.database.aread(work)
    query: list[tuple[str, str | int]] = [("limit", limit)]
    if since is not None:
        query.append(("since", _text(since)))
    return page_reply(call, "/consents", [_record(one) for one in found], next_after, query)


def _text(moment: datetime) -> str:
    return moment.isoformat()


def _standing(told: Standing, now: float) -> models.Standing:
    return models.Standing(
        statement=told.statement,
        asserted_by=told.asserted_by,
        evidence=told.evidence,
        asserted_at=iso_time(told.at),
        via=told.via,
        until=at(told.until),
        holds=told.holds(now),
    )


def _record(one: dict[str, Any]) -> models.Record:
    told = one["consent"]
    return models.Record(
        task_id=one["task_id"],
        kind=one["kind"],
        dialect=one["dialect"],
        status=one["status"],
        created_at=iso_time(one["created_at"]),
        how=told["how"],
        asserted_by=told.get("asserted_by"),
        asserted_at=at(told.get("asserted_at")),
        statement=told.get("statement"),
        subjects=told.get("subjects", []),
        evidence=told.get("evidence"),
        terms_version=told.get("terms_version"),
        key_id=told.get("key_id"),
        retry_of=told.get("retry_of"),
        faces=told.get("faces", {}),
        sha256=one["sha256"],
    )
