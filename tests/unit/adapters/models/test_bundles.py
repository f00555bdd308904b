"""Models travel in one file, and a hostile one leaves nothing behind."""

from __future__ import annotations

import hashlib
import io
import json
import tarfile
import zlib
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from small_networks import small_swapper, swapper_text

from personae.adapters.model_store import ModelStore
from personae.adapters.models.bundles import write_bundle
from personae.adapters.models.shelf import Shelf, read_shelf
from personae.adapters.models.taking_in import take_in
from personae.engine.card import Card
from personae.errors import ModelError

NETWORK = small_swapper()


@dataclass
class Machine:
    """A models folder with a card of its own."""

    folder: Path

    @property
    def store(self) -> ModelStore:
        return ModelStore(self.folder, now=lambda: 7.0)

    @property
    def own(self) -> Path:
        return self.folder / "cards"

    @property
    def shelf(self) -> Shelf:
        return read_shelf([self.own])

    def take(self, bundle: Path, **how: Any) -> list[Card]:
        return take_in(self.store, self.shelf, bundle, self.own, **how)

    def everything(self) -> list[str]:
        files = (path for path in self.folder.rglob("*") if path.is_file() and path.name != ".lock")
        return sorted(str(path.relative_to(self.folder)) for path in files)


@pytest.fixture
def here(tmp_path: Path) -> Machine:
    machine = Machine(tmp_path / "here")
    machine.own.mkdir(parents=True)
    crc32 = f'crc32 = "{zlib.crc32(NETWORK):08x}"'
    (machine.own / "small.toml").write_text(swapper_text("small", "http://127.0.0.1:9/x", crc32))
    file = tmp_path / "file.onnx"
    file.write_bytes(NETWORK)
    card = machine.shelf.card("small")
    machine.store.licences.accept(card, "ann", 1.0)
    machine.store.adopt(card, file)
    return machine


@pytest.fixture
def there(tmp_path: Path) -> Machine:
    return Machine(tmp_path / "there")


@pytest.fixture
def bundle(here: Machine, tmp_path: Path) -> Path:
    path = tmp_path / "models.tar"
    write_bundle(here.store, here.shelf, [here.shelf.card("small")], path)
    return path


def test_there_and_whole(here: Machine, there: Machine, bundle: Path) -> None:
    with pytest.raises(ModelError, match="run `personae models accept small`"):
        there.take(bundle)
    assert there.everything() == []
    (card,) = there.take(bundle, accept=["small"], by="bob")
    there.store.verify(there.shelf.card("small"))
    assert there.store.path(card, "projection").read_bytes() == (
        here.store.path(card, "projection").read_bytes()
    )
    given = there.store.licences.acceptance(card)
    assert given is not None
    assert given.by == "bob"
    assert there.store.pin(card) is not None
    again = there.take(bundle)
    assert [each.name for each in again] == ["small"]


def test_accepted_licences_travel_only_when_asked_on_both_sides(
    here: Machine, there: Machine, tmp_path: Path
) -> None:
    path = tmp_path / "models.tar"
    write_bundle(here.store, here.shelf, [here.shelf.card("small")], path, licences=True)
    with pytest.raises(ModelError, match="has not been accepted"):
        there.take(path)
    (card,) = there.take(path, licences=True)
    given = there.store.licences.acceptance(card)
    assert given is not None
    assert (given.by, given.at) == ("ann", 1.0)


def test_without_a_list_of_licences_there_is_nothing_to_take_over(
    there: Machine, bundle: Path
) -> None:
    with pytest.raises(ModelError, match="has not been accepted"):
        there.take(bundle, licences=True)


def test_the_models_of_a_swap(store: ModelStore, there: Machine, tmp_path: Path) -> None:
    path = tmp_path / "models.tar"
    chosen = read_shelf([]).choose()
    write_bundle(store, read_shelf([]), chosen, path)
    assert tuple(there.take(path)) == tuple(sorted(chosen, key=lambda each: each.name))
    for card in chosen:
        there.store.verify(card)
    assert "cards" not in {name.split("/")[0] for name in there.everything()}


def test_the_same_models_make_the_same_bundle(here: Machine, bundle: Path, tmp_path: Path) -> None:
    again = tmp_path / "again.tar"
    write_bundle(here.store, here.shelf, [here.shelf.card("small")], again)
    assert again.read_bytes() == bundle.read_bytes()


def test_a_damaged_model_is_not_written(here: Machine, tmp_path: Path) -> None:
    card = here.shelf.card("small")
    path = here.store.path(card, "graph")
    path.write_bytes(NETWORK[:-1] + b"!")
    with pytest.raises(ModelError, match="damaged"):
        write_bundle(here.store, here.shelf, [card], tmp_path / "models.tar")
    assert not list(tmp_path.glob("*.tar*"))


def test_a_pin_holds_against_a_bundle(there: Machine, bundle: Path, tmp_path: Path) -> None:
    there.own.mkdir(parents=True)
    (there.own / "small.toml").write_text(swapper_text("small", "http://127.0.0.1:9/x"))
    card = there.shelf.card("small")
    there.store.licences.accept(card, "ann", 1.0)
    file = tmp_path / "other.onnx"
    file.write_bytes(small_swapper(seed=1))
    there.store.adopt(card, file)
    with pytest.raises(ModelError, match="no longer the file that was pinned"):
        there.take(bundle)
    there.store.verify(card)
    there.take(bundle, repin=True)
    assert there.store.path(card, "graph").read_bytes() == NETWORK


# What is not a bundle, or a hostile one

Members = list[tuple[tarfile.TarInfo, bytes]]


def members_of(bundle: Path) -> Members:
    with tarfile.open(bundle) as tar:
        found: Members = []
        for member in tar:
            file = tar.extractfile(member)
            assert file is not None
            found.append((member, file.read()))
        return found


def listed(members: Members) -> Members:
    """With a list that fits, as an attacker would make it."""
    told = {
        member.name: {"size_bytes": len(data), "sha256": hashlib.sha256(data).hexdigest()}
        for member, data in members[1:]
    }
    return [plain("bundle.json", json.dumps({"format": 1, "members": told}).encode()), *members[1:]]


def plain(name: str, data: bytes, **how: Any) -> tuple[tarfile.TarInfo, bytes]:
    member = tarfile.TarInfo(name)
    member.size = len(data)
    for key, value in how.items():
        setattr(member, key, value)
    return member, data


def replaced(members: Members, name: str, data: bytes) -> Members:
    return [plain(name, data) if member.name == name else (member, was) for member, was in members]


def write(path: Path, members: Members) -> None:
    with tarfile.open(path, "w:") as tar:
        for member, data in members:
            tar.addfile(member, io.BytesIO(data))


LINK = {"type": tarfile.SYMTYPE, "linkname": "/etc/passwd", "size": 0}
GRAPH = "models/small/small.onnx"
HOSTILE: list[tuple[Callable[[Members], Members], str]] = [
    (lambda all: all[1:], "does not begin with bundle.json"),
    (lambda all: all[:-1], "is missing in it"),
    (lambda all: [*all, all[-1]], "not in its list, or twice"),
    (lambda all: [*all, plain("models/small/more", b"x")], "not in its list, or twice"),
    (lambda all: replaced(all, GRAPH, NETWORK[:-1] + b"!"), "is damaged"),
    (lambda all: replaced(all, "bundle.json", b"{"), "its list makes no sense"),
    (lambda all: replaced(all, "bundle.json", b'{"format": 2}'), "another version"),
    (lambda all: replaced(all, "bundle.json", b'{"format": 1, "members": {"x": 3}}'), "no sense"),
    (lambda all: listed([*all, plain("../../../tmp/x", b"x")]), "impossible '../../../tmp/x'"),
    (lambda all: listed([*all, plain("/etc/cron.d/x", b"x")]), "impossible '/etc/cron.d/x'"),
    (lambda all: listed([*all, plain("models/../x", b"x")]), "impossible 'models/../x'"),
    (lambda all: listed([*all, plain("models/other/x", b"x")]), "belongs to no model"),
    (lambda all: listed([*all, plain("models/small/x", b"x")]), "belongs to no model"),
    (lambda all: [*all[:-1], plain(all[-1][0].name, b"", **LINK)], "no plain file"),
    (lambda all: listed(replaced(all, "made/small.json", b"{}")), "record of small in it makes"),
    (
        lambda all: listed(replaced(all, "cards/small.toml", b"name = 3")),
        "small.toml of the bundle",
    ),
    (
        lambda all: listed(
            replaced(all, "cards/small.toml", swapper_text("other", "http://x").encode())
        ),
        "the card small in it is called other",
    ),
    (lambda all: listed(replaced(all, GRAPH, b"no network")), "is not the file that was expected"),
    (lambda all: listed(replaced(all, GRAPH, small_swapper(seed=3))), "its CRC-32 is not"),
]


@pytest.mark.parametrize(("spoil", "message"), HOSTILE)
def test_a_hostile_bundle_leaves_nothing(
    spoil: Callable[[Members], Members], message: str, bundle: Path, there: Machine
) -> None:
    write(bundle, spoil(members_of(bundle)))
    with pytest.raises(ModelError, match=message) as told:
        there.take(bundle, accept=["small"])
    assert "\n" not in told.value.message
    assert there.everything() == []


def test_the_attackers_own_list_works_without_the_attack(bundle: Path, there: Machine) -> None:
    write(bundle, listed(members_of(bundle)))
    there.take(bundle, accept=["small"])


@pytest.mark.parametrize("data", [b"", b"no tar", bytes(4096), b"\x1f\x8b" + bytes(100)])
def test_what_is_no_tar(data: bytes, bundle: Path, there: Machine) -> None:
    bundle.write_bytes(data)
    with pytest.raises(ModelError, match="The bundle cannot be used"):
        there.take(bundle)


def test_a_bundle_that_was_cut_off(bundle: Path, there: Machine) -> None:
    whole = bundle.read_bytes()
    end = len(whole.rstrip(bytes(1)))
    for length in (600, end // 2, end - 10):
        bundle.write_bytes(whole[:length])
        with pytest.raises(ModelError, match="The bundle cannot be used"):
            there.take(bundle, accept=["small"])
        assert there.everything() == []


def test_a_file_that_is_not_there(there: Machine, tmp_path: Path) -> None:
    with pytest.raises(ModelError, match=r"gone\.tar cannot be read .* check the path"):
        there.take(tmp_path / "gone.tar")
