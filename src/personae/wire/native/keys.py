"""API keys."""

from __future__ import annotations

from fastapi import Request
from starlette.responses import Response

from personae.app import accounts
from personae.app.ports import Transaction
from personae.domain.tenants import ADMIN_SCOPE, ApiKey, NewKey
from personae.errors import Forbidden, InvalidRequest, NotFound
from personae.wire.dialects import Call, call_of
from personae.wire.guard import ANY_KEY, access
from personae.wire.idempotency import IdempotencyKey, create_once, shown_once
from personae.wire.native.models.account import CurrentKey, Key, KeyIn, KeyMade, Service
from personae.wire.native.models.common import Page
from personae.wire.native.routing import PREFIX, KeyInPath, group
from personae.wire.native.views import key_of, made_key_of
from personae.wire.replies import reply

router = group("/keys", "keys")


def find(tx: Transaction, tenant_id: str, key_id: str) -> ApiKey:
    """One of the tenant's keys.

    Raises
    ------
    NotFound
    """
    for key in tx.tenants.keys(tenant_id):
        if key.id == key_id:
            return key
    raise NotFound(f"There is no key {key_id}.")


@router.post(
    "", status_code=201, response_model=KeyMade, operation_id="createKey", summary="Make a key"
)
@access("keys:write", "json")
async def create_key(
    request: Request, wanted: KeyIn, idempotency_key: IdempotencyKey = None
) -> Response:
    """Its secrets are in this answer and never again. It can do no more than the key in use.

    A repeated `Idempotency-Key` is refused (409), naming the key that there is.
    """
    call = call_of(request)
    scopes = _scopes(call, wanted)
    expires_at = None if wanted.expires_at is None else wanted.expires_at.timestamp()

    def make(tx: Transaction, now: float) -> NewKey:
        return accounts.issue_key(
            tx, call.tenant_id, name=wanted.name, scopes=scopes, expires_at=expires_at, now=now
        )

    made, _ = await create_once(
        call,
        request,
        wanted,
        idempotency_key,
        make=make,
        name_of=lambda made: made.stored.id,
        find=lambda _, name: shown_once(f"revoke it with DELETE {PREFIX}/keys/{name}"),
    )
    location = f"{call.services.settings.base_url}{PREFIX}/keys/{made.stored.id}"
    return reply(made_key_of(made), 201, {"Location": location})


def _scopes(call: Call, wanted: KeyIn) -> tuple[str, ...]:
    """What the new key may do.

    Raises
    ------
    Forbidden
        If that is more than the key may do that asks for it.
    """
    own = call.who.key.scopes
    if "scopes" not in wanted.model_fields_set:
        return own
    if len(set(wanted.scopes)) != len(wanted.scopes):
        raise InvalidRequest("A scope is named twice.")
    beyond = [one for one in wanted.scopes if one not in own]
    if beyond:
        raise Forbidden(f"This key cannot give away what it lacks: {', '.join(beyond)}.")
    return tuple(wanted.scopes)


@router.get("", response_model=Page[Key], operation_id="listKeys", summary="List keys")
@access("keys:write")
async def list_keys(request: Request) -> Response:
    """All of them at once, revoked ones too."""
    call = call_of(request)
    keys = await call.services.database.aread(lambda tx: tx.tenants.keys(call.tenant_id))
    return reply(Page[Key](items=[key_of(one) for one in keys], next_cursor=None))


@router.get(
    "/current",
    response_model=CurrentKey,
    operation_id="getCurrentKey",
    summary="Find out what your key may do",
)
@access(ANY_KEY)
async def get_current_key(request: Request) -> Response:
    """Whose it is and what it opens, so that a program shows only what it can do. Any key may."""
    call = call_of(request)
    who, settings = call.who, call.services.settings
    shown = CurrentKey(
        **key_of(who.key).model_dump(),
        tenant_id=who.tenant.id,
        tenant_name=who.tenant.name,
        operator=ADMIN_SCOPE in who.key.scopes,
        service=Service(
            version=settings.version,
            consent=settings.consent.mode,
            maintenance=settings.maintenance,
            disabled=sorted(settings.disabled),
        ),
    )
    return reply(shown)


@router.get("/{key_id}", response_model=Key, operation_id="getKey", summary="Look at a key")
@access("keys:write")
async def get_key(request: Request, key_id: KeyInPath) -> Response:
    """What it may do, and until when; never its secret."""
    call = call_of(request)
    key = await call.services.database.aread(lambda tx: find(tx, call.tenant_id, key_id))
    return reply(key_of(key))


@router.delete("/{key_id}", response_model=Key, operation_id="revokeKey", summary="Revoke a key")
@access("keys:write")
async def revoke_key(request: Request, key_id: KeyInPath) -> Response:
    """It ends at once, the one in use as well; revoking it again changes nothing."""
    call, now = call_of(request), call_of(request).now()
    key = await call.services.database.awrite(
        lambda tx: accounts.revoke_key(tx, call.tenant_id, key_id, now)
    )
    call.gate.forget(key_id)
    return reply(key_of(key))
