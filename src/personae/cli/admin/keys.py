"""API keys: made, listed, revoked."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Annotated, Any

import typer

from personae.cli.admin.common import (
    AsJson,
    Data,
    TenantName,
    find,
    known,
    open_database,
    plain,
    when,
)
from personae.cli.output import Talk

if TYPE_CHECKING:
    from personae.app.ports import Transaction
    from personae.domain.tenants import NewKey

keys_app = typer.Typer(help="Make, list and revoke API keys.", no_args_is_help=True)


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
    with Talk(as_json=as_json) as talk, open_database(data) as database:
        from personae.app import accounts
        from personae.domain.tenants import SCOPES

        now = time.time()

        def work(tx: Transaction) -> Any:
            owner = find(tx, tenant) or accounts.create_tenant(tx, tenant, now)
            expires = None if days is None else now + days * 86400
            made = accounts.issue_key(
                tx, owner.id, name=name, scopes=scope or SCOPES, expires_at=expires, now=now
            )
            if credits:
                grant_key = f"grant:{made.stored.id}"
                accounts.grant(tx, owner.id, credits, key=grant_key, note="with a key", now=now)
            return made

        made = database.write(work)
        _show_key(talk, made)


@keys_app.command("create-operator")
def create_operator_key(
    name: Annotated[str, typer.Option(help="Whose it is, or what for; logs name it.")] = "operator",
    days: Annotated[float | None, typer.Option(min=0.001, help="Days until it expires.")] = None,
    data: Data = None,
    as_json: AsJson = False,
) -> None:
    """Make a key for the calls and pages of operators, shown once; it can do nothing else.

    List and revoke such keys with --tenant _operator.
    """
    with Talk(as_json=as_json) as talk, open_database(data) as database:
        from personae.app import accounts

        now = time.time()
        expires = None if days is None else now + days * 86400
        made = database.write(
            lambda tx: accounts.issue_operator_key(tx, name=name, expires_at=expires, now=now)
        )
        _show_key(talk, made)


@keys_app.command("list")
def list_keys(tenant: TenantName, data: Data = None, as_json: AsJson = False) -> None:
    """List a tenant's keys; never their secrets."""
    with Talk(as_json=as_json) as talk, open_database(data) as database:
        rows = database.read(lambda tx: tx.tenants.keys(known(tx, tenant).id))
        lines = [
            f"{key.id}  {key.prefix}…  {key.name}  {'revoked' if key.revoked_at else 'valid'}  "
            f"{'never used' if key.last_used_at is None else 'used ' + when(key.last_used_at)}"
            for key in rows
        ]
        talk.result("\n".join(lines), {"keys": [plain(key) for key in rows]})


@keys_app.command("revoke")
def revoke(
    tenant: TenantName,
    key_id: Annotated[str, typer.Argument(metavar="KEY_ID")],
    data: Data = None,
    as_json: AsJson = False,
) -> None:
    """End a key at once."""
    with Talk(as_json=as_json) as talk, open_database(data) as database:
        from personae.app import accounts

        key = database.write(
            lambda tx: accounts.revoke_key(tx, known(tx, tenant).id, key_id, time.time())
        )
        talk.result(f"{key.id} is revoked.", plain(key))


def _show_key(talk: Talk, made: NewKey) -> None:
    """A new key with its secrets."""
    shown = {
        "key": made.key,
        "client_id": made.stored.client_id,
        "client_secret": made.client_secret,
        "key_id": made.stored.id,
        "tenant_id": made.stored.tenant_id,
    }
    talk.result("\n".join(f"{label}: {value}" for label, value in shown.items()), shown)
