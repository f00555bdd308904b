"""`personae models quantize`: an installed model in 8 bits, if it does the same with faces."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from personae.cli.output import Talk

Faces = Annotated[
    Path | None,
    typer.Option(
        "--faces",
        metavar="FOLDER",
        help="Pictures of faces to calibrate and judge with; otherwise two portraits that come "
        "with matplotlib and scikit-image.",
    ),
]


def quantize_model(
    name: Annotated[str, typer.Argument(help="An installed model.")],
    faces: Faces = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False,
) -> None:
    """Make NAME_int8 of a model: three times as fast on processors with VNNI, if it is as good.

    It is refused when pictures, masks or identities come out too differently; nothing is changed
    then. Needs some minutes, and memory for four times the model.
    """
    with Talk(as_json=as_json) as talk:
        from personae.adapters.networks.quantising import multiplies_safely
        from personae.quantizing import quantize

        if not multiplies_safely():
            talk.warn(
                "This processor has no instruction for products of 8 bits; there is little to win."
            )
        talk.note(f"Calibrating {name}; this takes some minutes.")
        made = quantize(name, faces)
        lines = [f"  {one}" for one in made.measured]
        share = made.bytes_before / made.bytes_after
        text = "\n".join(
            [f"{made.card.name} is installed, {share:.1f} times smaller than {name}:", *lines]
        )
        data = {
            "model": made.card.name,
            "made_of": name,
            "sha256": made.card.source.sha256,
            "bytes_before": made.bytes_before,
            "bytes_after": made.bytes_after,
            "measured": [
                {"what": one.what, "worst": one.worst, "limit": one.limit} for one in made.measured
            ],
        }
        talk.result(text, data)
