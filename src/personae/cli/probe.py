"""``personae probe``: what a media file is and holds."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from personae.cli.output import Talk
from personae.cli.pipes import Pipes
from personae.cli.progress import clock

if TYPE_CHECKING:
    from personae.video.info import MediaInfo


def probe(
    file: Annotated[Path, typer.Argument(help="A picture, an animation, a video or sound.")],
    as_json: Annotated[
        bool, typer.Option("--json", help="Print one JSON object on stdout.")
    ] = False,
) -> None:
    """Say what a media file is, by its content and not by its name."""
    with Talk(as_json=as_json) as talk, Pipes() as pipes:
        file = pipes.file(file)
        from personae import library

        info = library.probe(file)
        talk.result(describe(file, info), {"file": str(file), **info.to_json()})


def describe(file: Path, info: MediaInfo) -> str:
    """A few lines for a person."""
    lines = [f"{file}: {info.kind}, {info.container}"]
    if info.size_wh is not None:
        lines.append(f"  size      {info.size_wh[0]} x {info.size_wh[1]}{_turned(info)}")
    if info.duration_s is not None:
        lines.append(f"  duration  {info.duration_s:.2f} s ({clock(info.duration_s)})")
    if info.frames is not None and info.kind != "picture":
        lines.append(f"  frames    {info.frames}{_rate(info)}")
    if info.codec is not None:
        lines.append(
            f"  picture   {info.codec} {info.pixel_format}, {info.bits} bits{_extras(info)}"
        )
    for audio in info.audio:
        language = f", {audio.language}" if audio.language else ""
        lines.append(
            f"  sound     {audio.codec}, {audio.channels} channels, {audio.rate_hz} Hz{language}"
        )
    for subtitle in info.subtitles:
        language = f", {subtitle.language}" if subtitle.language else ""
        lines.append(f"  subtitles {subtitle.codec}{language}")
    if info.chapters:
        lines.append(f"  chapters  {len(info.chapters)}")
    lines.extend(f"  {name:9} {value}" for name, value in info.metadata.items())
    return "\n".join(lines)


def _turned(info: MediaInfo) -> str:
    turns = [f"turned by {info.rotation_deg} degrees"] if info.rotation_deg else []
    turns += ["mirrored"] if info.mirrored else []
    return f" (stored {' and '.join(turns)})" if turns else ""


def _rate(info: MediaInfo) -> str:
    if info.frame_rate is None:
        return ""
    uneven = ", at uneven times" if info.variable_rate else ""
    return f" at {float(info.frame_rate):.3f} fps{uneven}"


def _extras(info: MediaInfo) -> str:
    extras = ["HDR"] if info.hdr else []
    extras += ["alpha"] if info.has_alpha else []
    names = (info.color_primaries, info.color_transfer, info.color_matrix, info.color_range)
    extras += ["/".join(name or "?" for name in names)] if any(names) else []
    return "".join(f", {extra}" for extra in extras)
