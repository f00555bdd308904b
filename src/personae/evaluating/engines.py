"""The engines that can be measured, and what must not judge them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Final, Protocol

from personae import library
from personae.donors import Donor, ImageLike, prepare_donor
from personae.engine.types import UInt8
from personae.errors import InvalidRequest
from personae.requests import SwapSettings
from personae.results import SwapResult

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
    conditioned_on : str or None
        The embedder whose vector tells the engine whom to draw; None where none does.
    options : dict
        What `SwapOptions` is told of the engine, for clips.
    """

    name: str
    swap: Swap
    conditioned_on: str | None = None
    options: SwapSettings = field(default_factory=SwapSettings)


def contender(name: str, restore: float = 0.0) -> Contender:
    """An engine by its name.

    Raises
    ------
    InvalidRequest
        If there is none, or `JUDGE` conditions it: it would be judged by what it was told.
    """
    if name != MESH:
        raise InvalidRequest(f"There is no engine {name!r}; choose {MESH}.")

    def swap(scene: UInt8, donor: Donor) -> SwapResult:
        return library.swap(
            scene,
            donor,
            restore=restore,
            mark=None,
            gate_donor=None,
            gate_scene=None,
            gate_output=None,
        )

    return check_independent(Contender(name, swap, None, {"restore": restore}))


def check_independent(one: Contender, judge: str = JUDGE) -> Contender:
    """The same engine, if it is not judged by the embedder that it is conditioned on.

    Raises
    ------
    InvalidRequest
    """
    if one.conditioned_on == judge:
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
