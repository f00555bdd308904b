"""Tenants: made, listed, suspended."""

from __future__ import annotations

import time
from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated

import typer

from personae.cli.admin.common import AsJson, Data, known, open_database, plain
from personae.cli.output import Talk

if TYPE_CHECKING:
    from personae.app.ports import Transaction

tenants_app = typer.Typer(help="Make, list and suspend tenants.", no_args_is_help=True)


@tenants_app.command("create")
def create_tenant(
    name: Annotated[str, typer.Argument()], data: Data = None, as_json: AsJson = False
) -> None:
    """Make a tenant with an empty account."""
    with Talk(as_json=as_json) as talk, open_database(data) as database:
        from personae.app import accounts

        made = database.write(lambda tx: accounts.create_tenant(tx, name, time.time()))
        talk.result(f"{made.id}  {made.name}", plain(made))


@tenants_app.command("list")
def list_tenants(data: Data = None, as_json: AsJson = False) -> None:
    """List all tenants and their balances."""
    with Talk(as_json=as_json) as talk, open_database(data) as database:
        from personae.domain.credits import counted

        rows = database.read(
            lambda tx: [(one, tx.credits.balance(one.id)) for one in tx.tenants.all()]
        )
        lines = [
            f"{one.id}  {one.name}  {counted(balance.available)}"
            f"{'  suspended' if one.suspended_at else ''}"
            for one, balance in rows
        ]
        shown = [{**plain(one), "balance": asdict(balance)} for one, balance in rows]
        talk.result("\n".join(lines), {"tenants": shown})


@tenants_app.command("suspend")
def suspend(
    tenant: Annotated[str, typer.Argument(metavar="NAME")],
    undo: Annotated[bool, typer.Option("--undo", help="Readmit it.")] = False,
    data: Data = None,
    as_json: AsJson = False,
) -> None:
    """Refuse a tenant's requests from now on; its tasks under way go on."""
    with Talk(as_json=as_json) as talk, open_database(data) as database:
        from personae.app import accounts

        def work(tx: Transaction) -> str:
            owner = known(tx, tenant)
            accounts.set_suspended(tx, owner.id, not undo, time.time())
            return owner.id

        found = database.write(work)
        state = "readmitted" if undo else "suspended"
        talk.result(f"{found} is {state}.", {"tenant_id": found, "suspended": not undo})
