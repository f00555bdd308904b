"""Personae swaps faces in pictures and videos.

>>> import personae
>>> result = personae.swap("scene.jpg", "donor.jpg")            # doctest: +SKIP
>>> personae.swap_video("scene.mp4", "out.mp4", "donor.jpg")    # doctest: +SKIP

Importing this module loads nothing: the functions are fetched when they are first used.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from personae.errors import PersonaeError
from personae.version import __version__

if TYPE_CHECKING:
    from personae.donors import Donor, prepare_donor
    from personae.engine.types import Face
    from personae.library import detect, distance, embed, probe, swap, swap_video
    from personae.requests.mappings import Mapping

__all__ = [
    "Donor",
    "Face",
    "Mapping",
    "PersonaeError",
    "__version__",
    "detect",
    "distance",
    "embed",
    "prepare_donor",
    "probe",
    "swap",
    "swap_video",
]

_HOMES = {
    "Donor": "personae.donors",
    "prepare_donor": "personae.donors",
    "Face": "personae.engine.types",
    "Mapping": "personae.requests.mappings",
    "detect": "personae.library",
    "distance": "personae.library",
    "embed": "personae.library",
    "probe": "personae.library",
    "swap": "personae.library",
    "swap_video": "personae.library",
}


def __getattr__(name: str) -> Any:
    """Fetch a public name when it is first used (PEP 562)."""
    home = _HOMES.get(name)
    if home is None:
        raise AttributeError(f"module 'personae' has no attribute {name!r}")
    from importlib import import_module

    value = getattr(import_module(home), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted(__all__)
