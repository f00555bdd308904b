"""Feature vectors of faces by a network, for the Fréchet distance; only where one is installed."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

import numpy as np

from personae import wiring
from personae.engine.canvas import RgbCanvas
from personae.engine.card import Card
from personae.engine.cards import all_cards
from personae.engine.geometry import crop_square, region_from_landmarks
from personae.engine.types import Face, Float32, Float64, UInt8
from personae.errors import InvalidRequest, ModelError

ROLE: Final = "features"
MARGIN: Final = 1.6
"""The side of the square that the network sees, over the larger side of the face."""

Network = Callable[..., list[Float32]]


@dataclass(frozen=True, slots=True, eq=False)
class Features:
    """A network that makes a vector of a face.

    Attributes
    ----------
    name : str
    network : callable
        Takes float32 (1, 3, S, S) RGB, gives one array, (1, D) or (1, D, 1, 1).
    size_px : int
        S.
    low, high : float
        What black and white become.
    """

    name: str
    network: Network
    size_px: int
    low: float
    high: float

    def of(self, rgb: UInt8, face: Face) -> Float64:
        """The vector of a face in uint8 (H, W, 3) RGB: float64 (D,)."""
        region = region_from_landmarks(face.landmarks, MARGIN)
        small = crop_square(RgbCanvas(rgb), region, self.size_px)
        planes = small.transpose(2, 0, 1)[None].astype(np.float32) / 255
        given = np.ascontiguousarray(planes * (self.high - self.low) + self.low, np.float32)
        return self.network(given)[0].reshape(-1).astype(np.float64)


def installed_features(name: str | None = None) -> Features | None:
    """The feature network called `name`, or the first that is installed; None if there is none.

    A card with the role ``features``, one part, one input (1, 3, S, S) with a range.

    Raises
    ------
    InvalidRequest
        If `name` is no such card.
    ModelError
        If it is not installed, does not load, or takes something else.
    """
    cards = [card for card in all_cards() if str(card.role) == ROLE]
    store = wiring.model_store()
    if name is None:
        ready = [card for card in cards if store.status(card) == "ready"]
        return load_features(ready[0]) if ready else None
    for card in cards:
        if card.name == name:
            return load_features(card)
    known = ", ".join(card.name for card in cards) or "none is known yet"
    raise InvalidRequest(f"There is no feature network {name!r}; known: {known}.")


def load_features(card: Card) -> Features:
    """Load the network of a card."""
    from personae.engine.session import OnnxModel

    part = card.part()
    given = part.inputs[0] if len(part.inputs) == 1 else None
    if given is None or len(given.shape) != 4 or given.shape[1] != 3 or given.range is None:
        raise ModelError(
            f"The feature network {card.name} must take one input (1, 3, S, S) with a range."
        )
    if given.shape[2] != given.shape[3] or given.shape[2] < 1:
        raise ModelError(f"The feature network {card.name} must take squares of a fixed size.")
    network = OnnxModel(wiring.model_store().path(card))
    return Features(card.name, network, given.shape[2], *given.range)
