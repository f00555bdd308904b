"""`personae models`: which models there are, under which licence, and how they get here."""

from __future__ import annotations

import typer

from personae.cli.models.bundling import export_models, import_models
from personae.cli.models.keeping import remove_models, verify_models, where_models
from personae.cli.models.listing import list_models, search_models, show_model
from personae.cli.models.pulling import accept_licences, pull_models
from personae.cli.models.quantizing import quantize_model

models_app = typer.Typer(
    name="models", help="Find, fetch, check and pass on models.", no_args_is_help=True
)
models_app.command("list")(list_models)
models_app.command("search")(search_models)
models_app.command("show")(show_model)
models_app.command("accept")(accept_licences)
models_app.command("pull")(pull_models)
models_app.command("quantize")(quantize_model)
models_app.command("verify")(verify_models)
models_app.command("where")(where_models)
models_app.command("remove")(remove_models)
models_app.command("export")(export_models)
models_app.command("import")(import_models)
