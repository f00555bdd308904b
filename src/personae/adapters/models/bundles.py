"""Models in one file, for machines without a network: an uncompressed tar.

First comes ``bundle.json``, which lists every other member with its size and SHA-256; then cards
(``cards/NAME.toml``), records (``made/NAME.json``), files (``models/NAME/FILE``) and, if they are
wanted, accepted licences (``licences/NAME.json``). Reading trusts nothing: names must be listed
and of these forms, members must be plain files, and every byte is hashed on its way to disk.
"""

from __future__ import annotations

import hashlib
import io
import json
import re
import tarfile
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import IO, Any, Final, cast

from personae.adapters.distributions import Progress
from personae.adapters.downloads import LARGEST_BYTES
from personae.adapters.model_store import ModelStore
from personae.adapters.models.hashes import fingerprint, flush
from personae.adapters.models.licences import Acceptance
from personae.adapters.models.records import Made, MadeFile, made_text, parse_made
from personae.adapters.models.shelf import Shelf, read_own_card
from personae.engine.card import Card
from personae.errors import InvalidRequest, ModelError

LIST: Final = "bundle.json"
FORMAT: Final = 1
_MEMBER = re.compile(
    r"cards/[a-z][a-z0-9_]*\.toml|(made|licences)/[a-z][a-z0-9_]*\.json"
    r"|models/[a-z][a-z0-9_]*/[A-Za-z0-9][A-Za-z0-9_.-]*"
)
_LONGEST_TEXT: Final = 1 << 20
_MOST_MEMBERS: Final = 4096
_BLOCK_BYTES: Final = 1 << 20


@dataclass(frozen=True, slots=True)
class Bundled:
    """One model out of a bundle, on this disk and checked against the bundle's own list.

    Attributes
    ----------
    card : Card
    text : str
        The card as the bundle has it.
    made : Made
    files : dict of str to path
        By the names that they get.
    acceptance : Acceptance or None
        Who accepted its licence where the bundle was made.
    """

    card: Card
    text: str
    made: Made
    files: dict[str, Path]
    acceptance: Acceptance | None


def write_bundle(
    store: ModelStore,
    shelf: Shelf,
    cards: Sequence[Card],
    path: Path,
    *,
    licences: bool = False,
    progress: Progress | None = None,
) -> None:
    """Write models that are installed and intact into one file.

    Raises
    ------
    ModelError
        If one is not installed, not intact, or may not be used here.
    OSError
        If `path` cannot be written; nothing is left then.
    """
    members: dict[str, bytes | Path] = {}
    for card in cards:
        store.licences.require([card])
        store.verify(card)
        made = _made(store, card)
        members[f"cards/{card.name}.toml"] = shelf.text(card).encode()
        members[f"made/{card.name}.json"] = made_text(made).encode()
        given = store.licences.acceptance(card)
        if licences and given:
            members[f"licences/{card.name}.json"] = json.dumps(asdict(given)).encode()
        for name in made.files:
            members[f"models/{card.name}/{name}"] = store.where(card) / name
    listed = {name: _listed(what) for name, what in members.items()}
    about = json.dumps({"format": FORMAT, "members": listed}, indent=1).encode()
    aside = path.with_name(f".{path.name}.part")
    try:
        with tarfile.open(aside, "w:", format=tarfile.PAX_FORMAT) as tar:
            _add(tar, LIST, about)
            for name, what in members.items():
                _add(tar, name, what)
                if progress:
                    progress(name, listed[name]["size_bytes"], listed[name]["size_bytes"])
        flush(aside)
        aside.replace(path)
    except BaseException:
        aside.unlink(missing_ok=True)
        raise


def read_bundle(
    path: Path, folder: Path, shelf: Shelf, progress: Progress | None = None
) -> list[Bundled]:
    """Unpack a bundle into an empty folder, and check all of it.

    Raises
    ------
    ModelError
        If it is damaged, or not a bundle, or a model in it is not what its card says.
    OSError
        If it cannot be read, or `folder` cannot be written.
    """
    try:
        with tarfile.open(path, "r:") as tar:
            listed = _read_list(tar)
            unpacked = _unpack(tar, listed, folder, progress)
    except (tarfile.TarError, EOFError, UnicodeError) as error:
        raise _bad(f"it is no whole tar file: {error}") from error
    names = sorted(name[6:-5] for name in unpacked if name.startswith("cards/"))
    found = [_bundled(name, unpacked, shelf) for name in names]
    used = sum(3 if each.acceptance else 2 for each in found) + sum(
        len(each.files) for each in found
    )
    if used != len(unpacked):
        raise _bad("there is something in it that belongs to no model")
    return found


def _made(store: ModelStore, card: Card) -> Made:
    """The record of an installed model, also of one that needs none where it is."""
    made = store.made(card)
    if made is None:
        raise ModelError(f"The model {card.name} has no record; pull it again.")
    return made


def _listed(what: bytes | Path) -> dict[str, Any]:
    if isinstance(what, Path):
        found = fingerprint(what)
        return {"size_bytes": found.size_bytes, "sha256": found.sha256}
    return {"size_bytes": len(what), "sha256": hashlib.sha256(what).hexdigest()}


def _add(tar: tarfile.TarFile, name: str, what: bytes | Path) -> None:
    """A member without anything of this machine: no owner, no date."""
    member = tarfile.TarInfo(name)
    if isinstance(what, bytes):
        member.size = len(what)
        tar.addfile(member, io.BytesIO(what))
        return
    member.size = what.stat().st_size
    with what.open("rb") as file:
        tar.addfile(member, file)


def _read_list(tar: tarfile.TarFile) -> Mapping[str, MadeFile]:
    first = tar.next()
    if first is None or first.name != LIST:
        raise _bad(f"it does not begin with {LIST}")
    _check_member(first, _LONGEST_TEXT)
    try:
        told: Any = json.loads(_open(tar, first).read(_LONGEST_TEXT))
        if told["format"] != FORMAT:
            raise _bad("another version of Personae made it")
        members = {str(name): MadeFile(**each) for name, each in told["members"].items()}
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise _bad("its list makes no sense") from error
    for name, member in members.items():
        if not _MEMBER.fullmatch(name) or not _is_plain(member):
            raise _bad(f"its list has the impossible {name!r}")
    if len(members) > _MOST_MEMBERS:
        raise _bad(f"it has more than {_MOST_MEMBERS} members")
    return members


def _is_plain(member: MadeFile) -> bool:
    size, digest = cast("object", member.size_bytes), cast("object", member.sha256)
    return type(size) is int and 0 <= size <= LARGEST_BYTES and isinstance(digest, str)


def _unpack(
    tar: tarfile.TarFile, listed: Mapping[str, MadeFile], folder: Path, progress: Progress | None
) -> dict[str, Path]:
    """Every member that is listed, once each, into files with names of our own."""
    unpacked: dict[str, Path] = {}
    while (member := tar.next()) is not None:
        wanted = listed.get(member.name)
        if wanted is None or member.name in unpacked:
            raise _bad(f"it holds {member.name!r}, which is not in its list, or twice")
        _check_member(member, wanted.size_bytes)
        path = folder / f"{len(unpacked)}.member"
        digest = hashlib.sha256()
        with path.open("wb") as file:
            source, received = _open(tar, member), 0
            while block := source.read(_BLOCK_BYTES):
                digest.update(block)
                file.write(block)
                received += len(block)
                if progress:
                    progress(member.name, received, wanted.size_bytes)
        if (received, digest.hexdigest()) != (wanted.size_bytes, wanted.sha256):
            raise _bad(f"{member.name} in it is damaged")
        unpacked[member.name] = path
        cast("Any", tar).members.clear()  # It would keep every member that it has seen.
    missing = set(listed) - set(unpacked)
    if missing:
        raise _bad(f"{min(missing)} is missing in it")
    return unpacked


def _check_member(member: tarfile.TarInfo, limit_bytes: int) -> None:
    """Raise unless a member is a plain file; a sparse one is larger than it looks."""
    plain = member.type in (tarfile.REGTYPE, tarfile.AREGTYPE) and not member.issparse()
    if not plain or member.size > limit_bytes:
        raise _bad(f"{member.name!r} in it is no plain file of its size")


def _open(tar: tarfile.TarFile, member: tarfile.TarInfo) -> IO[bytes]:
    file = tar.extractfile(member)
    if file is None:
        raise _bad(f"{member.name!r} in it is no plain file of its size")
    return file


def _bundled(name: str, unpacked: Mapping[str, Path], shelf: Shelf) -> Bundled:
    try:
        text = _text(unpacked[f"cards/{name}.toml"])
        made = parse_made(_text(unpacked[f"made/{name}.json"]))
        files = {file: unpacked[f"models/{name}/{file}"] for file in made.files}
    except KeyError as error:
        raise _bad(f"{error.args[0]} is missing in it") from error
    except ValueError as error:
        raise _bad(f"the record of {name} in it makes no sense") from error
    card = _card(name, text, shelf)
    licence = unpacked.get(f"licences/{name}.json")
    return Bundled(card, text, made, files, _acceptance(licence) if licence else None)


def _card(name: str, text: str, shelf: Shelf) -> Card:
    """The card that is known here; one that is not is the bundle's, if that is in order."""
    try:
        return shelf.card(name)
    except InvalidRequest:
        pass
    card = read_own_card(text, f"{name}.toml of the bundle")
    if card.name != name:
        raise _bad(f"the card {name} in it is called {card.name}")
    return card


def _acceptance(path: Path) -> Acceptance:
    try:
        return Acceptance(**json.loads(_text(path)))
    except (ValueError, TypeError) as error:
        raise _bad("an accepted licence in it makes no sense") from error


def _text(path: Path) -> str:
    if path.stat().st_size > _LONGEST_TEXT:
        raise _bad("a text in it is too long")
    return path.read_text("utf-8")


def _bad(why: str) -> ModelError:
    return ModelError(f"The bundle cannot be used: {why}; nothing was installed.")
