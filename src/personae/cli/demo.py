"""``personae demo``: a first real swap, without a file of one's own."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from personae.cli.interrupts import Interruptible
from personae.cli.output import Talk
from personae.cli.progress import ShownProgress
from personae.cli.swap_options import AsJson, Progress, Quiet

if TYPE_CHECKING:
    from personae.demo.story import Made


def demo(
    output: Annotated[
        Path,
        typer.Option("--output", "-o", metavar="DIR", help="Where the results go."),
    ] = Path("personae-demo"),
    clip: Annotated[
        bool, typer.Option("--clip/--no-clip", help="Swap a short clip after the picture.")
    ] = True,
    serve: Annotated[
        bool, typer.Option("--serve", help="Go on with the service, its data beside the results.")
    ] = False,
    port: Annotated[
        int | None, typer.Option(min=0, max=65535, help="Of the service; 8000 by default.")
    ] = None,
    as_json: AsJson = False,
    progress: Progress = True,
    quiet: Quiet = False,
) -> None:
    """Swap the faces of two people in a picture and a clip, and say what to try next.

    They are Grace Hopper and Eileen Collins, in public-domain portraits that come with
    packages (pip install matplotlib scikit-image). Models are fetched if they are missing.
    """
    with Talk(as_json=as_json, quiet=quiet) as talk:
        made = _played(talk, output, clip=clip, progress=progress)
        talk.result(
            "" if quiet else _next(output, made),
            {"folder": str(output), "made": [_plain(one) for one in made]},
        )
        if serve:
            _serve(output / "service", port)


def _played(talk: Talk, output: Path, *, clip: bool, progress: bool) -> list[Made]:
    """Everything in order, each result told as soon as it is there."""
    from personae.cli.fetching import fetch_models
    from personae.demo.people import portraits

    people = portraits()
    fetch_models(talk)
    from personae.demo import story

    talk.note(f"Results go to {output.resolve()}")
    with Interruptible() as interrupt:
        story.prepare(output, people)
        made = [story.swap_picture(output)]
        _tell(talk, made[-1])
        if clip:
            with ShownProgress(story.CLIP, quiet=talk.quiet or not progress) as shown:
                made.append(
                    story.swap_clip(
                        output, people, progress=shown, should_stop=interrupt.should_stop
                    )
                )
            _tell(talk, made[-1])
    return made


def _tell(talk: Talk, made: Made) -> None:
    talk.note(f"  {made.path.name:<12} {made.what:<36} {made.seconds:6.2f} s")


def _plain(made: Made) -> dict[str, Any]:
    return {
        "what": made.what,
        "file": str(made.path),
        "faces": made.faces,
        "seconds": round(made.seconds, 3),
    }


def _next(folder: Path, made: list[Made]) -> str:
    """Where to look, and commands that work as they stand."""
    from personae.demo import story

    look = [story.PICTURE_SHEET, *([story.CLIP_SHEET, story.CLIP] if len(made) > 1 else [])]
    lines = ["Look at", *(f"  {folder / name}" for name in look), "Try next"]
    lines += [
        f"  personae swap {folder / story.DONOR} PHOTO_OF_YOURS.jpg -o out.jpg",
        f"  personae inspect {folder / story.PICTURE}",
        f"  personae demo -o {folder} --serve",
    ]
    return "\n".join(lines)


def _serve(data: Path, port: int | None) -> None:
    """Become the service: a process that has loaded no pixels."""
    arguments = ["-m", "personae", "serve", "--data", str(data)]
    arguments += [] if port is None else ["--port", str(port)]
    sys.stdout.flush()
    os.execv(sys.executable, [sys.executable, *arguments])
