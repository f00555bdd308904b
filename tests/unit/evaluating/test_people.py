"""What a folder is taken for, hostile ones included."""

from __future__ import annotations

from pathlib import Path

import pytest
from PIL import Image

from clips import write_clip
from personae.errors import InvalidRequest, MediaUnreachable
from personae.evaluating.people import read_clip, read_people, sentence


def photo(path: Path) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.new("RGB", (8, 8), (120, 90, 70)).save(path)
    return path


def test_a_flat_folder_is_one_photo_a_person(tmp_path: Path) -> None:
    for name in ("b.png", "a.jpg"):
        photo(tmp_path / name)
    people = read_people(tmp_path)
    assert [person.name for person in people.persons] == ["a.jpg", "b.png"]
    alone = people.persons[0]
    assert alone.donor is alone.references[0]


def test_a_folder_a_person_holds_several_photos(tmp_path: Path) -> None:
    for name in ("ann/2.png", "ann/1.png", "ann/later/3.png", "bob/1.png", "cid.png"):
        photo(tmp_path / name)
    people = read_people(tmp_path)
    assert {one.name: [p.name for p in one.photos] for one in people.persons} == {
        "ann": ["ann/1.png", "ann/2.png", "ann/later/3.png"],
        "bob": ["bob/1.png"],
        "cid.png": ["cid.png"],
    }
    ann = people.persons[0]
    assert ann.donor.name == "ann/1.png"
    assert [p.name for p in ann.references] == ["ann/2.png", "ann/later/3.png"]


def test_content_decides_and_what_is_wrong_is_told(tmp_path: Path) -> None:
    photo(tmp_path / "a.png").rename(tmp_path / "a.dat")  # a picture all the same
    (tmp_path / "empty.png").write_bytes(b"")
    (tmp_path / "page.jpg").write_text("<html>no picture</html>")
    (tmp_path / "notes.txt").write_text("notes")
    (tmp_path / ".hidden.png").write_bytes(b"")
    people = read_people(tmp_path)
    assert [person.name for person in people.persons] == ["a.dat"]
    assert {one.name: one.code for one in people.problems} == {
        "empty.png": "media_unreadable",
        "page.jpg": "media_unsupported",
    }
    assert all(str(tmp_path) not in one.message for one in people.problems)
    assert people.ignored == 1


def test_clips_are_scenes_of_their_person(tmp_path: Path) -> None:
    photo(tmp_path / "ann" / "1.png")
    write_clip(tmp_path / "ann" / "walk.mp4", frames=3)
    people = read_people(tmp_path)
    assert [(clip.name, clip.person) for clip in people.clips] == [("ann/walk.mp4", "ann")]
    alone = read_clip(tmp_path / "ann" / "walk.mp4")
    assert (alone.name, alone.person) == ("walk.mp4", "")
    with pytest.raises(InvalidRequest, match="neither a video nor an animation"):
        read_clip(tmp_path / "ann" / "1.png")


def test_no_folder(tmp_path: Path) -> None:
    with pytest.raises(MediaUnreachable, match="does not exist"):
        read_people(tmp_path / "nowhere")
    with pytest.raises(MediaUnreachable, match="is a file"):
        read_people(photo(tmp_path / "a.png"))


def test_messages_name_files_as_the_tables_do(tmp_path: Path) -> None:
    path = tmp_path / "ann" / "1.png"
    assert sentence(f"The donor {path} is damaged.", path, "ann/1.png") == (
        "The donor ann/1.png is damaged."
    )
