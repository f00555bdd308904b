"""Addresses for events, and the log of what was sent to them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal, TypeAlias

from personae_client.core.calling import Request, fresh_key
from personae_client.core.effects import Steps
from personae_client.core.side import M_co, Side, name_in_path, operation, stream
from personae_client.models import Delivery, DeliveryInFull, Endpoint, EndpointMade

EventType: TypeAlias = Literal[
    "task.succeeded",
    "task.failed",
    "task.canceled",
    "task.taken_down",
    "asset.expired",
    "asset.taken_down",
    "face.taken_down",
]


class Webhooks(Side[M_co]):
    """Endpoints and deliveries; `verify_webhook` checks what arrives."""

    @operation
    def create(self, url: str, *, events: Sequence[EventType] = ()) -> Steps[EndpointMade]:
        """Register an address; its secret is in this answer and never again.

        Parameters
        ----------
        events : sequence of str
            Which events; all of them if none is named.

        Raises
        ------
        AddressRefused
            If the service must not go there.
        Conflict
            If the answer with the secret was lost on its way: give the endpoint a new one.
        """
        body = {"url": url, "events": list(events)}
        asked = Request("POST", "/webhooks/endpoints", body=body, once=fresh_key())
        return self.ask(EndpointMade, asked)

    @stream(Endpoint)
    def list(self) -> Steps[None]:
        """All endpoints."""
        return self.pages(Endpoint, "/webhooks/endpoints")

    @operation
    def get(self, endpoint_id: str) -> Steps[Endpoint]:
        """Everything but its secret."""
        return self.ask(Endpoint, Request("GET", _path(endpoint_id)))

    @operation
    def update(
        self,
        endpoint_id: str,
        *,
        url: str | None = None,
        events: Sequence[EventType] | None = None,
        enabled: bool | None = None,
    ) -> Steps[Endpoint]:
        """Change what is given; the rest stays."""
        said = None if events is None else list(events)
        given: dict[str, object] = {"url": url, "events": said, "enabled": enabled}
        body = {name: value for name, value in given.items() if value is not None}
        return self.ask(Endpoint, Request("PATCH", _path(endpoint_id), body=body))

    @operation
    def delete(self, endpoint_id: str) -> Steps[None]:
        """Remove an endpoint."""
        return self.tell(Request("DELETE", _path(endpoint_id)))

    @operation
    def rotate_secret(self, endpoint_id: str) -> Steps[EndpointMade]:
        """Give an endpoint a new secret; for a day events are also signed with the one before."""
        return self.ask(EndpointMade, Request("POST", f"{_path(endpoint_id)}/secret"))

    @operation
    def test(self, endpoint_id: str) -> Steps[Delivery]:
        """Send a harmless `webhook.test`."""
        return self.ask(Delivery, Request("POST", f"{_path(endpoint_id)}/test"))

    @stream(Delivery)
    def deliveries(
        self,
        *,
        endpoint_id: str | None = None,
        status: Sequence[Literal["pending", "delivered", "failed", "canceled"]] = (),
        page_size: int = 50,
    ) -> Steps[None]:
        """What was sent, newest first; only what stands so, if that is said."""
        params: dict[str, object] = {
            "endpoint_id": endpoint_id,
            "status": tuple(status),
            "limit": page_size,
        }
        return self.pages(Delivery, "/webhooks/deliveries", params)

    @operation
    def delivery(self, delivery_id: str) -> Steps[DeliveryInFull]:
        """What a delivery carries, and every try."""
        return self.ask(
            DeliveryInFull, Request("GET", f"/webhooks/deliveries/{name_in_path(delivery_id)}")
        )

    @operation
    def redeliver(self, delivery_id: str) -> Steps[Delivery]:
        """Send an event again, now, as a delivery of its own with the same event id."""
        path = f"/webhooks/deliveries/{name_in_path(delivery_id)}/redeliver"
        return self.ask(Delivery, Request("POST", path))


def _path(endpoint_id: str) -> str:
    return f"/webhooks/endpoints/{name_in_path(endpoint_id)}"
