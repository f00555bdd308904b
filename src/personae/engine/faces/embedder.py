"""Who is it: 128 numbers for a face that lie near each other for the same person.

The network is Davis King's face recognition ResNet (dlib, 2017); the alignment is the one it was
trained with, ``get_face_chip_details`` of dlib's ``image_transforms/interpolation.h`` for five
points, size 150 and padding 0.25.
"""

from __future__ import annotations

from typing import Final

import cv2
import numpy as np

from personae.engine.session import OnnxModel
from personae.engine.types import BoxXYXY, Canvas, Float32, Float64, UInt8
from personae.errors import InvalidRequest

Embedding = Float32
"""float32 (128,), unit norm."""

SAME_PERSON_DISTANCE: Final = 0.085
"""Two embeddings nearer than this are taken for one person.

The network's author takes 0.6 between raw vectors for the border, where 0.994 of the pairs of
Labeled Faces in the Wild are told right (dlib, ``dnn_face_recognition_ex.cpp``). Over 13,530
pairs of portraits of different people, those with a raw distance of 0.59 to 0.61 have a median of
0.086 here (5 to 95 %: 0.072 to 0.106). At 0.085, 2.5 % of those pairs pass for one person (many
resemble each other, being synthetic); at 0.07 it is 1.0 %. One photo dimmed, brightened, blurred,
squeezed, mirrored, made noisy or compressed hard stays within 0.05 of itself, and the mesh's five
points instead of dlib's move it by 0.001, at most 0.008.
"""

CHIP_SIZE: Final = 150
POINTS5: Final = (263, 362, 33, 133, 2)
"""Mesh vertices for dlib's five points: the corners of the eye on the viewer's right, outer and
inner, of the eye on the left, outer and inner, and the base of the nose."""

_PADDING = 0.25
# dlib's mean positions of the five points in a square around the face.
_MEAN_POINTS: Final = (
    (0.8595674595992, 0.2134981538014),
    (0.6460604764104, 0.2289674387677),
    (0.1205750620789, 0.2137274526848),
    (0.3340850613712, 0.2290642403242),
    (0.4901123135679, 0.6277975316475),
)


def template() -> Float64:
    """Where the five points lie in an aligned face: float64 (5, 2), in fractions of its side."""
    return (_PADDING + np.array(_MEAN_POINTS)) / (2 * _PADDING + 1)


def distance(one: Embedding, other: Embedding) -> float:
    """How unlike two people look: 1 - cosine, in [0, 2]; 0 is the same picture.

    Pairs nearer than `SAME_PERSON_DISTANCE` are taken for one person.
    """
    return float(np.clip(1.0 - np.dot(one, other), 0.0, 2.0))


class Embedder:
    """Tells people apart.

    Parameters
    ----------
    model : OnnxModel
        The card ``dlib_resnet``: float32 (N, 3, 150, 150) RGB in [0, 255] to float32 (N, 128).
    """

    def __init__(self, model: OnnxModel) -> None:
        self._model = model

    def embed(self, canvas: Canvas, landmarks: Float32) -> Embedding:
        """The unit vector of one face in a picture.

        Parameters
        ----------
        canvas : Canvas
            Only the region around the face is read.
        landmarks : float32 (478, 3), pixels
            MediaPipe's face mesh; or float32 (5, 2), dlib's five points in the order of
            `POINTS5`.

        Returns
        -------
        float32 (128,), unit norm

        Raises
        ------
        InvalidRequest
            If the points do not span a face or lie outside the picture.
        """
        points = landmarks if len(landmarks) == len(POINTS5) else landmarks[list(POINTS5)]
        vector = self.raw(aligned_face(canvas, points[:, :2]))
        return np.divide(vector, np.linalg.norm(vector), dtype=np.float32)

    def raw(self, face: UInt8) -> Float32:
        """What the network itself says, as dlib would: float32 (128,), not normalised.

        Parameters
        ----------
        face : uint8 (150, 150, 3) RGB
            An aligned face.
        """
        planes = np.ascontiguousarray(face.transpose(2, 0, 1)[None], np.float32)
        return self._model(planes)[0][0]

    def __repr__(self) -> str:
        return f"Embedder({self._model!r})"


def aligned_face(canvas: Canvas, points: Float32) -> UInt8:
    """A face turned upright and scaled as the embedding network wants it.

    Parameters
    ----------
    canvas : Canvas
    points : float32 (5, 2), pixels
        In the order of `POINTS5`.

    Returns
    -------
    uint8 (150, 150, 3) RGB
        Black where the face reaches over the picture's edge.

    Raises
    ------
    InvalidRequest
        If the points do not span a face or lie outside the picture.
    """
    to_picture = _face_to_picture(points.astype(np.float64))
    # Halve a large face first, as dlib does: interpolation alone would skip pixels.
    halvings = int(np.log2(max(np.hypot(*to_picture[:, 0]), 1.0)))
    box = _box_around(to_picture, canvas.size_wh, margin_px=2 << halvings)
    region = canvas.region_rgb(box)
    to_region = to_picture.copy()
    to_region[:, 2] -= box[:2]
    for _ in range(halvings):
        region = np.asarray(cv2.pyrDown(region), np.uint8)
        to_region /= 2
    warped = cv2.warpAffine(
        region,
        to_region,
        (CHIP_SIZE, CHIP_SIZE),
        flags=cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP,
        borderMode=cv2.BORDER_CONSTANT,
    )
    return np.asarray(warped, np.uint8)


def _face_to_picture(points: Float64) -> Float64:
    """float64 (2, 3): pixels of the aligned face to pixels of the picture.

    The similarity nearest to the five points (Umeyama, IEEE PAMI 13(4), 1991), after which dlib
    goes through a rectangle of whole pixels, which shifts it by half a pixel and makes it a
    little smaller. The network was trained with that, so it is kept.
    """
    ideal = template() * CHIP_SIZE
    mean_from, mean_to = ideal.mean(0), points.mean(0)
    # As complex numbers a turn with a scale is one factor, and least squares one division.
    axes = np.array([1, 1j])
    centred, wanted = (ideal - mean_from) @ axes, (points - mean_to) @ axes
    factor = complex((centred.conj() @ wanted) / (centred.conj() @ centred))
    if not np.isfinite(factor) or abs(factor) < 1e-3:
        raise InvalidRequest("The five points of the face fall together.")
    turn = np.array([[factor.real, -factor.imag], [factor.imag, factor.real]])
    middle = turn @ (np.full(2, CHIP_SIZE / 2) - mean_from) + mean_to
    scale = abs(factor)
    shown = turn / scale * max((CHIP_SIZE * scale - 1) / (CHIP_SIZE - 1), 1e-3)
    return np.column_stack([shown, middle - shown @ np.full(2, (CHIP_SIZE - 1) / 2)])


def _box_around(to_picture: Float64, size_wh: tuple[int, int], margin_px: int) -> BoxXYXY:
    """The part of the picture that the aligned face is made of, and a margin for filters."""
    last = CHIP_SIZE - 1
    corners = np.array([[0, 0, 1], [last, 0, 1], [0, last, 1], [last, last, 1]], np.float64)
    where = corners @ to_picture.T
    low = np.maximum(np.floor(where.min(0)) - margin_px, 0).astype(int)
    high = np.minimum(np.ceil(where.max(0)) + 1 + margin_px, size_wh).astype(int)
    if not (high > low).all():
        raise InvalidRequest("The face lies outside the picture.")
    return int(low[0]), int(low[1]), int(high[0]), int(high[1])
