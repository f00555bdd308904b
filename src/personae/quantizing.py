"""Make an installed model quicker: the same network in 8 bits, if it does the same with faces."""

from __future__ import annotations

import importlib.util
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Final

from personae import engines, wiring
from personae.engine.card_roles import SwapperContract
from personae.engine.choosing import EIGHT_BITS
from personae.errors import InvalidRequest, MediaError

if TYPE_CHECKING:
    from personae.adapters.networks.samples import Identify
    from personae.adapters.networks.variants import Variant
    from personae.engine.types import UInt8

MOST_FACES: Final = 32
"""More change nothing any more, and each costs some runs of the network."""


def quantize(name: str, faces: Path | None = None) -> Variant:
    """Make ``NAME_int8`` of an installed model, judge it, and install it beside the original.

    Parameters
    ----------
    name : str
    faces : path, optional
        A folder of pictures with faces, to calibrate and judge with; otherwise two public-domain
        portraits out of matplotlib and scikit-image.

    Raises
    ------
    InvalidRequest
        If there is no such model, or there are no faces.
    ModelError
        If it is not installed, cannot be had in 8 bits, or suffers too much; nothing is changed
        then.
    """
    from personae.adapters.networks.loading import network_part
    from personae.adapters.networks.samples import make_samples, picture_of, portraits
    from personae.adapters.networks.variants import make_variant

    store, card = wiring.model_store(), wiring.card_called(name)
    picture_of(card)  # First what costs nothing.
    store.path(card, network_part(card).name)
    if name.endswith(EIGHT_BITS):
        raise InvalidRequest(f"The model {name} is in 8 bits already.")
    identify = _identify(name) if isinstance(card.contract, SwapperContract) else None
    engine = wiring.engine()
    people = portraits(_pictures(faces), engine.faces)
    calibration, check = make_samples(card, people, identify)
    return make_variant(
        store,
        wiring.own_cards_dir(),
        card,
        wiring.shelf().text(card),
        calibration,
        check,
        engine,
    )


def _identify(name: str) -> Identify:
    conditioner = engines.conditioner(wiring.card_called(name))
    return lambda portrait: conditioner.of_portraits([portrait])


def _pictures(folder: Path | None) -> Iterator[UInt8]:
    return built_in_pictures() if folder is None else _in_folder(folder)


def _in_folder(folder: Path) -> Iterator[UInt8]:
    """The pictures of a folder, by name; what is none is passed over."""
    from personae.video.stills import load_picture

    if not folder.is_dir():
        raise InvalidRequest(f"{folder} is no folder; give one with pictures of faces.")
    count = 0
    for path in sorted(folder.rglob("*")):
        if count >= MOST_FACES:
            return
        if not path.is_file():
            continue
        try:
            picture = load_picture(path)
        except MediaError:
            continue
        count += 1
        yield picture.rgb


def built_in_pictures() -> Iterator[UInt8]:
    """Two public-domain portraits: uint8 (H, W, 3) RGB each.

    Raises
    ------
    InvalidRequest
        If the packages that bring them are not installed.
    """
    import numpy as np

    from personae.video.stills import load_picture

    missing = [each for each in ("matplotlib", "skimage") if not importlib.util.find_spec(each)]
    if missing:
        raise InvalidRequest(
            "The built-in portraits come with matplotlib and scikit-image; install them, or "
            "give a folder with --faces."
        )
    import skimage.data

    spec = importlib.util.find_spec("matplotlib")
    assert spec is not None
    assert spec.origin is not None
    sample = Path(spec.origin).parent / "mpl-data" / "sample_data" / "grace_hopper.jpg"
    yield load_picture(sample).rgb
    yield np.ascontiguousarray(skimage.data.astronaut(), np.uint8)
