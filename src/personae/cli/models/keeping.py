"""`personae models verify`, `where` and `remove`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Annotated

import typer

from personae import wiring
from personae.adapters.model_store import ModelStore
from personae.adapters.networks.derived import drop_damaged
from personae.cli.models.shared import AsJson, Names, SomeNames, known
from personae.cli.output import Talk
from personae.engine.card import Card
from personae.errors import ModelError


def verify_models(names: Names = None, as_json: AsJson = False) -> None:
    """Read models from disk and compare every file with its SHA-256."""
    with Talk(as_json=as_json) as talk:
        store = wiring.model_store()
        chosen = known(talk).choose(names or ())
        problems = {each.name: problem for each in chosen if (problem := _problem(store, each))}
        if not as_json:
            from rich.console import Console
            from rich.table import Table

            table = Table("model", "result", box=None)
            for each in chosen:
                table.add_row(each.name, _result(store, each, each.name in problems))
            Console().print(table)
        for name in dict.fromkeys(
            network for each in chosen for network in drop_damaged(store.where(each))
        ):
            talk.note(f"What was prepared of {name} was damaged; it is made anew when it is used.")
        if problems:
            raise ModelError(_told(store, chosen, problems, names or ()))
        talk.result("", {"folder": str(store.folder), "intact": [each.name for each in chosen]})


def where_models(
    name: Annotated[str | None, typer.Argument(help="One model's own folder.")] = None,
    as_json: AsJson = False,
) -> None:
    """Print the folder where the models lie (PERSONAE_MODELS_DIR chooses another)."""
    with Talk(as_json=as_json) as talk:
        store = wiring.model_store()
        folder = store.where(known(talk).card(name)) if name else store.folder
        talk.result(str(folder), {"folder": str(folder)})


def remove_models(
    names: SomeNames,
    forget_pin: Annotated[
        bool, typer.Option("--forget-pin", help="Trust whatever bytes come next.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Remove models' files. What was pinned and accepted stays."""
    with Talk(as_json=as_json) as talk:
        store, chosen = wiring.model_store(), known(talk).choose(names)
        removed = [each.name for each in chosen if store.remove(each, forget_pin)]
        text = f"Removed {', '.join(removed)}." if removed else "There was nothing to remove."
        talk.result(text, {"folder": str(store.folder), "removed": removed})


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
