"""Two people who come with other packages, for an evaluation without any folder."""

from __future__ import annotations

import importlib.util
from pathlib import Path
from typing import Any, cast

import numpy as np
from PIL import Image

from personae.engine import imaging
from personae.engine.types import UInt8
from personae.errors import InvalidRequest
from personae.evaluating.people import People, Person, Photo


def built_in_people() -> People:
    """Grace Hopper and Eileen Collins, each in one portrait under several conditions.

    The public-domain portraits inside matplotlib and scikit-image. They are variants of one
    photograph: identity is measured on what light, size and mirroring change, not on other days.

    Raises
    ------
    InvalidRequest
        If the packages are not installed.
    """
    missing = [name for name in ("matplotlib", "skimage") if not importlib.util.find_spec(name)]
    if missing:
        raise InvalidRequest(
            "The built-in portraits come with matplotlib and scikit-image; install them, or "
            "give a folder of people."
        )
    import matplotlib.cbook
    import skimage.data

    samples = cast("Any", matplotlib.cbook)  # Its types are half known.
    sample = Path(str(samples.get_sample_data("grace_hopper.jpg", asfileobj=False)))
    with Image.open(sample) as image:
        hopper = np.asarray(image.convert("RGB"), np.uint8)
    collins = np.asarray(skimage.data.astronaut(), np.uint8)
    persons = tuple(_person(name, rgb) for name, rgb in (("Hopper", hopper), ("Collins", collins)))
    return People("the built-in portraits", persons)


def _person(name: str, portrait: UInt8) -> Person:
    photos = variants(portrait)
    return Person(name, tuple(Photo(f"{name}/{what}", name, rgb) for what, rgb in photos.items()))


def variants(portrait: UInt8) -> dict[str, UInt8]:
    """One portrait, uint8 (H, W, 3) RGB, under several conditions by their names."""
    height, width = portrait.shape[:2]
    light = portrait.astype(np.float32)

    def in_light(factor: float, offset: float = 0.0) -> UInt8:
        return np.clip(light * factor + offset, 0, 255).astype(np.uint8)

    warm = np.clip(light * np.array([1.15, 1.0, 0.8], np.float32), 0, 255).astype(np.uint8)
    return {
        "as it is": portrait,
        "mirrored": np.ascontiguousarray(portrait[:, ::-1]),
        "darker": in_light(0.55),
        "brighter": in_light(1.25, 10),
        "warmer": warm,
        "turned": _turned(portrait, 15),
        "half the size": imaging.resize_area(portrait, (width // 2, height // 2)),
    }


def _turned(rgb: UInt8, degrees: float) -> UInt8:
    """Turned counter-clockwise about the middle, the border blackened."""
    height, width = rgb.shape[:2]
    cos, sin = np.cos(np.radians(degrees)), np.sin(np.radians(degrees))
    turn = np.array([[cos, sin], [-sin, cos]])
    middle = np.array([(width - 1) / 2, (height - 1) / 2])
    return imaging.warp(rgb, np.column_stack([turn, middle - turn @ middle]), (width, height))
