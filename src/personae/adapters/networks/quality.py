"""Whether a network in 8 bits does what the original does, on faces that did not calibrate it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, Protocol

import numpy as np

from personae.adapters.networks.samples import Sample
from personae.engine.canvas import RgbCanvas
from personae.engine.card import Card
from personae.engine.card_roles import (
    EmbedderContract,
    OccluderContract,
    ParserContract,
    RestorerContract,
    SwapperContract,
)
from personae.engine.imaging import to_bytes
from personae.engine.neural.tensors import pictures_of
from personae.engine.sessions.tensors import Numbers, TensorSpec
from personae.engine.types import Canvas, Float32
from personae.errors import ModelError

MEAN_LEVELS: Final = 2.0
"""Mean difference of a picture's levels, of 255, in the worst sample."""
FAR_LEVELS: Final = 16.0
"""What 99.9 of 100 pixels stay below, in the worst sample: spots are seen where a mean is not."""
IDENTITY: Final = 0.01
"""Distance of the embedder between both outputs in the worst; others begin at 0.085."""
MASK: Final = 0.01
"""Mean difference of a mask, or the share of pixels of another class."""
VECTOR: Final = 0.005
"""1 - cosine between both vectors of an embedder."""


class Network(Protocol):
    """Either of the two that are compared."""

    @property
    def inputs(self) -> Sequence[TensorSpec]: ...

    def __call__(self, *arrays: Numbers) -> list[Float32]: ...


class Knows(Protocol):
    """The built-in embedder: another than the one that conditions swappers."""

    def embed(self, canvas: Canvas, landmarks: Float32) -> Float32: ...


@dataclass(frozen=True, slots=True)
class Measured:
    """One figure, the worst of all samples, and what it may be at most."""

    what: str
    worst: float
    limit: float

    @property
    def holds(self) -> bool:
        """Whether it is within the limit; what is no number is not."""
        return self.worst <= self.limit

    def __str__(self) -> str:
        return f"{self.what} {self.worst:.4g} (at most {self.limit:g})"


def compare(
    card: Card, original: Network, other: Network, samples: Sequence[Sample], knows: Knows
) -> list[Measured]:
    """How far two networks of one card differ.

    Parameters
    ----------
    card : Card
    original, other : Network
    samples : sequence of Sample
        At least one.
    knows : Knows
        Tells people apart.
    """
    rows: list[dict[str, tuple[float, float]]] = []
    for sample in samples:
        made = [
            network(*(sample.inputs[spec.name] for spec in network.inputs))[0]
            for network in (original, other)
        ]
        rows.append(_differences(card, made[0], made[1], sample, knows))
    return [
        Measured(what, max(_number(row[what][0]) for row in rows), rows[0][what][1])
        for what in rows[0]
    ]


def require(name: str, measured: Sequence[Measured]) -> None:
    """Raise a ModelError if one of the figures is beyond its limit."""
    broken = [one for one in measured if not one.holds]
    if broken:
        told = "; ".join(map(str, broken))
        raise ModelError(
            f"The model {name} suffers too much in 8 bits: {told}; use it as it is, or try other "
            "faces with --faces."
        )


def _number(value: float) -> float:
    return value if np.isfinite(value) else float("inf")


def _differences(
    card: Card, one: Float32, two: Float32, sample: Sample, knows: Knows
) -> dict[str, tuple[float, float]]:
    contract = card.contract
    if isinstance(contract, SwapperContract | RestorerContract):
        normalised = not isinstance(contract, SwapperContract) or contract.normalised
        try:
            pictures = [
                pictures_of(made, contract.picture, normalised=normalised)[0] for made in (one, two)
            ]
        except ModelError:  # Values that are no numbers.
            return {"picture, mean levels": (float("inf"), MEAN_LEVELS)}
        off = np.abs(pictures[0] - pictures[1])
        people = [
            knows.embed(RgbCanvas(to_bytes(picture)), sample.landmarks) for picture in pictures
        ]
        return {
            "picture, mean levels": (float(off.mean()), MEAN_LEVELS),
            "picture, 99.9th percentile": (float(np.percentile(off, 99.9)), FAR_LEVELS),
            "identity, distance": (float(1 - people[0] @ people[1]), IDENTITY),
        }
    if isinstance(contract, ParserContract):
        differs = one.argmax(1) != two.argmax(1)
        return {"pixels of another class": (float(differs.mean()), MASK)}
    if isinstance(contract, OccluderContract):
        return {"mask, mean": (float(np.abs(one - two).mean()), MASK)}
    assert isinstance(contract, EmbedderContract)
    cosine = float(one.ravel() @ two.ravel() / (np.linalg.norm(one) * np.linalg.norm(two)))
    return {"vector, distance": (1 - cosine, VECTOR)}
