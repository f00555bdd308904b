"""``personae swap``: put a donor's face into a picture, an animation or a video."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from personae.cli.arguments import (
    FaceChoice,
    Inputs,
    check_output,
    parse_face,
    parse_span,
    sort_inputs,
)
from personae.cli.exit_codes import ExitCode
from personae.cli.interrupts import Interruptible
from personae.cli.output import Talk
from personae.cli.progress import ShownProgress
from personae.errors import InvalidRequest

if TYPE_CHECKING:
    from personae.library import Donor, Mapping, SwapReport

CODECS = ("h264", "hevc", "vp9", "av1")


def swap(
    paths: Annotated[
        list[Path],
        typer.Argument(
            metavar="[DONOR] SCENE",
            help="A photo of the new face, and the picture, GIF, WebP, APNG or video that gets "
            "it. Only SCENE with --map, or when every donor photo comes with --donor.",
        ),
    ],
    output: Annotated[
        Path,
        typer.Option(
            "--output",
            "-o",
            metavar="OUT",
            help="Where the result goes; its ending decides the format. An existing file is "
            "replaced once the new one is complete. Never one of the inputs.",
        ),
    ],
    donor: Annotated[
        list[Path] | None,
        typer.Option(
            metavar="PHOTO", help="A (further) photo of the donor; repeat it for several."
        ),
    ] = None,
    mapping: Annotated[
        list[str] | None,
        typer.Option(
            "--map",
            metavar="DONOR=REFERENCE_FACE",
            help="Who gets whose face: a photo of the new face (or several, with commas), and a "
            "photo of the person in the scene, or the number of a face in it. Repeat it for "
            "several people.",
        ),
    ] = None,
    face: Annotated[
        str,
        typer.Option(
            metavar="largest|all|N",
            help="Which face of the scene; N counts from the left and from 0, as in "
            "`personae detect`.",
        ),
    ] = "largest",
    strength: Annotated[
        float, typer.Option(min=0.0, max=1.0, help="How much of the new face: 0 none, 1 all.")
    ] = 1.0,
    start: Annotated[
        str | None,
        typer.Option(
            metavar="TIME", help="Begin here (90, 1:30, 0:01:30.5); videos and animations."
        ),
    ] = None,
    end: Annotated[str | None, typer.Option(metavar="TIME", help="End before this time.")] = None,
    codec: Annotated[
        str | None,
        typer.Option(metavar="|".join(CODECS), help="How to compress a video."),
    ] = None,
    crf: Annotated[
        int | None,
        typer.Option(min=0, max=63, help="Quality of a video: lower is better and larger."),
    ] = None,
    preset: Annotated[
        str | None,
        typer.Option(help="Speed of the video encoder, such as fast, medium or slow."),
    ] = None,
    quality: Annotated[
        int | None,
        typer.Option(min=1, max=100, help="Quality of a JPEG, WebP or AVIF; default 95."),
    ] = None,
    threads: Annotated[
        int | None,
        typer.Option(min=1, help="Threads to use; the result does not depend on it."),
    ] = None,
    strict: Annotated[
        bool,
        typer.Option("--strict", help="Exit with 7 if frames were lost in a damaged scene."),
    ] = False,
    as_json: Annotated[
        bool, typer.Option("--json", help="Print one JSON object on stdout.")
    ] = False,
    quiet: Annotated[bool, typer.Option("--quiet", "-q", help="Say nothing but errors.")] = False,
) -> None:
    """Put the donor's face into the scene.

    personae swap face.jpg photo.jpg -o out.jpg

    personae swap face.jpg clip.mp4 -o out.mp4 --face all

    personae swap clip.mp4 --map ann.jpg=bob.jpg --map cid.jpg=dan.jpg -o out.mp4
    """
    with Talk(as_json=as_json, quiet=quiet) as talk:
        inputs = sort_inputs(paths, donor or (), mapping or ())
        if inputs.maps and face != "largest":
            raise InvalidRequest("Use either --face or --map: a map says itself which face.")
        if codec is not None and codec not in CODECS:
            raise InvalidRequest(f"--codec {codec} is not known; use one of {', '.join(CODECS)}.")
        start_s, end_s = parse_span(start, end)
        choice = parse_face(face)
        references = [one.like for one in inputs.maps if one.like is not None]
        photos = [*inputs.donors, *(path for one in inputs.maps for path in one.donors)]
        check_output(output, [inputs.scene, *photos, *references])
        report, warnings = _run(
            inputs,
            output,
            choice,
            talk,
            strength=strength,
            start_s=start_s,
            end_s=end_s,
            codec=codec,
            crf=crf,
            preset=preset,
            quality=quality,
            threads=threads,
        )
        data = report.to_json()
        data["warnings"] = warnings
        talk.result("", data)
        if not as_json:
            talk.note(summary(report))
        if strict and report.frames_lost:
            raise typer.Exit(ExitCode.LOSSES)


def _run(
    inputs: Inputs, output: Path, face: FaceChoice, talk: Talk, **options: Any
) -> tuple[SwapReport, list[str]]:
    """Prepare the donors, do the work, and pass on every warning once."""
    from personae import library
    from personae.cli.fetching import fetch_models

    warnings: list[str] = []

    def warn(found: tuple[str, ...] | list[str]) -> None:
        for text in found:
            if text not in warnings:
                warnings.append(text)
                talk.warn(text)

    fetch_models(talk)
    with Interruptible() as interrupt, ShownProgress(output.name, quiet=talk.quiet) as progress:
        donor: Donor | None = None
        mappings: list[Mapping] | None = None
        if inputs.donors:
            donor = library.prepare_donor(*inputs.donors)
            warn(donor.warnings)
        else:
            mappings = []
            for one in inputs.maps:
                prepared = library.prepare_donor(*one.donors)
                warn(prepared.warnings)
                mappings.append(library.Mapping(donor=prepared, face=one.face, like=one.like))
        report = library.swap_file(
            inputs.scene,
            output,
            donor,
            face=face,
            mappings=mappings,
            progress=progress,
            should_stop=interrupt.should_stop,
            **options,
        )
    warn(report.warnings)
    return report, warnings


def summary(report: SwapReport) -> str:
    """One line for a person: what came out, how much of it, how fast."""
    frames = report.frames
    parts = [f"{report.faces_swapped} face{'s' * (report.faces_swapped != 1)} swapped"]
    if frames > 1:
        rate = f" ({frames / report.elapsed_s:.1f} fps)" if report.elapsed_s > 0 else ""
        parts.append(f"{frames} frames in {report.elapsed_s:.1f} s{rate}")
    else:
        parts.append(f"{report.elapsed_s:.2f} s")
    if report.frames_lost:
        parts.append(f"{report.frames_lost} frames of the damaged scene lost")
    return f"{report.output}: {', '.join(parts)}"
