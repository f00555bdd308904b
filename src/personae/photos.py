"""Photos that callers give: read into memory, and searched for the one face they are given for."""

from __future__ import annotations

import os
from dataclasses import dataclass

import numpy as np

from personae.engine.canvas import RgbCanvas
from personae.engine.faces.closeups import find_in_photo
from personae.engine.pipeline import Engine
from personae.engine.types import Face, UInt8
from personae.errors import FaceNotFound, InvalidRequest, Role, SeveralFaces
from personae.video.stills import load_picture

ImageLike = str | os.PathLike[str] | UInt8
"""A picture file, or uint8 pixels (H, W, 3) RGB, (H, W, 4) RGBA or (H, W) grey."""


@dataclass(frozen=True, slots=True, eq=False)
class Pixels:
    """A picture in memory.

    Attributes
    ----------
    name : str
        How messages call it.
    rgb : uint8 (H, W, 3) RGB
        Owned by whoever asked for it.
    alpha : uint8 (H, W) or None
    notes : tuple of str
        What was lost in reading.
    """

    name: str
    rgb: UInt8
    alpha: UInt8 | None = None
    notes: tuple[str, ...] = ()


def load_pixels(image: ImageLike, role: Role) -> Pixels:
    """Read a file or copy an array.

    Raises
    ------
    MediaError, InvalidRequest
    """
    if not isinstance(image, np.ndarray):
        check_path(image, role, "or pixels")
        picture = load_picture(image, role)
        return Pixels(os.fspath(image), picture.rgb, picture.alpha, picture.notes)
    name = f"the {role} picture"
    if image.dtype != np.uint8 or image.ndim not in (2, 3):
        raise InvalidRequest(
            f"The {role} must be uint8 pixels (H, W, 3) or (H, W, 4); "
            f"this array is {image.dtype} {image.shape}."
        )
    if image.ndim == 2:
        return Pixels(name, np.stack([image] * 3, 2))
    if image.shape[2] not in (3, 4) or 0 in image.shape:
        raise InvalidRequest(f"The {role} must have 3 or 4 channels, not shape {image.shape}.")
    alpha = image[..., 3].copy() if image.shape[2] == 4 else None
    return Pixels(name, np.ascontiguousarray(image[..., :3]).copy(), alpha)


def check_path(path: object, role: str, otherwise: str = "") -> None:
    """Refuse what is no file name, in words rather than with a `TypeError` from inside."""
    if not isinstance(path, str | os.PathLike):
        what = f"a file name {otherwise}".strip()
        raise InvalidRequest(f"The {role} must be {what}, not a {type(path).__name__}.")


def single_face(
    engine: Engine, pixels: Pixels, role: Role, *, alone: bool = False
) -> tuple[Face, list[str]]:
    """The largest face of a donor or reference photo, and a warning if there are others.

    Raises
    ------
    FaceNotFound
    SeveralFaces
        If there are others, and the face should be `alone`.
    """
    faces = find_in_photo(engine.faces, pixels.rgb)
    if not faces:
        raise FaceNotFound(
            role,
            f"No face was found in {called(pixels.name, role)}; give a photo in which the face is "
            "well lit and at least 40 pixels tall.",
        )
    largest = max(faces, key=_area)
    if len(faces) == 1:
        return largest, []
    if alone:
        raise SeveralFaces(
            f"{sentence(called(pixels.name, role))} shows {len(faces)} faces; give a photo of "
            "one person alone."
        )
    return largest, [f"{pixels.name} shows {len(faces)} faces; the largest was taken."]


def called(name: str, role: Role) -> str:
    """An input with its role: ``the donor photo.jpg``, or ``the donor picture`` for pixels."""
    return name if name.startswith(f"the {role}") else f"the {role} {name}"


def warnings_of(engine: Engine, pixels: Pixels, face: Face) -> list[str]:
    """What is not ideal about a photo of somebody who is to be known again by it."""
    _, findings = engine.study(RgbCanvas(pixels.rgb), face)
    if not findings:
        return list(pixels.notes)
    reasons = ", ".join(finding.text for finding in findings)
    return [*pixels.notes, f"{pixels.name} is not ideal: {reasons}."]


def sentence(text: str) -> str:
    """The first letter large; file names keep theirs."""
    return text[0].upper() + text[1:]


def _area(face: Face) -> float:
    x0, y0, x1, y1 = face.box_xyxy
    return (x1 - x0) * (y1 - y0)
