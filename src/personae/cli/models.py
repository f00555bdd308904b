"""`personae models`: which models there are, where they lie, and whether they are intact."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.table import Table

from personae import wiring
from personae.adapters.model_store import ModelStore
from personae.cli.fetching import download_bars
from personae.cli.output import Talk
from personae.engine.card import Card
from personae.engine.cards import all_cards, card, cards
from personae.errors import ModelError

models_app = typer.Typer(
    name="models", help="List, fetch and check the models.", no_args_is_help=True
)

Names = Annotated[
    list[str] | None,
    typer.Argument(metavar="[NAME]...", help="Models; without one, those that a swap needs."),
]
AsJson = Annotated[bool, typer.Option("--json", help="Print one JSON object on stdout.")]


@models_app.command("list")
def list_models(as_json: AsJson = False) -> None:
    """Show every model: what it does, its licence, its size and its state."""
    with Talk(as_json=as_json) as talk:
        store = wiring.model_store()
        if as_json:
            rows = [_as_data(store, each) for each in all_cards()]
            talk.result("", {"folder": str(store.folder), "models": rows})
            return
        table = Table("model", "what it does", "licence", "MB", "state", box=None)
        for each in all_cards():
            size = f"{each.source.size_bytes / 1e6:.1f}"
            table.add_row(each.name, each.summary, each.licence.name, size, _state(store, each))
        Console().print(table)


@models_app.command("pull")
def pull_models(names: Names = None, as_json: AsJson = False) -> None:
    """Fetch models, check their SHA-256, and make what Personae loads out of them.

    What is already there and intact is not fetched again; what is damaged is.
    """
    with Talk(as_json=as_json) as talk:
        store, chosen = wiring.model_store(), cards(names or ())
        with download_bars() as report:
            fetched = store.pull(*chosen, progress=report)
        for each in fetched:
            talk.note(f"{each.name}: {each.licence.name}. {each.licence.statement}")
        data = {
            "folder": str(store.folder),
            "fetched": [each.name for each in fetched],
            "already_there": [each.name for each in chosen if each not in fetched],
        }
        there = ", ".join(each.name for each in chosen)
        talk.result(f"In {store.folder}: {there}.", data)


@models_app.command("verify")
def verify_models(names: Names = None, as_json: AsJson = False) -> None:
    """Read models from disk and compare every file with its SHA-256."""
    with Talk(as_json=as_json) as talk:
        store = wiring.model_store()
        chosen = cards(names or ())
        problems = {each.name: problem for each in chosen if (problem := _problem(store, each))}
        if not as_json:
            table = Table("model", "result", box=None)
            for each in chosen:
                table.add_row(each.name, _result(store, each, each.name in problems))
            Console().print(table)
        if problems:
            raise ModelError(_told(store, chosen, problems, names or ()))
        talk.result("", {"folder": str(store.folder), "intact": [each.name for each in chosen]})


@models_app.command("where")
def where_models(
    name: Annotated[str | None, typer.Argument(help="One model's own folder.")] = None,
    as_json: AsJson = False,
) -> None:
    """Print the folder where the models lie (PERSONAE_MODELS_DIR chooses another)."""
    with Talk(as_json=as_json) as talk:
        store = wiring.model_store()
        folder = store.where(card(name)) if name else store.folder
        talk.result(str(folder), {"folder": str(folder)})


def _state(store: ModelStore, each: Card) -> str:
    state = store.status(each)
    return "optional, not installed" if state == "missing" and not each.default else state


def _as_data(store: ModelStore, each: Card) -> dict[str, Any]:
    return {
        "name": each.name,
        "role": each.role,
        "summary": each.summary,
        "default": each.default,
        "state": store.status(each),
        "licence": {
            "name": each.licence.name,
            "url": each.licence.url,
            "statement": each.licence.statement,
        },
        "source": str(each.source),
        "size_bytes": each.source.size_bytes,
        "sha256": each.source.sha256,
        "files": [str(store.where(each) / part.file) for part in each.parts],
    }


def _problem(store: ModelStore, each: Card) -> str:
    try:
        store.verify(each)
    except ModelError as error:
        return error.message
    return ""


def _result(store: ModelStore, each: Card, wrong: bool) -> str:
    """One word for the table: what `_problem` found, as far as it can be told."""
    if not wrong:
        return "intact"
    state = store.status(each)
    return state if state in ("missing", "outdated") else "damaged"


def _told(
    store: ModelStore, chosen: Sequence[Card], problems: Mapping[str, str], names: Sequence[str]
) -> str:
    """What is wrong with some models, in one sentence with one command."""
    if len(problems) == 1:
        return next(iter(problems.values()))
    command = " ".join(["personae models pull", *(name for name in names if name in problems)])
    if all(store.status(each) == "missing" for each in chosen):
        which = "None of these models" if names else "No model"
        return f"{which} is installed in {store.folder}; run `{command}`."
    wrong = [
        f"{each.name} is {_result(store, each, True)}" for each in chosen if each.name in problems
    ]
    return f"In {store.folder} {', '.join(wrong)}; run `{command}`."
