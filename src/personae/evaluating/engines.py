"""The engines that can be measured, and what must not judge them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Final, Protocol

from personae.donors import Donor, ImageLike, load_pixels, prepare_donor
from personae.engine.card import Card
from personae.engine.card_roles import SwapperContract
from personae.engine.types import UInt8
from personae.errors import InvalidRequest
from personae.evaluating.pairs import Pair
from personae.requests import SwapOptions, SwapSettings, parts_of
from personae.results import SwapResult
from personae.swapping import swap_pixels

JUDGE: Final = "dlib_resnet"
"""The embedder that tells who an output is."""
MESH: Final = "mesh"


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
    """

    name: str
    swap: Swap
    conditioned_on: frozenset[str] = frozenset()
    options: SwapSettings = field(default_factory=SwapSettings)
    stored: Callable[[Pair, UInt8], UInt8] | None = None


def contender(name: str, restore: float = 0.0) -> Contender:
    """An engine by its name.

    Raises
    ------
    InvalidRequest
        If there is none, or `JUDGE` conditions it: it would be judged by what it was told.
    """
    if name != MESH:
        raise InvalidRequest(f"There is no engine {name!r}; choose {MESH}.")
    asked: SwapSettings = {"restore": restore}
    return check_independent(Contender(name, swapping_as(asked), frozenset(), asked))


def swapping_as(asked: SwapSettings) -> Swap:
    """Swaps of pictures with these settings, without marks, and without the content gate.

    The gate looks at donors and scenes once each, not once a pair.
    """
    unmarked: SwapSettings = {
        "mark": None,
        "gate_donor": None,
        "gate_scene": None,
        "gate_output": None,
    }
    settings: SwapSettings = {**asked, **unmarked}
    how = SwapOptions(**settings)

    def swap(scene: UInt8, donor: Donor) -> SwapResult:
        return swap_pixels(load_pixels(scene, "scene"), parts_of(donor, "largest", None), how)

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
