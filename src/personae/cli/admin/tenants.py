"""Tenants: made, listed, suspended; how long their things are kept."""

from __future__ import annotations

import time
from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated

import typer

from personae.cli.admin.common import AsJson, Data, known, open_database, plain
from personae.cli.output import Talk

if TYPE_CHECKING:
    from personae.app.ports import Transaction
    from personae.domain.tenants import Tenant

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


def _time(kind: str) -> typer.models.OptionInfo:
    return typer.Option(f"--{kind}", metavar="TIME", help="90, 30m, 12h, 7d or 2w.")


@tenants_app.command("retention")
def retention(
    tenant: Annotated[str, typer.Argument(metavar="NAME")],
    uploads: Annotated[str | None, _time("uploads")] = None,
    imports: Annotated[str | None, _time("imports")] = None,
    outputs: Annotated[str | None, _time("outputs")] = None,
    previews: Annotated[str | None, _time("previews")] = None,
    stills: Annotated[str | None, _time("stills")] = None,
    crops: Annotated[str | None, _time("crops")] = None,
    detections: Annotated[str | None, _time("detections")] = None,
    faces: Annotated[
        str | None, typer.Option(metavar="TIME", help="Or never: until they are deleted.")
    ] = None,
    usual: Annotated[
        bool, typer.Option("--usual", help="As everybody's, but for what is named.")
    ] = False,
    data: Data = None,
    as_json: AsJson = False,
) -> None:
    """Say how long a tenant's things are kept, or show it. What is there ends sooner as well."""
    given = {
        "uploads": uploads,
        "imports": imports,
        "outputs": outputs,
        "previews": previews,
        "stills": stills,
        "crops": crops,
        "detections": detections,
        "faces": faces,
    }
    with Talk(as_json=as_json) as talk:
        from personae.app import retention as rules
        from personae.domain.retention import allowed, in_force, seconds
        from personae.hosting.settings import load_settings

        default = load_settings(data_dir=data).kept
        times = {name: seconds(text, name) for name, text in given.items() if text is not None}

        def work(tx: Transaction) -> Tenant:
            owner = known(tx, tenant)
            if usual:
                owner = rules.forget_rule(tx, owner.id, time.time())
            return rules.rule(tx, owner.id, times, time.time()) if times else owner

        with open_database(data) as database:
            settings = database.write(work).settings
        holds, most = in_force(settings, default), allowed(settings, default)
        lines = [
            f"{name}: {_said(value)}" + ("" if value == most else "  (the tenant's own wish)")
            for (name, value), most in zip(
                holds.to_json().items(), most.to_json().values(), strict=True
            )
        ]
        talk.result(
            "\n".join(lines),
            {"tenant": tenant, "in_force": holds.to_json(), "longest": most.to_json()},
        )


def _said(seconds: float | None) -> str:
    if seconds is None:
        return "until they are deleted"
    return f"{seconds / 86400:g} days" if seconds >= 86400 else f"{seconds / 3600:g} hours"
