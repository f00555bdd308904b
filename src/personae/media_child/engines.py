"""The job ``engines``, and whether a task's engine can be used here and now."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import Any, Final, cast

from personae import wiring
from personae.adapters.model_store import ModelStore
from personae.adapters.models.shelf import Shelf
from personae.domain.engines import MESH, MESH_FACTS, EngineFacts, StepFacts
from personae.engine.card import Card
from personae.engine.card_roles import ParserContract, SwapperContract
from personae.engine.choosing import levels
from personae.engine.setup import EngineSetup
from personae.errors import InvalidRequest, ModelError, PersonaeError
from personae.media_child.jobs import Context
from personae.requests.options import SwapOptions

_ENGINES: Final = "PERSONAE_ENGINES"
_STEPS: Final = "PERSONAE_ENGINE_STEPS"
_STEP_ROLES: Final = ("restorer", "occluder", "parser")


def offer(job: Mapping[str, Any], context: Context) -> dict[str, Any]:
    """What ``engines`` and ``steps`` are, and what the levels mean among them.

    With ``installed`` each of them must be ready to be used on this machine.

    Raises
    ------
    InvalidRequest
        If a name is unknown, or of a model that does something else.
    ModelError
        If a model, or an accelerator, cannot be used, with the command that mends it.
    """
    context.check_stop()
    shelf = wiring.shelf()
    engines: Sequence[str] = job["engines"]
    steps: Sequence[str] = job["steps"]
    swappers = [_card(shelf, name, _ENGINES, ("swapper",)) for name in engines if name != MESH]
    others = [_card(shelf, name, _STEPS, _STEP_ROLES) for name in steps]
    if job.get("installed"):
        store = wiring.model_store()
        for setting, cards in ((_ENGINES, swappers), (_STEPS, others)):
            for card in cards:
                _check_usable(store, shelf, card, setting)
        if swappers or others:
            _check_machine()
    facts = {card.name: _engine_facts(card) for card in swappers} | {MESH: MESH_FACTS}
    return {
        "engines": [asdict(facts[name]) for name in engines],
        "steps": [asdict(_step_facts(card)) for card in others],
        "levels": {name: _level(name, engines, others) for name in levels()},
    }


def setup_of(options: SwapOptions, *, runs: bool = True) -> EngineSetup:
    """What a job is done with; unless it `runs` nothing, every model of it can be used now.

    A model that was loaded before it was removed, or its licence withdrawn, is not used either.

    Raises
    ------
    ModelError
        If the engine or another model is not there any more; clients may read it.
    """
    try:
        setup = options.setup
        if runs and setup.models:
            store, shelf = wiring.model_store(), wiring.shelf()
            cards = [shelf.card(name) for name in setup.models]
            for card in cards:
                if not all(store.usable(each) for each in (card, *shelf.needs(card))):
                    raise ModelError(_gone(f"The model {card.name}"))
    except InvalidRequest as error:
        raise ModelError(_gone("A model")) from error
    return setup


def _gone(what: str) -> str:
    return (
        f"{what} that this task needs cannot be used on this service any more; choose another, or "
        "ask its operator."
    )


def _card(shelf: Shelf, name: str, setting: str, roles: Sequence[str]) -> Card:
    try:
        card = shelf.card(name)
    except PersonaeError as error:
        raise InvalidRequest(f"{setting} names {name}: {error.message}") from error
    if card.role not in roles:
        raise InvalidRequest(
            f"{setting} names {name}, which is a {card.role}; it takes names of "
            f"{' and '.join(f'{role}s' for role in roles)}."
        )
    return card


def _check_usable(store: ModelStore, shelf: Shelf, card: Card, setting: str) -> None:
    """Refuse what could not be used if a task asked for it."""
    for each in (card, *shelf.needs(card)):
        name = each.name if each is card else f"{card.name} with the model {each.name}"
        offered = f"{setting} offers {name}"
        licence = store.licences.state(each)
        if licence == "refused":
            raise ModelError(
                f"{offered}, whose licence {each.licence.name} is not permissive, but "
                f"PERSONAE_PERMISSIVE_ONLY is set; take {card.name} out of {setting}."
            )
        if licence in ("needed", "changed"):
            raise ModelError(
                f"{offered}, whose licence {each.licence.name} has not been accepted; run "
                f"`personae models accept {each.name}`."
            )
        if store.status(each) != "ready":
            raise ModelError(
                f"{offered}, which is not installed; run `personae models pull {each.name}`."
            )


def _check_machine() -> None:
    """Refuse variables about running models that make no sense, and accelerators that are not here.

    Whether an accelerator really takes a network shows when it is loaded.
    """
    import onnxruntime

    from personae.engine.sessions.evidence import require_there

    wiring.layout()
    wiring.networks()
    runtime = cast("Any", onnxruntime)  # The runtime has no types.
    require_there(wiring.providers(), runtime.get_available_providers(), "in this onnxruntime")


def _engine_facts(card: Card) -> EngineFacts:
    contract = card.contract
    assert isinstance(contract, SwapperContract), "a swapper's card has its contract"
    own = contract.picture.size_px
    return EngineFacts(
        card.name,
        card.summary,
        card.licence.name,
        card.licence.url,
        card.licence.permissive,
        tuple(own * boost for boost in contract.boosts),
        contract.conditioning.kind != "picture",
    )


def _step_facts(card: Card) -> StepFacts:
    contract = card.contract
    regions = tuple(contract.regions) if isinstance(contract, ParserContract) else ()
    licence = card.licence
    return StepFacts(
        card.name,
        card.role,
        card.summary,
        licence.name,
        licence.url,
        licence.permissive,
        regions,
    )


def _level(name: str, engines: Sequence[str], steps: Sequence[Card]) -> dict[str, Any]:
    """What a level means among what is offered; None leaves it to what needs no model.

    Models that no level knows, an operator's own, come last, and not for drafts.
    """
    level = levels()[name]

    def of_role(role: str, offered: Sequence[str]) -> list[str]:
        listed = [one for one in level[role] if one in offered]
        known = {one for each in levels().values() for one in each[role]}
        own = [] if name == "draft" else [one for one in offered if one not in known]
        return [one for one in listed if one != MESH] + own + [one for one in listed if one == MESH]

    names = {role: [card.name for card in steps if card.role == role] for role in _STEP_ROLES}
    restorers = of_role("restorer", names["restorer"])
    occluders = of_role("occluders", names["occluder"])
    parsers = [one for one in level["parser"] if one in names["parser"]]
    return {
        "engine": next(iter(of_role("engine", engines)), None),
        "boost_px": level["boost_px"],
        "restorer": next(iter(restorers), None),
        "restore": float(level["restore"]),
        "occluders": occluders[: level["most_occluders"]],
        "parser": next(iter(parsers), None),
    }
