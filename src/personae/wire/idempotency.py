"""Requests that a client may repeat without fear: done once for each Idempotency-Key."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from typing import Annotated, Any, NoReturn, TypeVar

from fastapi import Header
from pydantic import BaseModel
from starlette.requests import Request

from personae.app.ports import Transaction
from personae.errors import Conflict
from personae.wire.dialects import Call

T = TypeVar("T")

IdempotencyKey = Annotated[
    str | None,
    Header(
        alias="Idempotency-Key",
        min_length=1,
        max_length=255,
        pattern=r"^[\x21-\x7e]+$",
        description="Any name of the client's own. A repeated request with the same key is done "
        "once and answered the same; the key with another request is a conflict (409).",
    ),
]


def request_hash(method: str, path: str, body: BaseModel | dict[str, Any] | None) -> str:
    """What an idempotency key stands for: SHA-256, in hex, of method, path and canonical body.

    The body counts as it was understood: spaces, the order of members and omitted defaults make no
    difference.
    """
    told = body.model_dump(mode="json") if isinstance(body, BaseModel) else body
    text = json.dumps([method, path, told], sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()


def once(
    tx: Transaction,
    tenant_id: str,
    key: str | None,
    hashed: str,
    now: float,
    *,
    make: Callable[[], T],
    name_of: Callable[[T], str],
    find: Callable[[str], T],
) -> tuple[T, bool]:
    """Make something, or find what the same request made before; and whether it is new.

    All in the caller's transaction, so two equal requests at the same moment make one thing.

    Raises
    ------
    Conflict
        If the key was used for another request.
    NotFound
        Raised by `find`, if what was made is gone.
    """
    if key is None:
        return make(), True
    seen = tx.idempotency.find(tenant_id, key)
    if seen is not None:
        if seen.request_hash != hashed:
            raise Conflict("This Idempotency-Key was used for another request; take a fresh one.")
        return find(seen.resource_id), False
    made = make()
    tx.idempotency.remember(tenant_id, key, hashed, name_of(made), now)
    return made, True


def shown_once(what_now: str) -> NoReturn:
    """Refuse to answer again what had a secret in it, which is not stored to be shown twice.

    Parameters
    ----------
    what_now : str
        How to get along without it.

    Raises
    ------
    Conflict
    """
    raise Conflict(
        "This Idempotency-Key has done its work, and the secret was shown in that answer only. If "
        f"it did not arrive: {what_now}, and take a fresh Idempotency-Key for another."
    )


async def create_once(
    call: Call,
    request: Request,
    wanted: BaseModel,
    key: str | None,
    *,
    make: Callable[[Transaction, float], T],
    name_of: Callable[[T], str],
    find: Callable[[Transaction, str], T],
) -> tuple[T, bool]:
    """`once` in a transaction of its own, for a request with a JSON body."""
    tenant_id, now = call.tenant_id, call.now()
    hashed = request_hash(request.method, request.url.path, wanted)

    def work(tx: Transaction) -> tuple[T, bool]:
        return once(
            tx,
            tenant_id,
            key,
            hashed,
            now,
            make=lambda: make(tx, now),
            name_of=name_of,
            find=lambda name: find(tx, name),
        )

    return await call.services.database.awrite(work)
