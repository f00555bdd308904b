"""Install the models of a bundle, each as if it had been pulled."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Final

from personae.adapters.conversions import KEEPS_THE_PUBLISHED
from personae.adapters.distributions import Progress
from personae.adapters.folder_lock import work_folder
from personae.adapters.model_store import ModelStore
from personae.adapters.models.bundles import Bundled, read_bundle
from personae.adapters.models.fetching import Fetched, check
from personae.adapters.models.installing import install, move_in, unwritable
from personae.adapters.models.licences import stated_sha256
from personae.adapters.models.records import Pin, write_whole
from personae.adapters.models.shelf import Shelf
from personae.engine.card import Card
from personae.errors import ModelError

_ORIGIN: Final = "the bundle"


def take_in(
    store: ModelStore,
    shelf: Shelf,
    bundle: Path,
    own_cards: Path,
    *,
    accept: Sequence[str] = (),
    by: str = "",
    licences: bool = False,
    repin: bool = False,
    progress: Progress | None = None,
) -> list[Card]:
    """Install every model of a bundle, or none of them if one is not in order.

    Parameters
    ----------
    store : ModelStore
    shelf : Shelf
        The cards that are known; those that are not are added to `own_cards`.
    bundle : path
    own_cards : path
    accept : sequence of str
        Models whose licences are accepted now, by their names.
    by : str
        Who does that.
    licences : bool
        Take over what was accepted where the bundle was made.
    repin : bool
        Trust other bytes than those that are pinned here.
    progress : callable, optional

    Raises
    ------
    ModelError
        If the bundle is not in order, a licence has not been accepted, or the models folder
        cannot be written.
    """
    try:
        with work_folder(store.folder) as work:
            unpacked = work / "bundle"
            unpacked.mkdir()
            found = read_bundle(bundle, unpacked, shelf, progress)
            _check_licences(store, found, accept, licences)
            checked = [(each, _checked(store, each, repin)) for each in found]
            for each, published in checked:
                _accept(store, each, accept, by, licences)
                if all(each.card.name != card.name for card in shelf.cards):
                    write_whole(own_cards / f"{each.card.name}.toml", each.text)
                if published:
                    install(store.folder, each.card, published, work, store.now())
                else:
                    move_in(store.where(each.card), each.files, each.made, work)
    except OSError as error:
        if error.filename == str(bundle):
            raise ModelError(
                f"{bundle} cannot be read ({error.strerror}); check the path."
            ) from error
        raise ModelError(unwritable(store.folder, error)) from error
    return [each.card for each in found]


def _check_licences(
    store: ModelStore, found: Sequence[Bundled], accept: Sequence[str], licences: bool
) -> None:
    """Raise unless every licence is accepted, or will be."""
    store.licences.require(
        each.card
        for each in found
        if store.licences.state(each.card) not in ("needed", "changed")
        or not (each.card.name in accept or (licences and _carries(each)))
    )


def _accept(
    store: ModelStore, each: Bundled, accept: Sequence[str], by: str, licences: bool
) -> None:
    if store.licences.state(each.card) not in ("needed", "changed"):
        return
    if each.card.name in accept:
        store.licences.accept(each.card, by, store.now())
    elif licences and each.acceptance and _carries(each):
        store.licences.accept(each.card, each.acceptance.by, each.acceptance.at)


def _carries(each: Bundled) -> bool:
    """Whether the bundle says that this very licence was accepted."""
    given = each.acceptance
    return given is not None and given.stated_sha256 == stated_sha256(each.card)


def _checked(store: ModelStore, each: Bundled, repin: bool) -> Fetched | None:
    """The published file in a bundle, compared with its card; None if only what was made is."""
    card, made = each.card, each.made
    pin: Pin | None = None if repin else store.pin(card)
    if set(each.files) != {part.file for part in card.parts}:
        raise ModelError(
            f"The bundle cannot be used: {card.name} has other files in it than its card says; "
            "nothing was installed."
        )
    if card.conversion and card.conversion not in KEEPS_THE_PUBLISHED:
        if not made.fits(card, pin):
            raise ModelError(
                f"The bundle cannot be used: {card.name} in it was made for another version of "
                "Personae; nothing was installed."
            )
        return None
    file = next(part.file for part in card.parts if part.inputs or len(card.parts) == 1)
    path = each.files[file]
    origin = pin.origin if pin else _ORIGIN
    return Fetched(path, check(card, path, _ORIGIN, card.source.crc32, pin), origin)
