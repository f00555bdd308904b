"""The command line's commands, put together."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Annotated

import typer

from personae.cli import admin, surroundings
from personae.cli.check_client import check_client
from personae.cli.demo import demo
from personae.cli.detect import detect
from personae.cli.doctor import doctor
from personae.cli.evaluate import evaluate
from personae.cli.examples import add_examples
from personae.cli.inspect import inspect
from personae.cli.models import models_app
from personae.cli.output import Talk
from personae.cli.probe import probe
from personae.cli.service import api, serve, worker
from personae.cli.swap import swap
from personae.cli.usage import Commands

FACES, RUN, LOOK = "Faces", "The service", "Models and this installation"
OPERATORS = "For operators"

app = typer.Typer(
    cls=Commands,
    help="Swap faces in pictures, animations and videos.",
    epilog="New here? `personae demo` swaps a first picture by itself. "
    "`personae COMMAND --help` shows examples.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    rich_markup_mode="markdown",
    context_settings={"help_option_names": ["-h", "--help"]},
)


def _print_version(asked: bool) -> None:
    if asked:
        from personae.version import __version__

        print(f"personae {__version__}")
        raise typer.Exit


@app.callback()
def root(
    context: typer.Context,
    config: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE",
            help="Settings and defaults; else PERSONAE_CONFIG, personae.toml here, in the "
            "service's folder or in the user's configuration folder.",
        ),
    ] = None,
    verbose: Annotated[
        bool, typer.Option("--verbose", "-v", help="Show where an error arose.")
    ] = False,
    version: Annotated[
        bool,
        typer.Option(
            "--version", "-V", is_eager=True, callback=_print_version, help="Print the version."
        ),
    ] = False,
) -> None:
    """Swap faces in pictures, animations and videos."""
    if verbose:
        os.environ["PERSONAE_DEBUG"] = "1"
    surroundings.begin(context, config)


def version(
    as_json: Annotated[
        bool, typer.Option("--json", help="Print one JSON object on stdout.")
    ] = False,
) -> None:
    """Print Personae's version."""
    with Talk(as_json=as_json) as talk:
        from personae.version import __version__

        talk.result(f"personae {__version__}", {"version": __version__})


app.command(rich_help_panel=FACES)(demo)
for _command in (swap, detect, probe, inspect, evaluate):
    app.command(no_args_is_help=True, rich_help_panel=FACES)(_command)
app.add_typer(models_app, name="models", rich_help_panel=LOOK)
app.command(rich_help_panel=LOOK)(doctor)
app.command(rich_help_panel=LOOK)(version)
for _command in (serve, api, worker, check_client):
    app.command(rich_help_panel=RUN)(_command)
for _name, _group in admin.GROUPS:
    app.add_typer(_group, name=_name, rich_help_panel=OPERATORS)
app.add_typer(admin.everything(), name="admin", rich_help_panel=OPERATORS)
add_examples(app)
