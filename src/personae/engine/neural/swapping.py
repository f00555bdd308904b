"""Put a new identity on a face with a published swapper: align, run, and lay it back."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from personae.engine import imaging
from personae.engine.card import Card
from personae.engine.card_roles import SwapperContract
from personae.engine.neural.aligning import (
    crop_matrix,
    cut,
    five_points,
    lay_back,
    lay_back_colours,
    reach_of,
)
from personae.engine.neural.conditioning import EVEN, Conditioner, NeuralDonor, lean
from personae.engine.neural.landmarking import PointRefiner
from personae.engine.neural.network import Network, in_batches
from personae.engine.neural.outline import face_mask, inner_box
from personae.engine.neural.tensors import picture_input, pictures_of
from personae.engine.neural.tiling import put_together, take_apart
from personae.engine.plans import EngineDonor, FacePlan, Rendered
from personae.engine.swapper import Portrait
from personae.engine.types import BoxXYXY, Canvas, Float32, Float64, UInt8
from personae.errors import InvalidRequest, ModelError


@dataclass(frozen=True, slots=True, eq=False)
class _Job:
    """One face, cut out: its crop's matrix, the box that may change and what is there."""

    canvas: Canvas
    plan: FacePlan
    to_crop: Float64
    tiles: list[UInt8]
    box: BoxXYXY
    scene: UInt8
    identity: Float32


class NeuralSwapper:
    """A published swapper, by its card; see `personae.engine.swapper.Swapper`.

    Parameters
    ----------
    card : Card
        Of role ``swapper``.
    network : Network
    conditioner : Conditioner
    boost : int
        By how much the crop is larger than the network's: one of the card's ``boosts``.
    likeness : float, range [0, 1]
        How far the identity leans from the scene's person (0) over the donor (0.5) beyond.
    refiner : PointRefiner, optional
        What finds the points that faces are aligned by; the plans' landmarks without it.

    Raises
    ------
    InvalidRequest
        If the card does not know that boost.
    """

    needs_skin = False

    def __init__(
        self,
        card: Card,
        network: Network,
        conditioner: Conditioner,
        boost: int = 1,
        likeness: float = EVEN,
        refiner: PointRefiner | None = None,
    ) -> None:
        if not isinstance(card.contract, SwapperContract):
            raise ModelError(f"The model {card.name} is no swapper.")
        if boost not in card.contract.boosts:
            sizes = ", ".join(str(card.contract.picture.size_px * k) for k in card.contract.boosts)
            raise InvalidRequest(f"The engine {card.name} works at {sizes} pixels.")
        self._name = card.name
        self._contract = card.contract
        self._network = network
        self._conditioner = conditioner
        self._boost = boost
        self._likeness = likeness
        self._refiner = refiner

    @property
    def name(self) -> str:
        """The card's."""
        return self._name

    @property
    def batch(self) -> int:
        """Frames with one face each that fill a batch of the network."""
        return max(1, self._network.batch // self._boost**2)

    @property
    def side_px(self) -> int:
        """The side of the crops."""
        return self._contract.picture.size_px * self._boost

    def __repr__(self) -> str:
        return f"NeuralSwapper({self.name}, {self.side_px} px)"

    def prepare(self, embedded: EngineDonor, portraits: Sequence[Portrait]) -> EngineDonor:
        """The donor's identity.

        Raises
        ------
        InvalidRequest, ModelError
        """
        identity = self._conditioner.of_portraits(portraits)
        identity.setflags(write=False)
        return NeuralDonor(self.name, identity)

    def render(self, jobs: Sequence[tuple[Canvas, FacePlan]]) -> list[Rendered | None]:
        """New faces for all jobs, in as few calls of the network as it allows.

        Raises
        ------
        InvalidRequest
            If a donor was prepared for another engine.
        ModelError
        """
        points = self._points(jobs)
        cut_out = [
            self._cut_out(canvas, plan, five)
            for (canvas, plan), five in zip(jobs, points, strict=True)
        ]
        todo = [job for job in cut_out if job is not None]
        made = iter(self._run(todo))
        return [None if job is None else _laid_back(job, next(made)) for job in cut_out]

    def _points(self, jobs: Sequence[tuple[Canvas, FacePlan]]) -> list[Float64]:
        if self._refiner is None or not jobs:
            return [five_points(plan.landmarks) for _, plan in jobs]
        told = self._refiner.refine_all([(canvas, plan.landmarks) for canvas, plan in jobs])
        return [points for points, _ in told]

    def _cut_out(self, canvas: Canvas, plan: FacePlan, points: Float64) -> _Job | None:
        if plan.strength <= 0:
            return None
        if not isinstance(plan.donor, NeuralDonor) or plan.donor.card != self.name:
            raise InvalidRequest(
                "The donor was prepared for another engine; prepare it for this one."
            )
        matrix = crop_matrix(points, self._contract.picture.template, self.side_px)
        reach = reach_of(matrix, self.side_px, canvas.size_wh)
        box = None if reach is None else inner_box(plan.landmarks, reach)
        if reach is None or box is None:
            return None
        pixels = canvas.region_rgb(reach)
        tiles = take_apart(cut(pixels, reach, matrix, self.side_px), self._boost)
        scene = np.ascontiguousarray(
            pixels[box[1] - reach[1] : box[3] - reach[1], box[0] - reach[0] : box[2] - reach[0]]
        )
        identity = self._identity(plan.donor, canvas, plan.landmarks)
        return _Job(canvas, plan, matrix, tiles, box, scene, identity)

    def _identity(self, donor: NeuralDonor, canvas: Canvas, landmarks: Float64) -> Float32:
        how = self._contract.conditioning
        if self._likeness == EVEN or how.kind == "picture":
            return donor.identity
        scene = self._conditioner.of_face(canvas, landmarks)
        return lean(donor.identity, scene, self._likeness, self._contract.leaning)

    def _run(self, jobs: Sequence[_Job]) -> list[Float32]:
        """What the network makes of all crops: float32 (side, side, 3) RGB in [0, 255] each."""
        if not jobs:
            return []
        contract = self._contract
        each = self._boost**2
        crops = picture_input([tile for job in jobs for tile in job.tiles], contract.picture)
        identities = np.concatenate([np.repeat(job.identity, each, 0) for job in jobs])
        given = {contract.picture.input: crops, contract.conditioning.input: identities}
        output = in_batches(self._network, given)
        tiles = pictures_of(output, contract.picture, normalised=contract.normalised)
        return [
            put_together(tiles[start : start + each], self._boost)
            for start in range(0, len(tiles), each)
        ]


def _laid_back(job: _Job, crop: Float32) -> Rendered:
    """A finished crop as a difference from the picture, inside the face alone."""
    side = crop.shape[0]
    soft = face_mask(job.plan, job.to_crop, side)
    mask = lay_back(soft, job.to_crop, job.box, smooth=True)
    mask *= np.float32(job.plan.strength)
    delta = lay_back_colours(crop, job.to_crop, job.box)
    np.clip(delta, 0, 255, out=delta)
    delta -= job.scene
    imaging.multiply_into(delta, imaging.thrice(mask))
    return Rendered(job.box, job.scene, delta, mask)
