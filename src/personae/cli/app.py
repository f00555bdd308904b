"""The command line's commands, put together."""

from __future__ import annotations

from typing import Annotated

import typer

from personae.cli import admin
from personae.cli.check_client import check_client
from personae.cli.demo import demo
from personae.cli.detect import detect
from personae.cli.doctor import doctor
from personae.cli.evaluate import evaluate
from personae.cli.exit_codes import epilog
from personae.cli.inspect import inspect
from personae.cli.models import models_app
from personae.cli.output import Talk
from personae.cli.probe import probe
from personae.cli.service import api, serve, worker
from personae.cli.swap import swap
from personae.cli.usage import Commands

app = typer.Typer(
    cls=Commands,
    help="Swap faces in pictures, animations and videos.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode="markdown",
    context_settings={"help_option_names": ["-h", "--help"]},
)


def version(
    as_json: Annotated[
        bool, typer.Option("--json", help="Print one JSON object on stdout.")
    ] = False,
) -> None:
    """Print Personae's version."""
    with Talk(as_json=as_json) as talk:
        from personae.cli.checks import version as installed

        talk.result(f"personae {installed()}", {"version": installed()})


app.command(epilog=epilog(), no_args_is_help=True)(swap)
app.command(epilog=epilog())(demo)
app.command(epilog=epilog(), no_args_is_help=True)(detect)
app.command(epilog=epilog(), no_args_is_help=True)(probe)
app.command(epilog=epilog(), no_args_is_help=True)(inspect)
app.command(epilog=epilog(), no_args_is_help=True)(evaluate)
app.add_typer(models_app, name="models")
app.command(epilog=epilog())(doctor)
app.command(epilog=epilog())(serve)
app.command(epilog=epilog())(api)
app.command(epilog=epilog())(worker)
app.command(epilog=epilog())(check_client)
for _name, _group in admin.GROUPS:
    app.add_typer(_group, name=_name)
app.add_typer(admin.everything(), name="admin")
app.command()(version)
