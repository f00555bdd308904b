"""Files of many people for the register: what can be imported, and what was imported already."""

from __future__ import annotations

import base64
import csv
import hashlib
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from personae.errors import InvalidRequest, MediaUnreachable

PICTURES = frozenset({".jpg", ".jpeg", ".png", ".webp", ".avif", ".bmp", ".tif", ".tiff", ".gif"})
_COLUMNS = ("photos", "name", "applies_to", "reason", "origin", "expires_at")


@dataclass(frozen=True, slots=True)
class Wanted:
    """One person of an import: fields of an entry, and photos or embeddings.

    ``label``: what messages call them.
    """

    label: str
    fields: dict[str, str]
    photos: tuple[Path, ...] = ()
    embeddings: tuple[bytes, ...] = ()

    @property
    def digest(self) -> str:
        """Of everything that the entry would be made of, to know it again."""
        told = hashlib.sha256(json.dumps(self.fields, sort_keys=True).encode())
        for photo in self.photos:
            with photo.open("rb") as file:
                told.update(hashlib.file_digest(file, "sha256").digest())
        for one in self.embeddings:
            told.update(one)
        return told.hexdigest()


def read_people(path: Path) -> list[Wanted]:
    """The people of a folder, a CSV file or an export (``.jsonl``).

    In a folder each subfolder is one person, called like it, and each picture beside them another.

    Raises
    ------
    InvalidRequest, MediaUnreachable
    """
    if path.is_dir():
        return list(_of_folder(path))
    if not path.is_file():
        raise MediaUnreachable(f"{path} is no file and no folder.", retryable=False)
    try:
        if path.suffix.lower() == ".jsonl":
            return list(_of_export(path))
        return list(_of_table(path))
    except (UnicodeDecodeError, csv.Error) as error:
        raise InvalidRequest(f"{path} is not a table in UTF-8: {error}.") from error


def _of_folder(folder: Path) -> Iterator[Wanted]:
    for one in sorted(folder.iterdir()):
        if one.name.startswith("."):
            continue
        if one.is_dir():
            photos = tuple(sorted(p for p in one.iterdir() if p.suffix.lower() in PICTURES))
            if photos:
                yield Wanted(one.name, {"name": one.name}, photos)
        elif one.suffix.lower() in PICTURES:
            yield Wanted(one.stem, {"name": one.stem}, (one,))


def _of_table(path: Path) -> Iterator[Wanted]:
    with path.open(encoding="utf-8-sig", newline="") as file:
        table = csv.DictReader(file)
        unknown = set(table.fieldnames or ()) - set(_COLUMNS)
        if unknown or "photos" not in (table.fieldnames or ()):
            raise InvalidRequest(
                f"The columns of {path} are {', '.join(_COLUMNS)}, the first of which is needed."
            )
        for row in table:
            photos = [one.strip() for one in (row.pop("photos") or "").split(";") if one.strip()]
            fields = {name: value or "" for name, value in row.items() if value}
            label = fields.get("name") or f"line {table.line_num}"
            yield Wanted(label, fields, tuple(path.parent / one for one in photos))


def _of_export(path: Path) -> Iterator[Wanted]:
    with path.open(encoding="utf-8") as file:
        for number, line in enumerate(file, 1):
            if not line.strip():
                continue
            try:
                told: Mapping[str, Any] = json.loads(line)
                fields = {n: str(told[n]) for n in _COLUMNS[1:] if told.get(n)}
                embeddings = tuple(base64.b64decode(one) for one in told["embeddings"])
            except (ValueError, KeyError, TypeError) as error:
                raise InvalidRequest(
                    f"Line {number} of {path} has no embeddings; export it with --embeddings."
                ) from error
            yield Wanted(fields.get("name") or f"line {number}", fields, (), embeddings)


class Done:
    """Which people of an import are in the register already, kept in a file of the service's.

    It holds digests and entries, no names: an import that was interrupted goes on where it stopped.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._known: dict[str, str] = {}
        if path.is_file():
            for line in path.read_text("ascii").splitlines():
                digest, _, person_id = line.partition(" ")
                if person_id:
                    self._known[digest] = person_id

    def person(self, digest: str) -> str | None:
        """The entry that was made of this."""
        return self._known.get(digest)

    def note(self, digest: str, person_id: str) -> None:
        """Remember that this is done."""
        self._known[digest] = person_id
        self._path.parent.mkdir(parents=True, exist_ok=True)
        with self._path.open("a", encoding="ascii") as file:
            file.write(f"{digest} {person_id}\n")
