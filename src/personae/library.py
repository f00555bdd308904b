"""The public functions; `personae` itself passes them on without importing this early."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import Any, Unpack, cast

from personae import wiring
from personae.domain.gate import LIMIT
from personae.domain.labels import DEFAULT_PLACE, DEFAULT_SIZE
from personae.domain.marks import LOCAL_MARK
from personae.donors import Donor, prepare_donor
from personae.engine.canvas import RgbCanvas
from personae.engine.faces import embedder
from personae.engine.types import Face, Float32
from personae.manifests import Finisher, read_manifest
from personae.photos import ImageLike, check_path, load_pixels, single_face
from personae.requests.mappings import FaceChoice, Mapping, Parts, parts_of
from personae.requests.options import EngineSettings, SwapOptions, SwapSettings, options_of
from personae.results import SwapReport, SwapResult
from personae.swapping import swap_clip_file, swap_picture_file, swap_pixels
from personae.video import media
from personae.video.files import Finish
from personae.video.info import MediaInfo
from personae.video.job import Progress
from personae.video.sniffing import sniff

__all__ = [
    "Donor",
    "FaceChoice",
    "ImageLike",
    "Mapping",
    "Progress",
    "SwapOptions",
    "SwapReport",
    "SwapResult",
    "detect",
    "distance",
    "embed",
    "prepare_donor",
    "probe",
    "read_manifest",
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
    restore: float = 0.0,
    mark: int | None = LOCAL_MARK,
    label: str | None = None,
    label_place: str = DEFAULT_PLACE,
    label_size: float = DEFAULT_SIZE,
    label_font: str | None = None,
    gate_donor: float | None = LIMIT,
    gate_scene: float | None = LIMIT,
    gate_output: float | None = LIMIT,
    level: str = "standard",
    engine: str | None = None,
    **more: Unpack[EngineSettings],
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
    restore : float, range [0, 1]
        How much the new faces are denoised and sharpened.
    mark : int, 0 to 2**40 - 1, optional
        The number that the new faces carry invisibly; None leaves them unmarked.
    label, label_place, label_size, label_font
        As the fields of `SwapOptions`: what is written over the output, and how.
    gate_donor, gate_scene, gate_output : float, range [0, 1], optional
        The highest score of the content gate that passes; None does not look.
    level, engine, boost_px, likeness, restorer, occluders, parser, regions, detector, landmarkers
        As the fields of `SwapOptions`: which engine and models make the new faces.

    Raises
    ------
    FaceNotFound
        With the role of the picture that shows no face (or not the face asked for).
    DonorUnusable, MediaError, InvalidRequest, ModelError, PolicyRefused
    """
    how = SwapOptions(
        strength=strength,
        restore=restore,
        mark=mark,
        label=label,
        label_place=label_place,
        label_size=label_size,
        label_font=label_font,
        gate_donor=gate_donor,
        gate_scene=gate_scene,
        gate_output=gate_output,
        level=level,
        engine=engine,
        **cast("Any", more),
    )
    painter = how.painter
    pixels = load_pixels(scene, "scene")
    parts = parts_of(donor, face, mappings, gate_donor=gate_donor, setup=how.setup)
    return swap_pixels(pixels, parts, how, painter)


def swap_file(
    scene: str | os.PathLike[str],
    output: str | os.PathLike[str],
    donor: Donor | ImageLike | None = None,
    *,
    face: FaceChoice = "largest",
    mappings: Sequence[Mapping] | None = None,
    options: SwapOptions | None = None,
    progress: Callable[[Progress], None] | None = None,
    should_stop: Callable[[], bool] | None = None,
    **settings: Unpack[SwapSettings],
) -> SwapReport:
    """Swap faces from file to file: a picture, an animation or a video, by content.

    The output appears complete or not at all. See `swap_video` for the parameters.
    """
    how = options_of(options, settings)
    source, target = _paths(scene, output)
    who = _who(donor, face, mappings, how)
    if sniff(source) == "picture":
        return _sealed(
            source,
            target,
            who,
            how,
            lambda asked, finish: swap_picture_file(
                source, target, asked, how, should_stop, finish
            ),
        )
    return _swap_clip(source, target, who, how, progress, should_stop)


def swap_video(
    scene: str | os.PathLike[str],
    output: str | os.PathLike[str],
    donor: Donor | ImageLike | None = None,
    *,
    face: FaceChoice = "largest",
    mappings: Sequence[Mapping] | None = None,
    options: SwapOptions | None = None,
    progress: Callable[[Progress], None] | None = None,
    should_stop: Callable[[], bool] | None = None,
    **settings: Unpack[SwapSettings],
) -> SwapReport:
    """Swap faces in a video or an animated GIF, WebP or APNG.

    Parameters
    ----------
    scene, output : files
        The output is written aside and renamed when it is complete.
    donor, face, mappings
        As for `swap`.
    options : SwapOptions, optional
        Part, encoder, quality and so on, checked before; or give its fields here by name:
        strength, restore, max_long_px, max_short_px, start_s, end_s, codec, crf, preset, quality,
        threads, mark, allow_poor, manifest, label, label_place, label_size, label_font, gate_donor,
        gate_scene, gate_output, gate_every_s, level, engine, boost_px, likeness, restorer,
        occluders, parser, regions, detector, landmarkers.
    progress : callable, called in this thread
    should_stop : callable
        Asked several times a second; True ends the work with `Canceled` and no output.

    Raises
    ------
    FaceNotFound, DonorUnusable, MediaError, InvalidRequest, ModelError, Canceled, PolicyRefused
    """
    how = options_of(options, settings)
    who = _who(donor, face, mappings, how)
    source, target = _paths(scene, output)
    return _swap_clip(source, target, who, how, progress, should_stop)


def _swap_clip(
    source: Path,
    target: Path,
    who: Callable[[], Parts],
    how: SwapOptions,
    progress: Callable[[Progress], None] | None,
    should_stop: Callable[[], bool] | None,
) -> SwapReport:
    return _sealed(
        source,
        target,
        who,
        how,
        lambda asked, finish: swap_clip_file(
            source, target, asked, how, progress, should_stop, finish
        ),
    )


def _sealed(
    source: Path,
    target: Path,
    who: Callable[[], Parts],
    how: SwapOptions,
    run: Callable[[Callable[[], Parts], Finish | None], SwapReport],
) -> SwapReport:
    """Run a swap that ends with sealing its output, unless that is not wanted."""
    if not how.manifest:
        return run(who, None)
    finisher = Finisher(source, target, how.mark, how.setup.engine)
    return finisher.completed(run(finisher.noting(who), finisher))


def _who(
    donor: Donor | ImageLike | None,
    face: FaceChoice,
    mappings: Sequence[Mapping] | None,
    how: SwapOptions,
) -> Callable[[], Parts]:
    """What prepares the donors, once all that is cheap has been checked."""
    poor, limit = how.allow_poor, how.gate_donor
    setup = how.setup
    return partial(parts_of, donor, face, mappings, allow_poor=poor, gate_donor=limit, setup=setup)


def _paths(scene: object, output: object) -> tuple[Path, Path]:
    check_path(scene, "scene", "(personae.swap takes pixels)")
    check_path(output, "output")
    return Path(cast("str", scene)), Path(cast("str", output))


def probe(path: str | os.PathLike[str]) -> MediaInfo:
    """Describe a picture, an animation, a video or a sound file without decoding it all.

    Raises
    ------
    MediaError
    """
    check_path(path, "media")
    return media.probe(Path(path))
