"""What a backup consists of: a line for every file, and whether they are all there, unchanged."""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path

from personae.errors import InvalidRequest

MANIFEST = "manifest.jsonl"


@dataclass(frozen=True, slots=True)
class Line:
    """One file of a backup.

    Attributes
    ----------
    path : str
        Below the backup's folder, with ``/`` between its parts.
    size : int, bytes
    sha256 : str, 64 hexadecimal digits
    """

    path: str
    size: int
    sha256: str


def write_manifest(folder: Path) -> tuple[list[Line], str]:
    """Write down every file that lies in a folder.

    Returns
    -------
    lines : list of Line
    digest : str, 64 hexadecimal digits
        SHA-256 of the manifest itself, so that a cut one is found out.
    """
    lines = [Line(path, *_measured(file)) for path, file in sorted(_files(folder).items())]
    written = "".join(f"{json.dumps(asdict(line))}\n" for line in lines).encode()
    replace_with(folder / MANIFEST, written)
    return lines, hashlib.sha256(written).hexdigest()


def checked_lines(folder: Path, digest: str, besides: str) -> list[Line]:
    """The lines of a backup's manifest, once every file is found to be as it says.

    Parameters
    ----------
    folder : Path
    digest : str, 64 hexadecimal digits
        Of the manifest, as `write_manifest` gave it.
    besides : str
        The one file that is in the folder and, as it names the manifest, not in it.

    Raises
    ------
    InvalidRequest
        If the manifest or any file is missing, cut off, changed, or one too many.
    """
    try:
        written = (folder / MANIFEST).read_bytes()
    except OSError:
        raise _damaged(f"{MANIFEST}, the list of its files, is not there") from None
    if hashlib.sha256(written).hexdigest() != digest:
        raise _damaged(f"{MANIFEST}, the list of its files, has changed")
    lines = [Line(**json.loads(line)) for line in written.splitlines()]
    wrong = list(_wrong(lines, _files(folder), {MANIFEST, besides}))
    if wrong:
        are = "1 file is wrong" if len(wrong) == 1 else f"{len(wrong)} files are wrong"
        raise _damaged(f"{are}, the first of them {wrong[0]}")
    return lines


def replace_with(file: Path, content: bytes) -> None:
    """Write a file that is there whole or not at all."""
    part = file.with_name(f".{file.name}.part")
    with part.open("wb") as opened:
        opened.write(content)
        opened.flush()
        os.fsync(opened.fileno())
    part.replace(file)


def _damaged(what: str) -> InvalidRequest:
    return InvalidRequest(
        f"The backup is damaged: {what}; nothing was restored, take another copy of it."
    )


def _wrong(lines: list[Line], files: dict[str, Path], known: set[str]) -> Iterator[str]:
    """Every file that is not as it was, with what is wrong with it."""
    for line in lines:
        # Only what was found below the folder is opened, whatever the manifest names.
        file = files.get(line.path)
        if file is None:
            yield f"{line.path}: it is missing"
            continue
        try:
            there = file.stat().st_size
            if there != line.size:
                yield f"{line.path}: it has {there} bytes, not {line.size}"
            elif _measured(file)[1] != line.sha256:
                yield f"{line.path}: its content has changed"
        except OSError as error:
            yield f"{line.path}: it cannot be read ({error.strerror})"
    for path in sorted(files.keys() - known - {line.path for line in lines}):
        yield f"{path}: it does not belong to the backup"


def _measured(file: Path) -> tuple[int, str]:
    with file.open("rb") as opened:
        digest = hashlib.file_digest(opened, "sha256").hexdigest()
        return opened.tell(), digest


def _files(folder: Path) -> dict[str, Path]:
    return {
        (Path(where) / name).relative_to(folder).as_posix(): Path(where) / name
        for where, _, names in os.walk(folder)
        for name in names
    }
