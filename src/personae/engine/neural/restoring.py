"""Published restorers, by what their cards say.

A network sees the face upright in a square of its own size. What is added to the picture is the
difference between what it gives and what it saw: so a face larger than its square keeps what the
square could not hold, and nothing is blurred by having been through it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np

from personae.engine import imaging
from personae.engine.card_roles import RestorerContract
from personae.engine.neural.aligning import (
    Crop,
    crop_matrix,
    cut,
    five_points,
    lay_back,
    reach_of,
)
from personae.engine.neural.masks import crop_mask
from personae.engine.neural.network import Network, does_not_fit, run_in_batches
from personae.engine.neural.tensors import picture_input, pictures_of
from personae.engine.restore import SwappedFace
from personae.engine.types import BoxXYXY, Float32, Float64
from personae.errors import InvalidRequest

_BORDER: Final = 0.06
"""How much of half the crop fades out, where the face reaches over it."""
_TINT: Final = 0.06
"""Blur, relative to the crop, beneath which a change of colour is the face's own."""
_COARSE: Final = 8
_BENT: Final = np.float32(1 / 255)
"""Up to here a mask only says that the background was bent, which is no part of the face."""


@dataclass(frozen=True, slots=True, eq=False)
class _Seen:
    """A face as the network sees it, and where of the crop it is: float32 (side, side)."""

    crop: Crop
    inside: Float32


class CardRestorer:
    """A restorer of which only its card is known; threads share it if they may share the network.

    Parameters
    ----------
    name : str
        What results call it: the card's name.
    network : Network
    contract : RestorerContract
    """

    def __init__(self, name: str, network: Network, contract: RestorerContract) -> None:
        self._name = name
        self._network = network
        self._contract = contract

    @property
    def name(self) -> str:
        """The card's name."""
        return self._name

    def restore(self, face: SwappedFace, strength: float) -> Float32:
        """The difference to add, as `Restorer.restore`.

        Raises
        ------
        ModelError
            If what the network gives does not fit its card.
        """
        return self.restore_all([face], strength)[0]

    def restore_all(self, faces: Sequence[SwappedFace], strength: float) -> list[Float32]:
        """`restore` of several faces, as many at once as the network takes.

        Raises
        ------
        ModelError
        """
        seen = [self._look(face) for face in faces]
        there = [one for one in seen if one is not None]
        told = iter(self._run([one.crop for one in there]) if there else ())
        return [
            np.zeros_like(face.rgb)
            if one is None
            else _change(face, one, np.subtract(next(told), one.crop.rgb), strength)
            for face, one in zip(faces, seen, strict=True)
        ]

    def _look(self, face: SwappedFace) -> _Seen | None:
        """The face as swapped, upright; None if it is nowhere, or outside the picture."""
        side = self._contract.picture.size_px
        try:
            points = five_points(face.landmarks)
            matrix = crop_matrix(points, self._contract.picture.template, side)
        except InvalidRequest:  # Its points fall together: there is nothing to restore.
            return None
        box = reach_of(matrix, side, face.scene.size_wh)
        if box is None:
            return None
        into, of = _shared(box, face.box)
        if not (face.mask[of] > _BENT).any():
            return None
        pixels = face.scene.region_rgb(box)
        pixels[into] = imaging.to_bytes(np.ascontiguousarray(face.rgb[of]))
        mask = np.zeros(pixels.shape[:2], np.uint8)
        mask[into] = imaging.to_bytes(np.ascontiguousarray(face.mask[of]) * np.float32(255))
        inside = cut(mask, box, matrix, side).astype(np.float32)
        inside *= np.float32(1 / 255)
        return _Seen(Crop(cut(pixels, box, matrix, side), matrix), inside)

    def _run(self, crops: Sequence[Crop]) -> list[Float32]:
        """What the network makes of crops: float32 (side, side, 3) RGB in [0, 255] each."""
        contract = self._contract
        shown = picture_input([crop.rgb for crop in crops], contract.picture)
        further: dict[str, Float64] = {}
        if contract.weight:
            further[contract.weight] = np.array([contract.weight_value], np.float64)
        gave = run_in_batches(self._network, contract.picture.input, shown, further)
        made = pictures_of(gave[0], contract.picture, normalised=True)
        if len(made) != len(crops) or made[0].shape != crops[0].rgb.shape:
            raise does_not_fit(self._network, gave)
        return made


def _change(face: SwappedFace, seen: _Seen, change: Float32, strength: float) -> Float32:
    """What is to be added to the face, out of the change of its crop."""
    imaging.add_into(change, tint_of(change, seen.inside))
    imaging.multiply_into(change, imaging.thrice(crop_mask(seen.crop.side_px, _BORDER)))
    laid = lay_back(change, seen.crop.to_crop, face.box)
    weight = np.maximum(face.mask - _BENT, 0)
    weight *= np.float32(strength) / (1 - _BENT)
    imaging.multiply_into(laid, imaging.thrice(weight))
    return laid


def tint_of(change: Float32, inside: Float32) -> Float32:
    """What takes the broad shift of colour out of a change: float32 (side, side, 3).

    Networks that were trained on other faces pull skin to the tones of those. `inside` says where
    the face is, float32 (side, side): what happens outside tells nothing of it.
    """
    side = change.shape[0]
    coarse = max(1, side // _COARSE)
    small = (coarse, coarse)
    weight = imaging.resize_area(inside, small)
    weight += np.float32(1e-3)
    sigma = _TINT * coarse
    shift = imaging.multiply(imaging.resize_area(change, small), imaging.thrice(weight))
    shift = imaging.blur(shift, sigma)
    shift /= -imaging.thrice(imaging.blur(weight, sigma))
    return imaging.resize_linear(shift, (side, side))


def _shared(box: BoxXYXY, other: BoxXYXY) -> tuple[tuple[slice, slice], tuple[slice, slice]]:
    """What two boxes share, as rows and columns of the one and of the other."""
    x0, y0 = max(box[0], other[0]), max(box[1], other[1])
    x1, y1 = max(x0, min(box[2], other[2])), max(y0, min(box[3], other[3]))
    first, second = (
        (slice(y0 - one[1], y1 - one[1]), slice(x0 - one[0], x1 - one[0])) for one in (box, other)
    )
    return first, second
