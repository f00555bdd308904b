"""What the shell offers for a value when Tab is pressed: nothing heavy is loaded for it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import cache

CODECS = ("h264", "hevc", "vp9", "av1")


def words(*known: str) -> Callable[[str], list[str]]:
    """Offer these, where they begin as what is there."""

    def offer(incomplete: str) -> list[str]:
        return [word for word in known if word.startswith(incomplete)]

    return offer


def models(*roles: str, also: tuple[str, ...] = ()) -> Callable[[str], list[str]]:
    """Offer the names of models (of some roles), and words that stand beside them."""

    def offer(incomplete: str) -> list[str]:
        named = [name for name, role in _cards() if not roles or role in roles]
        return [word for word in (*also, *named) if word.startswith(incomplete)]

    return offer


@cache
def _cards() -> tuple[tuple[str, str], ...]:
    return tuple(_read_cards())


def _read_cards() -> Iterator[tuple[str, str]]:
    """Name and role of each of Personae's own cards, and of those beside the models."""
    import os
    import tomllib
    from importlib.resources import files
    from pathlib import Path

    named = os.environ.get("PERSONAE_CARDS_DIR", "").split(os.pathsep)
    folders = [Path(str(files("personae.engine"))) / "cards", *(Path(one) for one in named if one)]
    for file in sorted(file for folder in folders for file in folder.glob("*.toml")):
        try:
            card = tomllib.loads(file.read_text("utf-8"))
            yield str(card["name"]), str(card["role"])
        except (OSError, ValueError, KeyError):  # Whoever uses it is told.
            continue


def settings(incomplete: str) -> list[str]:
    """Offer the names of the service's settings."""
    from personae.hosting.settings import Settings

    return [name for name in Settings.model_fields if name.startswith(incomplete)]
