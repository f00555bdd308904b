"""``personae detect``: the faces of a picture, in the order in which other commands count them."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from personae.cli.arguments import parse_time
from personae.cli.output import Talk
from personae.cli.pipes import Pipes

if TYPE_CHECKING:
    from personae.engine.types import Face, UInt8

_MARGIN = 0.25
"""How far a saved crop reaches over the face's box on each side, as a share of its size."""


def detect(
    file: Annotated[Path, typer.Argument(help="A picture, an animation or a video.")],
    at: Annotated[
        str, typer.Option(metavar="TIME", help="Which moment of a video or animation.")
    ] = "0",
    save_crops: Annotated[
        Path | None,
        typer.Option(metavar="DIR", help="Save each face there as a PNG; made if missing."),
    ] = None,
    as_json: Annotated[
        bool, typer.Option("--json", help="Print one JSON object on stdout.")
    ] = False,
) -> None:
    """List the faces, from left to right.

    Without a face the list is empty and the exit code is 0.
    """
    with Talk(as_json=as_json) as talk, Pipes() as pipes:
        file = pipes.file(file)
        at_s = parse_time(at, "--at")
        from personae import library
        from personae.cli.fetching import fetch_models
        from personae.video.media import load_frame
        from personae.video.sniffing import sniff

        rgb = load_frame(file, at_s)
        moving = sniff(file) != "picture"
        if moving:
            talk.note(f"{file} moves; these are the faces at {at_s:g} s.")
        fetch_models(talk)
        faces = library.detect(rgb)
        crops = [] if save_crops is None else _save_crops(save_crops, file, rgb, faces)
        data: dict[str, Any] = {
            "file": str(file),
            "size_wh": [rgb.shape[1], rgb.shape[0]],
            "at_s": at_s if moving else None,
            "faces": [face_json(index, face) for index, face in enumerate(faces)],
        }
        if save_crops is not None:
            data["crops"] = [str(path) for path in crops]
        talk.result(_table(file, faces, crops), data)


def face_json(index: int, face: Face) -> dict[str, Any]:
    """One face as plain values, rounded to what the detector can tell."""
    return {
        "index": index,
        "box_xyxy": [round(float(value), 2) for value in face.box_xyxy],
        "score": round(float(face.score), 4),
        "points": [[round(float(x), 2), round(float(y), 2)] for x, y in face.points],
        "pose": {
            "yaw": round(float(face.pose.yaw), 2),
            "pitch": round(float(face.pose.pitch), 2),
            "roll": round(float(face.pose.roll), 2),
        },
    }


def _table(file: Path, faces: list[Face], crops: list[Path]) -> str:
    if not faces:
        return f"{file}: no face"
    lines = [f"{file}: {len(faces)} face{'s' * (len(faces) != 1)}, from left to right"]
    for index, face in enumerate(faces):
        x0, y0, x1, y1 = (round(value) for value in face.box_xyxy)
        pose = face.pose
        lines.append(
            f"  {index}  {x1 - x0} x {y1 - y0} px at ({x0}, {y0}), score {face.score:.2f}, "
            f"yaw {pose.yaw:+.0f}, pitch {pose.pitch:+.0f}, roll {pose.roll:+.0f} degrees"
        )
    return "\n".join([*lines, *(f"  saved {path}" for path in crops)])


def _save_crops(folder: Path, file: Path, rgb: UInt8, faces: list[Face]) -> list[Path]:
    """Each face with some room around it, as ``<name>_face<index>.png``."""
    import numpy as np

    from personae.video.files import output_errors
    from personae.video.saving import save_picture

    with output_errors(folder):
        folder.mkdir(parents=True, exist_ok=True)
    height, width = rgb.shape[:2]
    saved: list[Path] = []
    for index, face in enumerate(faces):
        x0, y0, x1, y1 = face.box_xyxy
        mx, my = (x1 - x0) * _MARGIN, (y1 - y0) * _MARGIN
        left, top = max(0, int(x0 - mx)), max(0, int(y0 - my))
        right, bottom = min(width, int(x1 + mx) + 1), min(height, int(y1 + my) + 1)
        path = folder / f"{file.stem}_face{index}.png"
        save_picture(path, np.ascontiguousarray(rgb[top:bottom, left:right]))
        saved.append(path)
    return saved
