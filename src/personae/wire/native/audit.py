"""The audit log: a tenant's own lines, and for operators everybody's."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Query, Request
from pydantic import AwareDatetime
from starlette.responses import Response

from personae.app.hooks import iso_time
from personae.app.ports import Transaction
from personae.app.repositories.safety import AuditFilter
from personae.domain.audit import ACTORS, OPERATOR, told
from personae.domain.tenants import ADMIN_SCOPE
from personae.errors import Unavailable
from personae.wire.dialects import call_of
from personae.wire.guard import access
from personae.wire.native.models import audit as models
from personae.wire.native.models.common import Page
from personae.wire.native.reading import page_reply
from personae.wire.native.routing import PREFIX, Strict
from personae.wire.paging import Cursor, Limit, from_cursor
from personae.wire.replies import reply

router = APIRouter(prefix=PREFIX, route_class=Strict, tags=["audit"])
_OWN, _ALL = "/audit", "/admin/audit"

Action = Annotated[
    str | None,
    Query(pattern=r"^[a-z]+\.([a-z_]+|\*)$", description="Only that, or a group: `key.*`."),
]
Named = Annotated[
    str | None, Query(pattern=r"^[0-9A-Za-z_-]{1,100}$", description="Only what is about that.")
]
Moment = Annotated[AwareDatetime | None, Query(description="ISO 8601, with its zone.")]


@router.get(
    _OWN,
    response_model=Page[models.AuditLine],
    operation_id="listAudit",
    summary="Read what happened in your account",
)
@access("account:read")
async def list_audit(
    request: Request,
    action: Action = None,
    subject: Named = None,
    limit: Limit = 20,
    cursor: Cursor = None,
) -> Response:
    """Who did what, newest first: your keys, and the service for you."""
    call, after = call_of(request), from_cursor(_OWN, cursor)
    wanted = AuditFilter(action=action, subject=subject)

    def work(tx: Transaction) -> tuple[list[dict[str, Any]], str | None, set[str]]:
        page = tx.audit.page(call.tenant_id, wanted=wanted, after=after, limit=limit)
        own = {key.id for key in tx.tenants.keys(call.tenant_id)}
        return list(page.items), page.next_after, own

    lines, next_after, own = await call.services.database.aread(work)
    items = [
        models.AuditLine(
            at=iso_time(one["at"]),
            actor=one["actor"] if one["actor"] in ACTORS or one["actor"] in own else OPERATOR,
            action=one["action"],
            subject=one["subject"],
            detail=told(one["action"], one["detail"]),
            hash=one["hash"],
        )
        for one in lines
    ]
    asked = [("limit", limit), ("action", action), ("subject", subject)]
    query = [(name, value) for name, value in asked if value is not None]
    return page_reply(call, _OWN, items, next_after, query)


@router.get(
    _ALL,
    response_model=Page[models.OperatorAuditLine],
    operation_id="listAllAudit",
    summary="Read the whole audit log",
)
@access(ADMIN_SCOPE)
async def list_all_audit(
    request: Request,
    tenant_id: Named = None,
    actor: Named = None,
    action: Action = None,
    subject: Named = None,
    since: Moment = None,
    until: Moment = None,
    limit: Limit = 20,
    cursor: Cursor = None,
) -> Response:
    """Newest first. `personae audit verify` checks it, `personae audit export` gives it out."""
    call, after = call_of(request), from_cursor(_ALL, cursor)
    wanted = AuditFilter(
        actor,
        subject,
        action,
        None if since is None else since.timestamp(),
        None if until is None else until.timestamp(),
    )
    page = await call.services.database.aread(
        lambda tx: tx.audit.page(tenant_id, wanted=wanted, after=after, limit=limit)
    )
    items = [
        models.OperatorAuditLine(
            at=iso_time(one["at"]),
            **{name: one[name] for name in ("actor", "action", "subject", "detail", "hash")},
            number=one["number"],
            tenant_id=one["tenant_id"],
        )
        for one in page.items
    ]
    asked: list[tuple[str, str | int | None]] = [
        ("limit", limit),
        ("tenant_id", tenant_id),
        ("actor", actor),
        ("action", action),
        ("subject", subject),
        ("since", None if since is None else since.isoformat()),
        ("until", None if until is None else until.isoformat()),
    ]
    query = [(name, value) for name, value in asked if value is not None]
    return page_reply(call, _ALL, items, page.next_after, query)


@router.get(
    f"{_ALL}/head",
    response_model=models.AuditHead,
    operation_id="getAuditHead",
    summary="See where the audit log ends",
)
@access(ADMIN_SCOPE)
async def get_audit_head(request: Request) -> Response:
    """Note it where nobody who can write to the database can change it: `audit verify --head`."""
    head = await call_of(request).services.database.aread(lambda tx: tx.audit.head())
    if head is None:
        raise Unavailable("The audit log has lost its head; run `personae audit verify`.")
    return reply(models.AuditHead(lines=head.lines, hash=head.hash))
