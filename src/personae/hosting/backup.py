"""Saving a whole service while it works, and bringing it back in an empty place.

The database is saved first, as one snapshot, and the files after it: whatever the snapshot names
was there when the copying began. Files that are newer than the snapshot are copied in vain, and
swept after a restore. A manifest of all that was written goes last, and a restore goes by it.
"""

from __future__ import annotations

import json
import os
import shutil
import sqlite3
import subprocess
import time
from collections.abc import Iterable, Sequence
from contextlib import closing
from dataclasses import asdict, dataclass
from importlib import metadata
from pathlib import Path
from urllib.parse import unquote, urlsplit
from urllib.request import url2pathname

import sqlalchemy as sa

from personae.errors import Conflict, InvalidRequest, NotFound, Unavailable
from personae.hosting import wiring
from personae.hosting.backup_manifest import (
    MANIFEST,
    Line,
    checked_lines,
    replace_with,
    write_manifest,
)
from personae.hosting.settings import Settings

FACTS = "backup.json"
"""Written last: a folder without it is no whole backup."""
_SQLITE, _DUMP, _BLOBS = "personae.db", "personae.dump", "blobs"
_BESIDE = ("secret", "personae.toml", "signing")
"""Of the data folder, beside the database and the files."""
_PG_OPTIONS = ("--no-owner", "--no-privileges", "--exit-on-error")


@dataclass(frozen=True, slots=True)
class BackupFacts:
    """What a backup holds.

    Attributes
    ----------
    taken_at : float, seconds since 1970, UTC
        When the snapshot of the database was begun.
    version : str
        Of Personae; this one or a newer one can restore it.
    database : "sqlite" or "postgresql"
    audit_head : str
        ``N:HASH`` of the log when the backup began, for ``personae audit verify --head``; empty for
        an empty log.
    files, bytes : int
        Of the stored files; 0 if they are in an object store, which is saved by its own means.
    manifest : str
        The file beside this one that has a line for every other file: size and SHA-256.
    manifest_sha256 : str, 64 hexadecimal digits
        Of that file itself.
    """

    taken_at: float
    version: str
    database: str
    audit_head: str
    files: int
    bytes: int
    manifest: str
    manifest_sha256: str


def save(settings: Settings, folder: Path) -> BackupFacts:
    """Write a backup into a new or empty folder; the service may run and work.

    Raises
    ------
    Conflict
        If there is something in the folder.
    NotFound
        If there is no service yet, or pg_dump is not installed.
    Unavailable
        If the database does not let itself be saved.
    """
    folder.mkdir(parents=True, exist_ok=True)
    if any(folder.iterdir()):
        raise Conflict("There is something in that folder; name one that is new or empty.")
    taken_at = time.time()
    file = _sqlite_file(settings)
    if file is not None and not file.is_file():
        raise NotFound("There is no service in the data folder; name its folder with --data.")
    # Before the snapshot, which then has this line too.
    head = _head(settings)
    if file is None:
        _pg("pg_dump", settings.database, ["--format=custom", f"--file={folder / _DUMP}"])
    else:
        _snapshot(file, folder / _SQLITE)
    for name in _BESIDE:
        _copy(settings.data_dir / name, folder / name)
    blobs = _blobs_folder(settings)
    if blobs is not None:
        _copy_files(blobs, folder / _BLOBS)
    lines, digest = write_manifest(folder)
    facts = BackupFacts(
        taken_at,
        metadata.version("personae"),
        "sqlite" if file else "postgresql",
        head,
        *_stored(lines),
        MANIFEST,
        digest,
    )
    replace_with(folder / FACTS, (json.dumps(asdict(facts), indent=1) + "\n").encode())
    return facts


def restore(settings: Settings, folder: Path) -> BackupFacts:
    """Bring a backup back into the empty place that the settings name; start the service after it.

    Every file is looked at before the first is brought back.

    Raises
    ------
    NotFound
        If the folder holds no whole backup, or pg_restore is not installed.
    InvalidRequest
        If the backup is of the other kind of database, damaged, or too old to be checked.
    Conflict
        If there is a service already.
    """
    facts = _facts(folder)
    file = _sqlite_file(settings)
    if facts.database != ("sqlite" if file else "postgresql"):
        raise InvalidRequest(
            f"The backup is of {facts.database}; set PERSONAE_DATABASE_URL to a database of that "
            "kind."
        )
    blobs = _blobs_folder(settings)
    _refuse_over(file, settings)
    lines = checked_lines(folder, facts.manifest_sha256, FACTS)
    _refuse_strange_files(blobs, lines)
    if _stored(lines) != (facts.files, facts.bytes):
        raise InvalidRequest(f"The backup is damaged: {FACTS} has changed; nothing was restored.")
    settings.data_dir.mkdir(parents=True, exist_ok=True)
    for name in _BESIDE:
        _copy(folder / name, settings.data_dir / name)
    if blobs is not None and (folder / _BLOBS).is_dir():
        _copy_files(folder / _BLOBS, blobs)
    # The database last: what was broken off before can simply be done again.
    if file is None:
        dump = str(folder / _DUMP)
        _pg("pg_restore", settings.database, [*_PG_OPTIONS, "--single-transaction", dump])
    else:
        file.parent.mkdir(parents=True, exist_ok=True)
        part = file.with_name(f".{file.name}.part")
        shutil.copyfile(folder / _SQLITE, part)
        part.replace(file)
    return facts


def _facts(folder: Path) -> BackupFacts:
    try:
        told = json.loads((folder / FACTS).read_text("utf-8"))
        if "manifest" not in told:
            raise InvalidRequest(
                "That backup was made by an older version of Personae and has no list of its files "
                f"to check them by; restore it with that version ({told['version']}), upgrade, and "
                "save it anew."
            )
        return BackupFacts(**told)
    except (OSError, ValueError, TypeError, KeyError):
        raise NotFound(
            f"That folder holds no whole backup: {FACTS} is not in it, or damaged."
        ) from None


def _stored(lines: Iterable[Line]) -> tuple[int, int]:
    """How many stored files there are among them, and their bytes."""
    sizes = [line.size for line in lines if line.path.startswith(f"{_BLOBS}/")]
    return len(sizes), sum(sizes)


def _refuse_over(file: Path | None, settings: Settings) -> None:
    if file is None:
        engine = sa.create_engine(
            sa.make_url(settings.database).set(drivername="postgresql+psycopg"),
            poolclass=sa.NullPool,
        )
        there = sa.inspect(engine).has_table("tenants")
        engine.dispose()
    else:
        there = file.exists()
    if there:
        raise Conflict("There is a service already; restore into an empty database and folder.")


def _refuse_strange_files(blobs: Path | None, lines: Iterable[Line]) -> None:
    """Stored files may be there only if a restore of this very backup was broken off."""
    if blobs is None:
        return
    known = {line.path for line in lines}
    for path in _files_below(blobs):
        if f"{_BLOBS}/{path.relative_to(blobs).as_posix()}" not in known:
            raise Conflict("There are stored files already; restore into an empty folder.")


def _sqlite_file(settings: Settings) -> Path | None:
    if not settings.database.startswith("sqlite:///"):
        return None
    return Path(settings.database.removeprefix("sqlite:///"))


def _blobs_folder(settings: Settings) -> Path | None:
    parts = urlsplit(settings.storage)
    return Path(url2pathname(unquote(parts.path))) if parts.scheme == "file" else None


def _snapshot(file: Path, copy: Path) -> None:
    """SQLite's own online copy: one consistent state, whoever writes meanwhile."""
    try:
        with closing(sqlite3.connect(file, timeout=60)) as source:
            source.execute("VACUUM INTO ?", (str(copy),))
    except sqlite3.Error as error:
        raise Unavailable(f"The database did not let itself be saved: {error}.") from error


def _pg(program: str, url: str, arguments: Sequence[str]) -> None:
    """Run one of PostgreSQL's programs; the password goes by the environment, which `ps` hides."""
    parsed = sa.make_url(url)
    plain = parsed.set(drivername="postgresql", password=None).render_as_string()
    environment = dict(os.environ)
    if parsed.password:
        environment["PGPASSWORD"] = str(parsed.password)
    try:
        done = subprocess.run(
            [program, f"--dbname={plain}", *arguments],
            env=environment,
            capture_output=True,
            text=True,
        )
    except OSError:
        raise NotFound(
            f"{program} is not installed; install PostgreSQL's client programs of the server's "
            "version or a newer one."
        ) from None
    if done.returncode:
        last = (done.stderr.strip().splitlines() or ["it said nothing"])[-1]
        raise Unavailable(f"{program} failed: {last}")


def _head(settings: Settings) -> str:
    """The audit log's head; nothing is migrated, as a backup may be what goes before an upgrade."""
    with wiring.Opened(settings) as opened:
        head = opened.database.read(lambda tx: tx.audit.head())
    return "" if head is None else str(head)


def _copy(source: Path, target: Path) -> None:
    if source.is_dir():
        shutil.copytree(source, target, dirs_exist_ok=True)
    elif source.is_file():
        shutil.copy2(source, target)


def _copy_files(source: Path, target: Path) -> None:
    """Copy stored files, which never change once they are there."""
    for path in _files_below(source):
        copy = target / path.relative_to(source)
        copy.parent.mkdir(parents=True, exist_ok=True)
        try:
            shutil.copy2(path, copy)
        except FileNotFoundError:
            continue  # Deleted since: the service works.


def _files_below(folder: Path) -> Iterable[Path]:
    for where, folders, files in os.walk(folder):
        # Files on their way are in a folder whose name begins with a dot.
        folders[:] = [name for name in folders if not name.startswith(".")]
        yield from (Path(where) / name for name in files)
