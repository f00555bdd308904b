"""A whole service saved while it works, and brought back."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from personae.cli.admin.common import AsJson, Data, log_apart, when
from personae.cli.output import Talk

if TYPE_CHECKING:
    from personae.hosting.backup import BackupFacts

backup_app = typer.Typer(help="Save a whole service, and bring it back.", no_args_is_help=True)
Folder = Annotated[Path, typer.Argument(metavar="FOLDER", show_default=False)]


@backup_app.command("save", no_args_is_help=True)
def save(folder: Folder, data: Data = None, as_json: AsJson = False) -> None:
    """Write a backup into a new folder; the service may go on working.

    Database, stored files (unless they are in an object store), the secret and the local
    certificate. Whoever has the folder has all of that: keep it as safe as the service.
    """
    with Talk(as_json=as_json) as talk:
        from personae.hosting import backup
        from personae.hosting.folders import keep_private
        from personae.hosting.settings import load_settings

        keep_private()
        settings = load_settings(data_dir=data)
        log_apart(settings)
        facts = backup.save(settings, folder)
        if not settings.storage.startswith("file:"):
            talk.note("The stored files are in an object store: save the bucket now, after this.")
        talk.result(
            f"Saved: the database as it was at {when(facts.taken_at)}, {facts.files} files of "
            f"{facts.bytes} bytes.\nThe audit log's head was {facts.audit_head or 'none'}.",
            _shown(facts),
        )


@backup_app.command("restore", no_args_is_help=True)
def restore(folder: Folder, data: Data = None, as_json: AsJson = False) -> None:
    """Bring a backup back into an empty database and folder, before the service is started.

    Nothing may run on the old ones any more, or work that was under way is done twice.
    """
    with Talk(as_json=as_json) as talk:
        from personae.hosting import backup
        from personae.hosting.folders import keep_private
        from personae.hosting.settings import load_settings

        keep_private()
        settings = load_settings(data_dir=data)
        log_apart(settings)
        facts = backup.restore(settings, folder)
        talk.result(
            f"Restored: everything as it was at {when(facts.taken_at)}.\n"
            "Now: personae credits audit, personae audit verify, and take down again what was "
            "taken down since.",
            _shown(facts),
        )


def _shown(facts: BackupFacts) -> dict[str, object]:
    return {**asdict(facts), "taken_at": when(facts.taken_at)}
