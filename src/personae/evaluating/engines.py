"""The engines that can be measured, and what must not judge them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Any, Final, Protocol, Unpack, cast

from personae import engines, wiring
from personae.donors import Donor, prepare_donor
from personae.engine.card import Card
from personae.engine.card_roles import SwapperContract
from personae.engine.setup import MESH, EngineSetup
from personae.engine.types import UInt8
from personae.errors import InvalidRequest
from personae.evaluating.pairs import Pair
from personae.photos import ImageLike, load_pixels
from personae.requests.mappings import Parts, parts_of
from personae.requests.options import EngineSettings, SwapOptions, SwapSettings
from personae.results import SwapResult
from personae.swapping import swap_pixels

JUDGE: Final = "dlib_resnet"
"""The embedder that tells who an output is."""


class Swap(Protocol):
    """Puts a donor on the largest face of a scene: unmarked, unlabelled, the scene unchanged."""

    def __call__(self, scene: UInt8, donor: Donor) -> SwapResult: ...


@dataclass(frozen=True, slots=True)
class Contender:
    """An engine as the harness sees it.

    Attributes
    ----------
    name : str
        As tables call it.
    swap : Swap
    conditioned_on : set of str
        The embedders whose vectors tell the engine whom to draw; empty where none does.
    options : dict
        What `SwapOptions` is told of the engine, for clips.
    stored : callable, optional
        Gives the output of a pair and its scene that was made elsewhere; then nothing is swapped.
    setup : EngineSetup, optional
        What it is put together of, where that is known.
    """

    name: str
    swap: Swap
    conditioned_on: frozenset[str] = frozenset()
    options: SwapSettings = field(default_factory=SwapSettings)
    stored: Callable[[Pair, UInt8], UInt8] | None = None
    setup: EngineSetup | None = None


class Further(EngineSettings, total=False):
    """What an engine can be told besides its name."""

    level: str


def contender(name: str | None, restore: float = 0.0, **further: Unpack[Further]) -> Contender:
    """An engine by its name, ``mesh`` or a swapper's card, with its models loaded.

    Parameters
    ----------
    name : str, optional
        None takes what the level of quality takes.
    restore : float, range [0, 1]
    **further
        As for `SwapOptions`: level of quality, boost, restorer and so on.

    Raises
    ------
    InvalidRequest
        If there is none, something further does not fit it, or `JUDGE` conditions it: it would be
        judged by what it was told.
    ModelError
        If one of its models is not installed, not allowed, or does not load.
    """
    asked: SwapSettings = {**further, "engine": name, "restore": restore}
    setup = SwapOptions(**cast("Any", asked)).setup
    # What a level means is settled here, once for the whole run.
    asked["engine"] = setup.engine
    nobody: frozenset[str] = frozenset()
    told = nobody if setup.engine == MESH else conditions_of(wiring.card_called(setup.engine))
    whole = replace(setup, restore=setup.restoring(restore))
    one = Contender(setup.engine, swapping_as(asked), told, asked, setup=whole)
    engine = check_independent(one)
    engines.engine_for(setup)
    return engine


def swapping_as(asked: SwapSettings) -> Swap:
    """Swaps of pictures with these settings, without marks, and without the content gate.

    The gate looks at donors and scenes once each, not once a pair. The donor last seen is kept as
    the engine takes it.
    """
    unmarked: SwapSettings = {
        "mark": None,
        "gate_donor": None,
        "gate_scene": None,
        "gate_output": None,
    }
    how = SwapOptions(**cast("Any", {**asked, **unmarked}))
    last: list[tuple[Donor, Parts]] = []

    def swap(scene: UInt8, donor: Donor) -> SwapResult:
        if not last or last[0][0] is not donor:
            last[:] = [(donor, parts_of(donor, "largest", None, setup=how.setup))]
        return swap_pixels(load_pixels(scene, "scene"), last[0][1], how)

    return swap


def conditions_of(card: Card) -> frozenset[str]:
    """The embedders whose vectors a swapper's card says that it is told by."""
    if not isinstance(card.contract, SwapperContract):
        return frozenset()
    told = card.contract.conditioning
    return frozenset(name for name in (told.embedder, told.converter) if name)


def check_independent(one: Contender, judge: str = JUDGE) -> Contender:
    """The same engine, if it is not judged by the embedder that it is conditioned on.

    Raises
    ------
    InvalidRequest
    """
    if judge in one.conditioned_on:
        raise InvalidRequest(
            f"The engine {one.name} is conditioned on {judge}, which also judges identity here; "
            "its similarity would say nothing. Measure it with another embedder."
        )
    return one


Prepare = Callable[[ImageLike], Donor]
"""Makes a donor of one photo."""


def preparing(*, allow_poor: bool, gate_donor: float | None) -> Prepare:
    """`prepare_donor` with the same settings for everybody."""

    def prepare(photo: ImageLike) -> Donor:
        return prepare_donor(photo, allow_poor=allow_poor, gate_donor=gate_donor)

    return prepare
