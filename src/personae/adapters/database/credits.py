"""The ledger in SQL: every transfer moves two accounts and writes two entries, or does nothing."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any, NamedTuple

import sqlalchemy as sa

from personae.adapters.database.books import faults_in_books
from personae.adapters.database.days import DAY_S, day_name, day_of
from personae.adapters.database.dialects import insert_unless_there
from personae.adapters.database.paging import number_after, page_of
from personae.adapters.database.rows import Row
from personae.adapters.database.tables import accounts, ledger_entries, tasks, usage_days
from personae.domain.credits import Account, Balance, LedgerEntry, TransferKind, counted
from personae.domain.pages import Page
from personae.errors import InsufficientCredits, InvalidRequest, NotFound

_OTHER = "other"


class _Way(NamedTuple):
    giver: Account
    taker: Account


_WAYS: dict[TransferKind, _Way] = {
    "grant": _Way("granted", "available"),
    "hold": _Way("available", "held"),
    "settle": _Way("held", "spent"),
    "release": _Way("held", "available"),
    "adjust": _Way("granted", "available"),
}


def _moving(way: _Way) -> sa.Update:
    """Moves ``n`` credits unless the giver would fall below 0; `granted` has no floor."""
    n: sa.BindParameter[int] = sa.bindparam("n")
    giver, taker = accounts.c[way.giver], accounts.c[way.taker]
    update = sa.update(accounts).where(accounts.c.tenant_id == sa.bindparam("tenant"))
    # `granted` counts what was given out, so it grows when it gives and shrinks when it takes.
    after_taking = taker - n if way.taker == "granted" else taker + n
    if way.giver == "granted":
        return update.values({giver: giver + n, taker: after_taking})
    return update.where(giver >= n).values({giver: giver - n, taker: after_taking})


_MOVES = {way: _moving(way) for way in {*_WAYS.values(), _Way("available", "granted")}}

_INSERT = sa.insert(ledger_entries).inline()
_ENTRY = sa.select(
    ledger_entries.c.id,
    ledger_entries.c.tenant_id,
    ledger_entries.c.key,
    ledger_entries.c.kind,
    ledger_entries.c.account,
    ledger_entries.c.amount,
    ledger_entries.c.task_id,
    ledger_entries.c.note,
    ledger_entries.c.created_at,
)


_BALANCES = sa.select(
    accounts.c.tenant_id,
    accounts.c.available,
    accounts.c.held,
    accounts.c.spent,
    accounts.c.granted,
).where(accounts.c.tenant_id.in_(sa.bindparam("tenants", expanding=True)))


class SqlCredits:
    """`personae.app.ports.Credits` on one connection."""

    def __init__(self, connection: sa.Connection) -> None:
        self._connection = connection

    def transfer(
        self,
        tenant_id: str,
        kind: TransferKind,
        amount: int,
        key: str,
        *,
        task_id: str | None = None,
        note: str | None = None,
        at: float,
    ) -> bool:
        """Move `amount` credits; False, and nothing moves, if the tenant has used `key`.

        An adjustment may be negative: it takes credits back. A transfer of 0 moves nothing but
        uses up its key.

        Raises
        ------
        InsufficientCredits
            If `available` (or, for settle and release, `held`) would fall below 0.
        InvalidRequest
            If `amount` is negative in anything but an adjustment.
        NotFound
            If there is no such tenant.
        """
        way = _WAYS[kind]
        if amount < 0:
            if kind != "adjust":
                raise InvalidRequest(f"A {kind} moves 0 credits or more, not {amount}.")
            way, amount = _Way("available", "granted"), -amount
        common = {
            "tenant_id": tenant_id,
            "key": key,
            "kind": kind,
            "task_id": task_id,
            "note": note,
            "created_at": at,
        }
        # Claim the key first: under PostgreSQL a second transfer waits here for the first.
        gives = common | {"side": 0, "account": way.giver, "amount": -amount}
        if not insert_unless_there(self._connection, ledger_entries, gives):
            return False
        moved = self._connection.execute(_MOVES[way], {"tenant": tenant_id, "n": amount})
        if moved.rowcount != 1:
            self._take_back(tenant_id, key)
            raise self._refusal(tenant_id, way.giver, amount)
        takes = common | {"side": 1, "account": way.taker, "amount": amount}
        self._connection.execute(_INSERT, takes)
        return True

    def _take_back(self, tenant_id: str, key: str) -> None:
        # So that a caller who goes on after the error commits no entries without their move.
        self._connection.execute(
            sa.delete(ledger_entries).where(
                ledger_entries.c.tenant_id == tenant_id, ledger_entries.c.key == key
            )
        )

    def _refusal(self, tenant_id: str, giver: Account, amount: int) -> Exception:
        left: int = getattr(self.balance(tenant_id), giver)
        where = "held for it" if giver == "held" else "available"
        are = "is" if left == 1 else "are"
        return InsufficientCredits(f"This takes {counted(amount)}, and {left} {are} {where}.")

    def balance(self, tenant_id: str) -> Balance:
        """A tenant's accounts.

        Raises
        ------
        NotFound
            If there is no such tenant.
        """
        found = self.balances([tenant_id])
        if tenant_id not in found:
            raise NotFound(f"There is no tenant {tenant_id}.")
        return found[tenant_id]

    def balances(self, tenant_ids: Collection[str]) -> dict[str, Balance]:
        """Those of several tenants, by their names."""
        if not tenant_ids:
            return {}
        rows = self._connection.execute(_BALANCES, {"tenants": sorted(tenant_ids)})
        return {tenant_id: Balance(*amounts) for tenant_id, *amounts in rows}

    def entries(self, tenant_id: str, *, after: str | None, limit: int) -> Page[LedgerEntry]:
        """Both sides of every transfer, newest first.

        Raises
        ------
        InvalidRequest
            If `after` is no cursor of this listing.
        """
        return page_of(
            self._connection,
            _ENTRY.where(ledger_entries.c.tenant_id == tenant_id),
            ledger_entries.c.id,
            _entry,
            after=number_after(after),
            limit=limit,
        )

    def usage(
        self, tenant_id: str, since: float, until: float, offset_s: int = 0
    ) -> list[dict[str, Any]]:
        """Credits spent and tasks done by day and kind, from `since` to before `until`.

        Days begin `offset_s` seconds before those of UTC.

        Returns
        -------
        list of dict
            ``day`` (``YYYY-MM-DD``), ``kind`` (a task's, or ``other``), ``credits``, ``tasks``
            (that succeeded), by day and kind. Tasks whose rows have been purged count by whole
            days.
        """
        spent = self._spent(tenant_id, since, until, offset_s)
        done = self._done(tenant_id, since, until, offset_s)
        self._add_purged(tenant_id, since, until, spent, done)
        return [
            {
                "day": day_name(day),
                "kind": kind,
                "credits": spent.get((day, kind), 0),
                "tasks": done.get((day, kind), 0),
            }
            for day, kind in sorted(spent.keys() | done.keys())
        ]

    def _spent(
        self, tenant_id: str, since: float, until: float, offset_s: int
    ) -> dict[tuple[int, str], int]:
        at = ledger_entries.c.created_at
        day, kind = day_of(at, offset_s), sa.func.coalesce(tasks.c.kind, _OTHER)
        rows = self._connection.execute(
            sa.select(day, kind, sa.func.sum(ledger_entries.c.amount))
            .select_from(
                ledger_entries.outerjoin(
                    tasks,
                    sa.and_(tasks.c.id == ledger_entries.c.task_id, tasks.c.tenant_id == tenant_id),
                )
            )
            .where(
                ledger_entries.c.tenant_id == tenant_id,
                ledger_entries.c.account == "spent",
                at >= since,
                at < until,
            )
            .group_by(sa.text("1"), sa.text("2"))
        )
        return {(int(d), k): int(credits) for d, k, credits in rows if credits}

    def _done(
        self, tenant_id: str, since: float, until: float, offset_s: int
    ) -> dict[tuple[int, str], int]:
        at = tasks.c.finished_at
        rows = self._connection.execute(
            sa.select(day_of(at, offset_s), tasks.c.kind, sa.func.count())
            .where(
                tasks.c.tenant_id == tenant_id,
                tasks.c.status == "succeeded",
                at >= since,
                at < until,
            )
            .group_by(sa.text("1"), sa.text("2"))
        )
        return {(int(d), k): int(count) for d, k, count in rows}

    def _add_purged(
        self,
        tenant_id: str,
        since: float,
        until: float,
        spent: dict[tuple[int, str], int],
        done: dict[tuple[int, str], int],
    ) -> None:
        """Add tasks whose rows are gone; what they cost stands in the ledger without a kind."""
        rows = self._connection.execute(
            sa.select(
                usage_days.c.day, usage_days.c.kind, usage_days.c.tasks, usage_days.c.credits
            ).where(
                usage_days.c.tenant_id == tenant_id,
                usage_days.c.day >= int(since // DAY_S),
                usage_days.c.day * DAY_S < until,
            )
        )
        for day, kind, count, credits in rows:
            done[day, kind] = done.get((day, kind), 0) + count
            unnamed = spent.pop((day, _OTHER), 0)
            named = min(credits, unnamed)
            if unnamed > named:
                spent[day, _OTHER] = unnamed - named
            if named:
                spent[day, kind] = spent.get((day, kind), 0) + named

    def audit(self) -> list[str]:
        """What is wrong with the books, one sentence each; empty when they balance."""
        return faults_in_books(self._connection)


def _entry(row: Row) -> LedgerEntry:
    return LedgerEntry(**row)
