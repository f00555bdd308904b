"""Feature vectors of faces by a network, for the Fréchet distance; only where one is installed."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

import numpy as np

from personae import wiring
from personae.engine.canvas import RgbCanvas
from personae.engine.card import Card
from personae.engine.card_roles import FeaturesContract, Picture
from personae.engine.geometry import crop_square, region_from_landmarks
from personae.engine.neural.aligning import crop_matrix, five_points, take_crop
from personae.engine.neural.tensors import picture_input
from personae.engine.types import Face, Float32, Float64, UInt8
from personae.errors import InvalidRequest, ModelError

ROLE: Final = "features"
MARGIN: Final = 1.6
"""The side of the square that a network without a template sees, over the face's larger side."""
DEFAULT_PX: Final = 224
"""The side of that square for a network that takes any size."""
LONGEST: Final = 4096
"""Numbers of a vector; a covariance has the square of that."""


@dataclass(frozen=True, slots=True, eq=False)
class Features:
    """A network that makes a vector of a face.

    Attributes
    ----------
    name : str
    network : callable
        Takes one float32 batch, as `picture` says, and gives arrays, of which the first counts.
    picture : Picture
        How it is fed.
    """

    name: str
    network: Callable[[Float32], list[Float32]]
    picture: Picture

    def of(self, rgb: UInt8, face: Face) -> Float64:
        """The vector of a face in uint8 (H, W, 3) RGB: float64 (D,).

        Cut upright by the network's template; without one, as a square around the face.

        Raises
        ------
        ModelError
            If the network gives no vector of at most `LONGEST` finite numbers.
        """
        made = self.network(picture_input([self._crop(rgb, face)], self.picture))[0]
        vector = made.reshape(-1).astype(np.float64)
        if not 0 < vector.size <= LONGEST or not np.isfinite(vector).all():
            raise ModelError(
                f"The feature network {self.name} gave {made.shape}, which is no vector of at "
                f"most {LONGEST} finite numbers."
            )
        return vector

    def _crop(self, rgb: UInt8, face: Face) -> UInt8:
        canvas, side_px = RgbCanvas(rgb), self.picture.size_px or DEFAULT_PX
        if self.picture.template:
            matrix = crop_matrix(five_points(face.landmarks), self.picture.template, side_px)
            crop = take_crop(canvas, matrix, side_px)
            if crop is not None:
                return crop.rgb
        return crop_square(canvas, region_from_landmarks(face.landmarks, MARGIN), side_px)


def installed_features(name: str | None = None) -> Features | None:
    """The feature network called `name`, or the first that is installed; None if there is none.

    Raises
    ------
    InvalidRequest
        If `name` is no card with the role ``features``.
    ModelError
        If it is not installed, does not load, or takes something else than its card says.
    """
    cards = [card for card in wiring.shelf().cards if card.role == ROLE]
    store = wiring.model_store()
    if name is None:
        ready = [card for card in cards if store.usable(card)]
        return load_features(ready[0]) if ready else None
    for card in cards:
        if card.name == name:
            return load_features(card)
    known = ", ".join(card.name for card in cards) or "none is known yet"
    raise InvalidRequest(f"There is no feature network {name!r}; known: {known}.")


def load_features(card: Card) -> Features:
    """Load the network of a card.

    Raises
    ------
    ModelError
    """
    if not isinstance(card.contract, FeaturesContract):
        raise ModelError(f"The model {card.name} makes no features.")
    network = wiring.network(card)
    return Features(card.name, lambda batch: network(batch), card.contract.picture)
