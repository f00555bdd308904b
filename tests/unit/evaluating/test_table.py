"""How rows become a line, and how numbers are written beside earlier ones."""

from __future__ import annotations

import csv
import io
from dataclasses import replace

import pytest

from personae.evaluating.page import told
from personae.evaluating.rows import Row
from personae.evaluating.table import (
    CLIP_COLUMNS,
    PICTURE_COLUMNS,
    is_better,
    markdown_table,
    shown,
    summarise,
)

GOOD = Row(
    engine="mesh",
    donor="a.png",
    person="a.png",
    scene="b.png",
    retrieved=True,
    retrieved_among_donors=True,
    nearest="a.png",
    similarity=0.9,
    unswapped=0.8,
    to_scene=0.85,
    pose_deg=2.0,
    expression=6.0,
    colour=1.0,
    outside=0,
    cpu_ms=40.0,
)
BAD = replace(
    GOOD, retrieved=False, similarity=0.85, pose_deg=4.0, expression=12.0, outside=3, nearest="c"
)
REFUSED = Row(
    engine="mesh",
    donor="z.png",
    person="z.png",
    scene="b.png",
    outcome="donor_refused",
    message=".",
)
LOST = replace(
    GOOD, outcome="output_without_face", retrieved=False, similarity=None, pose_deg=None,
    expression=None,
)  # fmt: skip
COLUMNS = {column.key: column for column in PICTURE_COLUMNS}


def test_means_over_what_could_be_measured() -> None:
    line = summarise([GOOD, BAD, REFUSED])
    assert line["pairs"] == 2
    assert line["id_retrieval"] == 50
    assert line["id_similarity"] == pytest.approx(0.875)
    assert line["id_way"] == pytest.approx((50 + 25) / 2)
    assert line["pose_error"] == 3
    assert line["outside"] == 3
    assert (line["donor_refused"], line["not_swapped"]) == (1, 0)


def test_an_output_without_a_face_counts_against_retrieval_only() -> None:
    line = summarise([GOOD, LOST])
    assert (line["pairs"], line["id_retrieval"], line["output_without_face"]) == (2, 50, 1)
    assert line["id_similarity"] == pytest.approx(0.9)


def test_what_failed_is_counted_and_hidden_nowhere() -> None:
    rows = [replace(REFUSED, outcome=one) for one in ("unreadable", "failed", "gate_refused")]  # pyright: ignore[reportArgumentType]
    line = summarise(rows)
    assert (line["pairs"], line["not_swapped"]) == (0, 3)
    assert (line["unreadable"], line["failed"], line["gate_refused"]) == (1, 1, 1)
    assert line["id_retrieval"] is None
    assert "| - |" in markdown_table(PICTURE_COLUMNS, [("mesh", line)])


def test_every_column_is_in_every_line() -> None:
    line = summarise([GOOD])
    assert {column.key for column in (*PICTURE_COLUMNS, *CLIP_COLUMNS)} <= set(line)


def test_differences_beside_numbers() -> None:
    pose = COLUMNS["pose_error"]
    assert shown(pose, 2.914, None) == "2.91"
    assert shown(pose, 2.5, 3.0) == "2.50 (-0.50)"
    assert shown(pose, 3.001, 3.0) == "3.00 (±0)"
    assert shown(pose, None, 3.0) == "-"
    text = markdown_table(
        PICTURE_COLUMNS, [("mesh", summarise([GOOD]))], {"mesh": summarise([BAD])}
    )
    assert "2.00 (-2.00)" in text


def test_which_way_is_better() -> None:
    assert is_better(COLUMNS["pose_error"], 2.0, 3.0) is True
    assert is_better(COLUMNS["id_retrieval"], 80.0, 90.0) is False
    assert is_better(COLUMNS["pose_error"], 2.001, 2.002) is None
    assert is_better(COLUMNS["pairs"], 5, 3) is None
    assert is_better(COLUMNS["cpu_ms"], 47.0, 45.0) is None  # a clock is never that even
    assert is_better(COLUMNS["cpu_ms"], 90.0, 45.0) is False
    jitter = next(column for column in CLIP_COLUMNS if column.key == "jitter")
    assert is_better(jitter, 1.1, 0.7) is True
    assert is_better(jitter, 2.0, 1.5) is False


def test_trouble_puts_the_worst_first() -> None:
    by_trouble = sorted([GOOD, REFUSED, BAD, LOST], key=lambda row: -row.trouble)
    assert by_trouble == [REFUSED, LOST, BAD, GOOD]


def test_a_row_in_words() -> None:
    assert told(GOOD).startswith("identity 0.900 (unswapped 0.800), pose 2.0°, expression 6.0 %")
    assert "looks more like c" in told(BAD)
    assert "outside the mask 3" in told(BAD)
    assert told(REFUSED) == "."


def test_rows_survive_json_and_csv() -> None:
    values = GOOD.to_json()
    assert values["similarity"] == 0.9
    assert replace(GOOD, similarity=float("nan")).to_json()["similarity"] is None
    file = io.StringIO()
    csv.writer(file).writerow(values.values())
    assert file.getvalue().startswith("mesh,a.png")
