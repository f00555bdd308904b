"""From what a person asks for to an engine's setup, by what is installed."""

from __future__ import annotations

import functools
import tomllib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from importlib import resources
from types import MappingProxyType
from typing import Any, Final

from personae.engine.card import Card
from personae.engine.card_roles import ParserContract, SwapperContract
from personae.engine.setup import CLASSICAL, MESH, OFF, EngineSetup
from personae.errors import InvalidRequest

EVEN: Final = 0.5
"""The likeness that asks for nothing."""
LEVELS: Final = ("draft", "standard", "best")
EIGHT_BITS: Final = "_int8"
"""How the name of a model ends that was made of another, in 8 bits."""


@dataclass(frozen=True, slots=True)
class Wish:
    """What is asked for; None leaves it to the level.

    Attributes
    ----------
    level : one of `LEVELS`
    engine : str, optional
        "mesh" or a swapper.
    boost_px : int, optional
        The side of the crops that a swapper works at.
    likeness : float, range [0, 1]
    restorer : str, optional
        A model, "classical", or "off".
    occluders : tuple of str, optional
        Models; empty for none.
    parser : str, optional
        A model, or "off".
    regions : tuple of str
        What of a face is swapped, by the parser's names; empty for all.
    detector : str, optional
    landmarkers : tuple of str
        What finds the points by which a swapper's crops are aligned; the embedded one if empty.
    """

    level: str = "standard"
    engine: str | None = None
    boost_px: int | None = None
    likeness: float = 0.5
    restorer: str | None = None
    occluders: tuple[str, ...] | None = None
    parser: str | None = None
    regions: tuple[str, ...] = ()
    detector: str | None = None
    landmarkers: tuple[str, ...] = ()


@functools.cache
def levels() -> Mapping[str, Mapping[str, Any]]:
    """What each level stands for."""
    text = resources.files("personae.engine").joinpath("data", "levels.toml").read_text("utf-8")
    return MappingProxyType(tomllib.loads(text))


def choose(
    wish: Wish,
    card: Callable[[str], Card],
    is_ready: Callable[[str], bool],
    are_quicker: Callable[[], bool] = lambda: False,
) -> EngineSetup:
    """The setup for a wish.

    Parameters
    ----------
    wish : Wish
    card : callable
        The card of a name; raises InvalidRequest if there is none.
    is_ready : callable
        Whether the model of that name can be used here, with all that it needs.
    are_quicker : callable, optional
        Whether networks in 8 bits are worth their loss where networks run here. Then a level that
        allows it takes the swapper it would choose in 8 bits, if that is ready. What is asked for
        by name stays what it is.

    Raises
    ------
    InvalidRequest
        If a name is unknown or of another role, or a size or region does not fit it. A model that
        was asked for by name and is not installed shows when it is loaded.
    """
    if wish.level not in LEVELS:
        raise InvalidRequest(f"The quality is one of {', '.join(LEVELS)}, not {wish.level!r}.")
    level = levels()[wish.level]
    engine = wish.engine or _engine(level, is_ready, are_quicker)
    swapper = None if engine == MESH else _of_role(card(engine), "swapper")
    _check_fits(wish, swapper)
    restorer = wish.restorer or _first(level["restorer"], is_ready, CLASSICAL)
    if restorer not in (CLASSICAL, OFF):
        _of_role(card(restorer), "restorer")
    # Restoring by the level alone needs a model: the filter is for those who ask for it.
    restore = 0.0 if restorer in (CLASSICAL, OFF) else float(level["restore"])
    parser = _parser(wish, level, card, is_ready)
    for name in wish.landmarkers:
        _of_role(card(name), "landmarker")
    if wish.detector:
        _of_role(card(wish.detector), "detector")
    return EngineSetup(
        engine=engine,
        boost=1 if swapper is None else _boost(wish, level, swapper),
        likeness=wish.likeness,
        restorer=restorer,
        restore=restore,
        occluders=_occluders(wish, level, card, is_ready),
        parser=parser,
        regions=wish.regions,
        detector=wish.detector or "",
        landmarkers=wish.landmarkers,
    )


def _engine(
    level: Mapping[str, Any], is_ready: Callable[[str], bool], are_quicker: Callable[[], bool]
) -> str:
    """The first swapper of a level that is ready, in 8 bits if that is, allowed, and quicker."""
    names: Sequence[str] = level["engine"]
    # Where networks run is asked only if there is a choice.
    quicker = level["eight_bits"] and names[0] != MESH and are_quicker()
    for name in names:
        if name != MESH and quicker and is_ready(f"{name}{EIGHT_BITS}"):
            return f"{name}{EIGHT_BITS}"
        if name == MESH or is_ready(name):
            return name
    return MESH


def _check_fits(wish: Wish, swapper: Card | None) -> None:
    """Refuse what the engine has no use for, rather than ignore it."""
    contract = None if swapper is None else swapper.contract
    if wish.boost_px is not None and swapper is None:
        raise InvalidRequest(
            "The embedded engine has no crops of a size; leave the size out, or name a swapper."
        )
    vector = isinstance(contract, SwapperContract) and contract.conditioning.kind == "embedding"
    if wish.likeness != EVEN and not vector:
        name = MESH if swapper is None else swapper.name
        raise InvalidRequest(
            f"The engine {name} takes no identity vector and knows no likeness; leave it out."
        )


def _first(names: Sequence[str], is_ready: Callable[[str], bool], free: str) -> str:
    return next((name for name in names if name in (free, "") or is_ready(name)), free)


def _of_role(card: Card, role: str) -> Card:
    if card.role != role:
        raise InvalidRequest(f"The model {card.name} is no {role}: its role is {card.role}.")
    return card


def _boost(wish: Wish, level: Mapping[str, Any], swapper: Card) -> int:
    contract = swapper.contract
    assert isinstance(contract, SwapperContract), "a swapper's card has its contract"
    own = contract.picture.size_px
    if wish.boost_px is not None:
        boost, rest = divmod(wish.boost_px, own)
        if rest or boost not in contract.boosts:
            sizes = ", ".join(str(own * each) for each in contract.boosts)
            raise InvalidRequest(
                f"The engine {swapper.name} works at {sizes} pixels, not {wish.boost_px}."
            )
        return boost
    return max(each for each in contract.boosts if each == 1 or each * own <= level["boost_px"])


def _occluders(
    wish: Wish,
    level: Mapping[str, Any],
    card: Callable[[str], Card],
    is_ready: Callable[[str], bool],
) -> tuple[str, ...]:
    if wish.occluders is not None:
        for name in wish.occluders:
            _of_role(card(name), "occluder")
        return wish.occluders
    ready = [name for name in level["occluders"] if is_ready(name)]
    return tuple(ready[: level["most_occluders"]])


def _parser(
    wish: Wish,
    level: Mapping[str, Any],
    card: Callable[[str], Card],
    is_ready: Callable[[str], bool],
) -> str:
    if wish.parser == OFF:
        if wish.regions:
            raise InvalidRequest("Regions need a parser; leave one of both out.")
        return ""
    name = wish.parser or _first(level["parser"], is_ready, "")
    if wish.regions and not name:
        any_level = levels()["best"]["parser"]
        name = _first(any_level, is_ready, "")
        if not name:
            raise InvalidRequest(
                f"Regions need a parser, such as {any_level[0]}; get one with `personae models "
                "pull`."
            )
    if not name:
        return ""
    contract = _of_role(card(name), "parser").contract
    assert isinstance(contract, ParserContract), "a parser's card has its contract"
    for region in wish.regions:
        if region not in contract.regions:
            raise InvalidRequest(
                f"The parser {name} knows {', '.join(contract.regions)}, not {region!r}."
            )
    return name
