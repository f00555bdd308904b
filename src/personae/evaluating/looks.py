"""What the harness itself sees in a picture: one face, and who it is."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np

from personae.engine.canvas import RgbCanvas
from personae.engine.faces.closeups import find_in_photo
from personae.engine.faces.embedder import SAME_PERSON_DISTANCE, distance
from personae.engine.pipeline import Engine
from personae.engine.track.people import People
from personae.engine.track.tracker import Tracker
from personae.engine.types import Canvas, Face, Float32, UInt8
from personae.errors import FaceNotFound
from personae.evaluating.people import Person, Photo
from personae.photos import ImageLike, load_pixels

REFERENCES = 4
"""Photos of a person, beside the donor's, that are looked at to know them."""
SAME_PLACE = 0.3
"""Overlap (intersection over union) from which a face of the output is the one of the scene."""


@dataclass(frozen=True, slots=True, eq=False)
class Look:
    """A face and who it is: float32 (D,), unit norm."""

    face: Face
    embedding: Float32


class Judge:
    """Finds faces and knows people again, whatever engine is measured.

    Parameters
    ----------
    engine : Engine
        Whose finder and embedder are used; nothing is swapped with it.
    """

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def photo(self, image: ImageLike) -> Look:
        """The largest face of a photo, as a swap would take it.

        Raises
        ------
        FaceNotFound, MediaError
        """
        rgb = load_pixels(image, "reference").rgb
        faces = find_in_photo(self._engine.faces, rgb)
        if not faces:
            raise FaceNotFound("reference", "No face was found.")
        return self.know(rgb, max(faces, key=_area))

    def know(self, rgb: UInt8, face: Face) -> Look:
        """Who a face in uint8 (H, W, 3) RGB is."""
        return Look(face, self._engine.embed(RgbCanvas(rgb), face.landmarks))

    def watch(self) -> Watch:
        """A fresh pair of eyes for the frames of a clip."""
        nobody = People(distance, SAME_PERSON_DISTANCE)
        return Watch(self._engine.tracker(nobody, tell_apart=False))

    def same_place(self, rgb: UInt8, face: Face) -> Face | None:
        """The face that a picture shows where another one showed `face`; None if it shows none."""
        return nearest(self._engine.faces(RgbCanvas(rgb)), face)


class Watch:
    """Follows the faces of a clip, frame by frame, without smoothing anything."""

    def __init__(self, tracker: Tracker) -> None:
        self._tracker = tracker
        self._number = -1

    def see(self, canvas: Canvas) -> list[Face]:
        """The faces of the next frame."""
        self._number += 1
        return list(self._tracker.see(self._number, canvas).faces.values())


def nearest(faces: Iterable[Face], face: Face) -> Face | None:
    """The one of `faces` that covers the same place as `face`."""
    best = max(faces, key=lambda one: _overlap(one, face), default=None)
    return best if best is not None and _overlap(best, face) >= SAME_PLACE else None


class Gallery:
    """Everybody, to find the person whom an output looks like most."""

    def __init__(self) -> None:
        self._names: list[str] = []
        self._vectors: list[Float32] = []

    def add(self, name: str, vectors: list[Float32]) -> None:
        """Somebody, by the mean of unit vectors."""
        mean = np.mean(vectors, axis=0, dtype=np.float64)
        self._names.append(name)
        self._vectors.append(np.asarray(mean / np.linalg.norm(mean), np.float32))

    def vector(self, name: str) -> Float32 | None:
        """Somebody's vector, unit norm; None for a stranger."""
        return self._vectors[self._names.index(name)] if name in self._names else None

    def nearest(self, vector: Float32, among: frozenset[str] | None = None) -> str:
        """Whose vector has the largest cosine with `vector`; the first of equals."""
        cosines = np.stack(self._vectors) @ vector
        if among is not None:
            outside = [name not in among for name in self._names]
            cosines = np.where(outside, -np.inf, cosines)
        return self._names[int(np.argmax(cosines))]

    def __len__(self) -> int:
        return len(self._names)


def references_of(person: Person) -> tuple[Photo, ...]:
    """The photos that tell who somebody is: not the donor's, where there are others."""
    return person.references[:REFERENCES]


def _area(face: Face) -> float:
    x0, y0, x1, y1 = face.box_xyxy
    return (x1 - x0) * (y1 - y0)


def _overlap(one: Face, other: Face) -> float:
    """Intersection over union of the boxes of two faces, in [0, 1]."""
    a, b = one.box_xyxy, other.box_xyxy
    width, height = min(a[2], b[2]) - max(a[0], b[0]), min(a[3], b[3]) - max(a[1], b[1])
    if min(width, height) <= 0:
        return 0.0
    both = width * height
    return both / (_area(one) + _area(other) - both)
