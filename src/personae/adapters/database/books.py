"""Checking the ledger against itself, against the accounts and against the tasks."""

from __future__ import annotations

from collections.abc import Iterator

import sqlalchemy as sa

from personae.adapters.database.tables import accounts, ledger_entries, tasks
from personae.domain.tasks import FINAL


def faults_in_books(connection: sa.Connection) -> list[str]:
    """What is wrong with the books, one sentence each; empty when they balance.

    Every transfer must have two sides that sum to 0; every account must be the sum of its entries;
    every task's hold must be what its row says, and gone once the task is final; and what a task
    was charged must be what its row says.
    """
    return [
        *_lopsided_transfers(connection),
        *_wrong_accounts(connection),
        *_wrong_tasks(connection),
    ]


def _lopsided_transfers(connection: sa.Connection) -> Iterator[str]:
    entry = ledger_entries.c
    sides, total = sa.func.count(), sa.func.sum(entry.amount)
    rows = connection.execute(
        sa.select(entry.tenant_id, entry.key, sides, total)
        .group_by(entry.tenant_id, entry.key)
        .having(sa.or_(sides != 2, total != 0))
    )
    for tenant, key, count, off in rows:
        yield f"The transfer {key} of {tenant} has {count} entries that sum to {off}, not 2 and 0."


def _sum_of(account: str, sign: int = 1) -> sa.ColumnElement[int]:
    amount = sa.case((ledger_entries.c.account == account, sign * ledger_entries.c.amount), else_=0)
    return sa.func.coalesce(sa.func.sum(amount), 0)


def _wrong_accounts(connection: sa.Connection) -> Iterator[str]:
    # What was given out leaves the account `granted`, which therefore counts it as a minus.
    names = ("available", "held", "spent", "granted")
    sums = [_sum_of(name, -1 if name == "granted" else 1).label(f"sum_{name}") for name in names]
    booked = sa.select(ledger_entries.c.tenant_id, *sums).group_by(ledger_entries.c.tenant_id)
    book = booked.subquery()
    rows = connection.execute(
        sa.select(
            accounts.c.tenant_id,
            *(accounts.c[name] for name in names),
            *(sa.func.coalesce(book.c[f"sum_{name}"], 0) for name in names),
        ).select_from(accounts.outerjoin(book, book.c.tenant_id == accounts.c.tenant_id))
    )
    for tenant, *numbers in rows:
        for name, stored, summed in zip(names, numbers[:4], numbers[4:], strict=True):
            if stored != summed:
                yield f"The account {name} of {tenant} says {stored}, its entries say {summed}."
            if stored < 0 and name in ("available", "held"):
                yield f"The account {name} of {tenant} is below 0: {stored}."


def _wrong_tasks(connection: sa.Connection) -> Iterator[str]:
    task = tasks.c
    booked = (
        sa.select(
            ledger_entries.c.task_id,
            _sum_of("held").label("held"),
            _sum_of("spent").label("spent"),
        )
        .where(ledger_entries.c.task_id.is_not(None))
        .group_by(ledger_entries.c.task_id)
        .subquery()
    )
    held, spent = sa.func.coalesce(booked.c.held, 0), sa.func.coalesce(booked.c.spent, 0)
    due = sa.case((task.status.in_(sorted(FINAL)), 0), else_=task.credits_held)
    rows = connection.execute(
        sa.select(task.id, task.status, due, held, task.credits_charged, spent)
        .select_from(tasks.outerjoin(booked, booked.c.task_id == task.id))
        .where(sa.or_(held != due, spent != task.credits_charged))
    )
    for name, status, should_hold, holds, should_cost, cost in rows:
        if holds != should_hold:
            yield f"The {status} task {name} holds {holds} credits, not {should_hold}."
        if cost != should_cost:
            yield f"The {status} task {name} was charged {cost} credits, not {should_cost}."
