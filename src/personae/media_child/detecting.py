"""The job ``detect``: the faces of a picture, the people of a clip."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from personae import wiring
from personae.engine.canvas import RgbCanvas
from personae.engine.types import Float32
from personae.media_child.census import Person, people_of_clip
from personae.media_child.jobs import Context, load_engine
from personae.media_child.swapping import options_of
from personae.media_child.views import View, crop
from personae.swapping import gate_of
from personae.video.files import output_errors
from personae.video.gating import ClipGate
from personae.video.saving import save_picture
from personae.video.sniffing import sniff
from personae.video.stills import load_picture

_CROP_QUALITY = 95
"""Clients send crops back to say who is meant."""


def detect(job: Mapping[str, Any], context: Context) -> dict[str, Any]:
    """The faces of a picture from left to right, or the people of a clip as they appear.

    What the file is decides, whatever the job calls it. A crop of each is written into
    ``crops_dir``; a clip's boxes and landmarks are those of the frame at ``best_s``.
    ``crop_box_xyxy`` is where a crop was cut out, ``crop_points`` are the five points in it as it
    was written.
    """
    path, folder = Path(job["path"]), Path(job["crops_dir"])
    gate = ClipGate(gate_of(options_of(job)))
    load_engine()
    context.enter("detect")
    if sniff(path) == "picture":
        people = _in_picture(path, context, gate)
    else:
        people = people_of_clip(path, context, gate)
    with output_errors(folder):
        folder.mkdir(parents=True, exist_ok=True)
    faces = [_face_json(i, one, folder) for i, one in enumerate(people)]
    return {"faces": faces, "gate": gate.report()}


def _in_picture(path: Path, context: Context, gate: ClipGate) -> list[Person]:
    engine = wiring.engine()
    canvas = RgbCanvas(load_picture(path, "scene").rgb)
    gate.pass_picture("scene", canvas)
    found: list[Person] = []
    for face in engine.faces(canvas):
        context.check_stop()
        embedding = engine.embed(canvas, face.landmarks)
        found.append(Person(0.0, 0.0, View(face, 0.0, crop(canvas, face), embedding)))
    return found


def _face_json(number: int, person: Person, folder: Path) -> dict[str, Any]:
    """One face as plain values, rounded to what the models can tell; its crop is written."""
    face, crop, name = person.best.face, person.best.crop, f"face_{number}.jpg"
    save_picture(folder / name, crop.rgb, quality=_CROP_QUALITY)
    return {
        "face_id": number,
        "box_xyxy": [round(float(value), 2) for value in face.box_xyxy],
        "score": round(float(face.score), 4),
        "points": _rounded(face.points),
        "landmarks": _rounded(face.landmarks),
        "pose": {
            "yaw": round(float(face.pose.yaw), 2),
            "pitch": round(float(face.pose.pitch), 2),
            "roll": round(float(face.pose.roll), 2),
        },
        "first_s": round(person.first_s, 3),
        "last_s": round(person.last_s, 3),
        "best_s": round(person.best.time_s, 3),
        "crop": name,
        "crop_box_xyxy": list(crop.box_xyxy),
        "crop_width": crop.rgb.shape[1],
        "crop_height": crop.rgb.shape[0],
        "crop_points": _rounded(crop.points),
        # Enough digits for every bit of a float32.
        "embedding": [float(f"{value:.9g}") for value in person.best.embedding],
    }


def _rounded(points: Float32) -> list[list[float]]:
    return [[round(float(value), 2) for value in point] for point in points]
