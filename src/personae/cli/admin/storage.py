"""Stored files: swept."""

from __future__ import annotations

import typer

from personae.cli.admin.common import AsJson, Data, log_apart
from personae.cli.output import Talk

storage_app = typer.Typer(help="Look after stored files.", no_args_is_help=True)


@storage_app.command("sweep")
def sweep(data: Data = None, as_json: AsJson = False) -> None:
    """Delete what has expired and what no task needs; workers do this by themselves too."""
    with Talk(as_json=as_json) as talk:
        from personae.hosting import wiring
        from personae.hosting.settings import load_settings

        settings = load_settings(data_dir=data)
        log_apart(settings)
        done = wiring.sweep(settings)
        talk.result("\n".join(f"{name}: {count}" for name, count in done.items()), {"swept": done})
