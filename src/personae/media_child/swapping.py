"""The jobs ``swap`` and ``preview``."""

from __future__ import annotations

import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from personae import wiring
from personae.engine import imaging
from personae.engine.canvas import RgbCanvas, thumbnail_size
from personae.engine.types import UInt8
from personae.errors import FaceNotFound, InvalidRequest, SeveralFaces
from personae.media_child.engines import setup_of
from personae.media_child.jobs import Context, load_engine
from personae.media_child.mappings import is_only, parts_of_job
from personae.photos import Pixels
from personae.requests.mappings import Parts
from personae.requests.options import EngineSettings, SwapOptions
from personae.swapping import swap_clip_file, swap_picture_file, swap_pixels
from personae.video import media
from personae.video.job import Progress
from personae.video.saving import picture_format, save_picture
from personae.video.sizing import fit_picture, fit_pixels
from personae.video.sniffing import sniff
from personae.video.stills import load_picture

PREVIEW_PX = 1280
_PREVIEW_QUALITY = 90
_LIMITS = ("gate_donor", "gate_scene", "gate_output")
_OFF_BY_NONE = ("mark", *_LIMITS)
"""Options of which None says something: no mark, no look by the content gate."""
_SHOWN = (
    *("strength", "restore", "mark", "max_long_px", "max_short_px"),
    *("label", "label_place", "label_size", "label_font"),
    *("level", "engine", *EngineSettings.__annotations__),
    *_LIMITS,
)
_TRIED = (0.1, 0.0, 0.3, 0.5, 0.7, 0.9)
"""Where a preview without a time looks for a face, as shares of the clip's length."""


def swap(job: Mapping[str, Any], context: Context) -> dict[str, Any]:
    """Swap ``mappings`` into ``scene``, a picture, an animation or a video, into ``output``."""
    scene, output = Path(job["scene"]), Path(job["output"])
    options = options_of(job)

    def who() -> Parts:
        parts = parts_of_job(job, context, options.gate_donor, setup_of(options))
        context.enter("swap")
        return parts

    if sniff(scene) == "picture":
        if any(is_only(mapping) for mapping in job["mappings"]):
            check_only(scene)
        report = swap_picture_file(scene, output, who, options, context.should_stop)
    else:
        report = swap_clip_file(
            scene, output, who, options, lambda told: _report(context, told), context.should_stop
        )
    plain = report.to_json()
    # The output is sealed by a job of its own, when nothing more will be done to it.
    for name in ("output", "manifest", "signed_by"):
        del plain[name]
    return plain


def check_only(scene: Path) -> None:
    """Refuse a picture in which more than one face could be meant.

    Raises
    ------
    SeveralFaces, MediaError
    """
    load_engine()
    faces = wiring.engine().faces(RgbCanvas(load_picture(scene, "scene").rgb))
    if len(faces) > 1:
        raise SeveralFaces(
            f"The scene {scene} shows {len(faces)} faces, and any of them could be meant; say "
            "which, or give a picture of one person."
        )


def options_of(job: Mapping[str, Any]) -> SwapOptions:
    """A job's ``options``, checked; None counts as left out, but for ``mark``, where it means none.

    Raises
    ------
    InvalidRequest
    """
    wanted: Mapping[str, Any] = job.get("options") or {}
    given: dict[str, Any] = {
        name: value for name, value in wanted.items() if value is not None or name in _OFF_BY_NONE
    }
    unknown = set(given) - set(SwapOptions.__dataclass_fields__)
    if unknown:
        raise InvalidRequest(f"There is no option called {sorted(unknown)[0]}.")
    return SwapOptions(**given)


def _report(context: Context, told: Progress) -> None:
    context.report("swap", told.frames_done, told.frames_total, told.fps, told.remaining_s)


def preview(job: Mapping[str, Any], context: Context) -> dict[str, Any]:
    """Swap one frame of ``scene`` into the picture ``output``, at most `PREVIEW_PX` a side.

    ``time_s`` chooses the frame that is shown then; without it the first of a few moments that
    shows a face. People are chosen in this one frame: a number or "largest" may mean somebody
    else than in the whole clip.
    """
    started = time.monotonic()
    scene, output = Path(job["scene"]), Path(job["output"])
    picture_format(output)
    options = options_of({"options": _shown_options(job)})
    parts = parts_of_job(job, context, options.gate_donor, setup_of(options))
    context.enter("swap")
    icc: bytes | None = None
    if sniff(scene) == "picture":
        picture = fit_picture(load_picture(scene, "scene"), options.max_size)
        pixels = Pixels(str(scene), picture.rgb, picture.alpha, picture.notes)
        icc = picture.icc
    else:
        rgb = _frame(scene, job.get("time_s"), context)
        if options.max_size is not None:
            size = options.max_size.fit((rgb.shape[1], rgb.shape[0]))
            rgb, _ = fit_pixels(rgb, None, size)
        pixels = Pixels(str(scene), rgb)
    context.check_stop()
    result = swap_pixels(pixels, parts, options, options.painter)
    context.check_stop()
    notes = save_picture(
        output,
        _small(pixels.rgb),
        None if pixels.alpha is None else _small(pixels.alpha),
        quality=_PREVIEW_QUALITY if output.suffix.lower() != ".png" else None,
        icc=icc,
    )
    return {
        "kind": "picture",
        "frames": 1,
        "frames_lost": 0,
        "faces_swapped": len(result.swapped),
        "elapsed_s": round(time.monotonic() - started, 3),
        "engine": result.engine,
        "restorer": result.restorer,
        "label": result.label,
        "gate": result.gate,
        "warnings": [*result.warnings, *notes],
    }


def _shown_options(job: Mapping[str, Any]) -> dict[str, Any]:
    """The options that show in a preview; the others are about files that it does not write."""
    given: Mapping[str, Any] = job.get("options") or {}
    return {name: given[name] for name in _SHOWN if name in given}


def _frame(scene: Path, time_s: float | None, context: Context) -> UInt8:
    """The frame to preview, uint8 (H, W, 3) RGB."""
    if time_s is not None:
        return media.load_frame(scene, float(time_s))
    load_engine()
    length_s = media.probe(scene).duration_s or 0.0
    for share in _TRIED:
        context.check_stop()
        try:
            rgb = media.load_frame(scene, share * length_s)
        except InvalidRequest:  # the last frames may be shorter than the sound
            continue
        if wiring.engine().faces(RgbCanvas(rgb)):
            return rgb
    raise FaceNotFound(
        "scene",
        f"No face was found at {len(_TRIED)} moments of the scene {scene}; choose a time.",
    )


def _small(samples: UInt8) -> UInt8:
    """A picture, (H, W) or (H, W, 3), scaled down to what a preview may have."""
    size = thumbnail_size((samples.shape[1], samples.shape[0]), PREVIEW_PX)
    return np.ascontiguousarray(imaging.resize_area(samples, size))
