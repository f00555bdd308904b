"""What can be imported into the register, and what is known of an import that stopped."""

from __future__ import annotations

import base64
import json
from pathlib import Path

import pytest

from personae.cli.admin.register_files import Done, read_people
from personae.errors import InvalidRequest, MediaUnreachable


def test_a_folder_has_a_person_in_each_folder_and_each_picture(tmp_path: Path) -> None:
    (tmp_path / "Ada L").mkdir()
    for name in ("Ada L/2.png", "Ada L/1.JPG", "Ben.webp", "notes.txt", ".hidden.png"):
        (tmp_path / name).write_bytes(b"x")
    (tmp_path / "empty").mkdir()
    people = read_people(tmp_path)
    told = [(one.fields["name"], [path.name for path in one.photos]) for one in people]
    assert told == [("Ada L", ["1.JPG", "2.png"]), ("Ben", ["Ben.webp"])]


def test_a_table_names_photos_beside_it(tmp_path: Path) -> None:
    table = tmp_path / "people.csv"
    table.write_text(
        "\ufeffname,photos,applies_to\nAda,a.jpg; b/c.jpg,donor\n,d.jpg,\n", encoding="utf-8"
    )
    first, second = read_people(table)
    assert first.fields == {"name": "Ada", "applies_to": "donor"}
    assert first.photos == (tmp_path / "a.jpg", tmp_path / "b/c.jpg")
    assert (second.label, second.fields) == ("line 3", {})


@pytest.mark.parametrize("text", ["name,applies_to\nAda,donor\n", "photos,faces\na.jpg,2\n", ""])
def test_a_table_with_other_columns_is_refused(tmp_path: Path, text: str) -> None:
    (tmp_path / "people.csv").write_text(text)
    with pytest.raises(InvalidRequest, match="columns"):
        read_people(tmp_path / "people.csv")


def test_an_export_is_read_back(tmp_path: Path) -> None:
    vector = bytes(512)
    line = {"name": "Ada", "applies_to": "scene", "expires_at": None, "id": "person_1", "faces": 1}
    embeddings = [base64.b64encode(vector).decode()]
    path = tmp_path / "people.jsonl"
    path.write_text(json.dumps({**line, "embeddings": embeddings}) + "\n\n")
    [person] = read_people(path)
    assert person.fields == {"name": "Ada", "applies_to": "scene"}
    assert person.embeddings == (vector,)
    path.write_text(json.dumps(line))
    with pytest.raises(InvalidRequest, match="--embeddings"):
        read_people(path)


def test_what_is_not_there_is_said(tmp_path: Path) -> None:
    with pytest.raises(MediaUnreachable):
        read_people(tmp_path / "nothing")
    (tmp_path / "picture.csv").write_bytes(b"\xff\xd8\xff\xe0")
    with pytest.raises(InvalidRequest):
        read_people(tmp_path / "picture.csv")


def test_an_import_goes_on_where_it_stopped(tmp_path: Path) -> None:
    (tmp_path / "a.png").write_bytes(b"one")
    (tmp_path / "b.png").write_bytes(b"two")
    first, second = read_people(tmp_path)
    Done(tmp_path / "done" / "x").note(first.digest, "person_1")
    with (tmp_path / "done" / "x").open("a") as file:
        file.write(second.digest[:10])  # Killed in the middle of a line.
    again = Done(tmp_path / "done" / "x")
    assert again.person(first.digest) == "person_1"
    assert again.person(second.digest) is None
    (tmp_path / "a.png").write_bytes(b"another photo")
    assert again.person(read_people(tmp_path)[0].digest) is None
