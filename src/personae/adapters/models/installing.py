"""Put a model's files where they are found: made aside, moved in, the record last."""

from __future__ import annotations

import errno
from pathlib import Path
from typing import Final

from personae.adapters.conversions import convert
from personae.adapters.models.fetching import Fetched
from personae.adapters.models.hashes import fingerprint, flush
from personae.adapters.models.records import MADE, Made, MadeFile, Pin, made_text, write_pin
from personae.engine.card import Card

OWN_FILE: Final = "a file of your own"
"""The origin of what somebody brought."""
_NO_ROOM = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)


def install(folder: Path, card: Card, published: Fetched, work: Path, now: float) -> None:
    """Make a card's files out of a published file that is already checked, and move them in.

    Parameters
    ----------
    folder : path
        The models folder.
    card : Card
    published : Fetched
        On the same disk; it may be moved.
    work : path
        A folder for what is made; the caller's, and for nobody else.
    now : float
        Seconds since 1970.

    Raises
    ------
    ModelError
        If the file cannot be converted; nothing is changed then.
    OSError
        If `folder` cannot be written.
    """
    made_in = work / f"{card.name}.made"
    made_in.mkdir()
    files = convert(card, published.path, made_in)
    known = MadeFile(published.found.size_bytes, published.found.sha256)
    hashes = {
        name: known if path == published.path else _made_file(path) for name, path in files.items()
    }
    if not card.source.sha256:
        pin = Pin(known.sha256, known.size_bytes, published.origin, now)
        write_pin(folder, card.name, pin)
    made = Made(known.sha256, card.conversion, card.conversion_version, hashes)
    move_in(folder / card.name, files, None if told_by_card(card) else made, made_in)


def move_in(home: Path, files: dict[str, Path], made: Made | None, work: Path) -> None:
    """Move a model's files into its own folder; what was there before is replaced.

    Parameters
    ----------
    home : path
    files : dict of str to path
        By the names that they get.
    made : Made or None
        The record; None where the card itself tells the hashes.
    work : path
        On the same disk, for the record while it is written.

    Raises
    ------
    OSError
    """
    home.mkdir(parents=True, exist_ok=True)
    # Without its record a model counts as missing: what is there until the record is back, which
    # goes last, is never mistaken for the whole.
    (home / MADE).unlink(missing_ok=True)
    for name, path in files.items():
        flush(path)
        path.replace(home / name)
    if made:
        aside = work / MADE
        aside.write_text(made_text(made), "utf-8")
        flush(aside)
        aside.replace(home / MADE)


def told_by_card(card: Card) -> bool:
    """Whether the card itself tells the hash of what is installed."""
    return not card.conversion and bool(card.source.sha256 and card.source.size_bytes)


def unwritable(folder: Path, error: OSError) -> str:
    """A sentence for a models folder that cannot be written."""
    reason = error.strerror or str(error)
    if error.errno in _NO_ROOM:
        return f"There is no room for the models in {folder} ({reason}); make room and try again."
    return (
        f"The models folder {folder} cannot be written ({reason}); make it writable, or set "
        "PERSONAE_MODELS_DIR to another folder."
    )


def _made_file(path: Path) -> MadeFile:
    found = fingerprint(path)
    return MadeFile(found.size_bytes, found.sha256)
