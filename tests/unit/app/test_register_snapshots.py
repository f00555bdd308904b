"""A copy of the register is always as new as the register, and never in anybody's way."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from database_samples import NOW
from personae.adapters.database import RecordingQueue, SqlDatabase, database_from_url
from personae.app.register_snapshots import RegisterSnapshots
from personae.domain.ids import new_id
from personae.domain.register import EMBEDDING, ProtectedPerson
from personae.engine.register import Register
from personae.errors import InvalidRequest, Unavailable
from personae.register_files import open_register, open_screen


class Lab:
    """A register, a clock that is set by hand, and snapshots."""

    def __init__(self, folder: Path) -> None:
        self.now = NOW
        self.folder = folder / "register"
        self.database: SqlDatabase = database_from_url(
            f"sqlite:///{folder / 'personae.db'}", queue_factory=RecordingQueue().factory
        )
        self.database.migrate()
        self.snapshots = RegisterSnapshots(self.database, lambda: self.now, self.folder, 0.05)

    def add(self, number: int, **changes: Any) -> str:
        values = np.eye(128, dtype=np.float32)[number]
        made = ProtectedPerson(
            new_id("person", self.now), None, "", "either", "", "", "key_1", self.now
        )
        person = replace(made, **changes)
        vector = EMBEDDING.pack(*values.tolist())
        self.database.write(lambda tx: tx.register.insert(person, [vector]))
        return person.id

    def who(self, number: int, tenant_id: str = "tenant_a") -> str | None:
        with self.snapshots.lent(tenant_id) as lent:
            if lent is None:
                return None
            register, _ = open_register(Path(lent["path"]))
            values = np.eye(128, dtype=np.float32)[number]
            found = register.protected(values, "donor", lent["distance"], lent["tenant_id"])
            return None if found is None else found.person_id

    def files(self) -> list[str]:
        return sorted(path.name for path in self.folder.glob("*") if "narrowed" not in path.name)


@pytest.fixture
def lab(tmp_path: Path) -> Iterator[Lab]:
    made = Lab(tmp_path)
    yield made
    made.database.close()


def test_nothing_is_made_while_nobody_is_protected(lab: Lab) -> None:
    with lab.snapshots.lent("tenant_a") as lent:
        assert lent is None
    assert not lab.folder.exists()


def test_a_new_entry_holds_at_the_next_look(lab: Lab) -> None:
    one = lab.add(1)
    assert (lab.who(1), lab.who(2)) == (one, None)
    two = lab.add(2)
    assert (lab.who(1), lab.who(2)) == (one, two)
    lab.database.write(lambda tx: tx.register.remove(one, lab.now))
    assert (lab.who(1), lab.who(2)) == (None, two)
    lab.database.write(lambda tx: tx.register.remove(two, lab.now))
    assert lab.who(2) is None
    assert lab.files() == []


def test_an_entry_holds_until_it_expires_and_not_longer(lab: Lab) -> None:
    one = lab.add(1, expires_at=NOW + 10)
    lab.add(2)
    assert lab.who(1) == one
    lab.now = NOW + 9.9
    assert lab.who(1) == one
    lab.now = NOW + 10
    assert lab.who(1) is None


def test_a_tenants_own_entry_holds_for_that_tenant(lab: Lab) -> None:
    from database_samples import add_tenant

    owner = add_tenant(lab.database)
    one = lab.add(1, tenant_id=owner)
    assert lab.who(1, owner) == one
    assert lab.who(1, "tenant_b") is None


def test_a_copy_stays_while_it_is_used_and_goes_then(lab: Lab) -> None:
    lab.add(1)
    with lab.snapshots.lent("tenant_a") as old:
        assert old is not None
        lab.add(2)
        assert lab.who(2) is not None
        assert len(lab.files()) == 2
        open_register(Path(old["path"]))
    assert len(lab.files()) == 1
    assert not Path(old["path"]).exists()


def test_a_copy_is_made_once_for_each_state(lab: Lab) -> None:
    lab.add(1)
    with lab.snapshots.lent("tenant_a") as one, lab.snapshots.lent("tenant_b") as other:
        assert one is not None
        assert other is not None
        assert one["path"] == other["path"]
        assert (one["tenant_id"], other["tenant_id"]) == ("tenant_a", "tenant_b")


def test_nobody_is_swapped_when_the_register_cannot_be_copied(lab: Lab) -> None:
    lab.folder.write_text("in the way")
    lab.add(1)
    with pytest.raises(Unavailable), lab.snapshots.lent("tenant_a"):
        pass


def test_a_second_process_reads_what_the_first_prepared(lab: Lab) -> None:
    for number in range(100):
        lab.add(number)
    with lab.snapshots.lent("tenant_a") as lent:
        assert lent is not None
        path = Path(lent["path"])
        first, _ = open_register(path)
        assert path.with_name(f"{path.name}.narrowed").exists()
        copy = path.with_name("again")
        copy.write_bytes(path.read_bytes())
        path.with_name(f"{path.name}.narrowed").rename(copy.with_name("again.narrowed"))
        second, _ = open_register(copy)
        assert first is not second
        for number in range(0, 128, 9):
            query = np.eye(128, dtype=np.float32)[number]
            assert names(first, query) == names(second, query)


def test_a_copy_that_is_added_to_is_the_one_that_is_made_anew(lab: Lab, tmp_path: Path) -> None:
    fresh = RegisterSnapshots(lab.database, lambda: lab.now, tmp_path / "fresh")
    added = [lab.add(number) for number in range(4)]
    steps = [
        lambda: lab.add(10),
        lambda: lab.add(11, applies_to="donor"),
        lambda: lab.database.write(lambda tx: tx.register.remove(added[1], lab.now)),
        lambda: lab.add(12, expires_at=NOW + 5),
        lambda: setattr(lab, "now", NOW + 6),
        lambda: lab.add(13),
    ]
    for step in [lambda: None, *steps]:
        step()
        anew = RegisterSnapshots(lab.database, lambda: lab.now, tmp_path / "anew")
        with lab.snapshots.lent("") as one, fresh.lent("") as two, anew.lent("") as three:
            assert one is not None
            assert two is not None
            assert three is not None
            data = Path(three["path"]).read_bytes()
            assert Path(one["path"]).read_bytes() == data
            assert Path(two["path"]).read_bytes() == data
        open_screen_of(data, tmp_path)


def open_screen_of(data: bytes, folder: Path) -> None:
    path = folder / f"check-{len(data)}-{hash(data)}"
    path.write_bytes(data)
    open_screen(path)


def names(register: Register, query: Any) -> list[str]:
    return [one.person_id for one in register.nearest(query, 3)]


def test_damaged_files_are_refused_or_made_anew(lab: Lab, tmp_path: Path) -> None:
    one = lab.add(1)
    with lab.snapshots.lent("tenant_a") as lent:
        assert lent is not None
        whole = Path(lent["path"]).read_bytes()
    for number, data in enumerate((b"", whole[:-1], b"x" + whole[1:], whole + b"x")):
        bad = tmp_path / f"bad{number}"
        bad.write_bytes(data)
        with pytest.raises(InvalidRequest):
            open_screen(bad)
    good = tmp_path / "good"
    good.write_bytes(whole)
    (tmp_path / "good.narrowed").write_bytes(b"nonsense")
    query = np.eye(128, dtype=np.float32)[1]
    assert names(open_register(good)[0], query) == [one]
    with pytest.raises(InvalidRequest):
        open_screen(tmp_path / "missing")
