"""`personae models quantize`: an installed model in 8 bits, if it does the same with faces."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from personae.cli.models.preparing import prepare_networks
from personae.cli.output import Talk

if TYPE_CHECKING:
    from personae.adapters.networks.variants import Variant

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
        from personae.adapters.networks.machine import multiplies_safely
        from personae.quantizing import quantize

        if not multiplies_safely():
            talk.warn(
                "This processor has no instruction for products of 8 bits; there is little to win."
            )
        talk.note(f"Calibrating {name}; this takes some minutes.")
        made = quantize(name, faces)
        left = prepare_networks(talk, [made.card])
        data = {
            "model": made.card.name,
            "made_of": name,
            "sha256": made.card.source.sha256,
            "bytes_before": made.bytes_before,
            "bytes_after": made.bytes_after,
            "run_s_before": made.run_s_before,
            "run_s_after": made.run_s_after,
            "measured_on": made.samples,
            "measured": [
                {"what": one.what, "worst": one.worst, "limit": one.limit} for one in made.measured
            ],
            "not_prepared": left,
        }
        talk.result(_told(name, made), data)


def _told(name: str, made: Variant) -> str:
    """What was made and what was measured, for people."""
    smaller, quicker = made.bytes_before / made.bytes_after, made.run_s_before / made.run_s_after
    lines = [
        f"{made.card.name} is installed, under the licence of {name}.",
        f"  size     {made.bytes_before / 1e6:.1f} -> {made.bytes_after / 1e6:.1f} MB, "
        f"{smaller:.1f} times smaller",
        f"  one run  {made.run_s_before * 1e3:.0f} -> {made.run_s_after * 1e3:.0f} ms here, on "
        f"one thread, {quicker:.1f} times as fast",
        f"How far it is from {name}, the worst of {made.samples} views of faces that did not "
        "calibrate it:",
    ]
    return "\n".join([*lines, *(f"  {one}" for one in made.measured)])
