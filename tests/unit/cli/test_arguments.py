"""What people write is understood, or refused in one sentence that says what to write."""

from __future__ import annotations

from pathlib import Path

import pytest

from personae.cli.arguments import (
    Inputs,
    MapArgument,
    check_output,
    parse_face,
    parse_map,
    parse_models,
    parse_quality,
    parse_size,
    parse_span,
    parse_time,
    sort_inputs,
)
from personae.errors import InvalidRequest, MediaUnreachable


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("0", 0),
        ("90", 90),
        ("90.25", 90.25),
        (".5", 0.5),
        ("1:30", 90),
        ("1:05.5", 65.5),
        ("75:00", 4500),
        ("1:02:03", 3723),
        (" 10 ", 10),
        ("0:00:00.04", 0.04),
    ],
)
def test_times(text: str, seconds: float) -> None:
    assert parse_time(text, "--start") == pytest.approx(seconds)


@pytest.mark.parametrize(
    "text", ["", "-1", "1:60", "1:60:00", "1m", "1:2:3:4", "inf", "nan", "1e3"]
)
def test_what_is_no_time(text: str) -> None:
    with pytest.raises(InvalidRequest, match="--start"):
        parse_time(text, "--start")


def test_spans() -> None:
    assert parse_span(None, None) == (None, None)
    assert parse_span("1:00", "61") == (60, 61)
    assert parse_span(None, "2") == (None, 2)
    for start, end in (("5", "5"), ("6", "5"), (None, "0")):
        with pytest.raises(InvalidRequest, match="--end"):
            parse_span(start, end)


def test_faces() -> None:
    assert parse_face("largest") == "largest"
    assert parse_face("ALL") == "all"
    assert parse_face("0") == 0
    assert parse_face("12") == 12
    for text in ("", "-1", "first", "1.5"):
        with pytest.raises(InvalidRequest, match="largest, all"):
            parse_face(text)


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A working folder with some empty files."""
    for name in ("d.jpg", "e.jpg", "r.jpg", "a=b.jpg", "c,d.jpg", "x", "x=y", "y=z", "z"):
        (tmp_path / name).touch()
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("d.jpg=r.jpg", MapArgument((Path("d.jpg"),), like=Path("r.jpg"))),
        ("d.jpg=2", MapArgument((Path("d.jpg"),), face=2)),
        ("d.jpg,e.jpg=r.jpg", MapArgument((Path("d.jpg"), Path("e.jpg")), like=Path("r.jpg"))),
        ("a=b.jpg=r.jpg", MapArgument((Path("a=b.jpg"),), like=Path("r.jpg"))),
        ("d.jpg=a=b.jpg", MapArgument((Path("d.jpg"),), like=Path("a=b.jpg"))),
        ("a=b.jpg=a=b.jpg", MapArgument((Path("a=b.jpg"),), like=Path("a=b.jpg"))),
        ("c,d.jpg=r.jpg", MapArgument((Path("c,d.jpg"),), like=Path("r.jpg"))),
    ],
)
@pytest.mark.usefixtures("folder")
def test_maps(text: str, expected: MapArgument) -> None:
    assert parse_map(text) == expected


@pytest.mark.usefixtures("folder")
def test_maps_with_whole_paths(folder: Path) -> None:
    donor, like = folder / "d.jpg", folder / "a=b.jpg"
    assert parse_map(f"{donor}={like}") == MapArgument((donor,), like=like)


@pytest.mark.parametrize("text", ["", "d.jpg", "="])
@pytest.mark.usefixtures("folder")
def test_maps_without_a_sign(text: str) -> None:
    with pytest.raises(InvalidRequest, match="DONOR=REFERENCE_FACE"):
        parse_map(text)


@pytest.mark.usefixtures("folder")
def test_maps_that_could_mean_two_things() -> None:
    with pytest.raises(InvalidRequest, match="several ways"):
        parse_map("x=y=z")


@pytest.mark.parametrize(
    ("text", "missing"),
    [
        ("gone.jpg=r.jpg", "gone.jpg"),
        ("d.jpg=gone.jpg", "gone.jpg"),
        ("d.jpg,gone.jpg=r.jpg", "gone.jpg"),
        ("=r.jpg", "a name"),
        ("d.jpg=", "a name"),
        ("gone.jpg=1", "gone.jpg"),
    ],
)
@pytest.mark.usefixtures("folder")
def test_maps_name_what_is_missing(text: str, missing: str) -> None:
    with pytest.raises(MediaUnreachable, match=f": {missing} does not exist"):
        parse_map(text)


DONOR, SCENE, MORE = Path("d.jpg"), Path("scene.mp4"), Path("e.jpg")


@pytest.mark.usefixtures("folder")
def test_donor_and_scene_are_told_apart() -> None:
    assert sort_inputs([DONOR, SCENE], [], []) == Inputs(SCENE, (DONOR,), ())
    assert sort_inputs([SCENE], [DONOR, MORE], []) == Inputs(SCENE, (DONOR, MORE), ())
    assert sort_inputs([DONOR, SCENE], [MORE], []) == Inputs(SCENE, (DONOR, MORE), ())
    mapped = sort_inputs([SCENE], [], ["d.jpg=r.jpg", "e.jpg=0"])
    assert mapped.scene == SCENE
    assert [one.donors for one in mapped.maps] == [(DONOR,), (MORE,)]


@pytest.mark.parametrize(
    ("paths", "donors", "maps", "message"),
    [
        ([], [], [], "Give a DONOR and a SCENE"),
        ([SCENE], [], [], "Give a DONOR and a SCENE"),
        ([], [DONOR], [], "Give a DONOR and a SCENE"),
        ([DONOR, MORE, SCENE], [], [], "one path too many"),
        ([SCENE], [DONOR], ["d.jpg=r.jpg"], "either --donor or --map"),
        ([DONOR, SCENE], [], ["d.jpg=r.jpg"], "just the SCENE"),
    ],
)
def test_too_little_and_too_much(
    paths: list[Path], donors: list[Path], maps: list[str], message: str
) -> None:
    with pytest.raises(InvalidRequest, match=message):
        sort_inputs(paths, donors, maps)


def test_output_must_not_be_an_input(folder: Path) -> None:
    check_output(folder / "new.jpg", [folder / "d.jpg", folder / "gone.jpg"])
    check_output(folder / "e.jpg", [folder / "d.jpg"])
    (folder / "link.jpg").symlink_to(folder / "d.jpg")
    for name in ("d.jpg", "link.jpg", "../" + folder.name + "/d.jpg"):
        with pytest.raises(InvalidRequest, match="also an input"):
            check_output(folder / name, [folder / "e.jpg", Path("d.jpg")])


@pytest.mark.parametrize(
    ("text", "sides"),
    [
        ("1080p", (1920, 1080)),
        ("2K", (2560, 1440)),
        ("4k", (3840, 2160)),
        ("1920x1080", (1920, 1080)),
        ("1080X1920", (1920, 1080)),
        ("500x500", (500, 500)),
        ("64x64", (64, 64)),
    ],
)
def test_sizes(text: str, sides: tuple[int, int]) -> None:
    assert parse_size(text) == sides


@pytest.mark.parametrize("text", ["", "1080", "x1080", "8k", "-1x5", "1.5x2", "1920x63"])
def test_what_is_no_size_is_refused(text: str) -> None:
    with pytest.raises(InvalidRequest, match="--max-size"):
        parse_size(text)


@pytest.mark.parametrize(
    ("given", "understood"),
    [
        ((), ("standard", None)),
        (("best",), ("best", None)),
        (("70",), ("standard", 70)),
        (("70", "draft"), ("draft", 70)),
    ],
)
def test_quality_is_a_word_a_number_or_both(
    given: tuple[str, ...], understood: tuple[str, int | None]
) -> None:
    assert parse_quality(given) == understood


@pytest.mark.parametrize("given", [("superb",), ("0",), ("101",), ("best", "draft"), ("1", "2")])
def test_other_qualities_are_refused(given: tuple[str, ...]) -> None:
    with pytest.raises(InvalidRequest, match="--quality"):
        parse_quality(given)


def test_models_are_left_to_the_level_named_or_off() -> None:
    assert parse_models(None) is None
    assert parse_models(["off"]) == ()
    assert parse_models(["xseg_1", "xseg_2"]) == ("xseg_1", "xseg_2")
    with pytest.raises(InvalidRequest, match="off"):
        parse_models(["off", "xseg_1"])
