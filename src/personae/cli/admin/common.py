"""What operators' commands share: options, the database, and records as people read them."""

from __future__ import annotations

from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from personae.errors import NotFound

if TYPE_CHECKING:
    from personae.app.ports import Database, Transaction
    from personae.domain.tenants import Tenant
    from personae.hosting.settings import Settings

AsJson = Annotated[bool, typer.Option("--json", help="Print one JSON object on stdout.")]
Data = Annotated[Path | None, typer.Option("--data", metavar="DIR", help="The service's folder.")]
TenantName = Annotated[str, typer.Option("--tenant", metavar="NAME", help="Name or id.")]


@contextmanager
def open_database(data: Path | None, *, there: bool = False) -> Generator[Database]:
    """The service's database, open while the command runs.

    Raises
    ------
    NotFound
        If it has to be `there` and is not: who only reads must not be told that nothing is wrong
        with a database that was just made.
    """
    from personae.app import audit
    from personae.domain.audit import OPERATOR
    from personae.hosting import wiring
    from personae.hosting.folders import keep_private
    from personae.hosting.settings import load_settings

    keep_private()
    settings = load_settings(data_dir=data)
    file = settings.database.removeprefix("sqlite:///")
    if there and file != settings.database and not Path(file).is_file():
        raise NotFound(f"There is no service in {settings.data_dir}; name its folder with --data.")
    log_apart(settings)
    with wiring.open_service(settings) as opened, audit.acting(OPERATOR):
        yield opened.database


def log_apart(settings: Settings) -> None:
    """Send warnings of the service's parts to stderr: stdout is for a command's result."""
    from personae.hosting.logs import configure_logs

    configure_logs(settings.model_copy(update={"log_level": "warning"}), role="command")


def find(tx: Transaction, name: str) -> Tenant | None:
    """The tenant of this name or id; None if there is none."""
    return tx.tenants.by_name(name) or tx.tenants.get(name)


def known(tx: Transaction, name: str) -> Tenant:
    """The tenant of this name or id.

    Raises
    ------
    NotFound
    """
    found = find(tx, name)
    if found is None:
        raise NotFound(f"There is no tenant {name}.")
    return found


def when(at: float) -> str:
    """A time as people read it: ISO 8601, UTC."""
    return datetime.fromtimestamp(at, UTC).isoformat(timespec="seconds")


def plain(value: Any) -> dict[str, Any]:
    """A record with its times written out."""
    shown = asdict(value)
    return {
        name: when(one) if name.endswith("_at") and one is not None else one
        for name, one in shown.items()
    }
