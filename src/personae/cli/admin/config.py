"""Settings: read and tried out."""

from __future__ import annotations

import typer

from personae.cli.admin.common import AsJson, Data, log_apart
from personae.cli.exit_codes import ExitCode
from personae.cli.output import Talk

config_app = typer.Typer(help="Check the settings.", no_args_is_help=True)


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
        log_apart(settings)
        shown = wiring.shown_settings(settings)
        file = config_file(data)
        unknown = [f"environment: {told}" for told in unknown_variables()]
        problems, notes = [*unknown, *wiring.try_out(settings)], notes_on(settings)
        if not any(told.startswith("engines:") for told in problems):
            notes += [f"no worker starts here: {told}" for told in wiring.missing_models(settings)]
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
