"""Webhooks, one attempt at a time."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest
from standardwebhooks import Webhook, WebhookVerificationError

from personae.adapters.database import RecordingQueue, SqlDatabase
from personae.adapters.fetch.fake import FakeFetcher, FakePage
from personae.adapters.webhooks import sign_standard
from personae.app import accounts, endpoints, hooks
from personae.app.deliver import Deliverer
from personae.app.ports import Transaction
from personae.domain.hooks import RETRY_DELAYS_S, SECRET_OVERLAP_S, Delivery, Endpoint
from personae.errors import Conflict, NotFound

URL = "https://hooks.example.com/in"


class _World:
    """A tenant, its endpoint, a network and a clock."""

    def __init__(self, database: SqlDatabase, queued: RecordingQueue, page: FakePage) -> None:
        self.database, self.queued = database, queued
        self.network = FakeFetcher({URL: page})
        self.now = 1_700_000_000.0
        self.deliverer = Deliverer(
            database, self.network, {"standard": sign_standard}, lambda: self.now
        )

        def work(tx: Transaction) -> Endpoint:
            tenant = accounts.create_tenant(tx, "tenant", self.now)
            return endpoints.create(tx, tenant.id, URL, [], self.now)

        self.endpoint = database.write(work)
        self.delivery = database.write(lambda tx: hooks.send_test(tx, self.endpoint, self.now))

    def attempt(self) -> Delivery:
        self.deliverer.deliver_once(self.delivery.id)
        return self.look()

    def look(self) -> Delivery:
        found = self.database.read(lambda tx: tx.hooks.delivery(None, self.delivery.id))
        assert found is not None
        return found


@pytest.fixture
def world(database: SqlDatabase, queued: RecordingQueue) -> _World:
    return _World(database, queued, FakePage())


def test_a_receiver_can_tell_who_sent_it(world: _World) -> None:
    import time

    world.now = time.time()  # The library checks that the time is near.
    done = world.attempt()
    assert (done.status, done.attempts, done.last_status) == ("delivered", 1, 200)
    assert done.delivered_at == world.now
    (post,) = world.network.posts
    headers = dict(post.headers)
    assert Webhook(world.endpoint.secret).verify(post.body, headers) == world.delivery.body
    assert headers["webhook-id"] == world.delivery.event_id
    with pytest.raises(WebhookVerificationError):
        Webhook(endpoints.new_secret()).verify(post.body, headers)
    with pytest.raises(WebhookVerificationError):
        Webhook(world.endpoint.secret).verify(post.body + b" ", headers)


def test_nothing_is_sent_twice_once_it_arrived(world: _World) -> None:
    world.attempt()
    world.attempt()
    assert len(world.network.posts) == 1


def test_nine_attempts_in_about_a_day_then_it_has_failed(world: _World) -> None:
    world.network.pages[URL] = FakePage(status=500)
    waits: list[float] = []
    for number in range(1, len(RETRY_DELAYS_S) + 2):
        now = world.attempt()
        assert now.attempts == number
        if now.status == "pending":
            delivery, delay_s = world.queued.deliveries[-1]
            assert delivery.attempts == number
            assert now.next_attempt_at == world.now + delay_s
            waits.append(delay_s)
            world.now += delay_s
    assert now.status == "failed"
    assert tuple(waits) == RETRY_DELAYS_S
    assert now.next_attempt_at is None
    attempts = world.database.read(lambda tx: tx.hooks.attempts(world.delivery.id))
    assert [one.status for one in attempts] == [500] * 9
    world.attempt()
    assert len(world.network.posts) == 9


def test_an_unreachable_receiver_is_tried_again(world: _World) -> None:
    del world.network.pages[URL]
    now = world.attempt()
    assert (now.status, now.last_status) == ("pending", None)
    assert now.last_error
    world.network.pages[URL] = FakePage(status=204)
    assert world.attempt().status == "delivered"


def test_a_receiver_that_is_gone_is_switched_off(world: _World) -> None:
    world.network.pages[URL] = FakePage(status=410)
    assert world.attempt().status == "failed"
    endpoint = world.database.read(
        lambda tx: tx.hooks.endpoint(world.endpoint.tenant_id, world.endpoint.id)
    )
    assert endpoint is not None
    assert not endpoint.enabled


@pytest.mark.parametrize("end", ["deleted", "disabled"])
def test_what_goes_to_an_endpoint_that_ended_is_dropped(world: _World, end: str) -> None:
    def stop(tx: Transaction) -> None:
        if end == "deleted":
            tx.hooks.delete_endpoint(world.endpoint.tenant_id, world.endpoint.id)
        else:
            tx.hooks.update_endpoint(replace(world.endpoint, enabled=False))

    world.database.write(stop)
    assert world.attempt().status == "canceled"
    assert world.network.posts == []


def test_an_address_inside_is_refused_and_counted(
    database: SqlDatabase, queued: RecordingQueue
) -> None:
    world = _World(database, queued, FakePage())
    world.network.hosts["hooks.example.com"] = "169.254.169.254"
    now = world.attempt()
    assert now.status == "pending"
    assert world.network.posts == []


def test_a_redelivery_carries_the_same_event(world: _World) -> None:
    world.attempt()
    tenant = world.endpoint.tenant_id
    again = world.database.write(
        lambda tx: endpoints.redeliver(tx, tenant, world.delivery.id, world.now)
    )
    assert again.id != world.delivery.id
    world.deliverer.deliver_once(again.id)
    first, second = world.network.posts
    assert first.headers["webhook-id"] == second.headers["webhook-id"]
    assert json.loads(first.body) == json.loads(second.body)


def _proves(secret: str, post: Any) -> bool:
    try:
        Webhook(secret).verify(post.body, dict(post.headers))
    except WebhookVerificationError:
        return False
    return True


def test_retries_and_redeliveries_are_signed_with_the_new_secret(world: _World) -> None:
    import time

    world.now = time.time()
    world.network.pages[URL] = FakePage(status=500)
    world.attempt()
    old, tenant = world.endpoint.secret, world.endpoint.tenant_id
    rotated = world.database.write(
        lambda tx: endpoints.rotate_secret(tx, tenant, world.endpoint.id, world.now)
    )
    world.attempt()
    again = world.database.write(
        lambda tx: endpoints.redeliver(tx, tenant, world.delivery.id, world.now)
    )
    world.deliverer.deliver_once(again.id)
    before, retry, redelivery = world.network.posts
    assert (_proves(old, before), _proves(rotated.secret, before)) == (True, False)
    for post in (retry, redelivery):
        # For a day with both, so that the receiver can change over.
        assert len(post.headers["webhook-signature"].split()) == 2
        assert _proves(old, post)
        assert _proves(rotated.secret, post)


def test_a_replaced_secret_signs_for_a_day_only(world: _World) -> None:
    import time

    old, tenant = world.endpoint.secret, world.endpoint.tenant_id
    at = time.time() - SECRET_OVERLAP_S
    rotated = world.database.write(
        lambda tx: endpoints.rotate_secret(tx, tenant, world.endpoint.id, at)
    )
    world.now = time.time()
    world.attempt()
    (post,) = world.network.posts
    assert (_proves(old, post), _proves(rotated.secret, post)) == (False, True)


def test_a_delivery_to_an_endpoint_holds_no_secret(world: _World) -> None:
    with world.database.engine.connect() as connection:
        rows = connection.exec_driver_sql("SELECT * FROM deliveries").all()
    assert world.endpoint.secret not in repr(rows)


@pytest.mark.parametrize("end", ["deleted", "disabled"])
def test_nothing_is_redelivered_to_an_endpoint_that_ended(world: _World, end: str) -> None:
    tenant = world.endpoint.tenant_id

    def stop(tx: Transaction) -> None:
        if end == "deleted":
            tx.hooks.delete_endpoint(tenant, world.endpoint.id)
        else:
            tx.hooks.update_endpoint(replace(world.endpoint, enabled=False))

    world.database.write(stop)
    with pytest.raises(Conflict, match=world.endpoint.id):
        world.database.write(
            lambda tx: endpoints.redeliver(tx, tenant, world.delivery.id, world.now)
        )
    with pytest.raises(NotFound):
        world.database.write(lambda tx: endpoints.redeliver(tx, tenant, "dlv_none", world.now))


def test_a_scheme_that_nobody_knows_goes_out_unsigned(
    database: SqlDatabase, queued: RecordingQueue
) -> None:
    world = _World(database, queued, FakePage())
    vendor = replace(
        world.delivery, id="dlv_2", scheme="vendor", endpoint_id=None, headers={"X-Token": "t"}
    )
    database.write(lambda tx: tx.hooks.insert_delivery(vendor))
    world.deliverer.deliver_once(vendor.id)
    (post,) = world.network.posts
    assert "webhook-signature" not in post.headers
    assert post.headers["X-Token"] == "t"
