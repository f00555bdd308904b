"""Webhook endpoints, and the log of what was sent to them."""

from __future__ import annotations

from typing import Annotated, NoReturn

from fastapi import Query, Request
from starlette.responses import Response

from personae.app import endpoints
from personae.domain.hooks import DeliveryStatus, Endpoint
from personae.errors import InvalidRequest
from personae.wire.dialects import call_of
from personae.wire.guard import access
from personae.wire.idempotency import IdempotencyKey, create_once, shown_once
from personae.wire.native import views
from personae.wire.native.models import webhooks as models
from personae.wire.native.models.common import EndpointId, Page
from personae.wire.native.reading import listed
from personae.wire.native.routing import PREFIX, DeliveryInPath, EndpointInPath, group
from personae.wire.paging import Cursor, Limit
from personae.wire.replies import reply

router = group("/webhooks", "webhooks")


@router.post(
    "/endpoints",
    status_code=201,
    response_model=models.EndpointMade,
    operation_id="createEndpoint",
    summary="Register an address for events",
)
@access("webhooks:write", "json")
async def create_endpoint(
    request: Request, wanted: models.EndpointIn, idempotency_key: IdempotencyKey = None
) -> Response:
    """Its secret, for checking signatures, is in this answer and never again.

    A repeated `Idempotency-Key` is refused (409), naming the endpoint that there is.
    """
    call = call_of(request)
    call.services.fetcher.check(wanted.url)
    _check_once(wanted.events)
    made, _ = await create_once(
        call,
        request,
        wanted,
        idempotency_key,
        make=lambda tx, now: endpoints.create(tx, call.tenant_id, wanted.url, wanted.events, now),
        name_of=lambda made: made.id,
        find=lambda tx, name: _made_before(endpoints.get(tx, call.tenant_id, name)),
    )
    location = f"{call.services.settings.base_url}{PREFIX}/webhooks/endpoints/{made.id}"
    return reply(views.made_endpoint_of(made), 201, {"Location": location})


def _made_before(endpoint: Endpoint) -> NoReturn:
    shown_once(f"POST {PREFIX}/webhooks/endpoints/{endpoint.id}/secret gives this one a new secret")


@router.get(
    "/endpoints",
    response_model=Page[models.Endpoint],
    operation_id="listEndpoints",
    summary="List webhook endpoints",
)
@access("webhooks:write")
async def list_endpoints(request: Request) -> Response:
    """All of them at once."""
    call = call_of(request)
    found = await call.services.database.aread(lambda tx: tx.hooks.endpoints(call.tenant_id))
    items = [views.endpoint_of(one) for one in found]
    return reply(Page[models.Endpoint](items=items, next_cursor=None))


@router.get(
    "/endpoints/{endpoint_id}",
    response_model=models.Endpoint,
    operation_id="getEndpoint",
    summary="Look at a webhook endpoint",
)
@access("webhooks:write")
async def get_endpoint(request: Request, endpoint_id: EndpointInPath) -> Response:
    """Everything but its secret."""
    call = call_of(request)
    found = await call.services.database.aread(
        lambda tx: endpoints.get(tx, call.tenant_id, endpoint_id)
    )
    return reply(views.endpoint_of(found))


@router.patch(
    "/endpoints/{endpoint_id}",
    response_model=models.Endpoint,
    operation_id="updateEndpoint",
    summary="Change a webhook endpoint",
)
@access("webhooks:write", "json")
async def update_endpoint(
    request: Request, endpoint_id: EndpointInPath, wanted: models.EndpointChange
) -> Response:
    """Whatever is left out, or null, stays as it is."""
    call = call_of(request)
    if wanted.url is not None:
        call.services.fetcher.check(wanted.url)
    _check_once(wanted.events or [])
    changed = await call.services.database.awrite(
        lambda tx: endpoints.update(
            tx,
            call.tenant_id,
            endpoint_id,
            url=wanted.url,
            events=wanted.events,
            enabled=wanted.enabled,
            now=call.now(),
        )
    )
    return reply(views.endpoint_of(changed))


def _check_once(events: list[models.EventType]) -> None:
    if len(set(events)) != len(events):
        raise InvalidRequest("An event is named twice.")


@router.delete(
    "/endpoints/{endpoint_id}",
    status_code=204,
    operation_id="deleteEndpoint",
    summary="Remove a webhook endpoint",
)
@access("webhooks:write")
async def delete_endpoint(request: Request, endpoint_id: EndpointInPath) -> Response:
    """Deliveries under way to it are dropped at their next attempt."""
    call, now = call_of(request), call_of(request).now()
    await call.services.database.awrite(
        lambda tx: endpoints.delete(tx, call.tenant_id, endpoint_id, now)
    )
    return Response(status_code=204)


@router.post(
    "/endpoints/{endpoint_id}/secret",
    response_model=models.EndpointMade,
    operation_id="rotateEndpointSecret",
    summary="Give an endpoint a new secret",
)
@access("webhooks:write")
async def rotate_secret(request: Request, endpoint_id: EndpointInPath) -> Response:
    """It is in this answer and never again. For a day events are also signed with the one before.

    Retries and redeliveries are signed anew, too.
    """
    call, now = call_of(request), call_of(request).now()
    changed = await call.services.database.awrite(
        lambda tx: endpoints.rotate_secret(tx, call.tenant_id, endpoint_id, now)
    )
    return reply(views.made_endpoint_of(changed))


@router.post(
    "/endpoints/{endpoint_id}/test",
    status_code=202,
    response_model=models.Delivery,
    operation_id="testEndpoint",
    summary="Send a test event",
)
@access("webhooks:write")
async def test_endpoint(request: Request, endpoint_id: EndpointInPath) -> Response:
    """A harmless `webhook.test`, whatever the endpoint subscribed to; it must be enabled."""
    call, now = call_of(request), call_of(request).now()
    delivery = await call.services.database.awrite(
        lambda tx: endpoints.send_test(tx, call.tenant_id, endpoint_id, now)
    )
    return reply(views.delivery_of(delivery), 202)


@router.get(
    "/deliveries",
    response_model=Page[models.Delivery],
    operation_id="listDeliveries",
    summary="See what was sent",
)
@access("webhooks:write")
async def list_deliveries(
    request: Request,
    endpoint_id: Annotated[
        EndpointId | None, Query(description="Only what went to that endpoint.")
    ] = None,
    status: Annotated[
        list[DeliveryStatus] | None, Query(description="Only those; give it several times.")
    ] = None,
    limit: Limit = 20,
    cursor: Cursor = None,
) -> Response:
    """Newest first."""
    call = call_of(request)
    query: list[tuple[str, str | int]] = [("status", one) for one in status or ()]
    if endpoint_id:
        query.append(("endpoint_id", endpoint_id))
    return await listed(
        call,
        "/webhooks/deliveries",
        cursor,
        limit,
        lambda tx, after: endpoints.deliveries(
            *(tx, call.tenant_id),
            endpoint_id=endpoint_id,
            statuses=status or (),
            after=after,
            limit=limit,
        ),
        views.delivery_of,
        query,
    )


@router.get(
    "/deliveries/{delivery_id}",
    response_model=models.DeliveryInFull,
    operation_id="getDelivery",
    summary="Look at a delivery",
)
@access("webhooks:write")
async def get_delivery(request: Request, delivery_id: DeliveryInPath) -> Response:
    """What it carries, and every try."""
    call = call_of(request)
    found, tries = await call.services.database.aread(
        lambda tx: endpoints.delivery(tx, call.tenant_id, delivery_id)
    )
    return reply(views.full_delivery_of(found, tries))


@router.post(
    "/deliveries/{delivery_id}/redeliver",
    status_code=202,
    response_model=models.Delivery,
    operation_id="redeliver",
    summary="Send an event again",
)
@access("webhooks:write")
async def redeliver(request: Request, delivery_id: DeliveryInPath) -> Response:
    """At once, as a delivery of its own with the same event id; the endpoint must be enabled."""
    call, now = call_of(request), call_of(request).now()
    delivery = await call.services.database.awrite(
        lambda tx: endpoints.redeliver(tx, call.tenant_id, delivery_id, now)
    )
    return reply(views.delivery_of(delivery), 202)
