"""Get one model's published file, from the first place that really has it."""

from __future__ import annotations

import hashlib
import re
import shutil
import threading
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from personae.adapters.distributions import Progress
from personae.adapters.downloads import Wanted, download, fetch_text, forget
from personae.adapters.models.hashes import Fingerprint, difference, fingerprint
from personae.adapters.models.onnx_file import read_header
from personae.adapters.models.records import Pin
from personae.adapters.models.sources import Mirror, crc32_places, places
from personae.engine.card import Card
from personae.engine.card_check import require_match
from personae.errors import ModelError

_CRC32 = re.compile(r"[0-9a-fA-F]{8}")
_LONGEST_NOTE: Final = 4096


class WrongFile(ModelError):
    """What came is not the file that was wanted."""


@dataclass(frozen=True, slots=True)
class Fetched:
    """A published file that passed every check."""

    path: Path
    found: Fingerprint
    origin: str


@dataclass(frozen=True, slots=True)
class Fetcher:
    """Fetches published files into folders of the caller's.

    Attributes
    ----------
    mirrors : sequence of Mirror
        Tried before the places that cards name.
    progress : callable, optional
    stop : threading.Event, optional
        Ends a download when it is set.
    """

    mirrors: Sequence[Mirror] = ()
    progress: Progress | None = None
    stop: threading.Event | None = None

    def fetch(self, card: Card, folder: Path, pin: Pin | None) -> Fetched:
        """Fetch a card's published file into `folder`, from the first place that has it.

        What came by earlier tries and is still good is not fetched again.

        Raises
        ------
        ModelError
            With what was wrong at the last place, or, if any place had another file, with that.
        Stopped
            If `stop` is set.
        OSError
            If `folder` cannot be written.
        """
        source = card.source
        tried = places(source, self.mirrors)
        if source.made_of:
            raise ModelError(
                f"The model {card.name} is made of {source.made_of} and published nowhere; run "
                f"`personae models quantize {source.made_of}`."
            )
        if not tried:
            raise ModelError(
                f"Nobody is known who publishes the model {card.name}; get the file yourself and "
                f"run `personae models import FILE --as {card.name}`."
            )
        crc32 = source.crc32 or (self._crc32(card) if source.crc32_url else "")
        wrong: ModelError | None = None
        last: ModelError | None = None
        for place in tried:
            try:
                return self._from(place, card, folder, crc32, pin)
            except WrongFile as error:
                wrong = error
            except ModelError as error:
                last = error
        assert wrong or last
        raise wrong or last or ModelError()

    def _from(
        self, place: str | Path, card: Card, folder: Path, crc32: str, pin: Pin | None
    ) -> Fetched:
        key = hashlib.sha256(str(place).encode()).hexdigest()[:16]
        part = folder / f"{key}.part"
        if isinstance(place, Path):
            shutil.copyfile(place, part)
        else:
            # Without anything to compare with, what an earlier run left cannot be trusted: a
            # power cut may have left holes in it.
            keep = bool(card.source.sha256 or card.source.sha256_ends or crc32 or pin)
            wanted = Wanted(place, card.source.size_bytes, card.name, keep)
            download(wanted, part, self.progress, self.stop)
        try:
            found = check(card, part, str(place), crc32, pin)
        except ModelError:
            forget(part)
            raise
        return Fetched(part, found, str(place))

    def _crc32(self, card: Card) -> str:
        """The CRC-32 that the publisher tells."""
        last: ModelError | None = None
        for place in crc32_places(card.source, self.mirrors):
            try:
                text = (
                    place.read_text("ascii", "replace")[:_LONGEST_NOTE]
                    if isinstance(place, Path)
                    else fetch_text(place, _LONGEST_NOTE)
                )
            except (ModelError, OSError) as error:
                last = error if isinstance(error, ModelError) else ModelError(str(error))
                continue
            if _CRC32.fullmatch(text.strip()):
                return text.strip().lower()
            last = ModelError(f"{place} holds no CRC-32.")
        told = last.message.rstrip(".") if last else "no place is known"
        raise ModelError(
            f"The CRC-32 of {card.name} cannot be had, so that nothing was fetched: {told}."
        )


def check(card: Card, path: Path, origin: str, crc32: str, pin: Pin | None) -> Fingerprint:
    """Raise unless a file is the one that a card describes, and the one that is pinned.

    Returns
    -------
    Fingerprint

    Raises
    ------
    WrongFile
    """
    found = fingerprint(path)
    told = difference(card.source, found, crc32)
    if told:
        raise WrongFile(
            f"{origin} is not the file that was expected: {told}; it was altered or cut off, so "
            "nothing was installed."
        )
    if pin and not card.source.sha256 and pin.sha256 != found.sha256:
        raise WrongFile(
            f"{origin} is no longer the file that was pinned here when {card.name} came first: "
            f"its SHA-256 is {found.sha256} instead of {pin.sha256}; if you trust the new one, "
            f"run `personae models pull {card.name} --repin`."
        )
    try:
        _check_network(card, path)
    except ModelError as error:
        raise WrongFile(error.message) from error
    return found


def _check_network(card: Card, path: Path) -> None:
    """Compare a published network that is used as it is with its card."""
    for part in card.parts:
        if part.inputs and _is_the_published(card, part.file):
            header = read_header(path, card.name)
            require_match(card, part, header.inputs, header.outputs)


def _is_the_published(card: Card, file: str) -> bool:
    from personae.adapters.conversions import KEEPS_THE_PUBLISHED

    kept = not card.conversion or card.conversion in KEEPS_THE_PUBLISHED
    return kept and file.endswith(".onnx")
