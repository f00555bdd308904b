"""Settings: shown, tried out, and written down to begin with."""

from __future__ import annotations

import os
from contextlib import suppress
from pathlib import Path
from typing import Annotated, Any

import typer

from personae.cli import surroundings
from personae.cli.admin.common import AsJson, Data, log_apart
from personae.cli.completing import settings as setting_names
from personae.cli.exit_codes import ExitCode
from personae.cli.output import Talk
from personae.configuring.files import COMMANDS, CONFIG_NAME, config_file, read_file
from personae.errors import InvalidRequest, NotFound, PersonaeError

config_app = typer.Typer(help="Show, check and write down the settings.", no_args_is_help=True)


@config_app.command("check")
def check(context: typer.Context, data: Data = None, as_json: AsJson = False) -> None:
    """Read all settings, say what they come to, and try the database and the storage.

    Variables that begin with PERSONAE_ and mean nothing, and keys of the file that mean nothing,
    are problems too.
    """
    with Talk(as_json=as_json) as talk:
        from personae.hosting import wiring
        from personae.hosting.environment import notes_on, unknown_variables
        from personae.hosting.settings import load_settings

        settings = load_settings(data_dir=data)
        log_apart(settings)
        shown = wiring.shown_settings(settings)
        file = config_file(data)
        unknown = [f"environment: {told}" for told in unknown_variables()]
        failed = wiring.try_out(settings)
        problems = [*unknown, *_wrong_defaults(context), *failed]
        answered = [
            place
            for place in ("database", "storage")
            if not any(told.startswith(f"{place}:") for told in failed)
        ]
        notes = notes_on(settings)
        if not any(told.startswith("engines:") for told in problems):
            notes += [f"no worker starts here: {told}" for told in wiring.missing_models(settings)]
        lines = [f"{name} = {value}" for name, value in shown.items()]
        lines += [f"file: {file or 'none'}", *(f"{place}: it answered" for place in answered)]
        lines += [*(f"note: {note}" for note in notes), *problems]
        talk.result(
            "\n".join(lines),
            {
                "settings": shown,
                "file": str(file) if file else None,
                "answered": answered,
                "problems": problems,
                "notes": notes,
            },
        )
        if problems:
            raise typer.Exit(ExitCode.SERVICE)


@config_app.command("show")
def show(
    context: typer.Context,
    names: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="[NAME]...", help="Only these settings.", autocompletion=setting_names
        ),
    ] = None,
    data: Data = None,
    as_json: AsJson = False,
) -> None:
    """Show what every setting came to and where it came from; secrets are masked."""
    with Talk(as_json=as_json) as talk:
        from personae.hosting import wiring
        from personae.hosting.settings import load_settings
        from personae.hosting.settings.showing import SECRETS, shown_with_origin

        settings = load_settings(data_dir=data)
        file = config_file(data)
        values = {
            **wiring.shown_settings(settings),
            **{name: bool(getattr(settings, name)) for name in SECRETS},
        }
        given = {"data_dir"} if data else set[str]()
        around = context.find_object(surroundings.Surroundings) or surroundings.Surroundings()
        found = shown_with_origin(values, given, around.from_env_file, file)
        lines = {one.name: one.line for one in found}
        told: dict[str, Any] = {one.name: {"value": one.value, "from": one.origin} for one in found}
        for name, value in _set_defaults(context).items():
            lines[name] = f"{name} = {value}  [environment or file]"
            told[name] = {"value": value, "from": "environment or file"}
        wanted = _wanted(names or [], lines)
        text = [lines[name] for name in wanted] if names else [*lines.values(), f"file: {file}"]
        shown: dict[str, Any] = {name: told[name] for name in wanted}
        talk.result("\n".join(text), {"settings": shown, "file": str(file) if file else None})


@config_app.command("init")
def init(
    output: Annotated[
        Path, typer.Option("--output", "-o", metavar="FILE", help="Where it goes; - is stdout.")
    ] = Path(CONFIG_NAME),
    force: Annotated[bool, typer.Option("--force", help="Replace a file that is there.")] = False,
) -> None:
    """Write a file with every setting, its meaning and its default, all commented out."""
    with Talk() as talk:
        from personae.hosting.settings.showing import new_file

        text = new_file()
        if str(output) == "-":
            talk.result(text.rstrip("\n"), {})
            return
        if force:
            with suppress(FileNotFoundError):
                output.unlink()
        try:
            # Nobody else may read it: it is where secrets will be written.
            descriptor = os.open(output, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        except FileExistsError as error:
            raise InvalidRequest(f"{output} exists; replace it with --force.") from error
        except OSError as error:
            raise InvalidRequest(f"{output} cannot be written: {error.strerror}.") from error
        with os.fdopen(descriptor, "w", encoding="utf-8") as file:
            file.write(text)
        talk.note(f"Written: {output}. `personae config show` tells what is in force.")


def _wanted(names: list[str], there: dict[str, str]) -> list[str]:
    """The settings that are asked for: a name stands for all below it as well."""
    found = {
        name: [one for one in there if one == name or one.startswith(f"{name}.")] for name in names
    }
    for name, ones in found.items():
        if not ones:
            raise NotFound(f"There is no setting {name}; `personae config show` lists them.")
    return [one for ones in found.values() for one in ones] if names else list(there)


def _wrong_defaults(context: typer.Context) -> list[str]:
    try:
        _set_defaults(context)
    except PersonaeError as error:
        return [f"defaults: {error.message}"]
    return []


def _set_defaults(context: typer.Context) -> dict[str, Any]:
    """Defaults of commands that the environment and the file set."""
    file = config_file()
    found = {} if file is None else read_file(file)
    root = context.find_root()
    group: Any = root.command
    return {
        f"{name}.{key}": value
        for name in COMMANDS
        for key, value in surroundings.command_defaults(
            name, group.get_command(root, name), found, file
        ).items()
    }
