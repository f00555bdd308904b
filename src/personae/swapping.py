"""The swaps behind the public functions: a picture in memory, a picture file, a clip file."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np

from personae import engines, wiring
from personae.engine.canvas import RgbCanvas
from personae.engine.casting import Cast, Role, StillCast, cast_still
from personae.engine.faces import embedder
from personae.engine.gate import NOTHING, Gate, Seen, check_picture
from personae.engine.label import LabelPainter
from personae.engine.pipeline import Engine
from personae.engine.types import BoxXYXY, Face, Float32, UInt8
from personae.errors import Canceled, FaceNotFound, InvalidRequest
from personae.photos import Pixels, called
from personae.requests.checks import refuse_options, refuse_same
from personae.requests.mappings import Parts
from personae.requests.options import SwapOptions
from personae.results import SwapReport, SwapResult, restoring
from personae.video import job
from personae.video.files import Finish
from personae.video.job import ClipOptions, Progress
from personae.video.saving import picture_format, save_picture
from personae.video.sizing import fit_picture
from personae.video.sniffing import sniff
from personae.video.stills import load_picture

_TOUCHED = np.float32(1 / 255)
"""What `SwapResult.mask` is, at least, where only the invisible mark was added."""


def swap_pixels(
    pixels: Pixels, parts: Parts, how: SwapOptions, painter: LabelPainter | None = None
) -> SwapResult:
    """Swap faces in `pixels`, in place, mark them, and write a label over them."""
    setup = how.setup
    engine = engines.engine_for(setup)
    strength, restore = how.strength, setup.restoring(how.restore)
    rgb = pixels.rgb
    canvas = RgbCanvas(rgb)
    gate = gate_of(how, parts.seen)
    scene_seen = NOTHING if gate is None else gate.look("scene", canvas)
    faces = engine.faces(canvas)
    chosen = _cast_still(engine, parts.roles, faces, pixels)
    if parts.screen is not None:
        landmarks = [faces[i].landmarks for i in sorted(chosen.donors)]
        parts.screen.check_all([engine.embed(canvas, one) for one in landmarks], "scene")
    plans = engine.plan_still(
        canvas, [(faces[i], donor) for i, donor in chosen.donors.items()], strength
    )
    mask = np.zeros(rgb.shape[:2], np.float32)
    for rendered in engine.render_into(canvas, plans, restore, how.mark):
        _cover_into(mask, rendered.box, rendered.mask)
        if rendered.marked is not None:
            _cover_into(mask, rendered.marked.box, (rendered.marked.weight > 0) * _TOUCHED)
    if painter is not None:
        _label_into(canvas, pixels.alpha, painter, mask)
    told = None
    if gate is not None:
        told = gate.report({"scene": scene_seen, "output": gate.look("output", canvas)})
    image = rgb if pixels.alpha is None else np.dstack([rgb, pixels.alpha])
    missing = [f"Nobody in {pixels.name} looks like {name}." for name in chosen.missing]
    restorer, notes = restoring(strength, restore, setup.restorer)
    warnings = (*parts.warnings, *pixels.notes, *missing, *notes)
    swapped = tuple(sorted(chosen.donors))
    label = None if painter is None else painter.label.text
    return SwapResult(
        image, mask, tuple(faces), swapped, warnings, restorer, label, told, setup.engine
    )


def _label_into(
    canvas: RgbCanvas, alpha: UInt8 | None, painter: LabelPainter, mask: Float32
) -> None:
    patch = painter.cover_into(canvas, alpha)
    x0, y0, x1, y1 = patch.box
    np.maximum(mask[y0:y1, x0:x1], patch.opacity[:, :, 0], out=mask[y0:y1, x0:x1])


def _cover_into(mask: Float32, box: BoxXYXY, part: Float32) -> None:
    """Raise a mask to `part` in a box."""
    x0, y0, x1, y1 = box
    np.maximum(mask[y0:y1, x0:x1], part, out=mask[y0:y1, x0:x1])


def swap_picture_file(
    source: Path,
    target: Path,
    who: Callable[[], Parts],
    how: SwapOptions,
    should_stop: Callable[[], bool] | None,
    finish: Finish | None = None,
) -> SwapReport:
    """`swap_file` for a picture; `who` prepares donors, so all that is cheap is checked first.

    ``finish``: the last step on the complete output, before it gets its name.
    """
    refuse_options(
        source,
        "a picture",
        start_s=how.start_s,
        end_s=how.end_s,
        codec=how.codec,
        crf=how.crf,
        preset=how.preset,
    )
    picture_format(target)
    refuse_same(source, target)
    started = time.monotonic()
    painter = how.painter
    picture = fit_picture(load_picture(source, "scene"), how.max_size)
    pixels = Pixels(str(source), picture.rgb, picture.alpha, picture.notes)
    result = swap_pixels(pixels, who(), how, painter)
    if should_stop is not None and should_stop():
        raise Canceled("The work was stopped on request; no output was written.")
    notes = save_picture(
        target,
        picture.rgb,
        picture.alpha,
        quality=how.quality,
        icc=picture.icc,
        exif=picture.exif,
        finish=finish,
    )
    return SwapReport(
        output=target,
        kind="picture",
        frames=1,
        frames_lost=0,
        faces_swapped=len(result.swapped),
        elapsed_s=time.monotonic() - started,
        warnings=(*result.warnings, *notes),
        restorer=result.restorer,
        label=result.label,
        gate=result.gate,
        engine=result.engine,
    )


def swap_clip_file(
    source: Path,
    target: Path,
    who: Callable[[], Parts],
    how: SwapOptions,
    progress: Callable[[Progress], None] | None,
    should_stop: Callable[[], bool] | None,
    finish: Finish | None = None,
) -> SwapReport:
    """`swap_video`, and `swap_file` for whatever is no picture."""
    refuse_same(source, target)
    started = time.monotonic()
    animated = sniff(source) == "animation"
    if animated:
        refuse_options(source, "an animation", codec=how.codec, crf=how.crf, preset=how.preset)
    else:
        refuse_options(source, "a video, whose quality is crf", quality=how.quality)
    painter = how.painter
    setup = how.setup
    parts = who()
    restore = setup.restoring(how.restore)
    restorer, notes = restoring(how.strength, restore, setup.restorer)
    options = ClipOptions(
        start_s=how.start_s,
        end_s=how.end_s,
        strength=how.strength,
        restore=restore,
        mark=how.mark,
        max_size=how.max_size,
        threads=how.threads,
        encode=how.encode,
        quality=how.quality,
        painter=painter,
        progress=progress,
        should_stop=should_stop,
        finish=finish,
        gate=gate_of(how, parts.seen),
        renderers=engines.renderers(setup, how.threads),
    )
    run = job.swap_animation if animated else job.swap_clip
    report = run(
        engines.engine_for(setup), source, target, Cast(parts.roles, parts.screen), options
    )
    return SwapReport(
        output=target,
        kind="animation" if animated else "video",
        frames=report.frames,
        frames_lost=report.frames_lost,
        faces_swapped=report.faces_swapped,
        elapsed_s=time.monotonic() - started,
        warnings=(*parts.warnings, *report.notes, *notes),
        restorer=restorer,
        label=None if painter is None else painter.label.text,
        gate=report.gate,
        engine=setup.engine,
    )


def gate_of(options: SwapOptions, seen: Seen = NOTHING) -> Gate | None:
    """The content gate for a scene and its output; None if it is off.

    Parameters
    ----------
    seen : Seen
        What was seen of the donors when they were prepared.

    Raises
    ------
    PolicyRefused
        If a donor was prepared under another limit and is beyond this one.
    """
    limits = (options.gate_donor, options.gate_scene, options.gate_output)
    if limits == (None, None, None):
        return None
    donor, scene, output = limits
    if donor is not None:
        check_picture("donor", seen.highest, donor)
    return Gate(wiring.scorer(), scene, output, options.gate_every_s, seen, donor)


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
