"""Two real people as an evaluation wants them, and engines that do something simple."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from faces import headshot
from personae import wiring
from personae.donors import Donor
from personae.engine.canvas import RgbCanvas
from personae.engine.types import Float32, UInt8
from personae.evaluating.engines import Contender, Swap
from personae.evaluating.people import People, Person, Photo
from personae.results import SwapResult


def two_people(*, flat_names: bool = False) -> People:
    """Hopper and Collins, two photos each of different sizes.

    With `flat_names` every photo's last name is its own: ``hopper/hopper120.png``.
    """
    persons = [
        Person(
            name,
            tuple(
                Photo(
                    f"{name}/{name if flat_names else ''}{height}.png", name, headshot(name, height)
                )
                for height in (120, 150)
            ),
        )
        for name in ("hopper", "collins")
    ]
    return People("two people", tuple(persons))


def changing(
    change: Callable[[UInt8], UInt8], mask: Callable[[UInt8], Float32] | None = None
) -> Swap:
    """An engine that does the same to every scene, whoever the donor is."""

    def swap(scene: UInt8, donor: Donor) -> SwapResult:
        faces = tuple(wiring.engine().faces(RgbCanvas(scene)))
        covered = np.zeros(scene.shape[:2], np.float32) if mask is None else mask(scene)
        return SwapResult(change(scene.copy()), covered, faces, (0,), ())

    return swap


def nothing() -> Contender:
    """An engine that leaves the scene as it is."""
    return Contender("nothing", changing(lambda rgb: rgb))


def eraser() -> Contender:
    """An engine whose outputs show nobody."""
    return Contender("eraser", changing(lambda rgb: np.full_like(rgb, 90)))


def breaking() -> Contender:
    """An engine with a mistake in it."""

    def swap(scene: UInt8, donor: Donor) -> SwapResult:
        raise ZeroDivisionError

    return Contender("breaking", swap)
