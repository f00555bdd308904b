"""What is written down: JSON with everything, CSV with every pair, Markdown with the tables."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import Any, Final, cast

from personae.errors import InvalidRequest, MediaUnreachable
from personae.evaluating.page import page
from personae.evaluating.parts import told_of_parts
from personae.evaluating.rows import Row
from personae.evaluating.run import Evaluation
from personae.evaluating.table import (
    CLIP_COLUMNS,
    PICTURE_COLUMNS,
    Column,
    Number,
    Summary,
    markdown_table,
    shown,
    was_used,
)
from personae.video.files import FileAside, output_errors, reason

FORMAT: Final = 1
NAMES: Final = ("evaluation.json", "evaluation.csv", "evaluation.md", "evaluation.html")
_MOST_BYTES: Final = 1 << 30


@dataclass(frozen=True, slots=True)
class Baseline:
    """An earlier run, by engine."""

    name: str
    pictures: Mapping[str, Summary]
    clips: Mapping[str, Summary]
    pairs: frozenset[tuple[str, str]]
    settings: Mapping[str, Any]

    def differs(self, evaluation: Evaluation) -> str | None:
        """Why the two runs cannot be laid beside each other as they are; None if they can."""
        if self.pairs != frozenset(pair.key for pair in evaluation.pairs):
            return f"{self.name} measured other pairs; differences are not those of engines alone."
        if self.settings.get("judge") != evaluation.judge:
            return f"{self.name} was judged by another embedder; identity cannot be compared."
        if self.settings.get("features") != evaluation.features:
            return f"{self.name} used another feature network; FID cannot be compared."
        return None


def as_json(evaluation: Evaluation) -> dict[str, Any]:
    """Everything but the pictures, as plain values; no path of this machine is in it."""
    settings = evaluation.settings
    return {
        "kind": "personae-evaluation",
        "format": FORMAT,
        "settings": {
            "folder": evaluation.people.name,
            "people": len(evaluation.people.persons),
            "gallery": evaluation.gallery,
            "pairs": len(evaluation.pairs),
            "seed": settings.seed,
            "allow_poor_donors": settings.allow_poor,
            "content_gate": settings.gate,
            "clip_seconds": settings.clip_seconds,
            "judge": evaluation.judge,
            "features": evaluation.features,
        },
        "columns": {
            "pictures": [_column(column) for column in PICTURE_COLUMNS],
            "clips": [_column(column) for column in CLIP_COLUMNS],
        },
        "engines": [
            {
                "engine": result.engine,
                "setup": asdict(result.setup) if result.setup else None,
                "pictures": result.pictures,
                "clips": result.clips,
                "rows": [row.to_json() for row in result.rows],
            }
            for result in evaluation.results
        ],
        "problems": [
            {"file": one.name, "code": one.code, "message": one.message}
            for one in evaluation.problems
        ],
        "ignored_files": evaluation.people.ignored,
    }


def as_csv(evaluation: Evaluation) -> str:
    """Every pair of every engine, a line each."""
    file = io.StringIO()
    writer = csv.writer(file, lineterminator="\n")
    names = [one.name for one in fields(Row)]
    writer.writerow(names)
    for result in evaluation.results:
        for row in result.rows:
            values = row.to_json()
            writer.writerow([_cell(values[name]) for name in names])
    return file.getvalue()


def as_markdown(evaluation: Evaluation, before: Baseline | None = None) -> str:
    """The tables, what they were measured on, and what could not be used."""
    out = [f"# Evaluation over {evaluation.people.name}", "", told_in_short(evaluation), ""]
    out += [*(f"- {told}" for told in told_of_parts(evaluation.results)), ""]
    pictures = [(one.engine, one.pictures) for one in evaluation.results]
    clips = [(one.engine, one.clips) for one in evaluation.results]
    if any(was_used(summary) for _, summary in pictures):
        earlier = None if before is None else before.pictures
        out += [markdown_table(PICTURE_COLUMNS, pictures, earlier), ""]
    if any(was_used(summary) for _, summary in clips):
        earlier = None if before is None else before.clips
        out += [markdown_table(CLIP_COLUMNS, clips, earlier), ""]
    if before is not None:
        out += [f"In brackets: the difference to {before.name}.", ""]
        out += [told, ""] if (told := before.differs(evaluation)) else []
    meanings = {c.heading: c.meaning for c in (*CLIP_COLUMNS, *PICTURE_COLUMNS)}
    out += [f"- {heading}: {meaning}" for heading, meaning in meanings.items()]
    if evaluation.problems:
        out += ["", "Files that could not be used:", ""]
        out += [f"- {one.message}" for one in evaluation.problems]
    return "\n".join(out) + "\n"


def lines_for_people(evaluation: Evaluation, before: Baseline | None = None) -> str:
    """The tables turned on their sides, for a terminal: a measure a line, an engine a column."""
    out: list[str] = []
    nothing: Mapping[str, Summary] = {}
    for columns, what in ((PICTURE_COLUMNS, "pictures"), (CLIP_COLUMNS, "clips")):
        of_pictures = what == "pictures"
        lines: list[tuple[str, Summary]] = [
            (one.engine, one.pictures if of_pictures else one.clips) for one in evaluation.results
        ]
        old = nothing
        if before is not None:
            old = before.pictures if of_pictures else before.clips
        if not any(was_used(summary) for _, summary in lines):
            continue
        out.append(f"{what:<24} {' '.join(f'{name:>18}' for name, _ in lines)}")
        for column in columns:
            cells: list[str] = []
            for name, summary in lines:
                earlier = old.get(name, {}).get(column.key)
                cells.append(shown(column, summary.get(column.key), earlier))
            heading = f"{column.heading} {column.unit}".strip()
            out.append(f"  {heading:<22} {' '.join(f'{cell:>18}' for cell in cells)}")
    return "\n".join(out)


def told_in_short(evaluation: Evaluation) -> str:
    """What was measured, in two sentences."""
    settings, people = evaluation.settings, evaluation.people
    same = any(row.same_photo for result in evaluation.results for row in result.rows)
    told = (
        f"{len(evaluation.pairs)} pairs (seed {settings.seed}) of {len(people.persons)} people; "
        f"identity by {evaluation.judge} among {evaluation.gallery} people"
    )
    told += ", against the very photo that made the swap" if same else ", against other photos"
    features = evaluation.features or "no feature network is installed"
    return f"{told}. FID: {features}."


def read_baseline(path: Path) -> Baseline:
    """An earlier run's `evaluation.json`.

    Raises
    ------
    MediaUnreachable
        If it cannot be read.
    InvalidRequest
        If it is something else.
    """
    wrong = InvalidRequest(
        f"{path.name} is no evaluation of this version; give the evaluation.json of an earlier run."
    )
    try:
        if path.stat().st_size > _MOST_BYTES:
            raise wrong
        data = json.loads(path.read_text("utf-8"))
    except OSError as error:
        raise MediaUnreachable(
            f"The baseline {path.name} cannot be read: {reason(error)}.", retryable=False
        ) from error
    except (ValueError, RecursionError) as error:
        raise wrong from error
    if not isinstance(data, dict):
        raise wrong
    values = cast("dict[str, Any]", data)
    if values.get("kind") != "personae-evaluation" or values.get("format") != FORMAT:
        raise wrong
    try:
        engines = values["engines"]
        pairs = frozenset((row["donor"], row["scene"]) for row in engines[0]["rows"])
        return Baseline(
            path.name,
            {one["engine"]: _summary(one["pictures"]) for one in engines},
            {one["engine"]: _summary(one["clips"]) for one in engines},
            pairs,
            dict(values["settings"]),
        )
    except (KeyError, TypeError, IndexError, AttributeError, ValueError) as error:
        raise wrong from error


def write_report(folder: Path, evaluation: Evaluation, before: Baseline | None) -> list[Path]:
    """Write all four files into a folder that exists, each complete or not at all.

    Raises
    ------
    MediaUnreachable
        If one cannot be written.
    """
    texts = (
        json.dumps(as_json(evaluation), ensure_ascii=False, indent=1) + "\n",
        as_csv(evaluation),
        as_markdown(evaluation, before),
        page(
            evaluation,
            told_in_short(evaluation),
            None if before is None else (before.name, before.pictures, before.clips),
            None if before is None else before.differs(evaluation),
        ),
    )
    written: list[Path] = []
    for name, text in zip(NAMES, texts, strict=True):
        path = folder / name
        with FileAside(path) as aside, output_errors(path):
            aside.file.write(text.encode("utf-8", "replace"))
        written.append(path)
    return written


def _summary(values: Mapping[str, Any]) -> dict[str, Number]:
    """The numbers of a summary; anything else counts as not measured."""
    return {
        str(name): value if isinstance(value, int | float) else None
        for name, value in values.items()
    }


def _column(column: Column) -> dict[str, Any]:
    return {
        "key": column.key,
        "heading": column.heading,
        "unit": column.unit,
        "better": column.better,
        "meaning": column.meaning,
    }


def _cell(value: object) -> object:
    """A cell that no spreadsheet takes for a formula."""
    if isinstance(value, str) and value.startswith(("=", "+", "-", "@", "\t", "\r")):
        return f"'{value}"
    return "" if value is None else value
