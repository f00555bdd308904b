"""One engine, one donor, one clip: swap without loss, and compare frame by frame."""

from __future__ import annotations

import tempfile
import time
from collections.abc import Callable, Generator
from contextlib import closing
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Final, cast

import numpy as np

from personae import library
from personae.donors import Donor
from personae.engine import imaging
from personae.engine.canvas import RgbCanvas
from personae.engine.geometry import (
    SKIN_POINTS,
    crop_square,
    region_from_landmarks,
)
from personae.engine.types import Canvas, Face, Float32, UInt8
from personae.errors import Canceled, ModelError, PersonaeError
from personae.evaluating.engines import Contender
from personae.evaluating.looks import nearest
from personae.evaluating.pairs import Pair
from personae.evaluating.people import Clip, sentence
from personae.evaluating.pictures import colour_difference, outside_change, skin_mask
from personae.evaluating.rows import Row
from personae.evaluating.steadiness import Steadiness, ratio
from personae.evaluating.stills import Context, Seen, outcome_of, what_it_does, who_is_it
from personae.requests.options import SwapOptions, SwapSettings
from personae.video.animations import AnimationReader
from personae.video.reader import VideoReader
from personae.video.sniffing import sniff

EMBED_EVERY: Final = 8
"""Frames between those whose people are looked at."""
FAR: Final = 0.5
"""What lies farther outside a face's box than this share of its size must not change."""
FLICKER_PX: Final = 32
LEAST_FOUND: Final = 0.5
"""An output that shows a face in fewer of the scene's frames counts as one without a face."""


def measure_clip(
    one: Contender,
    pair: Pair,
    donor: Donor | None,
    context: Context,
    *,
    seconds: float,
    gate_scene: float | None,
    should_stop: Callable[[], bool] | None = None,
) -> tuple[Row, Seen | None]:
    """Swap a donor into the first seconds of a clip and measure the output.

    The output is encoded without loss into a folder that is removed again.

    Raises
    ------
    Canceled, ModelError
    """
    clip = pair.scene
    row = Row(
        engine=one.name,
        donor=pair.donor.donor.name,
        person=pair.donor.name,
        scene=clip.name,
        kind="clip",
    )
    if not isinstance(clip, Clip):
        return replace(row, outcome="failed", message="This scene is no clip."), None
    if donor is None or one.stored is not None:
        told = "Outputs that were made elsewhere are measured in pictures only."
        return replace(row, outcome="failed", message=told), None
    try:
        with tempfile.TemporaryDirectory(prefix="personae-") as folder:
            moving = sniff(clip.path) == "animation"
            output = Path(folder) / ("output.png" if moving else "output.mkv")
            how = _options(one, seconds, gate_scene, moving=moving)
            started = time.process_time()
            report = library.swap_file(
                clip.path, output, donor, options=how, should_stop=should_stop
            )
            spent_ms = (time.process_time() - started) * 1000
            row = replace(row, cpu_ms=spent_ms / max(1, report.faces_swapped))
            return _compare(row, clip, output, pair, context, seconds)
    except (Canceled, ModelError):
        raise
    except Exception as error:  # One bad clip, or one engine's mistake, must not end the run.
        if not isinstance(error, PersonaeError):
            told = f"The engine {one.name} failed: {type(error).__name__}."
            return replace(row, outcome="failed", message=told), None
        message = sentence(error.message, clip.path, clip.name)
        return replace(row, outcome=outcome_of(error), message=message), None


def _options(
    one: Contender, seconds: float, gate_scene: float | None, *, moving: bool
) -> SwapOptions:
    measured: SwapSettings = {
        "end_s": seconds,
        "mark": None,
        "manifest": False,
        "gate_donor": None,
        "gate_scene": gate_scene,
        "gate_output": None,
    }
    if not moving:
        measured = {**measured, "codec": "h264", "crf": 0, "preset": "ultrafast"}
    asked: SwapSettings = {**one.options, **measured}
    return SwapOptions(**cast("Any", asked))


@dataclass(slots=True, eq=False)
class _Sums:
    """What adds up over the frames of one clip."""

    frames: int = 0
    found: int = 0
    lost: int = 0
    outside: int = 0
    values: dict[str, list[float]] = field(default_factory=dict[str, list[float]])
    jitter: tuple[Steadiness, Steadiness] = field(
        default_factory=lambda: (Steadiness(), Steadiness())
    )
    flicker: tuple[Steadiness, Steadiness] = field(
        default_factory=lambda: (Steadiness(), Steadiness())
    )

    def add(self, **values: float | None) -> None:
        for name, value in values.items():
            if value is not None:
                self.values.setdefault(name, []).append(float(value))

    def end_run(self) -> None:
        for steadiness in (*self.jitter, *self.flicker):
            steadiness.add(None)

    def mean(self, name: str) -> float | None:
        values = self.values.get(name)
        return float(np.mean(values)) if values else None


def _compare(
    row: Row, clip: Clip, output: Path, pair: Pair, context: Context, seconds: float
) -> tuple[Row, Seen | None]:
    sums = _Sums()
    watches = context.judge.watch(), context.judge.watch()
    last: Face | None = None
    seen: Seen | None = None
    identities: list[dict[str, Any]] = []
    with closing(_frames(clip.path, seconds)) as before, closing(_frames(output, None)) as after:
        for scene, swapped in zip(before, after, strict=False):
            sums.frames += 1
            face, last = _followed(watches[0].see(scene), last)
            there = watches[1].see(swapped)
            if face is None:
                sums.end_run()
                continue
            sums.found += 1
            scene_rgb, output_rgb = _rgb(scene), _rgb(swapped)
            changed = nearest(there, face)
            _pixels_into(sums, scene_rgb, output_rgb, face)
            if changed is None:
                sums.lost += 1
                sums.end_run()
                continue
            _landmarks_into(sums, face, changed)
            if (sums.found - 1) % EMBED_EVERY == 0:
                known = context.judge.know(scene_rgb, face), context.judge.know(output_rgb, changed)
                identity = who_is_it(known[1].embedding, known[0].embedding, pair, context)
                if seen is None or _poorer(identity, identities):
                    seen = Seen(scene_rgb, face, output_rgb)
                identities.append(identity)
    return _finished(row, sums, identities), seen


def _finished(row: Row, sums: _Sums, identities: list[dict[str, Any]]) -> Row:
    """The row with the means over all frames."""
    row = replace(
        row,
        frames=sums.frames,
        lost=sums.lost,
        outside=sums.outside,
        jitter=ratio(sums.jitter[1].rms, sums.jitter[0].rms),
        flicker=ratio(sums.flicker[1].rms, sums.flicker[0].rms),
        **{name: sums.mean(name) for name in _MEANS},
    )
    if not sums.found or sums.found - sums.lost < LEAST_FOUND * sums.found or not identities:
        told = f"The output of {row.scene} shows a face in too few frames."
        return replace(row, outcome="output_without_face", message=told, retrieved=False)
    means = {
        name: float(np.mean(values))
        for name in ("similarity", "unswapped", "to_scene")
        if (values := [one[name] for one in identities if one.get(name) is not None])
    }
    votes = {
        name: sum(bool(one.get(name)) for one in identities) * 2 > len(identities)
        for name in ("retrieved", "retrieved_among_donors")
    }
    same = any(one["same_photo"] for one in identities)
    return replace(row, same_photo=same, nearest=identities[0].get("nearest"), **means, **votes)


_MEANS = (
    *("pose_deg", "yaw", "pitch", "roll", "expression", "lids", "brows", "mouth"),
    *("colour", "light", "face_px"),
)


def _pixels_into(sums: _Sums, scene: UInt8, output: UInt8, face: Face) -> None:
    skin = skin_mask(face.landmarks, (scene.shape[1], scene.shape[0]))
    colour, light = colour_difference(scene, output, skin)
    sums.add(colour=colour, light=light, face_px=face.box_xyxy[3] - face.box_xyxy[1])
    sums.outside = max(sums.outside, outside_change(scene, output, _near(face, scene.shape)))
    region = region_from_landmarks(face.landmarks, 1.0)
    for steadiness, rgb in zip(sums.flicker, (scene, output), strict=True):
        small = crop_square(RgbCanvas(rgb), region, FLICKER_PX)
        steadiness.add(imaging.luma(small).astype(np.float64))


def _landmarks_into(sums: _Sums, before: Face, after: Face) -> None:
    sums.add(**what_it_does(after, before, None))
    for steadiness, face in zip(sums.jitter, (before, after), strict=True):
        steadiness.add(face.landmarks[:SKIN_POINTS, :2].astype(np.float64))


def _near(face: Face, shape: tuple[int, ...]) -> Float32:
    """1 in and around a face's box, 0 elsewhere: float32 (H, W)."""
    x0, y0, x1, y1 = face.box_xyxy
    wide, high = (x1 - x0) * FAR, (y1 - y0) * FAR
    mask = np.zeros(shape[:2], np.float32)
    mask[max(0, int(y0 - high)) : int(y1 + high), max(0, int(x0 - wide)) : int(x1 + wide)] = 1
    return mask


def _followed(faces: list[Face], last: Face | None) -> tuple[Face | None, Face | None]:
    """The face that is followed, and where to look for it next: the largest one to begin with."""
    if last is None:
        first = max(faces, key=lambda face: face.box_xyxy[3] - face.box_xyxy[1], default=None)
        return first, first
    found = nearest(faces, last)
    return found, found or last


def _poorer(identity: dict[str, Any], others: list[dict[str, Any]]) -> bool:
    mine = identity.get("similarity")
    return mine is not None and all(mine < (one.get("similarity") or 2.0) for one in others)


def _rgb(canvas: Canvas) -> UInt8:
    width, height = canvas.size_wh
    return canvas.region_rgb((0, 0, width, height))


def _frames(path: Path, seconds: float | None) -> Generator[Canvas]:
    """The frames of a clip, until a time."""
    if sniff(path) == "animation":
        with AnimationReader(path) as reader:
            for frame in reader:
                if seconds is not None and frame.time_s >= seconds:
                    return
                yield frame.scene_frame().canvas
        return
    with VideoReader(path, end_s=seconds, threads=1) as reader:
        for decoded in reader:
            yield decoded.scene.canvas
