"""``personae swap``: put a donor's face into a picture, an animation or a video."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import typer

from personae.cli import swap_options as ask
from personae.cli.arguments import (
    FaceChoice,
    Inputs,
    check_output,
    parse_face,
    parse_models,
    parse_quality,
    parse_size,
    parse_span,
    sort_inputs,
)
from personae.cli.completing import CODECS
from personae.cli.exit_codes import ExitCode
from personae.cli.interrupts import Interruptible
from personae.cli.output import Talk
from personae.cli.pipes import Pipes
from personae.cli.progress import ShownProgress
from personae.domain.gate import LIMIT
from personae.domain.labels import DEFAULT_PLACE, DEFAULT_SIZE
from personae.domain.marks import LOCAL_MARK
from personae.errors import DonorUnusable, InvalidRequest

if TYPE_CHECKING:
    from personae.library import Donor, Mapping, SwapOptions, SwapReport


def swap(
    paths: ask.Paths,
    output: ask.Output,
    donor: ask.Donors = None,
    allow_poor_donor: ask.AllowPoor = False,
    mapping: ask.Maps = None,
    face: ask.FaceText = "largest",
    strength: ask.Strength = 1.0,
    restore: ask.Restore = 0.0,
    max_size: ask.MaxSize = None,
    start: ask.Start = None,
    end: ask.End = None,
    codec: ask.CodecName = None,
    crf: ask.Crf = None,
    preset: ask.Preset = None,
    quality: ask.Qualities = None,
    engine: ask.Engine = None,
    boost: ask.BoostPx = None,
    likeness: ask.Likeness = 0.5,
    restorer: ask.RestorerName = None,
    occluder: ask.Occluders = None,
    parser: ask.ParserName = None,
    regions: ask.Regions = None,
    detector: ask.Detector = None,
    landmarker: ask.Landmarkers = None,
    label: ask.Label = None,
    label_place: ask.LabelPlace = DEFAULT_PLACE,
    label_size: ask.LabelSize = DEFAULT_SIZE,
    label_font: ask.LabelFont = None,
    threads: ask.Threads = None,
    manifest: ask.Manifest = True,
    mark: ask.Mark = True,
    content_gate: ask.ContentGate = True,
    strict: ask.Strict = False,
    as_json: ask.AsJson = False,
    progress: ask.Progress = True,
    quiet: ask.Quiet = False,
) -> None:
    """Put the donor's face into the scene."""
    with Talk(as_json=as_json, quiet=quiet) as talk, Pipes() as pipes:
        paths = pipes.files(paths)
        output = pipes.output(output, paths, as_json=as_json)
        wanted = _understand(sort_inputs(paths, donor or (), mapping or ()), output, face)
        if codec is not None and codec not in CODECS:
            known = ", ".join(CODECS)
            raise InvalidRequest(f"--codec {codec} is not known; use one of {known}.")
        start_s, end_s = parse_span(start, end)
        long_px, short_px = (None, None) if max_size is None else parse_size(max_size)
        limit = LIMIT if content_gate else None
        level, number = parse_quality(quality or ())
        from personae.library import SwapOptions

        options = SwapOptions(
            strength=strength,
            restore=restore,
            max_long_px=long_px,
            max_short_px=short_px,
            start_s=start_s,
            end_s=end_s,
            codec=codec,
            crf=crf,
            preset=preset,
            quality=number,
            threads=threads,
            mark=LOCAL_MARK if mark else None,
            allow_poor=allow_poor_donor,
            manifest=manifest,
            label=label,
            label_place=label_place,
            label_size=label_size,
            label_font=None if label_font is None else str(label_font),
            gate_donor=limit,
            gate_scene=limit,
            gate_output=limit,
            level=level,
            engine=engine,
            boost_px=boost,
            likeness=likeness,
            restorer=restorer,
            occluders=parse_models(occluder),
            parser=parser,
            regions=() if regions is None else tuple(regions.split(",")),
            detector=detector,
            landmarkers=tuple(landmarker or ()),
        )
        report, warnings = _run(wanted, options, talk, progress=progress)
        pipes.pass_on()
        talk.result("", {**report.to_json(), "warnings": warnings})
        if not as_json:
            talk.note(summary(report))
        if strict and report.frames_lost:
            raise typer.Exit(ExitCode.LOSSES)


@dataclass(frozen=True, slots=True)
class _Wanted:
    """Who gets whose face, and where the result goes."""

    inputs: Inputs
    output: Path
    face: FaceChoice


def _understand(inputs: Inputs, output: Path, face: str) -> _Wanted:
    """Check what can be checked without opening a file."""
    if inputs.maps and face != "largest":
        raise InvalidRequest("Use either --face or --map: a map says itself which face.")
    references = [one.like for one in inputs.maps if one.like is not None]
    photos = [*inputs.donors, *(path for one in inputs.maps for path in one.donors)]
    choice = parse_face(face)
    check_output(output, [inputs.scene, *photos, *references])
    return _Wanted(inputs, output, choice)


def _run(
    wanted: _Wanted, options: SwapOptions, talk: Talk, *, progress: bool
) -> tuple[SwapReport, list[str]]:
    """Prepare the donors, do the work, and pass on every warning once."""
    from personae import library
    from personae.cli.fetching import fetch_models

    warnings: list[str] = []

    def warn(found: Iterable[str]) -> None:
        for text in found:
            if text not in warnings:
                warnings.append(text)
                talk.warn(text)

    fetch_models(talk)
    output = wanted.output
    hidden = talk.quiet or not progress
    with Interruptible() as interrupt, ShownProgress(output.name, quiet=hidden) as shown:
        donor, mappings = _prepare(wanted.inputs, options, warn)
        report = library.swap_file(
            wanted.inputs.scene,
            output,
            donor,
            face=wanted.face,
            mappings=mappings,
            options=options,
            progress=shown,
            should_stop=interrupt.should_stop,
        )
    warn(report.warnings)
    return report, warnings


def _prepare(
    inputs: Inputs, options: SwapOptions, warn: Callable[[Iterable[str]], None]
) -> tuple[Donor | None, list[Mapping] | None]:
    """The one donor, or the donor of every map."""
    from personae import library

    def prepare(photos: Iterable[Path]) -> Donor:
        try:
            prepared = library.prepare_donor(
                *photos, allow_poor=options.allow_poor, gate_donor=options.gate_donor
            )
        except DonorUnusable as error:
            raise DonorUnusable(f"{error.message} Or use it with --allow-poor-donor.") from error
        warn(prepared.warnings)
        return prepared

    if inputs.donors:
        return prepare(inputs.donors), None
    return None, [
        library.Mapping(donor=prepare(one.donors), face=one.face, like=one.like)
        for one in inputs.maps
    ]


def summary(report: SwapReport) -> str:
    """One line for a person: what came out, how much of it, how fast."""
    frames = report.frames
    by = "" if report.engine == "mesh" else f" with {report.engine}"
    parts = [f"{report.faces_swapped} face{'s' * (report.faces_swapped != 1)} swapped{by}"]
    if frames > 1:
        rate = f" ({frames / report.elapsed_s:.1f} fps)" if report.elapsed_s > 0 else ""
        parts.append(f"{frames} frames in {report.elapsed_s:.1f} s{rate}")
    else:
        parts.append(f"{report.elapsed_s:.2f} s")
    if report.frames_lost:
        parts.append(f"{report.frames_lost} frames of the damaged scene lost")
    parts += _manifest_words(report)
    return f"{report.output}: {', '.join(parts)}"


def _manifest_words(report: SwapReport) -> list[str]:
    if report.manifest == "off":
        return []
    where = f"in {report.output.name}.c2pa" if report.manifest == "sidecar" else "embedded"
    # Said every time: whoever gets the file will see it too.
    by = "signed locally (untrusted elsewhere)" if report.signed_by == "local" else "signed"
    return [f"manifest {where}, {by}"]
