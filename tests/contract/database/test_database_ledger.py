"""The ledger balances, each key moves credits once, and nothing goes below zero."""

from __future__ import annotations

from dataclasses import replace

import pytest
import sqlalchemy as sa

from database_samples import NOW, add_tenant, task
from personae.adapters.database import SqlDatabase
from personae.adapters.database.tables import accounts, ledger_entries
from personae.app.ports import Transaction
from personae.domain.credits import Balance, close_key, hold_key
from personae.errors import InsufficientCredits, InvalidRequest, NotFound

DAY_S = 86400.0


def move(
    database: SqlDatabase, owner: str, kind: str, amount: int, key: str, at: float = NOW
) -> bool:
    return database.write(
        lambda tx: tx.credits.transfer(owner, kind, amount, key, at=at)  # type: ignore[arg-type]
    )


def balance(database: SqlDatabase, owner: str) -> Balance:
    return database.read(lambda tx: tx.credits.balance(owner))


def audit(database: SqlDatabase) -> list[str]:
    return database.read(lambda tx: tx.credits.audit())


def test_credits_walk_from_granted_to_spent(database: SqlDatabase) -> None:
    owner = add_tenant(database)
    assert balance(database, owner) == Balance(0, 0, 0, 0)
    assert move(database, owner, "grant", 100, "g")
    assert move(database, owner, "hold", 30, "h")
    assert balance(database, owner) == Balance(available=70, held=30, spent=0, granted=100)
    assert move(database, owner, "settle", 20, "s")
    assert move(database, owner, "release", 10, "r")
    assert balance(database, owner) == Balance(available=80, held=0, spent=20, granted=100)
    assert move(database, owner, "adjust", -5, "a")
    assert move(database, owner, "adjust", 7, "b")
    assert balance(database, owner) == Balance(available=82, held=0, spent=20, granted=102)
    assert audit(database) == []


def test_a_key_moves_credits_once(database: SqlDatabase) -> None:
    owner = add_tenant(database, 100)
    assert move(database, owner, "hold", 30, "h")
    assert not move(database, owner, "hold", 30, "h")
    assert not move(database, owner, "hold", 5, "h")
    assert balance(database, owner).held == 30


@pytest.mark.parametrize("order", [("settle", "release"), ("release", "settle")])
def test_settle_and_release_exclude_each_other(
    database: SqlDatabase, order: tuple[str, str]
) -> None:
    owner = add_tenant(database, 10)
    move(database, owner, "hold", 10, hold_key("task_1"))
    assert move(database, owner, order[0], 10, close_key("task_1"))
    assert not move(database, owner, order[1], 10, close_key("task_1"))
    spent = 10 if order[0] == "settle" else 0
    assert balance(database, owner) == Balance(10 - spent, 0, spent, 10)
    assert audit(database) == []


def test_a_transfer_of_nothing_uses_up_its_key(database: SqlDatabase) -> None:
    owner = add_tenant(database)
    assert move(database, owner, "hold", 0, "h")
    assert not move(database, owner, "hold", 0, "h")
    assert audit(database) == []


@pytest.mark.parametrize("kind", ["hold", "settle", "release", "adjust"])
def test_no_account_goes_below_zero(database: SqlDatabase, kind: str) -> None:
    owner = add_tenant(database, 5)
    amount = -6 if kind == "adjust" else 6
    with pytest.raises(InsufficientCredits, match="6 credits"):
        move(database, owner, kind, amount, "k")
    assert balance(database, owner) == Balance(5, 0, 0, 5)
    assert move(database, owner, "hold", 5, "k"), "the refused transfer must not use up its key"
    assert audit(database) == []


def test_one_credit_is_said_as_one(database: SqlDatabase) -> None:
    owner = add_tenant(database)
    with pytest.raises(InsufficientCredits) as refused:
        move(database, owner, "hold", 1, "k")
    assert refused.value.message == "This takes 1 credit, and 0 are available."
    richer = add_tenant(database, 1)
    with pytest.raises(InsufficientCredits) as refused:
        move(database, richer, "hold", 2, "k")
    assert refused.value.message == "This takes 2 credits, and 1 is available."


def test_a_caller_may_go_on_after_a_refusal(database: SqlDatabase) -> None:
    owner = add_tenant(database, 5)

    def work(tx: Transaction) -> None:
        with pytest.raises(InsufficientCredits):
            tx.credits.transfer(owner, "hold", 6, "k", at=NOW)
        tx.credits.transfer(owner, "hold", 4, "l", at=NOW)

    database.write(work)
    assert balance(database, owner) == Balance(1, 4, 0, 5)
    assert audit(database) == []


def test_a_negative_amount_is_refused(database: SqlDatabase) -> None:
    owner = add_tenant(database, 5)
    with pytest.raises(InvalidRequest):
        move(database, owner, "settle", -1, "k")


def test_nobody_has_no_credits(database: SqlDatabase) -> None:
    with pytest.raises(NotFound):
        balance(database, "tenant_none")
    with pytest.raises(NotFound):
        move(database, "tenant_none", "grant", 5, "k")


def test_a_key_is_the_tenants_own(database: SqlDatabase) -> None:
    one, other = add_tenant(database), add_tenant(database)
    assert move(database, one, "grant", 1, "k")
    assert move(database, other, "grant", 2, "k")
    assert balance(database, one).available == 1
    assert balance(database, other).available == 2


def test_the_entries_show_both_sides_newest_first(database: SqlDatabase) -> None:
    owner = add_tenant(database, 9)
    database.write(
        lambda tx: tx.credits.transfer(
            owner, "hold", 4, "h", task_id="task_1", note="why", at=NOW + 1
        )
    )
    page = database.read(lambda tx: tx.credits.entries(owner, after=None, limit=3))
    assert [(e.kind, e.account, e.amount) for e in page.items] == [
        ("hold", "held", 4),
        ("hold", "available", -4),
        ("grant", "available", 9),
    ]
    entry = page.items[0]
    assert (entry.tenant_id, entry.key, entry.task_id) == (owner, "h", "task_1")
    assert (entry.note, entry.created_at) == ("why", NOW + 1)
    rest = database.read(lambda tx: tx.credits.entries(owner, after=page.next_after, limit=3))
    assert [e.account for e in rest.items] == ["granted"]
    assert rest.next_after is None


@pytest.mark.parametrize("cursor", ["x", "-1", "1.5", "9" * 30, ""])
def test_a_foreign_cursor_is_refused(database: SqlDatabase, cursor: str) -> None:
    owner = add_tenant(database)
    with pytest.raises(InvalidRequest):
        database.read(lambda tx: tx.credits.entries(owner, after=cursor, limit=3))


def test_usage_is_by_day_and_kind(database: SqlDatabase) -> None:
    owner, stranger = add_tenant(database, 100), add_tenant(database, 100)
    midnight = NOW - NOW % DAY_S

    def spend(who: str, kind: str, amount: int, at: float) -> None:
        made = task(who, kind=kind, credits_held=amount, created_at=at)

        def work(tx: Transaction) -> None:
            tx.tasks.insert(made)
            tx.credits.transfer(who, "hold", amount, hold_key(made.id), task_id=made.id, at=at)
            tx.tasks.finish(made.id, "succeeded", credits_charged=amount, at=at)
            tx.credits.transfer(who, "settle", amount, close_key(made.id), task_id=made.id, at=at)

        database.write(work)

    spend(owner, "swap_image", 2, midnight)
    spend(owner, "swap_image", 3, midnight + DAY_S - 0.001)
    spend(owner, "swap_video", 5, midnight + 1)
    spend(owner, "preview", 0, midnight + DAY_S)
    spend(owner, "swap_image", 50, midnight + 2 * DAY_S)
    spend(stranger, "swap_image", 7, midnight)
    usage = database.read(lambda tx: tx.credits.usage(owner, midnight, midnight + 2 * DAY_S))
    assert usage == [
        {"day": "2025-10-09", "kind": "swap_image", "credits": 5, "tasks": 2},
        {"day": "2025-10-09", "kind": "swap_video", "credits": 5, "tasks": 1},
        {"day": "2025-10-10", "kind": "preview", "credits": 0, "tasks": 1},
    ]
    assert audit(database) == []


def test_the_audit_finds_a_forged_account(database: SqlDatabase) -> None:
    owner = add_tenant(database, 9)
    with database.engine.begin() as connection:
        connection.execute(sa.update(accounts).values(available=10))
    assert audit(database) == [f"The account available of {owner} says 10, its entries say 9."]


def test_the_audit_finds_a_transfer_with_one_side(database: SqlDatabase) -> None:
    add_tenant(database, 9)
    with database.engine.begin() as connection:
        connection.execute(sa.delete(ledger_entries).where(ledger_entries.c.side == 0))
    found = audit(database)
    assert len(found) == 2
    assert "1 entries that sum to 9" in found[0]
    assert "granted" in found[1]


def test_the_audit_finds_holds_and_charges_that_are_not_the_tasks(database: SqlDatabase) -> None:
    owner = add_tenant(database, 20)
    lost, stuck, overcharged = (task(owner, credits_held=4) for _ in range(3))

    def work(tx: Transaction) -> None:
        for one in (lost, stuck, overcharged):
            tx.tasks.insert(one)
        for one in (stuck, overcharged):
            tx.credits.transfer(owner, "hold", 4, hold_key(one.id), task_id=one.id, at=NOW)
        tx.tasks.finish(stuck.id, "failed", at=NOW)
        tx.tasks.finish(overcharged.id, "succeeded", credits_charged=3, at=NOW)
        key = close_key(overcharged.id)
        tx.credits.transfer(owner, "settle", 4, key, task_id=overcharged.id, at=NOW)

    database.write(work)
    assert sorted(audit(database)) == sorted(
        [
            f"The queued task {lost.id} holds 0 credits, not 4.",
            f"The failed task {stuck.id} holds 4 credits, not 0.",
            f"The succeeded task {overcharged.id} was charged 4 credits, not 3.",
        ]
    )


def test_a_hold_that_grew_is_in_order(database: SqlDatabase) -> None:
    owner = add_tenant(database, 20)
    one = replace(task(owner), credits_held=4)

    def work(tx: Transaction) -> None:
        tx.tasks.insert(one)
        tx.credits.transfer(owner, "hold", 4, hold_key(one.id), task_id=one.id, at=NOW)
        tx.credits.transfer(owner, "hold", 6, hold_key(one.id, 1), task_id=one.id, at=NOW)
        tx.tasks.set_held(one.id, 10)

    database.write(work)
    assert audit(database) == []
    stored = database.read(lambda tx: tx.tasks.get(owner, one.id))
    assert stored is not None
    assert stored.credits_held == 10
