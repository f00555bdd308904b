"""What operators do: tenants, keys, credits, tasks, storage and settings.

A module for each group of commands; `GROUPS` is their order in the help.
"""

from __future__ import annotations

import typer

from personae.cli.admin.audit import audit_app
from personae.cli.admin.backup import backup_app
from personae.cli.admin.config import config_app
from personae.cli.admin.consents import consents_app
from personae.cli.admin.credits import credits_app
from personae.cli.admin.gate import gate
from personae.cli.admin.keys import keys_app
from personae.cli.admin.register import register_app
from personae.cli.admin.storage import storage_app
from personae.cli.admin.takedowns import list_takedowns, take_down, unblock
from personae.cli.admin.tasks import tasks_app
from personae.cli.admin.tenants import tenants_app

tenants_app.command("gate")(gate)

GROUPS: tuple[tuple[str, typer.Typer], ...] = (
    ("tenants", tenants_app),
    ("keys", keys_app),
    ("credits", credits_app),
    ("tasks", tasks_app),
    ("consents", consents_app),
    ("register", register_app),
    ("storage", storage_app),
    ("backup", backup_app),
    ("audit", audit_app),
    ("config", config_app),
)
"""Names of the groups and their commands."""


def everything() -> typer.Typer:
    """``personae admin``: all groups once more, and what belongs to none of them."""
    app = typer.Typer(help="Everything that operators do.", no_args_is_help=True)
    app.command("takedown", no_args_is_help=True)(take_down)
    app.command("takedowns")(list_takedowns)
    app.command("unblock")(unblock)
    for name, group in GROUPS:
        app.add_typer(group, name=name)
    app.add_typer(tenants_app, name="tenant", hidden=True)
    return app
