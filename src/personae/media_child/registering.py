"""The register in media jobs: whom a task must not swap, and the jobs ``embed`` and ``look_up``."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from personae import wiring
from personae.engine.canvas import RgbCanvas
from personae.engine.faces.embedder import SAME_PERSON_DISTANCE, distance
from personae.engine.register import Screen
from personae.engine.types import Float32
from personae.errors import InvalidRequest
from personae.media_child.jobs import Context, load_engine
from personae.photos import load_pixels, single_face, warnings_of
from personae.register_files import open_register, open_screen


def screen_of(job: Mapping[str, Any]) -> Screen | None:
    """Who may not be swapped in a job: its ``register``, if it has one.

    That is ``{"path": …, "distance": …, "tenant_id": …}``; without it nothing is looked at.
    """
    told: Mapping[str, Any] | None = job.get("register")
    if told is None:
        return None
    return open_screen(Path(told["path"]), float(told["distance"]), str(told["tenant_id"]))


def embed(job: Mapping[str, Any], context: Context) -> dict[str, Any]:
    """The embeddings of one person's ``photos``, and what to warn of.

    Each has one face, or with ``alone`` false the largest is taken.

    Raises
    ------
    InvalidRequest, FaceNotFound, SeveralFaces, MediaError, ModelError
    """
    photos: Sequence[str] = job["photos"]
    if not photos:
        raise InvalidRequest("Give at least one photo of the person.")
    load_engine()
    embeddings: list[Float32] = []
    warnings: list[str] = []
    for photo in photos:
        context.enter("embed")
        embedding, told = _look(photo, alone=bool(job.get("alone", True)))
        if embeddings and distance(embedding, embeddings[0]) > SAME_PERSON_DISTANCE:
            told.append(f"{photo} seems to show another person than {photos[0]}.")
        embeddings.append(embedding)
        warnings += told
    shown = [[float(number) for number in one] for one in embeddings]
    return {"embeddings": shown, "warnings": warnings}


def look_up(job: Mapping[str, Any], context: Context) -> dict[str, Any]:
    """Who of the ``register`` is nearest to the one face of ``photo``: ``count`` of them."""
    load_engine()
    context.enter("embed")
    embedding, warnings = _look(str(job["photo"]))
    told: Mapping[str, Any] | None = job.get("register")
    found: list[dict[str, Any]] = []
    if told is not None:
        register, _ = open_register(Path(told["path"]))
        near = register.nearest(embedding, int(job.get("count") or 5))
        found = [{"person_id": one.person_id, "distance": one.distance} for one in near]
    return {"found": found, "warnings": warnings}


def _look(photo: str, *, alone: bool = True) -> tuple[Float32, list[str]]:
    """The embedding of the face of a photo, and what is not ideal about it."""
    pixels = load_pixels(photo, "reference")
    engine = wiring.engine()
    face, _ = single_face(engine, pixels, "reference", alone=alone)
    canvas = RgbCanvas(pixels.rgb)
    return engine.embed(canvas, face.landmarks), warnings_of(engine, pixels, face)
