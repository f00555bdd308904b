"""`personae models list`, `search` and `show`."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from typing import Annotated, get_args

import typer

from personae import wiring
from personae.adapters.model_store import ModelStore
from personae.adapters.models.shelf import Shelf
from personae.cli.models.shared import (
    AsJson,
    PermissiveOnly,
    as_data,
    known,
    needed,
    size_text,
    state_text,
)
from personae.cli.output import Talk
from personae.engine.card import ANY_NAME, Card, Part, Role, Source, Tensor
from personae.errors import InvalidRequest

RoleOption = Annotated[str | None, typer.Option("--role", help="Only this role: swapper, …")]
LicenceOption = Annotated[
    str | None, typer.Option("--licence", help="Only licences with this in their name.")
]
Installed = Annotated[bool, typer.Option("--installed", help="Only what is installed.")]


def list_models(
    role: RoleOption = None,
    licence: LicenceOption = None,
    installed: Installed = False,
    permissive_only: PermissiveOnly = False,
    as_json: AsJson = False,
) -> None:
    """Show every model: what it does, its licence, its size and its state."""
    with Talk(as_json=as_json) as talk:
        _list(talk, (), role, licence, installed, permissive_only)


def search_models(
    words: Annotated[list[str], typer.Argument(metavar="WORD...", help="All have to be there.")],
    role: RoleOption = None,
    licence: LicenceOption = None,
    installed: Installed = False,
    permissive_only: PermissiveOnly = False,
    as_json: AsJson = False,
) -> None:
    """Find models by words in their name, role, summary and licence."""
    with Talk(as_json=as_json) as talk:
        _list(talk, words, role, licence, installed, permissive_only)


def show_model(
    name: Annotated[str, typer.Argument(help="A model.")], as_json: AsJson = False
) -> None:
    """Show one model's card: licence, source, what it needs, takes and gives."""
    with Talk(as_json=as_json) as talk:
        store, shelf = wiring.model_store(), known(talk)
        card = shelf.card(name)
        data = as_data(store, shelf, card)
        data["parts"] = [asdict(part) for part in card.parts]
        data["contract"] = asdict(card.contract) if card.contract else None
        talk.result("\n".join(_described(store, shelf, card)), data)


def _list(
    talk: Talk,
    words: Sequence[str],
    role: str | None,
    licence: str | None,
    installed: bool,
    permissive_only: bool,
) -> None:
    if role is not None and role not in get_args(Role):
        raise InvalidRequest(
            f"There is no role {role!r}; choose one of {', '.join(get_args(Role))}."
        )
    store, shelf = wiring.model_store(), known(talk)
    found = [
        card
        for card in shelf.cards
        if _has_words(card, words)
        and role in (None, card.role)
        and (licence or "").lower() in card.licence.name.lower()
        and (card.licence.permissive or not permissive_only)
        and (not installed or store.status(card) != "missing")
    ]
    if talk.as_json:
        rows = [as_data(store, shelf, each) for each in found]
        problems = list(shelf.problems.values())
        talk.result("", {"folder": str(store.folder), "models": rows, "problems": problems})
        return
    from rich.console import Console
    from rich.table import Table

    table = Table("model", "what it does", "licence", "MB", "state", box=None)
    for each in found:
        table.add_row(
            each.name, each.summary, _licence(store, each), size_text(each), state_text(store, each)
        )
    Console().print(table)


def _has_words(card: Card, words: Sequence[str]) -> bool:
    text = f"{card.name} {card.role} {card.summary} {card.licence.name} {card.licence.statement}"
    return all(word.lower() in text.lower() for word in words)


def _licence(store: ModelStore, card: Card) -> str:
    """A licence's name, and whether it was accepted where it has to be."""
    state = store.licences.state(card)
    told = {"permissive": "", "accepted": " (accepted)", "refused": " (refused)"}
    return card.licence.name + told.get(state, " (not accepted)")


def _described(store: ModelStore, shelf: Shelf, card: Card) -> list[str]:
    """A card in lines for people."""
    licence, source, pin = card.licence, card.source, store.pin(card)
    lines = [
        f"{card.name}: {card.summary}",
        f"role      {card.role}{', a card of your own' if card.name in shelf.own else ''}",
        f"licence   {licence.name}: {licence.statement}",
        f"          {licence.url} ({store.licences.state(card)})",
        f"source    {source}, {size_text(card)} MB, known by {_known_by(source)}",
        *(f"mirror    {mirror}" for mirror in source.mirrors),
        f"state     {state_text(store, card)}",
    ]
    if pin:
        lines.append(f"pinned    SHA-256 {pin.sha256}")
    if needs := needed(shelf, [card]):
        lines.append(f"needs     {', '.join(each.name for each in needs)}")
    for part in card.parts:
        lines += _part_lines(part)
    if card.contract:
        lines.append("contract")
        lines += [f"  {name}: {value}" for name, value in asdict(card.contract).items()]
    return lines


def _known_by(source: Source) -> str:
    """How it is told whether a file is the published one."""
    if source.sha256:
        return f"SHA-256 {source.sha256}"
    ends = [f"SHA-256 {'…'.join(source.sha256_ends)}"] if source.sha256_ends else []
    if source.crc32:
        ends.append(f"CRC-32 {source.crc32}")
    elif source.crc32_url:
        ends.append("the CRC-32 beside it")
    return " and ".join(ends) or "nothing but its network"


def _part_lines(part: Part) -> list[str]:
    rows = [("takes", each) for each in part.inputs] + [("gives", each) for each in part.outputs]
    return [f"file      {part.file}", *(f"  {kind} {_tensor(each)}" for kind, each in rows)]


def _tensor(tensor: Tensor) -> str:
    sizes = " x ".join("?" if size == -1 else str(size) for size in tensor.shape)
    span = f", {tensor.range[0]:g} to {tensor.range[1]:g}" if tensor.range else ""
    name = "(any name)" if tensor.name == ANY_NAME else tensor.name
    return f"{name}: {tensor.type} {sizes}{span}. {tensor.meaning}"
