"""Published landmark networks: 68 points of a face, by what their cards say.

The 68 points are those of C. Sagonas et al., "300 Faces in-the-Wild Challenge", 2013. The embedded
mesh finds more of them; the published swappers were trained on faces that were aligned by these.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np

from personae.engine import imaging
from personae.engine.card_roles import LandmarkerContract
from personae.engine.geometry import Region, crop_square, region_from_landmarks
from personae.engine.neural.aligning import crop_matrix, five_points, inverse
from personae.engine.neural.network import Network, does_not_fit, run_in_batches
from personae.engine.neural.tensors import picture_input
from personae.engine.types import Canvas, Float32, Float64, UInt8
from personae.errors import ModelError

POINTS: Final = 68
DARK: Final = 30.0
"""Mean lightness, of 255, below which contrast is raised before a network looks."""
BETTER: Final = 0.2
"""By how much a later network must be surer than an earlier one to be believed instead."""
LEAST_SURE: Final = 0.5
"""Below this the embedded mesh's points are kept."""
_EYE_LEFT, _EYE_RIGHT = slice(36, 42), slice(42, 48)
_NOSE, _MOUTH_LEFT, _MOUTH_RIGHT = 30, 48, 54


@dataclass(frozen=True, slots=True, eq=False)
class Points68:
    """What a network saw of one face: `points` float64 (68, 2), pixels; `score` in [0, 1]."""

    points: Float64
    score: float


def five_points_68(points: Float64) -> Float64:
    """The five points of a template out of 68: float64 (5, 2).

    Eyes are the middles of their lids, the nose is its tip, the mouth its corners.
    """
    eyes = [points[_EYE_LEFT].mean(0), points[_EYE_RIGHT].mean(0)]
    return np.array([*eyes, points[_NOSE], points[_MOUTH_LEFT], points[_MOUTH_RIGHT]], np.float64)


class CardLandmarker:
    """A network that finds 68 points in a square around a face.

    Threads share it if they may share the network.

    Raises
    ------
    ModelError
        If the card says that it finds none, but lifts five.
    """

    def __init__(self, network: Network, contract: LandmarkerContract) -> None:
        if contract.picture is None:
            raise ModelError(f"The model {network.name} does not look at pictures.")
        self._network = network
        self._contract = contract
        self._picture = contract.picture

    @property
    def name(self) -> str:
        """The network's."""
        return self._network.name

    def find_all(self, faces: Sequence[tuple[Canvas, Region]]) -> list[Points68]:
        """The points of several faces, as many at once as the network takes.

        Parameters
        ----------
        faces : sequence of canvas and `Region`
            The region's side is the face's own, brow to chin: what is around it is added here. Its
            angle is the head's.

        Raises
        ------
        ModelError
            If what the network gives does not fit its card.
        """
        if not faces:
            return []
        side = self._picture.size_px
        around = side / self._contract.face_px
        squares = [
            Region(region.x, region.y, max(region.side_px, 1.0) * around, region.angle)
            for _, region in faces
        ]
        crops = [
            in_light(crop_square(canvas, square, side))
            for (canvas, _), square in zip(faces, squares, strict=True)
        ]
        shown = picture_input(crops, self._picture)
        gave = run_in_batches(self._network, self._picture.input, shown)
        told = self._told(gave, len(faces))
        found: list[Points68] = []
        for points, score, square in zip(*told, squares, strict=True):
            back = inverse(square.to_square(side))
            found.append(Points68(points @ back[:, :2].T + back[:, 2], score))
        return found

    def _told(self, gave: Sequence[Float32], count: int) -> tuple[list[Float64], list[float]]:
        """Points in pixels of the squares, and how sure they are."""
        heat = self._heat(gave) if self._contract.heat else None
        rows = [one for one in gave if one is not heat and one.size % (count * POINTS) == 0]
        table = rows[0].reshape(count, POINTS, -1) if rows else None
        if table is None or table.shape[2] < (3 if heat is None else 2):
            raise does_not_fit(self._network, gave)
        sure = table[..., 2] if heat is None else heat.reshape(count, POINTS, -1).max(2)
        scale = self._picture.size_px / self._contract.unit
        points = [one[:, :2].astype(np.float64) * scale for one in table]
        low, high = self._contract.sure
        scores = [float((one.mean() - low) / (high - low)) for one in sure]
        return points, [
            min(1.0, max(0.0, score)) if np.isfinite(where).all() and np.isfinite(score) else 0.0
            for where, score in zip(points, scores, strict=True)
        ]

    def _heat(self, gave: Sequence[Float32]) -> Float32:
        """The output with the heat maps."""
        for spec, one in zip(self._network.outputs, gave, strict=False):
            if spec.name == self._contract.heat and one.ndim == 4 and one.shape[1] == POINTS:
                return one
        raise does_not_fit(self._network, gave)


class CardLift:
    """A network that guesses 68 points from five."""

    def __init__(self, network: Network, contract: LandmarkerContract) -> None:
        if contract.kind != "lift":
            raise ModelError(f"The model {network.name} does not lift five points to 68.")
        self._network = network
        self._contract = contract

    def lift(self, points: Float64) -> Float64:
        """68 points, float64 (68, 2), out of the five of a template, float64 (5, 2); pixels.

        Raises
        ------
        InvalidRequest
            If the five points fall together.
        ModelError
            If what the network gives does not fit its card.
        """
        matrix = crop_matrix(points, self._contract.template, 1)
        aligned = points @ matrix[:, :2].T + matrix[:, 2]
        gave = run_in_batches(self._network, self._contract.input, aligned[None].astype(np.float32))
        if gave[0].size != POINTS * 2 or not np.isfinite(gave[0]).all():
            raise does_not_fit(self._network, gave)
        back = inverse(matrix)
        lifted = gave[0].reshape(POINTS, 2).astype(np.float64)
        return lifted @ back[:, :2].T + back[:, 2]


class PointRefiner:
    """The five points that faces are aligned by, from published networks where they are sure.

    Parameters
    ----------
    landmarkers : one or more CardLandmarker
        The first one is believed unless a later one is surer by `BETTER`.
    """

    def __init__(self, landmarkers: Sequence[CardLandmarker]) -> None:
        self._landmarkers = tuple(landmarkers)

    def refine(self, canvas: Canvas, landmarks: Float64) -> tuple[Float64, float]:
        """The five points of one face: float64 (5, 2), pixels, and how sure they are, [0, 1]."""
        return self.refine_all([(canvas, landmarks)])[0]

    def refine_all(self, faces: Sequence[tuple[Canvas, Float64]]) -> list[tuple[Float64, float]]:
        """`refine` of several faces.

        Parameters
        ----------
        faces : sequence of canvas and landmarks, float64 (478, 3), pixels
            Where a face is. What no network is sure of, or sees in one spot, is told by these, with
            a score of 0.

        Raises
        ------
        ModelError
        """
        best = [(five_points(landmarks), 0.0) for _, landmarks in faces]
        asked = [(canvas, region_from_landmarks(points, 1.0)) for canvas, points in faces]
        for landmarker in self._landmarkers:
            for number, found in enumerate(landmarker.find_all(asked)):
                points, score = best[number]
                least = LEAST_SURE if score == 0 else score + BETTER
                five = five_points_68(found.points)
                if found.score >= least and np.ptp(five, 0).max() > 0.25 * np.ptp(points, 0).max():
                    best[number] = five, found.score
        return best


def in_light(rgb: UInt8) -> UInt8:
    """A crop that is very dark with more contrast; others as they are."""
    return imaging.equalised(rgb, DARK)
