"""``personae tenants gate``: what operators let single tenants do about the content gate."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Annotated, Any

import typer

from personae.cli.admin.common import AsJson, Data, known, open_database
from personae.cli.output import Talk

if TYPE_CHECKING:
    from personae.app.ports import Transaction

_Limit = typer.Option(metavar="0..1", help="The highest score that passes; 1 refuses nothing.")


def gate(
    tenant: Annotated[str, typer.Argument(metavar="NAME")],
    on: Annotated[
        bool | None, typer.Option("--on/--off", help="Whether anything is looked at.")
    ] = None,
    donor: Annotated[float | None, _Limit] = None,
    scene: Annotated[float | None, _Limit] = None,
    output: Annotated[float | None, _Limit] = None,
    every_s: Annotated[
        float | None,
        typer.Option("--every", metavar="SECONDS", help="How often a clip is looked at."),
    ] = None,
    may_disable: Annotated[
        bool | None,
        typer.Option(
            "--may-disable/--may-not-disable",
            help="Whether a request that asks to do without the gate does.",
        ),
    ] = None,
    reset: Annotated[bool, typer.Option("--reset", help="As for everybody again.")] = False,
    data: Data = None,
    as_json: AsJson = False,
) -> None:
    """Let a tenant's content gate differ from the service's settings; without options show it."""
    given = {
        "on": on,
        "donor": donor,
        "scene": scene,
        "output": output,
        "every_s": every_s,
        "may_disable": may_disable,
    }
    changes = {name: value for name, value in given.items() if value is not None}
    with Talk(as_json=as_json) as talk, open_database(data) as database:
        from personae.app import accounts

        def work(tx: Transaction) -> tuple[str, dict[str, Any]]:
            owner = known(tx, tenant)
            if not changes and not reset:
                return owner.id, owner.settings.get("gate") or {}
            now = time.time()
            if reset:
                accounts.set_gate(tx, owner.id, None, now)
            return owner.id, accounts.set_gate(tx, owner.id, changes, now)

        tenant_id, wanted = database.write(work)
        lines = [f"{name} = {value}" for name, value in wanted.items()]
        talk.result(
            "\n".join(lines) or "As the service's settings say.",
            {"tenant_id": tenant_id, "gate": wanted},
        )
