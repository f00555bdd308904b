"""Which pairs are chosen, and what lists of pairs may say."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from itertools import groupby
from pathlib import Path

import numpy as np
import pytest

from personae.errors import InvalidRequest, MediaUnreachable
from personae.evaluating.pairs import Pair, choose_clip_pairs, choose_pairs, read_pairs
from personae.evaluating.people import Clip, People, Person, Photo

PIXELS = np.zeros((2, 2, 3), np.uint8)


def people_of(photos: Mapping[str, int]) -> People:
    """People by name, each with so many photos."""
    persons = [
        Person(name, tuple(Photo(f"{name}/{i}.png", name, PIXELS) for i in range(count)))
        for name, count in photos.items()
    ]
    return People("somewhere", tuple(persons))


MANY = people_of({f"p{i:02}": 1 + i % 3 for i in range(20)})


def keys(pairs: list[Pair]) -> list[tuple[str, str]]:
    return [pair.key for pair in pairs]


def test_the_same_seed_gives_the_same_pairs_and_another_seed_others() -> None:
    chosen = keys(choose_pairs(MANY, 30, 7))
    assert chosen == keys(choose_pairs(MANY, 30, 7))
    assert set(chosen) != set(keys(choose_pairs(MANY, 30, 8)))


def test_the_order_in_the_folder_does_not_matter() -> None:
    backwards = People("somewhere", MANY.persons[::-1])
    assert set(keys(choose_pairs(MANY, 30, 7))) == set(keys(choose_pairs(backwards, 30, 7)))


def test_nobody_is_put_on_themselves_and_no_pair_comes_twice() -> None:
    chosen = choose_pairs(MANY, 60, 1)
    assert len(set(keys(chosen))) == 60
    assert all(pair.donor.name != pair.scene.person for pair in chosen)


def test_everybody_gets_about_the_same_share() -> None:
    donors = Counter(pair.donor.name for pair in choose_pairs(MANY, 60, 1))
    assert len(donors) == 20
    assert max(donors.values()) <= 6


def test_pairs_come_donor_by_donor() -> None:
    for count in (30, 300, None):
        names = [pair.donor.name for pair in choose_pairs(MANY, count, 1)]
        assert len([name for name, _ in groupby(names)]) == len(set(names))


def test_all_pairs_and_more_than_there_are() -> None:
    few = people_of({"ann": 2, "bob": 1, "cid": 1})
    every = keys(choose_pairs(few, None, 0))
    assert len(every) == 2 + 3 + 3
    assert keys(choose_pairs(few, 500, 9)) == every
    assert len(choose_pairs(few, 7, 9)) == 7


def test_a_swap_needs_two_people() -> None:
    with pytest.raises(InvalidRequest, match="1 person; a swap needs two"):
        choose_pairs(people_of({"ann": 5}), 3, 0)


def test_clips_get_somebody_else() -> None:
    clips = [Clip(f"p{i:02}/walk.mp4", f"p{i:02}", Path("walk.mp4")) for i in range(20)]
    chosen = choose_clip_pairs(MANY, clips, 3)
    assert [pair.scene for pair in chosen] == clips
    assert all(pair.donor.name != pair.scene.person for pair in chosen)


def test_a_list_of_pairs(tmp_path: Path) -> None:
    path = tmp_path / "pairs.csv"
    clip = Clip("walk.mp4", "", tmp_path / "walk.mp4")
    path.write_text(
        "donor,scene\n# a remark\n\np05,p02/0.png\np04/1.png,p05/0\np01/0.png p03/0.png\n"
        "p00\twalk\np05,p02/0.png\n"
    )
    assert keys(read_pairs(path, MANY, [clip])) == [
        ("p00/0.png", "walk.mp4"),
        ("p01/0.png", "p03/0.png"),
        ("p04/1.png", "p05/0.png"),
        ("p05/0.png", "p02/0.png"),
    ]


def test_names_may_be_short_where_only_one_has_them(tmp_path: Path) -> None:
    persons = [
        Person(name, tuple(Photo(f"{name}/{photo}", name, PIXELS) for photo in photos))
        for name, photos in {"7": ("7-0.png", "same.png"), "9": ("9-0.png", "same.png")}.items()
    ]
    people, path = People("somewhere", tuple(persons)), tmp_path / "pairs.txt"
    path.write_text("7-0.png 9-0.png\n9-0 7-0\n")  # as public lists have them
    assert keys(read_pairs(path, people)) == [
        ("7/7-0.png", "9/9-0.png"),
        ("9/9-0.png", "7/7-0.png"),
    ]
    path.write_text("7-0.png same.png\n")
    with pytest.raises(InvalidRequest, match=r"names same\.png"):
        read_pairs(path, people)


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("p01,nobody.png\n", "Line 1 of pairs.csv names nobody.png"),
        ("\nwho,p01/0.png\n", "Line 2 of pairs.csv names who"),
        ("p01\n", "names no scene"),
        ("walk.mp4,p01/0.png\n", "names walk.mp4"),
        ("# nothing\n", "holds no pair"),
    ],
)
def test_a_list_that_means_nothing(tmp_path: Path, text: str, told: str) -> None:
    path = tmp_path / "pairs.csv"
    path.write_text(text)
    with pytest.raises(InvalidRequest, match=told):
        read_pairs(path, MANY, [Clip("walk.mp4", "", Path("walk.mp4"))])


def test_a_list_that_cannot_be_read(tmp_path: Path) -> None:
    with pytest.raises(MediaUnreachable, match=r"pair list none\.csv cannot be read"):
        read_pairs(tmp_path / "none.csv", MANY)
    path = tmp_path / "pairs.csv"
    path.write_bytes(b"\xff\xfe\x00\x81")
    with pytest.raises(InvalidRequest, match="no text"):
        read_pairs(path, MANY)
