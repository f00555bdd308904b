"""Webhook endpoints, deliveries and their attempts in SQL."""

from __future__ import annotations

from collections.abc import Sequence

import sqlalchemy as sa

from personae.adapters.database.dialects import insert_unless_there
from personae.adapters.database.paging import page_of
from personae.adapters.database.purging import remove_deliveries
from personae.adapters.database.rows import Row, columns_of, fetch, fetch_one
from personae.adapters.database.tables import deliveries, delivery_attempts, webhook_endpoints
from personae.domain.hooks import Attempt, Delivery, DeliveryStatus, Endpoint
from personae.domain.pages import Page
from personae.errors import NotFound

_ENDPOINT = sa.select(webhook_endpoints)
_DELIVERY = sa.select(deliveries)


class SqlHooks:
    """`personae.app.ports.Hooks` on one connection."""

    def __init__(self, connection: sa.Connection) -> None:
        self._connection = connection

    def insert_endpoint(self, endpoint: Endpoint) -> None:
        self._connection.execute(sa.insert(webhook_endpoints), columns_of(endpoint))

    def endpoint(self, tenant_id: str, endpoint_id: str) -> Endpoint | None:
        row = fetch_one(self._connection, _ENDPOINT.where(*_endpoint_is(tenant_id, endpoint_id)))
        return None if row is None else _endpoint(row)

    def endpoints(self, tenant_id: str) -> list[Endpoint]:
        """A tenant's endpoints, oldest first, disabled ones among them."""
        rows = fetch(
            self._connection,
            _ENDPOINT.where(webhook_endpoints.c.tenant_id == tenant_id).order_by(
                webhook_endpoints.c.id
            ),
        )
        return [_endpoint(row) for row in rows]

    def update_endpoint(self, endpoint: Endpoint) -> None:
        """Write everything but the owner and the name.

        Raises
        ------
        NotFound
            If the owner has no such endpoint.
        """
        values = columns_of(endpoint)
        mine = _endpoint_is(values.pop("tenant_id"), values.pop("id"))
        done = self._connection.execute(sa.update(webhook_endpoints).where(*mine).values(values))
        if done.rowcount != 1:
            raise NotFound(f"There is no webhook endpoint {endpoint.id}.")

    def delete_endpoint(self, tenant_id: str, endpoint_id: str) -> bool:
        """False if the tenant has no such endpoint. Its deliveries stay in the log."""
        done = self._connection.execute(
            sa.delete(webhook_endpoints).where(*_endpoint_is(tenant_id, endpoint_id))
        )
        return done.rowcount == 1

    def insert_delivery(self, delivery: Delivery) -> None:
        self._connection.execute(sa.insert(deliveries), columns_of(delivery))

    def delivery(self, tenant_id: str | None, delivery_id: str) -> Delivery | None:
        """A delivery; `tenant_id` None only for workers and admins."""
        one = _DELIVERY.where(deliveries.c.id == delivery_id)
        if tenant_id is not None:
            one = one.where(deliveries.c.tenant_id == tenant_id)
        row = fetch_one(self._connection, one)
        return None if row is None else _delivery(row)

    def deliveries(
        self,
        tenant_id: str,
        *,
        endpoint_id: str | None,
        statuses: Sequence[DeliveryStatus] = (),
        after: str | None,
        limit: int,
    ) -> Page[Delivery]:
        """Deliveries, newest first; `endpoint_id` None means to anywhere, no statuses all."""
        listing = _DELIVERY.where(deliveries.c.tenant_id == tenant_id)
        if endpoint_id is not None:
            listing = listing.where(deliveries.c.endpoint_id == endpoint_id)
        if statuses:
            listing = listing.where(deliveries.c.status.in_(statuses))
        return page_of(
            self._connection, listing, deliveries.c.id, _delivery, after=after, limit=limit
        )

    def note_attempt(self, attempt: Attempt, delivery: Delivery) -> None:
        """Write one attempt and the delivery's new state together.

        An attempt that is written already, because a worker died between the two, changes nothing:
        the delivery may have moved on since.
        """
        if not insert_unless_there(self._connection, delivery_attempts, columns_of(attempt)):
            return
        self._connection.execute(
            sa.update(deliveries)
            .where(deliveries.c.id == delivery.id)
            .values(
                status=delivery.status,
                attempts=delivery.attempts,
                last_status=delivery.last_status,
                last_error=delivery.last_error,
                next_attempt_at=delivery.next_attempt_at,
                delivered_at=delivery.delivered_at,
            )
        )

    def attempts(self, delivery_id: str) -> list[Attempt]:
        """A delivery's attempts in their order."""
        rows = fetch(
            self._connection,
            sa.select(delivery_attempts)
            .where(delivery_attempts.c.delivery_id == delivery_id)
            .order_by(delivery_attempts.c.number),
        )
        return [Attempt(**row) for row in rows]

    def purge(self, made_before: float, limit: int) -> int:
        """Remove deliveries that are under way no longer, with their attempts; how many."""
        old = (
            sa.select(deliveries.c.id)
            .where(deliveries.c.created_at < made_before, deliveries.c.status != "pending")
            .order_by(deliveries.c.created_at)
            .limit(limit)
        )
        return remove_deliveries(self._connection, list(self._connection.scalars(old)))


def _endpoint_is(tenant_id: str, endpoint_id: str) -> tuple[sa.ColumnElement[bool], ...]:
    return webhook_endpoints.c.id == endpoint_id, webhook_endpoints.c.tenant_id == tenant_id


def _endpoint(row: Row) -> Endpoint:
    row["events"] = tuple(row["events"])
    return Endpoint(**row)


def _delivery(row: Row) -> Delivery:
    return Delivery(**row)
