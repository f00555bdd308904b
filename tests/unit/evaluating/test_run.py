"""Whole evaluations on two real people."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path

import numpy as np
import pytest
from people_lab import breaking, eraser, nothing, two_people
from PIL import Image

from faces import headshot
from personae.adapters.model_store import ModelStore
from personae.engine.types import UInt8
from personae.errors import Canceled, InvalidRequest
from personae.evaluating.engines import Contender, contender
from personae.evaluating.features import Features
from personae.evaluating.pairs import choose_pairs
from personae.evaluating.people import People, Person, Photo, Problem
from personae.evaluating.report import NAMES, as_json, read_baseline, write_report
from personae.evaluating.run import Evaluation, Evaluator, Settings, Step

pytestmark = pytest.mark.usefixtures("store")
SETTINGS = Settings(gate=None, worst=4, best=2)


@pytest.fixture(scope="module")
def evaluation(store: ModelStore) -> Evaluation:
    people = two_people()
    contenders = [contender("mesh"), nothing(), eraser(), breaking()]
    return Evaluator(people, choose_pairs(people, None, 0), contenders, SETTINGS).run()


def line(evaluation: Evaluation, engine: str) -> dict[str, float | int | None]:
    return next(one.pictures for one in evaluation.results if one.engine == engine)


def test_the_mesh_engine_brings_the_donor_over(evaluation: Evaluation) -> None:
    mesh = line(evaluation, "mesh")
    assert mesh["pairs"] == 4
    assert (mesh["id_retrieval"] or 0) >= 75  # Hopper's glasses stay on, and she in them
    assert mesh["outside"] == 0
    assert (mesh["same_photo"], mesh["not_swapped"]) == (0, 0)
    similarity, before = mesh["id_similarity"], mesh["id_unswapped"]
    assert similarity is not None
    assert before is not None
    assert similarity > before + 0.02
    assert 0 < (mesh["pose_error"] or 0) < 10
    assert 0 < (mesh["expression_error"] or 0) < 25
    assert (mesh["cpu_ms"] or 0) > 0


def test_doing_nothing_keeps_everything_and_brings_nobody(evaluation: Evaluation) -> None:
    still = line(evaluation, "nothing")
    assert still["id_retrieval"] == 0
    assert still["id_similarity"] == still["id_unswapped"]
    assert (still["pose_error"], still["expression_error"], still["colour"]) == (0, 0, 0)
    assert still["outside"] == 0


def test_an_output_without_a_face_is_counted_and_so_is_what_it_broke(
    evaluation: Evaluation,
) -> None:
    erased = line(evaluation, "eraser")
    assert (erased["output_without_face"], erased["id_retrieval"]) == (4, 0)
    assert erased["id_similarity"] is None
    assert (erased["outside"] or 0) > 50  # it changed what its mask says it did not


def test_an_engine_that_breaks_does_not_stop_the_others(evaluation: Evaluation) -> None:
    broken = next(one for one in evaluation.results if one.engine == "breaking")
    assert (broken.pictures["failed"], broken.pictures["pairs"]) == (4, 0)
    assert broken.rows[0].message == "The engine breaking failed: ZeroDivisionError."


def test_the_report_is_four_files_and_its_page_asks_for_nothing(
    evaluation: Evaluation, tmp_path: Path
) -> None:
    named = replace(
        evaluation,
        people=replace(evaluation.people, name="<script>alert(1)</script>"),
        problems=(Problem("x", "media_unreadable", "<img src=http://example.org/x>"),),
    )
    written = write_report(tmp_path, named, None)
    assert [path.name for path in written] == list(NAMES)
    assert sorted(path.name for path in tmp_path.iterdir()) == sorted(NAMES)
    text = (tmp_path / "evaluation.html").read_text()

    class Reader(HTMLParser):
        def __init__(self) -> None:
            super().__init__()
            self.tags: list[str] = []
            self.addresses: list[str] = []

        def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
            self.tags.append(tag)
            self.addresses += [str(v) for k, v in attrs if k in ("src", "href", "action")]

    reader = Reader()
    reader.feed(text)
    assert not {"script", "link", "iframe", "form", "a"} & set(reader.tags)
    assert all(address.startswith("data:image/jpeg;base64,") for address in reader.addresses)
    # The worst four of each engine, and the best two of the two that have others left.
    assert reader.tags.count("figure") == 3 * 4 * 4
    assert "url(" not in text
    assert len((tmp_path / "evaluation.csv").read_text().splitlines()) == 1 + 4 * 4
    assert "| mesh |" in (tmp_path / "evaluation.md").read_text()
    assert str(tmp_path) not in "".join(path.read_text() for path in written)


def test_an_earlier_run_stands_beside(evaluation: Evaluation, tmp_path: Path) -> None:
    write_report(tmp_path, evaluation, None)
    before = read_baseline(tmp_path / "evaluation.json")
    assert before.differs(evaluation) is None
    write_report(tmp_path, evaluation, before)
    assert "(±0)" in (tmp_path / "evaluation.md").read_text()
    fewer = replace(evaluation, pairs=evaluation.pairs[:2])
    assert "other pairs" in (before.differs(fewer) or "")
    other = replace(evaluation, judge="another")
    assert "another embedder" in (before.differs(other) or "")


@pytest.mark.parametrize(
    "text",
    ["", "[]", "{}", "{", "[" * 100_000, '{"kind": "personae-evaluation", "format": 99}',
     '{"kind": "personae-evaluation", "format": 1, "engines": [], "settings": {}}',
     '{"kind": "personae-evaluation", "format": 1, "engines": 5, "settings": {}}'],
)  # fmt: skip
def test_a_baseline_that_is_none(tmp_path: Path, text: str) -> None:
    path = tmp_path / "old.json"
    path.write_text(text)
    with pytest.raises(InvalidRequest, match=r"old\.json is no evaluation"):
        read_baseline(path)


def test_json_says_what_was_measured(evaluation: Evaluation) -> None:
    data = json.loads(json.dumps(as_json(evaluation)))
    assert data["settings"]["judge"] == "dlib_resnet"
    assert data["settings"]["features"] is None
    assert [one["engine"] for one in data["engines"]] == ["mesh", "nothing", "eraser", "breaking"]
    assert {row["scene"] for row in data["engines"][0]["rows"]} == {
        photo.name for photo in evaluation.people.photos
    }


def test_stopping_leaves_at_once(store: ModelStore) -> None:
    people = two_people()
    steps: list[Step] = []
    evaluator = Evaluator(
        people,
        choose_pairs(people, None, 0),
        [nothing()],
        SETTINGS,
        progress=steps.append,
        should_stop=lambda: len(steps) == 2,
    )
    with pytest.raises(Canceled):
        evaluator.run()
    assert [step.frames_done for step in steps] == [1, 2]
    assert steps[0].frames_total == 4


def test_files_without_faces_are_counted_and_told_once(tmp_path: Path, store: ModelStore) -> None:
    wall = np.full((200, 160, 3), 120, np.uint8)
    damaged = tmp_path / "damaged.jpg"
    damaged.write_bytes(b"\xff\xd8\xff" + b"no picture" * 50)
    photos: dict[str, UInt8 | Path] = {
        "hopper": headshot("hopper"),
        "collins": headshot("collins"),
        "wall": wall,
        "damaged": damaged,
    }
    people = People(
        "mixed", tuple(Person(name, (Photo(name, name, image),)) for name, image in photos.items())
    )
    result = Evaluator(people, choose_pairs(people, None, 0), [contender("mesh")], SETTINGS).run()
    told = result.results[0].pictures
    assert (told["pairs"], told["same_photo"]) == (2, 2)
    assert (told["scene_without_face"], told["donor_without_face"], told["unreadable"]) == (2, 3, 5)
    assert sorted(one.name for one in result.problems) == ["damaged", "wall"]
    assert not any(str(tmp_path) in one.message for one in result.problems)
    assert result.gallery == 2
    shown = result.results[0].showcase.worst  # rows that an engine has to answer for, no others
    assert [one.row.outcome for one in shown] == ["swapped", "swapped"]


def test_the_fid_is_that_of_the_vectors(store: ModelStore) -> None:
    people = two_people()
    pairs = choose_pairs(people, None, 0)

    def brightness(batch: object) -> list[object]:
        planes = np.asarray(batch)
        return [planes.mean(axis=(2, 3))]

    features = Features("brightness", brightness, _picture())  # pyright: ignore[reportArgumentType]
    still = Evaluator(people, pairs, [nothing()], SETTINGS, features=features).run()
    assert still.results[0].pictures["fid"] == 0
    from people_lab import changing

    darker = Contender("darker", changing(lambda rgb: (rgb // 2).astype(np.uint8)))
    other = Evaluator(people, pairs, [darker], SETTINGS, features=features).run()
    assert (other.results[0].pictures["fid"] or 0) > 0.01
    assert other.features == "brightness"


def _picture() -> object:
    from personae.engine.card_roles import Picture

    return Picture("x", 64, "", "rgb", "nchw", (0.0, 0.0, 0.0), (1.0, 1.0, 1.0))


def test_pictures_on_the_page_are_small(evaluation: Evaluation) -> None:
    mesh = evaluation.results[0].showcase
    assert len(mesh.worst) == 4
    for shown in mesh.worst:
        for data in (shown.shots.donor, shown.shots.scene, shown.shots.output):
            assert re.match(rb"\xff\xd8\xff", data)
            assert len(data) < 40_000


def test_photos_from_files(tmp_path: Path, store: ModelStore) -> None:
    from personae.evaluating.people import read_people

    for name in ("hopper", "collins"):
        for height in (110, 130):
            folder = tmp_path / name
            folder.mkdir(exist_ok=True)
            Image.fromarray(headshot(name, height)).save(folder / f"{height}.png")
    people = read_people(tmp_path)
    settings = replace(SETTINGS, gate=0.9)
    result = Evaluator(people, choose_pairs(people, 2, 5), [contender("mesh")], settings).run()
    assert result.results[0].pictures["pairs"] == 2
    strict = replace(SETTINGS, gate=0.0)
    refused = Evaluator(people, choose_pairs(people, 2, 5), [contender("mesh")], strict).run()
    assert refused.results[0].pictures["gate_refused"] == 2
