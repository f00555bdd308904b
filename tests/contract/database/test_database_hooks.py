"""Idempotency keys, webhooks and the audit log are found as they were written."""

from __future__ import annotations

from dataclasses import replace

import pytest

from database_samples import NOW, add_tenant, delivery, endpoint
from personae.adapters.database import SqlDatabase
from personae.app.ports import Seen, Transaction
from personae.domain.hooks import Attempt
from personae.errors import Conflict, NotFound


def test_an_idempotency_key_is_the_tenants_own(database: SqlDatabase) -> None:
    owner, stranger = add_tenant(database), add_tenant(database)
    database.write(lambda tx: tx.idempotency.remember(owner, "k", "hash", "task_1", NOW))
    assert database.read(lambda tx: tx.idempotency.find(owner, "k")) == Seen("hash", "task_1")
    assert database.read(lambda tx: tx.idempotency.find(owner, "K")) is None
    assert database.read(lambda tx: tx.idempotency.find(stranger, "k")) is None
    with pytest.raises(Conflict):
        database.write(lambda tx: tx.idempotency.remember(owner, "k", "other", "task_2", NOW))


def test_old_idempotency_keys_are_forgotten(database: SqlDatabase) -> None:
    owner = add_tenant(database)

    def work(tx: Transaction) -> None:
        for at in (1.0, 2.0, 3.0):
            tx.idempotency.remember(owner, str(at), "h", "r", at)

    database.write(work)
    assert database.write(lambda tx: tx.idempotency.forget_before(3.0)) == 2
    assert database.read(lambda tx: tx.idempotency.find(owner, "2.0")) is None
    assert database.read(lambda tx: tx.idempotency.find(owner, "3.0")) is not None


def test_an_endpoint_is_its_owners(database: SqlDatabase) -> None:
    owner, stranger = add_tenant(database), add_tenant(database)
    mine = endpoint(owner)
    database.write(lambda tx: tx.hooks.insert_endpoint(mine))
    assert database.read(lambda tx: tx.hooks.endpoint(owner, mine.id)) == mine
    assert database.read(lambda tx: tx.hooks.endpoint(stranger, mine.id)) is None
    assert database.read(lambda tx: tx.hooks.endpoints(stranger)) == []
    changed = replace(mine, url="https://y.test", secret="s", events=(), enabled=False)
    with pytest.raises(NotFound):
        database.write(lambda tx: tx.hooks.update_endpoint(replace(changed, tenant_id=stranger)))
    database.write(lambda tx: tx.hooks.update_endpoint(changed))
    assert database.read(lambda tx: tx.hooks.endpoints(owner)) == [changed]
    assert not database.write(lambda tx: tx.hooks.delete_endpoint(stranger, mine.id))
    assert database.write(lambda tx: tx.hooks.delete_endpoint(owner, mine.id))
    assert not database.write(lambda tx: tx.hooks.delete_endpoint(owner, mine.id))


def test_a_delivery_outlives_its_endpoint(database: SqlDatabase) -> None:
    owner, stranger = add_tenant(database), add_tenant(database)
    hook = endpoint(owner)
    mine, other = delivery(owner, endpoint_id=hook.id), delivery(owner, endpoint_id=None)

    def work(tx: Transaction) -> None:
        tx.hooks.insert_endpoint(hook)
        tx.hooks.insert_delivery(mine)
        tx.hooks.insert_delivery(other)
        tx.hooks.delete_endpoint(owner, hook.id)

    database.write(work)
    assert database.read(lambda tx: tx.hooks.delivery(owner, mine.id)) == mine
    assert database.read(lambda tx: tx.hooks.delivery(None, mine.id)) == mine
    assert database.read(lambda tx: tx.hooks.delivery(stranger, mine.id)) is None

    def listed(who: str, to: str | None) -> set[str]:
        page = database.read(
            lambda tx: tx.hooks.deliveries(who, endpoint_id=to, after=None, limit=9)
        )
        return {one.id for one in page.items}

    assert listed(owner, None) == {mine.id, other.id}
    assert listed(owner, hook.id) == {mine.id}
    assert listed(stranger, None) == set()


def test_an_attempt_moves_its_delivery_once(database: SqlDatabase) -> None:
    owner = add_tenant(database)
    one = delivery(owner)
    database.write(lambda tx: tx.hooks.insert_delivery(one))
    first = Attempt(one.id, 1, NOW, 500, "busy", 0.25)
    second = Attempt(one.id, 2, NOW + 5, 200, None, 0.5)
    waiting = replace(one, attempts=1, last_status=500, last_error="busy", next_attempt_at=NOW + 5)
    done = replace(
        one,
        status="delivered",
        attempts=2,
        last_status=200,
        next_attempt_at=None,
        delivered_at=NOW + 5,
    )
    database.write(lambda tx: tx.hooks.note_attempt(first, waiting))
    assert database.read(lambda tx: tx.hooks.delivery(owner, one.id)) == waiting
    database.write(lambda tx: tx.hooks.note_attempt(second, done))
    database.write(lambda tx: tx.hooks.note_attempt(first, waiting))
    assert database.read(lambda tx: tx.hooks.delivery(owner, one.id)) == done
    assert database.read(lambda tx: tx.hooks.attempts(one.id)) == [first, second]
    assert database.read(lambda tx: tx.hooks.attempts("dlv_none")) == []
    with pytest.raises(NotFound):
        database.write(lambda tx: tx.hooks.note_attempt(replace(first, delivery_id="d"), one))


def test_the_audit_log_is_read_by_tenant_or_whole(database: SqlDatabase) -> None:
    def work(tx: Transaction) -> None:
        for tenant_id, action in (("tenant_1", "a"), (None, "b"), ("tenant_2", "c")):
            tx.audit.write(
                tenant_id=tenant_id,
                actor="admin",
                action=action,
                subject="key_1",
                detail={"n": 1},
                at=NOW,
            )

    database.write(work)
    whole = database.read(lambda tx: tx.audit.page(None, after=None, limit=2))
    assert [entry["action"] for entry in whole.items] == ["c", "b"]
    rest = database.read(lambda tx: tx.audit.page(None, after=whole.next_after, limit=2))
    assert [entry["action"] for entry in rest.items] == ["a", "audit.begin"]
    mine = database.read(lambda tx: tx.audit.page("tenant_1", after=None, limit=9))
    entry = dict(mine.items[0])
    entry.pop("id")
    assert len(entry.pop("hash")) == 64
    assert entry == {
        "number": 2,
        "tenant_id": "tenant_1",
        "actor": "admin",
        "action": "a",
        "subject": "key_1",
        "detail": {"n": 1},
        "at": NOW,
    }
    assert len(mine.items) == 1
