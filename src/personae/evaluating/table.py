"""The table: what each column means, how rows become one line, and how two runs compare."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final, Literal

from personae.evaluating.rows import Outcome, Row

Number = float | int | None
Summary = dict[str, Number]
"""The columns of one engine by their keys; None where nothing could be measured."""


@dataclass(frozen=True, slots=True)
class Column:
    """One column.

    Attributes
    ----------
    key, heading, unit : str
    better : "higher", "lower", "one" or None
        Which way is good; None where the number says how much was measured.
    digits : int
        After the point.
    meaning : str
        One sentence.
    noise : float
        Changes by less than this share of the number come by themselves.
    """

    key: str
    heading: str
    unit: str
    better: Literal["higher", "lower", "one"] | None
    digits: int
    meaning: str
    noise: float = 0.0


_IDENTITY: Final = (
    Column("id_retrieval", "ID retrieval", "%", "higher", 2,
           "Outputs that look more like their donor than like anybody else in the folder."),
    Column("id_retrieval_donors", "among donors", "%", "higher", 2,
           "The same among the people who are donors in this run."),
    Column("id_similarity", "ID similarity", "cos", "higher", 3,
           "Cosine of the embeddings of the output and the donor."),
    Column("id_unswapped", "unswapped", "cos", None, 3,
           "What the similarity is before the swap: the scene and the donor."),
    Column("id_way", "way to donor", "%", "higher", 1,
           "How much of the way from unswapped to 1 the similarity went."),
    Column("pose_error", "pose error", "°", "lower", 2,
           "Length of the difference of yaw, pitch and roll between output and scene."),
    Column("expression_error", "expression error", "%", "lower", 2,
           "Length of the difference of ten lengths of the face, in percent of the distance of "
           "the eyes."),
)  # fmt: skip
_COLOUR: Final = Column("colour", "colour", "ΔE", "lower", 2,
                        "CIE Lab distance of the mean colours of the skin.")  # fmt: skip

PICTURE_COLUMNS: Final = (
    Column("pairs", "pairs", "", None, 0, "Pairs of which there is an output."),
    *_IDENTITY,
    Column("fid", "FID", "", "lower", 2,
           "Fréchet distance of the features of scenes and outputs."),
    _COLOUR,
    Column("outside", "outside", "of 255", "lower", 0,
           "The largest change of a sample where the mask is 0, over all pairs."),
    Column("cpu_ms", "CPU", "ms/face", "lower", 1,
           "Time of all threads for finding the scene's face and swapping it.", 0.1),
    Column("output_without_face", "no face in output", "", "lower", 0, "Pairs."),
    Column("donor_refused", "donor refused", "", None, 0,
           "Pairs whose donor photo the quality gate refused."),
    Column("not_swapped", "not swapped", "", None, 0,
           "Pairs without an output for any other reason."),
)  # fmt: skip
CLIP_COLUMNS: Final = (
    Column("pairs", "clips", "", None, 0, "Clips of which there is an output."),
    Column("frames", "frames", "", None, 0, "Frames of these clips."),
    *_IDENTITY,
    _COLOUR,
    Column("jitter", "jitter", "ratio", "one", 2,
           "Trembling of the landmarks, output over scene; 1 is as steady as the scene."),
    Column("flicker", "flicker", "ratio", "one", 2,
           "Flicker of the face's brightness, output over scene."),
    Column("outside", "far outside", "of 255", "lower", 0,
           "The largest change of a sample far from the face, over all frames."),
    Column("cpu_ms", "CPU", "ms/face", "lower", 1,
           "Time of all threads for a face of a frame, decoding and encoding included.", 0.1),
    Column("lost", "lost", "frames", "lower", 0,
           "Frames in which the scene shows the face and the output does not."),
    Column("output_without_face", "no face in output", "", "lower", 0, "Clips."),
    Column("donor_refused", "donor refused", "", None, 0,
           "Clips whose donor photo the quality gate refused."),
    Column("not_swapped", "not swapped", "", None, 0,
           "Clips without an output for any other reason."),
)  # fmt: skip

_WITH_OUTPUT: Final[tuple[Outcome, ...]] = ("swapped", "output_without_face")


def summarise(rows: Sequence[Row], fid: float | None = None) -> Summary:
    """One engine's line: means over the rows of one kind.

    Retrieval counts every pair with an output, found or not; other measures count where they could
    be taken. What was refused or failed is counted on its own and in no mean.
    """
    done = [row for row in rows if row.outcome in _WITH_OUTPUT]
    ended = Counter(row.outcome for row in rows)
    ways = [_way(row) for row in done]
    out: Summary = {
        "pairs": len(done),
        "frames": sum(row.frames for row in done),
        "id_retrieval": _share(row.retrieved for row in done),
        "id_retrieval_donors": _share(row.retrieved_among_donors for row in done),
        "id_similarity": _mean(row.similarity for row in done),
        "id_unswapped": _mean(row.unswapped for row in done),
        "id_way": _mean(ways),
        "id_to_scene": _mean(row.to_scene for row in done),
        "pose_error": _mean(row.pose_deg for row in done),
        "yaw": _mean(row.yaw for row in done),
        "pitch": _mean(row.pitch for row in done),
        "roll": _mean(row.roll for row in done),
        "expression_error": _mean(row.expression for row in done),
        "lids": _mean(row.lids for row in done),
        "brows": _mean(row.brows for row in done),
        "mouth": _mean(row.mouth for row in done),
        "donor_expression": _mean(row.donor_expression for row in done),
        "fid": fid,
        "colour": _mean(row.colour for row in done),
        "light": _mean(row.light for row in done),
        "outside": max((row.outside for row in done if row.outside is not None), default=None),
        "cpu_ms": _mean(row.cpu_ms for row in done),
        "jitter": _mean(row.jitter for row in done),
        "flicker": _mean(row.flicker for row in done),
        "lost": sum(row.lost for row in done),
        "output_without_face": ended["output_without_face"],
        "donor_refused": ended["donor_refused"],
        "not_swapped": len(rows) - len(done) - ended["donor_refused"],
        "same_photo": sum(row.same_photo for row in done),
    }
    out.update({name: ended[name] for name in ("scene_without_face", "donor_without_face")})
    out.update({name: ended[name] for name in ("gate_refused", "unreadable", "failed")})
    return {name: round(v, 4) if isinstance(v, float) else v for name, v in out.items()}


def _way(row: Row) -> float | None:
    """How much of the way from scene to donor the output went, in percent."""
    if row.similarity is None or row.unswapped is None or row.unswapped > 0.999:
        return None
    return (row.similarity - row.unswapped) / (1 - row.unswapped) * 100


def _mean(values: Iterable[float | None]) -> float | None:
    known = [value for value in values if value is not None]
    return sum(known) / len(known) if known else None


def _share(flags: Iterable[bool | None]) -> float | None:
    """How many are true of those that are known, in percent."""
    known = [flag for flag in flags if flag is not None]
    return 100 * sum(known) / len(known) if known else None


def was_used(summary: Summary) -> bool:
    """Whether there was any pair of a kind, swapped or not."""
    return any(summary.get(key) for key in ("pairs", "donor_refused", "not_swapped"))


def shown(column: Column, value: Number, before: Number = None) -> str:
    """A number as the table has it, with its difference to an earlier run; ``-`` for None."""
    if value is None:
        return "-"
    text = f"{value:.{column.digits}f}"
    if before is None:
        return text
    off = value - before
    # A difference that rounds to nothing has no sign.
    rounded = f"{off:+.{column.digits}f}"
    return f"{text} (±0)" if float(rounded) == 0 else f"{text} ({rounded})"


def is_better(column: Column, value: Number, before: Number) -> bool | None:
    """Whether a number got better; None if it did not change or nobody can say."""
    if value is None or before is None or column.better is None:
        return None
    same = abs(value - before) < column.noise * abs(before)
    if same or shown(column, value) == shown(column, before):
        return None
    if column.better == "one":
        return abs(value - 1) < abs(before - 1)
    return (value > before) == (column.better == "higher")


def markdown_table(
    columns: Sequence[Column],
    lines: Sequence[tuple[str, Summary]],
    before: Mapping[str, Summary] | None = None,
) -> str:
    """A Markdown table, an engine a line."""
    heads = ["engine", *(f"{c.heading} {c.unit}".strip() for c in columns)]
    out = [heads, ["---", *("---:" for _ in columns)]]
    for name, summary in lines:
        earlier = (before or {}).get(name, {})
        cells = [shown(c, summary.get(c.key), earlier.get(c.key)) for c in columns]
        out.append([name.replace("|", "\\|"), *cells])
    return "\n".join(f"| {' | '.join(cells)} |" for cells in out)
