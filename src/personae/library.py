"""The public functions; `personae` itself passes them on without importing this early."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

import numpy as np

from personae import wiring
from personae.donors import Donor, ImageLike, load_rgb, name_of, prepare_donor, single_face
from personae.engine.canvas import RgbCanvas
from personae.engine.casting import Cast, Choice, Role, pick
from personae.engine.faces import embedder
from personae.engine.mesh.donor import MeshDonor
from personae.engine.types import Face, Float32, UInt8
from personae.errors import FaceNotFound, InvalidRequest
from personae.video import job, media
from personae.video.info import MediaInfo
from personae.video.job import ClipOptions, Progress
from personae.video.saving import picture_format, save_picture
from personae.video.sniffing import sniff
from personae.video.stills import load_picture
from personae.video.writer import EncodeSettings

FaceChoice = Literal["largest", "all"] | int


@dataclass(frozen=True, slots=True, eq=False)
class Mapping:
    """One donor and the faces it goes on.

    Parameters
    ----------
    donor : Donor
    face : "largest", "all" or a number
        Numbers count from 0, left to right. In a clip a person is chosen in the first frame that
        can answer, and kept. Ignored when `like` is given.
    like : file or pixels, optional
        A photo of the person who gets the donor's face.
    """

    donor: Donor
    face: FaceChoice | None = "largest"
    like: ImageLike | None = None


@dataclass(frozen=True, slots=True, eq=False)
class SwapResult:
    """A swapped picture.

    Attributes
    ----------
    image : uint8 (H, W, 3) RGB, or (H, W, 4) if the scene has alpha
    mask : float32 (H, W), range [0, 1]
        Where the scene was changed and how much; where it is 0 the pixels are the scene's.
    faces : tuple of Face
        All faces of the scene, left to right.
    swapped : tuple of int
        Numbers of the faces that were swapped.
    warnings : tuple of str
    """

    image: UInt8
    mask: Float32
    faces: tuple[Face, ...]
    swapped: tuple[int, ...]
    warnings: tuple[str, ...]

    def __repr__(self) -> str:
        height, width = self.mask.shape
        return f"SwapResult({width}x{height}, swapped {list(self.swapped)} of {len(self.faces)})"


@dataclass(frozen=True, slots=True)
class SwapReport:
    """What came of a swap from file to file."""

    output: Path
    kind: Literal["picture", "animation", "video"]
    frames: int
    frames_lost: int
    faces_swapped: int
    elapsed_s: float
    warnings: tuple[str, ...] = field(default=())

    def to_json(self) -> dict[str, Any]:
        """Plain values for `json.dumps`."""
        return {
            "output": str(self.output),
            "kind": self.kind,
            "frames": self.frames,
            "frames_lost": self.frames_lost,
            "faces_swapped": self.faces_swapped,
            "elapsed_s": round(self.elapsed_s, 3),
            "warnings": list(self.warnings),
        }


def detect(image: ImageLike) -> list[Face]:
    """Find all faces of a picture, left to right; an empty list if there are none.

    Raises
    ------
    MediaError, InvalidRequest, ModelError
    """
    rgb, _ = load_rgb(image, "scene")
    return wiring.engine().faces(RgbCanvas(rgb))


def embed(image: ImageLike, face: Face | None = None) -> Float32:
    """Who is in a picture: float32 (128,), unit norm.

    Parameters
    ----------
    image : file or pixels
    face : Face, optional
        One that `detect` found in it; the largest if omitted.

    Raises
    ------
    FaceNotFound
        With role "reference".
    """
    engine = wiring.engine()
    rgb, _ = load_rgb(image, "reference")
    if face is None:
        face, _ = single_face(engine, rgb, name_of(image, "reference"), "reference")
    return engine.embed(RgbCanvas(rgb), face.landmarks)


def distance(one: Float32, other: Float32) -> float:
    """How unlike two embeddings are: 1 - cosine, [0, 2]; below 0.085 it is likely one person."""
    return embedder.distance(one, other)


def swap(
    scene: ImageLike,
    donor: Donor | ImageLike | None = None,
    *,
    face: FaceChoice = "largest",
    mappings: Sequence[Mapping] | None = None,
    strength: float = 1.0,
) -> SwapResult:
    """Swap faces in a picture.

    Parameters
    ----------
    scene : file or uint8 (H, W, 3 or 4)
        Not modified.
    donor : Donor, file or pixels
        Goes on `face`. Give either this or `mappings`.
    face : "largest", "all" or a number, left to right from 0
    mappings : sequence of Mapping
        Several donors for several people; a face gets the first mapping that wants it.
    strength : float, range [0, 1]
        0 leaves the scene as it is.

    Raises
    ------
    FaceNotFound
        With the role of the picture that shows no face (or not the face asked for).
    DonorUnusable, MediaError, InvalidRequest, ModelError
    """
    _check_strength(strength)
    rgb, alpha = load_rgb(scene, "scene")
    cast = _roles(donor, face, mappings)
    return _swap_into(rgb, alpha, name_of(scene, "scene"), cast, strength)


def _swap_into(
    rgb: UInt8,
    alpha: UInt8 | None,
    name: str,
    cast: tuple[Sequence[Role], tuple[str, ...]],
    strength: float,
) -> SwapResult:
    """Swap faces in `rgb`, in place; `name` is what messages call it, `cast` is of `_roles`."""
    roles, warnings = cast
    engine = wiring.engine()
    faces = engine.faces(RgbCanvas(rgb))
    parts = _cast_still(roles, faces, rgb, name)
    canvas = RgbCanvas(rgb)
    plans = engine.plan_still(canvas, [(faces[i], donor) for i, donor in parts.items()], strength)
    mask = np.zeros(rgb.shape[:2], np.float32)
    for rendered in engine.render_into(canvas, plans):
        x0, y0, x1, y1 = rendered.box
        np.maximum(mask[y0:y1, x0:x1], rendered.mask, out=mask[y0:y1, x0:x1])
    image = rgb if alpha is None else np.dstack([rgb, alpha])
    return SwapResult(image, mask, tuple(faces), tuple(sorted(parts)), warnings)


def swap_file(
    scene: str | os.PathLike[str],
    output: str | os.PathLike[str],
    donor: Donor | ImageLike | None = None,
    *,
    face: FaceChoice = "largest",
    mappings: Sequence[Mapping] | None = None,
    strength: float = 1.0,
    start_s: float | None = None,
    end_s: float | None = None,
    codec: str | None = None,
    crf: int | None = None,
    preset: str | None = None,
    quality: int | None = None,
    threads: int | None = None,
    progress: Callable[[Progress], None] | None = None,
    should_stop: Callable[[], bool] | None = None,
) -> SwapReport:
    """Swap faces from file to file: a picture, an animation or a video, by content.

    The output appears complete or not at all. See `swap_video` for the parameters.
    """
    source, target = Path(scene), Path(output)
    kind = sniff(source)
    if kind != "picture":
        return swap_video(
            source,
            target,
            donor,
            face=face,
            mappings=mappings,
            strength=strength,
            start_s=start_s,
            end_s=end_s,
            codec=codec,
            crf=crf,
            preset=preset,
            quality=quality,
            threads=threads,
            progress=progress,
            should_stop=should_stop,
        )
    _check_strength(strength)
    _refuse_for_pictures(source, start_s=start_s, end_s=end_s, codec=codec, crf=crf, preset=preset)
    picture_format(target)
    _refuse_same(source, target)
    started = time.monotonic()
    picture = load_picture(source, "scene")
    cast = _roles(donor, face, mappings)
    result = _swap_into(picture.rgb, picture.alpha, str(source), cast, strength)
    notes = save_picture(
        target,
        picture.rgb,
        picture.alpha,
        quality=quality,
        icc=picture.icc,
        exif=picture.exif,
    )
    return SwapReport(
        output=target,
        kind="picture",
        frames=1,
        frames_lost=0,
        faces_swapped=len(result.swapped),
        elapsed_s=time.monotonic() - started,
        warnings=(*result.warnings, *picture.notes, *notes),
    )


def swap_video(
    scene: str | os.PathLike[str],
    output: str | os.PathLike[str],
    donor: Donor | ImageLike | None = None,
    *,
    face: FaceChoice = "largest",
    mappings: Sequence[Mapping] | None = None,
    strength: float = 1.0,
    start_s: float | None = None,
    end_s: float | None = None,
    codec: str | None = None,
    crf: int | None = None,
    preset: str | None = None,
    quality: int | None = None,
    threads: int | None = None,
    progress: Callable[[Progress], None] | None = None,
    should_stop: Callable[[], bool] | None = None,
) -> SwapReport:
    """Swap faces in a video or an animated GIF, WebP or APNG.

    Parameters
    ----------
    scene, output : files
        The output is written aside and renamed when it is complete.
    donor, face, mappings, strength
        As for `swap`.
    start_s, end_s : float, seconds
        The part to keep; sound is cut alike.
    codec : "h264", "hevc", "vp9" or "av1"; crf : int; preset : str
        For videos; by default what suits the output's container.
    quality : int, 1 to 100
        For animated WebP.
    threads : int
        None takes one per core. The output does not depend on it.
    progress : callable, called in this thread
    should_stop : callable
        Asked several times a second; True ends the work with `Canceled` and no output.

    Raises
    ------
    FaceNotFound, DonorUnusable, MediaError, InvalidRequest, ModelError, Canceled
    """
    _check_strength(strength)
    source, target = Path(scene), Path(output)
    _refuse_same(source, target)
    started = time.monotonic()
    kind = sniff(source)
    roles, warnings = _roles(donor, face, mappings)
    options = ClipOptions(
        start_s=start_s,
        end_s=end_s,
        strength=strength,
        threads=threads,
        encode=EncodeSettings(codec=codec, crf=crf, preset=preset),
        quality=quality,
        progress=progress,
        should_stop=should_stop,
    )
    animated = kind == "animation"
    run = job.swap_animation if animated else job.swap_clip
    report = run(wiring.engine(), source, target, Cast(roles), options)
    return SwapReport(
        output=target,
        kind="animation" if animated else "video",
        frames=report.frames,
        frames_lost=report.frames_lost,
        faces_swapped=report.faces_swapped,
        elapsed_s=time.monotonic() - started,
        warnings=(*warnings, *report.notes),
    )


def probe(path: str | os.PathLike[str]) -> MediaInfo:
    """Describe a picture, an animation, a video or a sound file without decoding it all.

    Raises
    ------
    MediaError
    """
    return media.probe(Path(path))


def _roles(
    donor: Donor | ImageLike | None, face: FaceChoice, mappings: Sequence[Mapping] | None
) -> tuple[list[Role], tuple[str, ...]]:
    """What the caller wants as roles, and the donors' warnings."""
    if (donor is None) == (not mappings):
        raise InvalidRequest("Give either a donor or mappings.")
    if donor is not None:
        one = donor if isinstance(donor, Donor) else prepare_donor(donor)
        mappings = [Mapping(one, face)]
    roles: list[Role] = []
    warnings: list[str] = []
    for mapping in mappings or ():
        choice: Choice = "largest" if mapping.face is None else mapping.face
        if isinstance(choice, int) and choice < 0:
            raise InvalidRequest(f"Faces are numbered from 0, not {choice}.")
        like = None if mapping.like is None else embed(mapping.like)
        roles.append(Role(mapping.donor.mesh, choice, like))
        warnings += [text for text in mapping.donor.warnings if text not in warnings]
    return roles, tuple(warnings)


def _cast_still(
    roles: Sequence[Role], faces: Sequence[Face], rgb: UInt8, name: str
) -> dict[int, MeshDonor]:
    """Donors by number of the face.

    Raises
    ------
    FaceNotFound
        If there is no face at all, or nobody like any of the references.
    InvalidRequest
        If a number is too high.
    """
    if not faces:
        raise FaceNotFound("scene", f"No face was found in {name}; nothing was swapped.")
    parts = _recognised(roles, faces, rgb)
    boxes = [face.box_xyxy for face in faces]
    for role in roles:
        if role.like is not None or role.choice == "all":
            continue
        position = pick(role.choice, boxes)
        if position is None:
            raise InvalidRequest(
                f"There is no face number {role.choice} in {name}: it shows {len(faces)}, and "
                "counting starts at 0."
            )
        parts.setdefault(position, role.donor)
    everyone = next((r.donor for r in roles if r.like is None and r.choice == "all"), None)
    if everyone is not None:
        for position in range(len(faces)):
            parts.setdefault(position, everyone)
    if not parts:
        raise FaceNotFound(
            "scene", f"Nobody in {name} looks like the reference faces; nothing was swapped."
        )
    return parts


def _recognised(roles: Sequence[Role], faces: Sequence[Face], rgb: UInt8) -> dict[int, MeshDonor]:
    """Faces that resemble a reference: nearest pairs first, one face for each reference."""
    likes = [role for role in roles if role.like is not None]
    if not likes:
        return {}
    engine, canvas = wiring.engine(), RgbCanvas(rgb)
    seen = [engine.embed(canvas, face.landmarks) for face in faces]
    pairs = sorted(
        (embedder.distance(role.like, one), i, position)
        for i, role in enumerate(likes)
        for position, one in enumerate(seen)
        if role.like is not None
    )
    parts: dict[int, MeshDonor] = {}
    answered: set[int] = set()
    for far, i, position in pairs:
        if far <= embedder.SAME_PERSON_DISTANCE and i not in answered and position not in parts:
            parts[position] = likes[i].donor
            answered.add(i)
    return parts


def _check_strength(strength: float) -> None:
    if not 0 <= strength <= 1:
        raise InvalidRequest(f"The strength must lie between 0 and 1, not {strength}.")


def _refuse_same(scene: Path, output: Path) -> None:
    # Not `Path.exists`, which raises where a name is too long; whoever writes it will say so.
    there = os.path.exists(output)
    if scene.resolve() == output.resolve() or (there and scene.samefile(output)):
        raise InvalidRequest(f"The output {output} is the scene itself; give another name.")


def _refuse_for_pictures(scene: Path, **options: object) -> None:
    given = [name.removesuffix("_s") for name, value in options.items() if value is not None]
    if given:
        raise InvalidRequest(f"{scene} is a picture: {', '.join(given)} is for clips.")
