"""Rows to put into a database, each valid, each with a name of its own."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from personae.adapters.database import SqlDatabase
from personae.domain.hooks import Delivery, Endpoint
from personae.domain.ids import new_id
from personae.domain.media import Asset, MediaFacts, SavedFace
from personae.domain.tasks import Task, TaskProgress
from personae.domain.tenants import ApiKey, Tenant

NOW = 1_760_000_000.0
"""A moment in October 2025, in seconds since 1970."""


def tenant(**changes: Any) -> Tenant:
    name = new_id("tenant", NOW)
    return replace(Tenant(name, f"Tenant {name}", NOW, None, {"limit": 3}), **changes)


def add_tenant(database: SqlDatabase, credits: int = 0) -> str:
    """A tenant in the database, with credits granted; its name."""
    one = tenant()

    def work(tx: Any) -> None:
        tx.tenants.insert(one)
        if credits:
            tx.credits.transfer(one.id, "grant", credits, "first", at=NOW)

    database.write(work)
    return one.id


def api_key(tenant_id: str, **changes: Any) -> ApiKey:
    name = new_id("key", NOW)
    key = ApiKey(name, tenant_id, "ci", "pk_abcd", ("swaps:read",), f"client-{name}", NOW)
    return replace(key, **changes)


def asset(tenant_id: str, **changes: Any) -> Asset:
    name = new_id("asset", NOW)
    made = Asset(
        name,
        tenant_id,
        "upload",
        "ready",
        f"{tenant_id}/{name}",
        "image/png",
        "me.png",
        123,
        "ab" * 32,
        MediaFacts("picture", "image/png", 640, 480),
        None,
        None,
        NOW,
        None,
    )
    return replace(made, **changes)


def face(tenant_id: str, **changes: Any) -> SavedFace:
    return replace(
        SavedFace(new_id("face", NOW), tenant_id, "Grace", ("asset_1", "asset_2"), NOW), **changes
    )


def task(tenant_id: str, **changes: Any) -> Task:
    made = Task(
        id=new_id("task", NOW),
        tenant_id=tenant_id,
        kind="swap_image",
        status="queued",
        request={"media": "image", "scene": {"asset_id": None, "url": "https://x.test/é"}},
        priority="normal",
        credits_held=0,
        credits_charged=0,
        progress=TaskProgress(),
        result=None,
        error=None,
        dialect="native",
        dialect_id=None,
        callback={"url": "https://x.test/hook"},
        label="L",
        request_id="req-1",
        attempt=0,
        created_at=NOW,
        notes=("a note",),
    )
    return replace(made, **changes)


def endpoint(tenant_id: str, **changes: Any) -> Endpoint:
    made = Endpoint(
        new_id("hook", NOW), tenant_id, "https://x.test", "whsec_x", ("task.failed",), True, NOW
    )
    return replace(made, **changes)


def delivery(tenant_id: str, **changes: Any) -> Delivery:
    made = Delivery(
        id=new_id("dlv", NOW),
        tenant_id=tenant_id,
        endpoint_id="hook_1",
        task_id="task_1",
        event_id=new_id("evt", NOW),
        event_type="task.succeeded",
        url="https://x.test",
        scheme="standard",
        secret="whsec_x",
        body={"id": 1},
        headers={"x-a": "b"},
        status="pending",
        attempts=0,
        last_status=None,
        last_error=None,
        next_attempt_at=NOW,
        created_at=NOW,
    )
    return replace(made, **changes)
