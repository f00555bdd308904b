"""The public functions; `personae` itself passes them on without importing this early."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np

from personae import wiring
from personae.donors import (
    Donor,
    ImageLike,
    Pixels,
    called,
    load_pixels,
    prepare_donor,
    single_face,
)
from personae.engine.canvas import RgbCanvas
from personae.engine.casting import Cast, Role, StillCast, cast_still
from personae.engine.faces import embedder
from personae.engine.pipeline import Engine
from personae.engine.types import Face, Float32
from personae.errors import Canceled, FaceNotFound, InvalidRequest
from personae.requests import (
    FaceChoice,
    Mapping,
    Parts,
    check_strength,
    parts_of,
    refuse_options,
    refuse_same,
)
from personae.results import SwapReport, SwapResult
from personae.video import job, media
from personae.video.info import MediaInfo
from personae.video.job import ClipOptions, Progress
from personae.video.saving import picture_format, save_picture
from personae.video.sniffing import sniff
from personae.video.stills import load_picture
from personae.video.writer import EncodeSettings

__all__ = [
    "Donor",
    "FaceChoice",
    "ImageLike",
    "Mapping",
    "Progress",
    "SwapReport",
    "SwapResult",
    "detect",
    "distance",
    "embed",
    "prepare_donor",
    "probe",
    "swap",
    "swap_file",
    "swap_video",
]


def detect(image: ImageLike) -> list[Face]:
    """Find all faces of a picture, left to right; an empty list if there are none.

    Raises
    ------
    MediaError, InvalidRequest, ModelError
    """
    pixels = load_pixels(image, "scene")
    return wiring.engine().faces(RgbCanvas(pixels.rgb))


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
    pixels = load_pixels(image, "reference")
    engine = wiring.engine()
    if face is None:
        face, _ = single_face(engine, pixels, "reference")
    return engine.embed(RgbCanvas(pixels.rgb), face.landmarks)


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
    check_strength(strength)
    pixels = load_pixels(scene, "scene")
    parts = parts_of(donor, face, mappings)
    return _swap_into(pixels, parts, strength)


def _swap_into(pixels: Pixels, parts: Parts, strength: float) -> SwapResult:
    """Swap faces in `pixels`, in place."""
    engine = wiring.engine()
    rgb = pixels.rgb
    canvas = RgbCanvas(rgb)
    faces = engine.faces(canvas)
    chosen = _cast_still(engine, parts.roles, faces, pixels)
    plans = engine.plan_still(
        canvas, [(faces[i], donor) for i, donor in chosen.donors.items()], strength
    )
    mask = np.zeros(rgb.shape[:2], np.float32)
    for rendered in engine.render_into(canvas, plans):
        x0, y0, x1, y1 = rendered.box
        np.maximum(mask[y0:y1, x0:x1], rendered.mask, out=mask[y0:y1, x0:x1])
    image = rgb if pixels.alpha is None else np.dstack([rgb, pixels.alpha])
    missing = [f"Nobody in {pixels.name} looks like {name}." for name in chosen.missing]
    warnings = (*parts.warnings, *pixels.notes, *missing)
    return SwapResult(image, mask, tuple(faces), tuple(sorted(chosen.donors)), warnings)


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
    check_strength(strength)
    refuse_options(
        source, "a picture", start_s=start_s, end_s=end_s, codec=codec, crf=crf, preset=preset
    )
    picture_format(target)
    refuse_same(source, target)
    started = time.monotonic()
    picture = load_picture(source, "scene")
    pixels = Pixels(str(source), picture.rgb, picture.alpha, picture.notes)
    parts = parts_of(donor, face, mappings)
    result = _swap_into(pixels, parts, strength)
    if should_stop is not None and should_stop():
        raise Canceled("The work was stopped on request; no output was written.")
    notes = save_picture(
        target, picture.rgb, picture.alpha, quality=quality, icc=picture.icc, exif=picture.exif
    )
    return SwapReport(
        output=target,
        kind="picture",
        frames=1,
        frames_lost=0,
        faces_swapped=len(result.swapped),
        elapsed_s=time.monotonic() - started,
        warnings=(*result.warnings, *notes),
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
    check_strength(strength)
    source, target = Path(scene), Path(output)
    refuse_same(source, target)
    started = time.monotonic()
    animated = sniff(source) == "animation"
    if animated:
        refuse_options(source, "an animation", codec=codec, crf=crf, preset=preset)
    else:
        refuse_options(source, "a video, whose quality is --crf", quality=quality)
    parts = parts_of(donor, face, mappings)
    options = ClipOptions(
        start_s=start_s,
        end_s=end_s,
        strength=strength,
        threads=threads,
        encode=EncodeSettings(codec=codec, crf=crf, preset=preset, threads=threads or 0),
        quality=quality,
        progress=progress,
        should_stop=should_stop,
    )
    run = job.swap_animation if animated else job.swap_clip
    report = run(wiring.engine(), source, target, Cast(parts.roles), options)
    return SwapReport(
        output=target,
        kind="animation" if animated else "video",
        frames=report.frames,
        frames_lost=report.frames_lost,
        faces_swapped=report.faces_swapped,
        elapsed_s=time.monotonic() - started,
        warnings=(*parts.warnings, *report.notes),
    )


def probe(path: str | os.PathLike[str]) -> MediaInfo:
    """Describe a picture, an animation, a video or a sound file without decoding it all.

    Raises
    ------
    MediaError
    """
    return media.probe(Path(path))


def _cast_still(
    engine: Engine, roles: Sequence[Role], faces: Sequence[Face], pixels: Pixels
) -> StillCast:
    """Donors by number of the face.

    Raises
    ------
    FaceNotFound
        If there is no face at all, or nobody like any of the references.
    InvalidRequest
        If a number is too high.
    """
    name = pixels.name
    if not faces:
        raise FaceNotFound(
            "scene", f"No face was found in {called(name, 'scene')}; nothing was swapped."
        )
    seen: list[Float32] = []
    if any(role.like is not None for role in roles):
        canvas = RgbCanvas(pixels.rgb)
        seen = [engine.embed(canvas, face.landmarks) for face in faces]
    boxes = [face.box_xyxy for face in faces]
    chosen = cast_still(roles, boxes, seen, embedder.distance, embedder.SAME_PERSON_DISTANCE)
    if chosen.too_high:
        raise InvalidRequest(
            f"There is no face number {chosen.too_high[0]} in {name}: it shows {len(faces)}, and "
            "counting starts at 0."
        )
    if not chosen.donors:
        raise FaceNotFound(
            "scene", f"Nobody in {name} looks like the reference faces; nothing was swapped."
        )
    return chosen
