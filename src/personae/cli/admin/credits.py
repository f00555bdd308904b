"""Credits: given, and the books checked."""

from __future__ import annotations

import time
from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated, Any

import typer

from personae.cli.admin.common import AsJson, Data, TenantName, known, open_database
from personae.cli.exit_codes import ExitCode
from personae.cli.output import Talk

if TYPE_CHECKING:
    from personae.app.ports import Transaction

credits_app = typer.Typer(help="Give credits and check the books.", no_args_is_help=True)


@credits_app.command("grant")
def grant(
    tenant: TenantName,
    amount: Annotated[int, typer.Argument(help="Below 0 takes credits away.")],
    key: Annotated[
        str | None, typer.Option(help="A name for this grant; the same name is done once.")
    ] = None,
    note: Annotated[str | None, typer.Option(help="Why.")] = None,
    data: Data = None,
    as_json: AsJson = False,
) -> None:
    """Give a tenant credits."""
    with Talk(as_json=as_json) as talk, open_database(data) as database:
        from personae.app import accounts
        from personae.domain.ids import new_id

        def work(tx: Transaction) -> Any:
            owner = known(tx, tenant)
            name = f"grant:{key or new_id('grant')}"
            done = accounts.grant(tx, owner.id, amount, key=name, note=note, now=time.time())
            return done, tx.credits.balance(owner.id)

        done, balance = database.write(work)
        said = "granted" if done else "was granted before"
        talk.result(
            f"{amount} {said}; available: {balance.available}.",
            {"granted": done, "balance": asdict(balance)},
        )


@credits_app.command("audit")
def audit(data: Data = None, as_json: AsJson = False) -> None:
    """Add up the whole ledger and say what does not balance."""
    with Talk(as_json=as_json) as talk, open_database(data) as database:
        wrong = database.read(lambda tx: tx.credits.audit())
        text = "\n".join(wrong) or "The books balance."
        talk.result(text, {"balanced": not wrong, "problems": wrong})
        if wrong:
            raise typer.Exit(ExitCode.SERVICE)
