"""What of a face is to be seen: occluders and face parsers, by what their cards say.

Both look at the scene's face before anything is put on it. An occluder's network tells where the
face is not covered, by a hand, hair or a microphone; a parser's tells skin from eyes, glasses and
lips, of which some may be kept from the scene.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from typing import Final

import numpy as np

from personae.engine import imaging
from personae.engine.card_roles import OccluderContract, ParserContract
from personae.engine.neural.aligning import Crop, crop_matrix, five_points, lay_back, take_crop
from personae.engine.neural.masks import area_mask, check_areas, inner
from personae.engine.neural.network import Network, does_not_fit, run_in_batches
from personae.engine.neural.tensors import picture_input
from personae.engine.plans import Rendered
from personae.engine.types import BoxXYXY, Canvas, Float32, Float64, UInt8
from personae.errors import InvalidRequest, ModelError

FACE_REGIONS: Final = ("skin", "brows", "eyes", "nose", "mouth", "upper_lip", "lower_lip")
"""What a parser leaves to the new face unless something else is asked for: all but glasses."""


AREA_PX: Final = 256
"""The side of crops that no network looks at."""
AREA_SOFT: Final = 0.02
"""How soft the outline of areas is, relative to the crop."""


@dataclass(frozen=True, slots=True, eq=False)
class Occluder:
    """A network that tells what of a face is not covered."""

    network: Network
    contract: OccluderContract


@dataclass(frozen=True, slots=True, eq=False)
class Parser:
    """A network that tells the parts of a face, of which the new face takes some.

    Raises
    ------
    InvalidRequest
        If the card has no region of a name, or none is asked for.
    """

    network: Network
    contract: ParserContract
    regions: tuple[str, ...] = FACE_REGIONS

    def __post_init__(self) -> None:
        there = self.contract.regions
        if not self.regions or any(name not in there for name in self.regions):
            raise InvalidRequest(
                f"The face parser {self.network.name} knows the regions {', '.join(there)}; "
                "name one or more of them."
            )

    @property
    def classes(self) -> frozenset[int]:
        """The classes of all its regions."""
        return frozenset(n for name in self.regions for n in self.contract.regions[name])


class CardCover:
    """Tells for each pixel of a face how far it is to be seen; for both engines alike.

    One crop is cut for each face, whatever number of networks look at it; what all of them see is
    seen.

    Parameters
    ----------
    seers : sequence of `Occluder` or `Parser`
    areas : names of `masks.AREAS`
        To which new faces are confined besides; none confine them. They need no network.

    Raises
    ------
    InvalidRequest
        If there is neither, or no area of a name.
    """

    def __init__(self, seers: Sequence[Occluder | Parser], areas: Sequence[str] = ()) -> None:
        if not seers and not areas:
            raise InvalidRequest("Name an occluder or a face parser, or leave the step out.")
        check_areas(areas)
        self._seers, self._areas = tuple(seers), tuple(areas)
        self.side_px, self.template = AREA_PX, "ffhq_512"
        if seers:
            largest = max((seer.contract.picture for seer in seers), key=lambda one: one.size_px)
            self.side_px, self.template = largest.size_px, largest.template

    def __repr__(self) -> str:
        names = [*(seer.network.name for seer in self._seers), *self._areas]
        return f"CardCover({', '.join(names)})"

    def uncover(self, faces: Sequence[tuple[Canvas, Rendered, Float64]]) -> list[Rendered]:
        """New faces without what hides the scene's; see `personae.engine.swapper.Cover`.

        Raises
        ------
        ModelError
        """
        told = self.visible_all([(canvas, one.box, points) for canvas, one, points in faces])
        out: list[Rendered] = []
        for (_, one, _), seen in zip(faces, told, strict=True):
            delta = imaging.multiply(one.delta, imaging.thrice(seen))
            out.append(replace(one, delta=delta, mask=one.mask * seen))
        return out

    def visible_in(self, canvas: Canvas, box: BoxXYXY, landmarks: Float64) -> Float32:
        """What is to be seen of one face, in a box of the picture.

        Parameters
        ----------
        canvas : Canvas
            The scene, before it is changed.
        box : half-open pixels
            What the mask is for.
        landmarks : float64 (478, 3), pixels of the picture

        Returns
        -------
        float32 (h, w) in [0, 1]
            What to multiply the new face's mask with. Beyond what the networks saw, what is at the
            border of it goes on. 1 everywhere where there is nothing to look at.

        Raises
        ------
        ModelError
            If what a network gives does not fit its card.
        """
        return self.visible_all([(canvas, box, landmarks)])[0]

    def visible_all(self, faces: Sequence[tuple[Canvas, BoxXYXY, Float64]]) -> list[Float32]:
        """`visible_in` of several faces, as many at once as the networks take.

        Raises
        ------
        ModelError
        """
        crops = [self._cut(canvas, landmarks) for canvas, _, landmarks in faces]
        there = [crop for crop in crops if crop is not None]
        told = iter(self.visible(there))
        out: list[Float32] = []
        for (_, box, landmarks), crop in zip(faces, crops, strict=True):
            if crop is None:
                out.append(np.ones((box[3] - box[1], box[2] - box[0]), np.float32))
                continue
            seen = next(told)
            if self._areas:
                points = landmarks[:, :2] @ crop.to_crop[:, :2].T + crop.to_crop[:, 2]
                inside = area_mask(points, crop.side_px, self._areas, AREA_SOFT * crop.side_px)
                seen = np.minimum(seen, inside)
            laid = lay_back(seen, crop.to_crop, box, edge=True)
            out.append(np.clip(laid, 0, 1, out=laid))
        return out

    def visible(self, crops: Sequence[Crop]) -> list[Float32]:
        """What is to be seen in aligned crops, one float32 (side, side) in [0, 1] for each.

        The crops may have any size and any template that shows the whole face.

        Raises
        ------
        ModelError
        """
        seen = [np.ones((crop.side_px, crop.side_px), np.float32) for crop in crops]
        for seer in self._seers if crops else ():
            for mask, so_far in zip(_masks(seer, [crop.rgb for crop in crops]), seen, strict=True):
                np.minimum(so_far, _resized(mask, len(so_far)), out=so_far)
        return seen

    def _cut(self, canvas: Canvas, landmarks: Float64) -> Crop | None:
        try:
            matrix = crop_matrix(five_points(landmarks), self.template, self.side_px)
        except InvalidRequest:  # Its points fall together: there is no face to look at.
            return None
        return take_crop(canvas, matrix, self.side_px)


def _masks(seer: Occluder | Parser, crops: Sequence[UInt8]) -> list[Float32]:
    """What one network sees of each crop, at its own size, smoothed as its card says."""
    contract = seer.contract
    side = contract.picture.size_px
    shown = picture_input([_fitted(crop, side) for crop in crops], contract.picture)
    gave = run_in_batches(seer.network, contract.picture.input, shown)
    if isinstance(seer, Occluder):
        raw = _told_by_occluder(gave[0], len(crops), side)
    else:
        raw = _told_by_parser(gave[0], len(crops), side, seer.classes)
    if raw is None:
        raise does_not_fit(seer.network, gave)
    if np.isnan(raw).any():
        raise ModelError(
            f"The model {seer.network.name} made a mask of values that are no numbers."
        )
    blurred = (
        imaging.blur(mask, contract.blur_px) if contract.blur_px > 0 else mask for mask in raw
    )
    return [inner(mask, contract.floor) for mask in blurred]


def _told_by_occluder(gave: Float32, count: int, side: int) -> Float32 | None:
    """float32 (n, side, side) in [0, 1]; None if it is no such thing."""
    if gave.size != count * side * side or gave.shape[0] != count:
        return None
    return np.clip(gave.reshape(count, side, side), 0, 1)


def _told_by_parser(
    gave: Float32, count: int, side: int, classes: Collection[int]
) -> Float32 | None:
    """1 where a class of those scores highest: float32 (n, side, side); None if it cannot be."""
    if gave.ndim != 4 or gave.shape[0] != count or gave.shape[2:] != (side, side):
        return None
    kinds = range(gave.shape[1])
    others = [number for number in kinds if number not in classes]
    if not others or not all(number in kinds for number in classes):
        return None
    out = np.empty((count, side, side), np.float32)
    for number, scores in enumerate(gave):
        # What is no number is greater than nothing, and would pass for another class.
        if np.isnan(scores).any():
            return np.full((count, side, side), np.nan, np.float32)
        best = _highest(scores, sorted(classes))
        np.greater(best, _highest(scores, others), out=out[number], casting="unsafe")
    return out


def _highest(scores: Float32, numbers: Sequence[int]) -> Float32:
    """The highest of some layers; several times as fast as a maximum over an axis."""
    best = scores[numbers[0]].copy()
    for number in numbers[1:]:
        np.maximum(best, scores[number], out=best)
    return best


def _fitted(crop: UInt8, side: int) -> UInt8:
    resize = imaging.resize_area if crop.shape[0] > side else imaging.resize_linear
    return resize(crop, (side, side))


def _resized(mask: Float32, side: int) -> Float32:
    resize = imaging.resize_area if mask.shape[0] > side else imaging.resize_linear
    return resize(mask, (side, side))
