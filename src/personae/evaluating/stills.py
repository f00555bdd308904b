"""One engine, one donor, one photo as the scene: swap, and measure everything."""

from __future__ import annotations

import time
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any, Final

import numpy as np

from personae.donors import Donor
from personae.engine.canvas import RgbCanvas
from personae.engine.pipeline import Engine
from personae.engine.types import Face, Float32, UInt8
from personae.errors import (
    DonorUnusable,
    FaceNotFound,
    MediaError,
    ModelError,
    PersonaeError,
    PolicyRefused,
)
from personae.evaluating.engines import Contender
from personae.evaluating.expressions import expression, expression_error, pose_error
from personae.evaluating.looks import Gallery, Judge, Look
from personae.evaluating.pairs import Pair
from personae.evaluating.people import Photo, sentence
from personae.evaluating.pictures import colour_difference, outside_change, skin_mask
from personae.evaluating.rows import Outcome, Row
from personae.photos import load_pixels

KEPT_SCENES: Final = 1024
_KINDS: Final[tuple[tuple[type[PersonaeError], Outcome], ...]] = (
    (DonorUnusable, "donor_refused"),
    (PolicyRefused, "gate_refused"),
    (MediaError, "unreadable"),
)


@dataclass(frozen=True, slots=True, eq=False)
class Context:
    """What all pairs of a run are measured with.

    ``known``: what each donor's photo shows, by its name. ``donors``: the names of all people who
    are donors in this run. ``check``: raises for scenes that the content gate refuses.
    """

    judge: Judge
    gallery: Gallery
    known: dict[str, Look]
    donors: frozenset[str]
    check: Callable[[UInt8], None]


@dataclass(frozen=True, slots=True, eq=False)
class Seen:
    """A scene with its face and the output, as pixels; what a row was measured on."""

    scene: UInt8
    face: Face | None
    output: UInt8 | None


class Scenes:
    """Scene photos as pixels, with their faces; what was seen of a photo is kept for a while."""

    def __init__(self, engine: Engine, context: Context) -> None:
        self._engine = engine
        self._context = context
        self._looks: OrderedDict[str, Look | PersonaeError] = OrderedDict()

    def open(self, photo: Photo) -> tuple[UInt8, Look]:
        """A scene: uint8 (H, W, 3) RGB, and its largest face.

        Raises
        ------
        FaceNotFound, MediaError, PolicyRefused
        """
        known = self._looks.get(photo.name)
        if isinstance(known, PersonaeError):
            raise known
        try:
            rgb = load_pixels(photo.image, "scene").rgb
            if known is None:
                self._context.check(rgb)
                known = self._look(rgb, photo)
        except PersonaeError as error:
            self._keep(photo.name, error)
            raise
        self._keep(photo.name, known)
        return rgb, known

    def _look(self, rgb: UInt8, photo: Photo) -> Look:
        # As a swap looks for faces, and not as donors are looked for: close-ups may be missed.
        faces = self._engine.faces(RgbCanvas(rgb))
        if not faces:
            raise FaceNotFound("scene", f"No face was found in {photo.name}.")
        return self._context.judge.know(rgb, max(faces, key=_height))

    def _keep(self, name: str, what: Look | PersonaeError) -> None:
        self._looks[name] = what
        self._looks.move_to_end(name)
        if len(self._looks) > KEPT_SCENES:
            self._looks.popitem(last=False)


def measure_still(
    one: Contender, pair: Pair, donor: Donor | None, scenes: Scenes, context: Context
) -> tuple[Row, Seen | None]:
    """Swap a donor into a photo and measure the output; errors become a row.

    Parameters
    ----------
    one : Contender
    pair : Pair
        Its scene is a photo.
    donor : Donor or None
        None only for a contender with stored outputs.
    scenes : Scenes
    context : Context

    Returns
    -------
    row : Row
    seen : Seen or None
        None where not even the scene could be opened.

    Raises
    ------
    ModelError
    """
    photo = pair.scene
    row = Row(
        engine=one.name, donor=pair.donor.donor.name, person=pair.donor.name, scene=photo.name
    )
    if not isinstance(photo, Photo):
        return failed(row, PersonaeError("This scene is a clip.")), None
    seen: Seen | None = None
    try:
        rgb, look = scenes.open(photo)
        seen = Seen(rgb, look.face, None)
        row = replace(row, face_px=_height(look.face))
        if one.stored is not None:
            output, mask = one.stored(pair, rgb), None
        elif donor is not None:
            started = time.process_time()
            result = one.swap(rgb, donor)
            spent_ms = (time.process_time() - started) * 1000
            row = replace(row, cpu_ms=spent_ms / max(1, len(result.swapped)))
            output, mask = np.ascontiguousarray(result.image[..., :3]), result.mask
        else:
            raise FaceNotFound("donor")
        row = replace(row, **against_scene(rgb, output, mask, look))
        face = context.judge.same_place(output, look.face)
        seen = Seen(rgb, look.face, output)
        if face is None:
            told = f"No face was found in the output where {photo.name} shows one."
            lost = {"retrieved": False, "retrieved_among_donors": False}
            return replace(row, outcome="output_without_face", message=told, **lost), seen
        after = context.judge.know(output, face)
        return replace(
            row,
            **who_is_it(after.embedding, look.embedding, pair, context),
            **what_it_does(face, look.face, context.known.get(row.donor)),
        ), seen
    except ModelError:
        raise
    except Exception as error:  # One bad file, or one engine's mistake, must not end the run.
        return failed(row, error, photo), seen


def against_scene(scene: UInt8, output: UInt8, mask: Float32 | None, look: Look) -> dict[str, Any]:
    """What the pixels tell: the fields of `Row` about colour and what lies outside the mask."""
    skin = skin_mask(look.face.landmarks, (scene.shape[1], scene.shape[0]))
    colour, light = colour_difference(scene, output, skin)
    outside = None if mask is None else outside_change(scene, output, mask)
    return {"colour": colour, "light": light, "outside": outside}


def who_is_it(after: Float32, before: Float32, pair: Pair, context: Context) -> dict[str, Any]:
    """What embeddings tell: the fields of `Row` about identity."""
    gallery, name = context.gallery, pair.donor.name
    vector = gallery.vector(name)
    same_photo = len(pair.donor.photos) == 1
    if vector is None:  # None of the other photos shows a face: the donor's own has to do.
        known = context.known.get(pair.donor.donor.name)
        vector, same_photo = (None if known is None else known.embedding), True
    if vector is None:
        return {"same_photo": True, "to_scene": float(after @ before)}
    nearest = gallery.nearest(after)
    return {
        "same_photo": same_photo,
        "nearest": nearest,
        "retrieved": nearest == name,
        "retrieved_among_donors": gallery.nearest(after, context.donors) == name,
        "similarity": float(after @ vector),
        "unswapped": float(before @ vector),
        "to_scene": float(after @ before),
    }


def what_it_does(after: Face, before: Face, donor: Look | None) -> dict[str, Any]:
    """What landmarks tell: the fields of `Row` about pose and expression."""
    wanted = expression(before.landmarks)
    error = expression_error(expression(after.landmarks), wanted)
    donors = None
    if donor is not None:
        donors = expression_error(expression(donor.face.landmarks), wanted).total
    pose = pose_error(after.pose, before.pose)
    return {
        "pose_deg": pose.total,
        "yaw": pose.yaw,
        "pitch": pose.pitch,
        "roll": pose.roll,
        "expression": error.total,
        "lids": error.lids,
        "brows": error.brows,
        "mouth": error.mouth,
        "donor_expression": donors,
    }


def failed(row: Row, error: Exception, photo: Photo | None = None) -> Row:
    """A row for a pair that gave no output."""
    if not isinstance(error, PersonaeError):
        told = f"The engine {row.engine} failed: {type(error).__name__}."
        return replace(row, outcome="failed", message=told)
    message = error.message
    if photo is not None:
        message = sentence(message, photo.image, photo.name)
    return replace(row, outcome=outcome_of(error), message=message)


def outcome_of(error: PersonaeError) -> Outcome:
    """How a pair ended that ended with an error."""
    if isinstance(error, FaceNotFound):
        return "donor_without_face" if error.role == "donor" else "scene_without_face"
    for kind, outcome in _KINDS:
        if isinstance(error, kind):
            return outcome
    return "failed"


def _height(face: Face) -> float:
    return face.box_xyxy[3] - face.box_xyxy[1]
