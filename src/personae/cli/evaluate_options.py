"""What `personae evaluate` can be told besides how to swap, in the order of the help."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from personae.cli.completing import models, words
from personae.engine.choosing import LEVELS

Folder = Annotated[
    Path | None,
    typer.Argument(
        metavar="[FOLDER]",
        help="A folder of photos, one a person, or of folders, one a person with several photos; "
        "clips in it are used as scenes as well.",
    ),
]
BuiltIn = Annotated[
    bool,
    typer.Option(
        "--built-in",
        help="Use the two public-domain portraits of matplotlib and scikit-image instead, under "
        "several conditions.",
    ),
]
Clips = Annotated[
    list[Path] | None,
    typer.Option("--clip", metavar="FILE", help="A further clip as a scene; repeat it."),
]
Engines = Annotated[
    list[str] | None,
    typer.Option(
        "--engine",
        metavar="NAME",
        help="Which engine; repeat it to compare several.",
        autocompletion=models("swapper", also=("mesh",)),
    ),
]
Level = Annotated[
    str | None,
    typer.Option(
        "--quality",
        metavar="draft|standard|best",
        help="Choose among the engines and models that are installed, as for swap.",
        autocompletion=words(*LEVELS),
    ),
]
Outputs = Annotated[
    list[Path] | None,
    typer.Option(
        "--outputs",
        metavar="DIR",
        help="Measure outputs made elsewhere as well, called DONOR-SCENE after both photos.",
    ),
]
Pairs = Annotated[
    str, typer.Option("--pairs", metavar="N", help="How many pairs of pictures, or all.")
]
Seed = Annotated[int, typer.Option("--seed", help="Which pairs; the same number, the same pairs.")]
PairList = Annotated[
    Path | None,
    typer.Option(metavar="FILE", help="Use the pairs of this list: donor,scene lines."),
]
Out = Annotated[
    Path,
    typer.Option("--out", "-o", metavar="DIR", help="Where the report goes; made if missing."),
]
BaselineFile = Annotated[
    Path | None,
    typer.Option(
        "--baseline", metavar="FILE", help="An earlier evaluation.json to show differences to."
    ),
]
ClipSeconds = Annotated[
    float, typer.Option(min=0.2, max=3600, help="How much of each clip is used, in seconds.")
]
Rows = Annotated[int, typer.Option(min=0, max=500, help="Worst rows with pictures on the page.")]
AllowPoor = Annotated[
    bool,
    typer.Option("--allow-poor-donor", help="Swap donor photos that would be refused as well."),
]
ContentGate = Annotated[
    bool, typer.Option("--content-gate/--no-content-gate", help="As for swap: donors and scenes.")
]
Features = Annotated[
    str | None,
    typer.Option("--features", metavar="NAME", help="Which feature network makes the FID."),
]
AsJson = Annotated[bool, typer.Option("--json", help="Print one JSON object on stdout.")]
Quiet = Annotated[bool, typer.Option("--quiet", "-q", help="Nothing on stderr but errors.")]
