"""Telling clients what happened: events become deliveries in the transaction that made them."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from personae.app.ports import Transaction
from personae.domain.hooks import Delivery, Endpoint
from personae.domain.ids import new_id
from personae.domain.media import Asset, SavedFace
from personae.domain.tasks import Task

STANDARD = "standard"
"""The signing scheme of the native API: Standard Webhooks."""
UNANNOUNCED = ("preview",)
"""Kinds of task whose client waits for the answer and needs no event."""


def announce(tx: Transaction, task: Task, now: float) -> list[Delivery]:
    """Enqueue deliveries of a task's final state to every endpoint of its tenant that wants it.

    A task that came with a callback of its own gets that one too, signed as its dialect does.
    """
    if task.kind in UNANNOUNCED:
        return []
    event_type, event_id = f"task.{task.status}", new_id("evt", now)
    body = event_body(event_type, task_summary(task), now)
    made = _to_subscribers(tx, task.tenant_id, event_id, event_type, body, task.id, now)
    if task.callback is not None:
        made.append(_to_callback(task, event_id, event_type, body, now))
    return _enqueue(tx, made)


def announce_expiry(tx: Transaction, asset: Asset, now: float) -> list[Delivery]:
    """Enqueue deliveries of an asset's end to every endpoint of its tenant that wants it."""
    event_type, event_id = "asset.expired", new_id("evt", now)
    data = {"id": asset.id, "role": asset.role, "task_id": asset.task_id}
    body = event_body(event_type, data, now)
    return _enqueue(
        tx, _to_subscribers(tx, asset.tenant_id, event_id, event_type, body, asset.task_id, now)
    )


def announce_takedown(
    tx: Transaction, thing: Task | Asset | SavedFace, takedown_id: str, now: float
) -> list[Delivery]:
    """Enqueue deliveries of one thing's takedown to every endpoint of its tenant that wants it."""
    kind = thing.id.partition("_")[0]
    task_id = thing.id if isinstance(thing, Task) else None
    event_type, event_id = f"{kind}.taken_down", new_id("evt", now)
    body = event_body(event_type, {"id": thing.id, "takedown_id": takedown_id}, now)
    return _enqueue(
        tx, _to_subscribers(tx, thing.tenant_id, event_id, event_type, body, task_id, now)
    )


def _enqueue(tx: Transaction, made: list[Delivery]) -> list[Delivery]:
    for delivery in made:
        tx.hooks.insert_delivery(delivery)
        tx.queue.put_delivery(delivery, 0.0)
    return made


def send_test(tx: Transaction, endpoint: Endpoint, now: float) -> Delivery:
    """Enqueue a harmless event to one endpoint, whatever it subscribed to."""
    body = event_body("webhook.test", {"endpoint_id": endpoint.id}, now)
    delivery = _to_endpoint(endpoint, new_id("evt", now), "webhook.test", body, None, now)
    tx.hooks.insert_delivery(delivery)
    tx.queue.put_delivery(delivery, 0.0)
    return delivery


def event_body(event_type: str, data: dict[str, Any], now: float) -> dict[str, Any]:
    """An event as Standard Webhooks lays it out: type, timestamp, data."""
    return {"type": event_type, "timestamp": iso_time(now), "data": data}


def task_summary(task: Task) -> dict[str, Any]:
    """What an event says of a task; embeddings and other tenants' things never appear in it."""
    result = dict(task.result or {})
    result.pop("faces", None)
    return {
        "id": task.id,
        "kind": task.kind,
        "status": task.status,
        "label": task.label,
        "credits_charged": task.credits_charged,
        "result": result or None,
        "error": None if task.error is None else task.error.public(),
        "created_at": iso_time(task.created_at),
        "finished_at": None if task.finished_at is None else iso_time(task.finished_at),
    }


def iso_time(at: float) -> str:
    """A time as the wire writes it: ISO 8601, UTC, milliseconds, ``Z``."""
    text = datetime.fromtimestamp(at, UTC).isoformat(timespec="milliseconds")
    return text.replace("+00:00", "Z")


def _to_subscribers(
    tx: Transaction,
    tenant_id: str,
    event_id: str,
    event_type: str,
    body: dict[str, Any],
    task_id: str | None,
    now: float,
) -> list[Delivery]:
    return [
        _to_endpoint(endpoint, event_id, event_type, body, task_id, now)
        for endpoint in tx.hooks.endpoints(tenant_id)
        if endpoint.enabled and (not endpoint.events or event_type in endpoint.events)
    ]


def _to_endpoint(
    endpoint: Endpoint,
    event_id: str,
    event_type: str,
    body: dict[str, Any],
    task_id: str | None,
    now: float,
) -> Delivery:
    return Delivery(
        id=new_id("dlv", now),
        tenant_id=endpoint.tenant_id,
        endpoint_id=endpoint.id,
        task_id=task_id,
        event_id=event_id,
        event_type=event_type,
        url=endpoint.url,
        scheme=STANDARD,
        secret="",
        body=body,
        headers={},
        status="pending",
        attempts=0,
        last_status=None,
        last_error=None,
        next_attempt_at=now,
        created_at=now,
    )


def _to_callback(
    task: Task, event_id: str, event_type: str, body: dict[str, Any], now: float
) -> Delivery:
    """A delivery to the address that came with the task.

    ``callback``: ``url``, and optionally ``scheme``, ``secret``, ``headers`` and ``body``.
    """
    callback = task.callback or {}
    return Delivery(
        id=new_id("dlv", now),
        tenant_id=task.tenant_id,
        endpoint_id=None,
        task_id=task.id,
        event_id=event_id,
        event_type=event_type,
        url=str(callback["url"]),
        scheme=str(callback.get("scheme", task.dialect)),
        secret=str(callback.get("secret", "")),
        body=dict(callback.get("body") or body),
        headers=dict(callback.get("headers") or {}),
        status="pending",
        attempts=0,
        last_status=None,
        last_error=None,
        next_attempt_at=now,
        created_at=now,
    )
