"""Tell a swapper whose face to make: from photos to what its identity input takes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np

from personae.engine.canvas import RgbCanvas
from personae.engine.card_roles import Conditioning, EmbedderContract, Picture
from personae.engine.neural.aligning import crop_matrix, five_points, take_crop
from personae.engine.neural.network import Network
from personae.engine.neural.tensors import picture_input
from personae.engine.plans import EngineDonor
from personae.engine.swapper import Portrait
from personae.engine.types import Canvas, Float32, Float64
from personae.errors import InvalidRequest, ModelError

EVEN: Final = 0.5
"""The likeness at which the scene's own identity plays no part."""


@dataclass(frozen=True, slots=True, eq=False)
class NeuralDonor(EngineDonor):
    """A donor for one swapper.

    Attributes
    ----------
    card : str
        The swapper's.
    identity : float32 (1, n) or (1, 3, s, s), read-only
        What its identity input takes.
    """

    card: str
    identity: Float32

    def __repr__(self) -> str:
        return f"NeuralDonor({self.card}, {self.identity.shape})"


@dataclass(frozen=True, slots=True, eq=False)
class Conditioner:
    """Makes identities for one swapper.

    Parameters
    ----------
    how : Conditioning
        The swapper's card says it.
    embedder, converter : Network, optional
        Where the card asks for them.
    contract : EmbedderContract, optional
        The embedder's.
    projection : float32 (n, n), optional
        Likewise.
    """

    how: Conditioning
    embedder: Network | None = None
    contract: EmbedderContract | None = None
    converter: Network | None = None
    projection: Float32 | None = None

    def of_portraits(self, portraits: Sequence[Portrait]) -> Float32:
        """The identity of one person: of vectors the mean over all photos, else the best photo.

        Raises
        ------
        InvalidRequest
            If there are no photos, or the points of a face fall together.
        ModelError
            If a network gives something else than its card says.
        """
        if not portraits:
            raise InvalidRequest(
                "This donor was prepared without its photos, which the engine needs; prepare it "
                "again."
            )
        if self.how.kind == "picture":
            best = portraits[0]
            points = best.landmarks.astype(np.float64)
            return self._picture(RgbCanvas(best.rgb), points)
        raw = [self.raw(RgbCanvas(one.rgb), one.landmarks.astype(np.float64)) for one in portraits]
        mean: Float32 = np.concatenate(raw).mean(0, keepdims=True, dtype=np.float32)
        return self._conditioned(mean)

    def of_face(self, canvas: Canvas, landmarks: Float64) -> Float32:
        """The identity of one face in a picture, as `of_portraits`."""
        if self.how.kind == "picture":
            return self._picture(canvas, landmarks)
        return self._conditioned(self.raw(canvas, landmarks))

    def raw(self, canvas: Canvas, landmarks: Float64) -> Float32:
        """The embedder's own vector of a face: float32 (1, n)."""
        assert self.embedder is not None
        assert self.contract is not None
        vector = self.embedder(_aligned(canvas, landmarks, self.contract.picture))[0]
        vector = np.asarray(vector, np.float32).reshape(1, -1)
        if not np.isfinite(vector).all() or not np.any(vector):
            raise ModelError(f"The model {self.embedder.name} gives no vector for this face.")
        return vector

    def _picture(self, canvas: Canvas, landmarks: Float64) -> Float32:
        assert self.how.picture is not None
        return _aligned(canvas, landmarks, self.how.picture)

    def _conditioned(self, vector: Float32) -> Float32:
        if self.converter is not None:
            vector = np.asarray(self.converter(vector)[0], np.float32).reshape(1, -1)
        if self.how.unit:
            vector = vector / np.float32(max(float(np.linalg.norm(vector)), 1e-12))
        if self.projection is not None:
            vector = vector @ self.projection
        return np.ascontiguousarray(vector, np.float32)


def _aligned(canvas: Canvas, landmarks: Float64, picture: Picture) -> Float32:
    side = picture.size_px
    matrix = crop_matrix(five_points(landmarks), picture.template, side)
    crop = take_crop(canvas, matrix, side)
    if crop is None:
        raise InvalidRequest("The face lies outside the picture.")
    return picture_input([crop.rgb], picture)


def lean(donor: Float32, scene: Float32, likeness: float, ends: tuple[float, float]) -> Float32:
    """An identity between, or beyond, two people.

    Parameters
    ----------
    donor, scene : float32 (1, n)
        Conditioned alike.
    likeness : float, range [0, 1]
        At `EVEN` with symmetrical `ends` it is the donor's own.
    ends : two floats
        The scene's share at likeness 0 and at 1; negative leads away from the scene.
    """
    share = np.float32(ends[0] + (ends[1] - ends[0]) * likeness)
    mixed: Float32 = np.multiply(donor, 1 - share, dtype=np.float32)
    return np.add(mixed, scene * share, dtype=np.float32)
