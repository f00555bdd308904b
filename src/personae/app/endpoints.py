"""A tenant's webhook endpoints and what was sent to them."""

from __future__ import annotations

import base64
import dataclasses
import secrets
from collections.abc import Sequence

from personae.app import audit, hooks
from personae.app.ports import Transaction
from personae.domain.hooks import EVENT_TYPES, Attempt, Delivery, DeliveryStatus, Endpoint
from personae.domain.ids import new_id
from personae.domain.pages import Page
from personae.errors import Conflict, InvalidRequest, NotFound

MAX_ENDPOINTS = 20


def create(
    tx: Transaction, tenant_id: str, url: str, events: Sequence[str], now: float
) -> Endpoint:
    """Register where events go; the caller has had the URL checked.

    Raises
    ------
    InvalidRequest, Conflict
    """
    _check_events(events)
    if len(tx.hooks.endpoints(tenant_id)) >= MAX_ENDPOINTS:
        raise Conflict(f"{MAX_ENDPOINTS} endpoints are the most; delete one first.")
    endpoint = Endpoint(
        new_id("hook", now),
        tenant_id,
        url,
        new_secret(),
        tuple(events),
        enabled=True,
        created_at=now,
    )
    tx.hooks.insert_endpoint(endpoint)
    audit.endpoint_created(tx, tenant_id, endpoint.id, events, now)
    return endpoint


def new_secret() -> str:
    """A signing secret as Standard Webhooks writes them: ``whsec_`` and base64 of 24 bytes."""
    return "whsec_" + base64.b64encode(secrets.token_bytes(24)).decode("ascii")


def get(tx: Transaction, tenant_id: str, endpoint_id: str) -> Endpoint:
    """One endpoint.

    Raises
    ------
    NotFound
    """
    endpoint = tx.hooks.endpoint(tenant_id, endpoint_id)
    if endpoint is None:
        raise NotFound(f"There is no webhook endpoint {endpoint_id}.")
    return endpoint


def update(
    tx: Transaction,
    tenant_id: str,
    endpoint_id: str,
    *,
    url: str | None = None,
    events: Sequence[str] | None = None,
    enabled: bool | None = None,
    now: float,
) -> Endpoint:
    """Change what is given and keep the rest.

    Raises
    ------
    NotFound, InvalidRequest
    """
    was = get(tx, tenant_id, endpoint_id)
    _check_events(events or ())
    changed = dataclasses.replace(
        was,
        url=was.url if url is None else url,
        events=was.events if events is None else tuple(events),
        enabled=was.enabled if enabled is None else enabled,
    )
    tx.hooks.update_endpoint(changed)
    told = {"url": url, "events": events, "enabled": enabled}
    names = [name for name, value in told.items() if value is not None]
    audit.endpoint_updated(tx, tenant_id, endpoint_id, names, now)
    return changed


def rotate_secret(tx: Transaction, tenant_id: str, endpoint_id: str, now: float) -> Endpoint:
    """Give an endpoint a new secret; whatever is sent from now on is signed with it.

    For `SECRET_OVERLAP_S` also with the one before, so that receivers can change at their leisure;
    one that was replaced earlier still is out at once.

    Raises
    ------
    NotFound
    """
    was = get(tx, tenant_id, endpoint_id)
    changed = dataclasses.replace(
        was, secret=new_secret(), previous_secret=was.secret, rotated_at=now
    )
    tx.hooks.update_endpoint(changed)
    audit.endpoint_rotated(tx, tenant_id, endpoint_id, now)
    return changed


def delete(tx: Transaction, tenant_id: str, endpoint_id: str, now: float) -> None:
    """Remove an endpoint; deliveries under way to it are dropped at their next attempt.

    Raises
    ------
    NotFound
    """
    if not tx.hooks.delete_endpoint(tenant_id, endpoint_id):
        raise NotFound(f"There is no webhook endpoint {endpoint_id}.")
    audit.endpoint_deleted(tx, tenant_id, endpoint_id, now)


def deliveries(
    tx: Transaction,
    tenant_id: str,
    *,
    endpoint_id: str | None,
    statuses: Sequence[DeliveryStatus] = (),
    after: str | None,
    limit: int,
) -> Page[Delivery]:
    """What was sent, newest first; no statuses mean all."""
    if endpoint_id is not None:
        get(tx, tenant_id, endpoint_id)
    return tx.hooks.deliveries(
        tenant_id, endpoint_id=endpoint_id, statuses=statuses, after=after, limit=limit
    )


def delivery(tx: Transaction, tenant_id: str, delivery_id: str) -> tuple[Delivery, list[Attempt]]:
    """One delivery and its attempts.

    Raises
    ------
    NotFound
    """
    found = tx.hooks.delivery(tenant_id, delivery_id)
    if found is None:
        raise NotFound(f"There is no delivery {delivery_id}.")
    return found, tx.hooks.attempts(delivery_id)


def redeliver(tx: Transaction, tenant_id: str, delivery_id: str, now: float) -> Delivery:
    """Send an event again at once, as a delivery of its own with the same event id.

    Raises
    ------
    NotFound
    Conflict
        If the endpoint that it went to has been deleted or switched off.
    """
    was, _ = delivery(tx, tenant_id, delivery_id)
    if was.endpoint_id is not None:
        endpoint = tx.hooks.endpoint(tenant_id, was.endpoint_id)
        if endpoint is None:
            raise Conflict(
                f"The endpoint {was.endpoint_id} has been deleted; nothing can be sent to it."
            )
        _check_enabled(endpoint)
    fresh = dataclasses.replace(
        was,
        id=new_id("dlv", now),
        status="pending",
        attempts=0,
        last_status=None,
        last_error=None,
        next_attempt_at=now,
        created_at=now,
        delivered_at=None,
    )
    tx.hooks.insert_delivery(fresh)
    tx.queue.put_delivery(fresh, 0.0)
    audit.delivery_repeated(tx, tenant_id, fresh.id, delivery_id, now)
    return fresh


def send_test(tx: Transaction, tenant_id: str, endpoint_id: str, now: float) -> Delivery:
    """Send a harmless event to one endpoint, whatever it subscribed to.

    Raises
    ------
    NotFound
    Conflict
        If it is switched off.
    """
    endpoint = get(tx, tenant_id, endpoint_id)
    _check_enabled(endpoint)
    sent = hooks.send_test(tx, endpoint, now)
    audit.endpoint_tested(tx, tenant_id, endpoint_id, sent.id, now)
    return sent


def _check_enabled(endpoint: Endpoint) -> None:
    if not endpoint.enabled:
        raise Conflict(f"The endpoint {endpoint.id} is switched off; enable it first.")


def _check_events(events: Sequence[str]) -> None:
    unknown = [event for event in events if event not in EVENT_TYPES]
    if unknown:
        raise InvalidRequest(f"Events are {', '.join(EVENT_TYPES)}; not {', '.join(unknown)}.")
