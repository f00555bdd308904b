"""What operators do: tenants, keys, credits, tasks, storage and settings."""

from __future__ import annotations

import time
from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from personae.cli.exit_codes import ExitCode
from personae.cli.output import Talk
from personae.errors import NotFound

if TYPE_CHECKING:
    from personae.app.ports import Database, Transaction
    from personae.domain.tenants import Tenant

AsJson = Annotated[bool, typer.Option("--json", help="Print one JSON object on stdout.")]
Data = Annotated[Path | None, typer.Option("--data", metavar="DIR", help="The service's folder.")]
TenantName = Annotated[str, typer.Option("--tenant", metavar="NAME", help="Name or id.")]

keys_app = typer.Typer(help="Make, list and revoke API keys.", no_args_is_help=True)
tenants_app = typer.Typer(help="Make, list and suspend tenants.", no_args_is_help=True)
credits_app = typer.Typer(help="Give credits and check the books.", no_args_is_help=True)
tasks_app = typer.Typer(help="Look at tasks and cancel them.", no_args_is_help=True)
storage_app = typer.Typer(help="Look after stored files.", no_args_is_help=True)
config_app = typer.Typer(help="Check the settings.", no_args_is_help=True)


@contextmanager
def _database(data: Path | None) -> Generator[Database]:
    from personae.hosting import wiring
    from personae.hosting.folders import keep_private
    from personae.hosting.settings import load_settings

    keep_private()
    with wiring.open_service(load_settings(data_dir=data)) as opened:
        yield opened.database


@keys_app.command("create")
def create_key(
    tenant: TenantName,
    credits: Annotated[int, typer.Option(min=0, help="Credits to grant the tenant.")] = 0,
    name: Annotated[str, typer.Option(help="What the key is called in lists.")] = "key",
    scope: Annotated[
        list[str] | None, typer.Option(help="Repeat for several; all by default.")
    ] = None,
    days: Annotated[float | None, typer.Option(min=0.001, help="Days until it expires.")] = None,
    data: Data = None,
    as_json: AsJson = False,
) -> None:
    """Make a key, and the tenant if there is none of that name. Its secrets are shown once."""
    with Talk(as_json=as_json) as talk, _database(data) as database:
        from personae.app import accounts
        from personae.domain.tenants import SCOPES

        now = time.time()

        def work(tx: Transaction) -> Any:
            owner = _find(tx, tenant) or accounts.create_tenant(tx, tenant, now)
            expires = None if days is None else now + days * 86400
            made = accounts.issue_key(
                tx, owner.id, name=name, scopes=scope or SCOPES, expires_at=expires, now=now
            )
            if credits:
                grant_key = f"grant:{made.stored.id}"
                accounts.grant(tx, owner.id, credits, key=grant_key, note="with a key", now=now)
            return made

        made = database.write(work)
        shown = {
            "key": made.key,
            "client_id": made.stored.client_id,
            "client_secret": made.client_secret,
            "key_id": made.stored.id,
            "tenant_id": made.stored.tenant_id,
        }
        talk.result("\n".join(f"{label}: {value}" for label, value in shown.items()), shown)


@keys_app.command("list")
def list_keys(tenant: TenantName, data: Data = None, as_json: AsJson = False) -> None:
    """List a tenant's keys; never their secrets."""
    with Talk(as_json=as_json) as talk, _database(data) as database:
        rows = database.read(lambda tx: tx.tenants.keys(_known(tx, tenant).id))
        lines = [
            f"{key.id}  {key.prefix}…  {key.name}  {'revoked' if key.revoked_at else 'valid'}  "
            f"{'never used' if key.last_used_at is None else 'used ' + _when(key.last_used_at)}"
            for key in rows
        ]
        talk.result("\n".join(lines), {"keys": [_plain(key) for key in rows]})


@keys_app.command("revoke")
def revoke(
    tenant: TenantName,
    key_id: Annotated[str, typer.Argument(metavar="KEY_ID")],
    data: Data = None,
    as_json: AsJson = False,
) -> None:
    """End a key at once."""
    with Talk(as_json=as_json) as talk, _database(data) as database:
        from personae.app import accounts

        key = database.write(
            lambda tx: accounts.revoke_key(tx, _known(tx, tenant).id, key_id, time.time())
        )
        talk.result(f"{key.id} is revoked.", _plain(key))


@tenants_app.command("create")
def create_tenant(
    name: Annotated[str, typer.Argument()], data: Data = None, as_json: AsJson = False
) -> None:
    """Make a tenant with an empty account."""
    with Talk(as_json=as_json) as talk, _database(data) as database:
        from personae.app import accounts

        made = database.write(lambda tx: accounts.create_tenant(tx, name, time.time()))
        talk.result(f"{made.id}  {made.name}", _plain(made))


@tenants_app.command("list")
def list_tenants(data: Data = None, as_json: AsJson = False) -> None:
    """List all tenants and their balances."""
    with Talk(as_json=as_json) as talk, _database(data) as database:
        from personae.domain.credits import counted

        rows = database.read(
            lambda tx: [(one, tx.credits.balance(one.id)) for one in tx.tenants.all()]
        )
        lines = [
            f"{one.id}  {one.name}  {counted(balance.available)}"
            f"{'  suspended' if one.suspended_at else ''}"
            for one, balance in rows
        ]
        shown = [{**_plain(one), "balance": asdict(balance)} for one, balance in rows]
        talk.result("\n".join(lines), {"tenants": shown})


@tenants_app.command("suspend")
def suspend(
    tenant: Annotated[str, typer.Argument(metavar="NAME")],
    undo: Annotated[bool, typer.Option("--undo", help="Readmit it.")] = False,
    data: Data = None,
    as_json: AsJson = False,
) -> None:
    """Refuse a tenant's requests from now on; its tasks under way go on."""
    with Talk(as_json=as_json) as talk, _database(data) as database:
        from personae.app import accounts

        def work(tx: Transaction) -> str:
            owner = _known(tx, tenant)
            accounts.set_suspended(tx, owner.id, not undo, time.time())
            return owner.id

        found = database.write(work)
        state = "readmitted" if undo else "suspended"
        talk.result(f"{found} is {state}.", {"tenant_id": found, "suspended": not undo})


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
    with Talk(as_json=as_json) as talk, _database(data) as database:
        from personae.app import accounts
        from personae.domain.ids import new_id

        def work(tx: Transaction) -> Any:
            owner = _known(tx, tenant)
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
    with Talk(as_json=as_json) as talk, _database(data) as database:
        wrong = database.read(lambda tx: tx.credits.audit())
        text = "\n".join(wrong) or "The books balance."
        talk.result(text, {"balanced": not wrong, "problems": wrong})
        if wrong:
            raise typer.Exit(ExitCode.SERVICE)


@tasks_app.command("list")
def list_tasks(
    tenant: TenantName,
    limit: Annotated[int, typer.Option(min=1, max=1000)] = 50,
    data: Data = None,
    as_json: AsJson = False,
) -> None:
    """List a tenant's newest tasks."""
    with Talk(as_json=as_json) as talk, _database(data) as database:
        page = database.read(
            lambda tx: tx.tasks.page(_known(tx, tenant).id, kinds=(), after=None, limit=limit)
        )
        lines = [
            f"{one.id}  {one.kind}  {one.status}  {_when(one.created_at)}  {one.credits_charged}"
            for one in page.items
        ]
        shown = [
            {
                "id": one.id,
                "kind": one.kind,
                "status": one.status,
                "created_at": _when(one.created_at),
                "credits_charged": one.credits_charged,
                "error": None if one.error is None else asdict(one.error),
            }
            for one in page.items
        ]
        talk.result("\n".join(lines), {"tasks": shown})


@tasks_app.command("cancel")
def cancel(
    task_id: Annotated[str, typer.Argument(metavar="TASK_ID")],
    data: Data = None,
    as_json: AsJson = False,
) -> None:
    """End a task and give its credits back."""
    with Talk(as_json=as_json) as talk, _database(data) as database:
        from personae.app import tasks

        def work(tx: Transaction) -> str:
            found = tx.tasks.get(None, task_id)
            if found is None:
                raise NotFound(f"There is no task {task_id}.")
            return tasks.cancel(tx, found.tenant_id, task_id, time.time()).status

        status = database.write(work)
        talk.result(f"{task_id} is {status}.", {"id": task_id, "status": status})


@storage_app.command("sweep")
def sweep(data: Data = None, as_json: AsJson = False) -> None:
    """Delete what has expired and what no task needs; workers do this by themselves too."""
    with Talk(as_json=as_json) as talk:
        from personae.hosting import wiring
        from personae.hosting.settings import load_settings

        done = wiring.sweep(load_settings(data_dir=data))
        talk.result("\n".join(f"{name}: {count}" for name, count in done.items()), {"swept": done})


@config_app.command("check")
def check(data: Data = None, as_json: AsJson = False) -> None:
    """Read all settings, say what they come to, and try the database and the storage.

    Environment variables that begin with PERSONAE_ and mean nothing are problems too.
    """
    with Talk(as_json=as_json) as talk:
        from personae.hosting import wiring
        from personae.hosting.environment import notes_on, unknown_variables
        from personae.hosting.settings import config_file, load_settings

        settings = load_settings(data_dir=data)
        shown = wiring.shown_settings(settings)
        file = config_file(data)
        unknown = [f"environment: {told}" for told in unknown_variables()]
        problems, notes = [*unknown, *wiring.try_out(settings)], notes_on(settings)
        lines = [f"{name} = {value}" for name, value in shown.items()]
        lines += [f"file: {file or 'none'}", *(f"note: {note}" for note in notes), *problems]
        talk.result(
            "\n".join(lines),
            {
                "settings": shown,
                "file": str(file) if file else None,
                "problems": problems,
                "notes": notes,
            },
        )
        if problems:
            raise typer.Exit(ExitCode.SERVICE)


def _find(tx: Transaction, name: str) -> Tenant | None:
    return tx.tenants.by_name(name) or tx.tenants.get(name)


def _known(tx: Transaction, name: str) -> Tenant:
    found = _find(tx, name)
    if found is None:
        raise NotFound(f"There is no tenant {name}.")
    return found


def _when(at: float) -> str:
    return datetime.fromtimestamp(at, UTC).isoformat(timespec="seconds")


def _plain(value: Any) -> dict[str, Any]:
    """A record with its times written out."""
    shown = asdict(value)
    return {
        name: _when(one) if name.endswith("_at") and one is not None else one
        for name, one in shown.items()
    }
