"""What `personae swap` can be told: each option with its help, in the order of the help."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from personae.cli.completing import CODECS, models, words
from personae.domain.labels import LEAST_SIZE, MOST_SIZE, PLACES
from personae.engine.choosing import LEVELS

WHO = "Who gets whose face"
LOOKS = "The new face"
PART = "Part and size"
VIDEO = "How a video is compressed"
SAID = "What the output says, and what is refused"
RUN = "Running it"

Paths = Annotated[
    list[Path],
    typer.Argument(
        metavar="[DONOR] SCENE",
        help="A photo of the new face, and the picture, GIF, WebP, APNG or video that gets "
        "it. Only SCENE with --map, or when every donor photo comes with --donor.",
    ),
]
Output = Annotated[
    Path,
    typer.Option(
        "--output",
        "-o",
        metavar="OUT",
        help="Where the result goes; its ending decides the format. An existing file is "
        "replaced once the new one is complete. Never one of the inputs.",
    ),
]
Donors = Annotated[
    list[Path] | None,
    typer.Option(
        metavar="PHOTO",
        help="A (further) photo of the donor; repeat it for several.",
        rich_help_panel=WHO,
    ),
]
AllowPoor = Annotated[
    bool,
    typer.Option(
        "--allow-poor-donor",
        help="Use donor photos that are too blurred, dark, small or turned as well; what is wrong "
        "becomes a warning.",
        rich_help_panel=WHO,
    ),
]
ContentGate = Annotated[
    bool,
    typer.Option(
        "--content-gate/--no-content-gate",
        help="Refuse donors, scenes and results that seem to show nudity or sex.",
        rich_help_panel=SAID,
    ),
]
Maps = Annotated[
    list[str] | None,
    typer.Option(
        "--map",
        metavar="DONOR=REFERENCE_FACE",
        help="Who gets whose face: a photo of the new face (or several, with commas), and a "
        "photo of the person in the scene, or the number of a face in it. Repeat it for "
        "several people.",
        rich_help_panel=WHO,
    ),
]
FaceText = Annotated[
    str,
    typer.Option(
        metavar="largest|all|N",
        help="Which face of the scene; N counts from the left and from 0, as in `personae detect`.",
        rich_help_panel=WHO,
        autocompletion=words("largest", "all"),
    ),
]
Strength = Annotated[
    float,
    typer.Option(
        min=0.0, max=1.0, help="How much of the new face: 0 none, 1 all.", rich_help_panel=LOOKS
    ),
]
Restore = Annotated[
    float,
    typer.Option(
        min=0.0,
        max=1.0,
        help="How much the new faces are restored; at 0 only --quality best does it.",
        rich_help_panel=LOOKS,
    ),
]
MaxSize = Annotated[
    str | None,
    typer.Option(
        "--max-size",
        metavar="720p|1080p|2k|4k|WxH",
        help="Scale a larger scene down to this, upright or lying; never up. At least 64x64.",
        rich_help_panel=PART,
        autocompletion=words("720p", "1080p", "2k", "4k"),
    ),
]
Start = Annotated[
    str | None,
    typer.Option(
        metavar="TIME",
        help="Begin here (90, 1:30, 0:01:30.5); videos and animations.",
        rich_help_panel=PART,
    ),
]
End = Annotated[
    str | None, typer.Option(metavar="TIME", help="End before this time.", rich_help_panel=PART)
]
CodecName = Annotated[
    str | None,
    typer.Option(
        metavar="|".join(CODECS),
        help="How to compress a video.",
        rich_help_panel=VIDEO,
        autocompletion=words(*CODECS),
    ),
]
Crf = Annotated[
    int | None,
    typer.Option(
        min=0, max=63, help="Quality of a video: lower is better and larger.", rich_help_panel=VIDEO
    ),
]
Preset = Annotated[
    str | None,
    typer.Option(
        help="Speed of the video encoder, such as fast, medium or slow.",
        rich_help_panel=VIDEO,
        autocompletion=words("ultrafast", "veryfast", "fast", "medium", "slow", "veryslow"),
    ),
]
Qualities = Annotated[
    list[str] | None,
    typer.Option(
        "--quality",
        metavar="draft|standard|best|1..100",
        help="A word chooses among the engines and models that are installed (default: standard). "
        "A number is how well a JPEG, WebP or AVIF is compressed (default: 95). Give it twice for "
        "both.",
        rich_help_panel=LOOKS,
        autocompletion=words(*LEVELS),
    ),
]
Engine = Annotated[
    str | None,
    typer.Option(
        metavar="mesh|NAME",
        help="What makes the new face: `personae models search swapper`.",
        rich_help_panel=LOOKS,
        autocompletion=models("swapper", also=("mesh",)),
    ),
]
BoostPx = Annotated[
    int | None,
    typer.Option(
        "--boost",
        metavar="PIXELS",
        help="The side of the crops that a swapper works at, a multiple of its own, such as 512.",
        rich_help_panel=LOOKS,
    ),
]
Likeness = Annotated[
    float,
    typer.Option(
        min=0.0,
        max=1.0,
        help="Below 0.5 a swapper leans to the scene's person, above it away from that person.",
        rich_help_panel=LOOKS,
    ),
]
RestorerName = Annotated[
    str | None,
    typer.Option(
        "--restorer",
        metavar="NAME|classical|off",
        help="What --restore uses.",
        rich_help_panel=LOOKS,
        autocompletion=models("restorer", also=("classical", "off")),
    ),
]
Occluders = Annotated[
    list[str] | None,
    typer.Option(
        "--occluder",
        metavar="NAME|off",
        help="A model that finds hands, hair and the like before a face; repeat it for several.",
        rich_help_panel=LOOKS,
        autocompletion=models("occluder", also=("off",)),
    ),
]
ParserName = Annotated[
    str | None,
    typer.Option(
        "--parser",
        metavar="NAME|off",
        help="A model that tells a face's regions apart.",
        rich_help_panel=LOOKS,
        autocompletion=models("parser", also=("off",)),
    ),
]
Regions = Annotated[
    str | None,
    typer.Option(
        metavar="NAME,NAME",
        help="Swap only these regions, as the parser calls them, such as skin,nose,mouth.",
        rich_help_panel=LOOKS,
    ),
]
Detector = Annotated[
    str | None,
    typer.Option(
        metavar="NAME",
        help="A model that finds faces instead of our own.",
        rich_help_panel=LOOKS,
        autocompletion=models("detector"),
    ),
]
Landmarkers = Annotated[
    list[str] | None,
    typer.Option(
        "--landmarker",
        metavar="NAME",
        help="A model that finds the points by which a swapper's crops are aligned.",
        rich_help_panel=LOOKS,
        autocompletion=models("landmarker"),
    ),
]
Threads = Annotated[
    int | None,
    typer.Option(
        min=1, help="Threads to use; the result does not depend on it.", rich_help_panel=RUN
    ),
]
Manifest = Annotated[
    bool,
    typer.Option(
        "--manifest/--no-manifest",
        help="Write into the output, signed, where it comes from: a C2PA manifest. Beside it, as "
        "OUT.c2pa, where the format has no place for one.",
        rich_help_panel=SAID,
    ),
]
Label = Annotated[
    str | None,
    typer.Option(
        metavar="TEXT",
        help='Write this over the output, readable on any picture: "AI-generated".',
        rich_help_panel=SAID,
    ),
]
LabelPlace = Annotated[
    str,
    typer.Option(
        metavar="|".join(PLACES),
        help="Where the label stands.",
        rich_help_panel=SAID,
        autocompletion=words(*PLACES),
    ),
]
LabelSize = Annotated[
    float,
    typer.Option(
        min=LEAST_SIZE,
        max=MOST_SIZE,
        help="Height of the label's letters as a share of the shorter side.",
        rich_help_panel=SAID,
    ),
]
LabelFont = Annotated[
    Path | None,
    typer.Option(
        metavar="FILE",
        help="A TTF or OTF for scripts that the built-in letters lack.",
        rich_help_panel=SAID,
    ),
]
Mark = Annotated[
    bool,
    typer.Option(
        "--mark/--no-mark",
        help="Whether the new faces carry the invisible mark that says they are not real.",
        rich_help_panel=SAID,
    ),
]
Strict = Annotated[
    bool,
    typer.Option(
        "--strict", help="Exit with 7 if frames were lost in a damaged scene.", rich_help_panel=RUN
    ),
]
AsJson = Annotated[
    bool, typer.Option("--json", help="Print one JSON object on stdout.", rich_help_panel=RUN)
]
Progress = Annotated[
    bool,
    typer.Option(
        "--progress/--no-progress", help="Tell on stderr how far it is.", rich_help_panel=RUN
    ),
]
Quiet = Annotated[
    bool, typer.Option("--quiet", "-q", help="Say nothing but errors.", rich_help_panel=RUN)
]
