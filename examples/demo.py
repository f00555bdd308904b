"""Swap two people's faces with the library: in one picture, each gets the other's.

    personae demo -o FOLDER && python examples/demo.py FOLDER

It uses the portraits that `personae demo` leaves in its folder; `make demo` runs both.
"""

from __future__ import annotations

import sys
import time
from pathlib import Path

import numpy as np
from PIL import Image

import personae

OUT = Path(sys.argv[1] if len(sys.argv) > 1 else "personae-demo")
HEIGHT = 480


def main() -> None:
    """Make a picture of both, find them in it, and swap."""
    hopper, collins = OUT / "hopper.jpg", OUT / "collins.png"
    scene = side_by_side(hopper, collins)
    Image.fromarray(scene).save(OUT / "two_people_before.png")
    print(f"\nThe library finds {len(personae.detect(scene))} faces in two_people_before.png")

    started = time.perf_counter()
    result = personae.swap(
        scene,  # A file, or pixels: uint8 (H, W, 3) RGB.
        mappings=[
            personae.Mapping(personae.prepare_donor(collins), like=hopper),
            personae.Mapping(personae.prepare_donor(hopper), like=collins),
        ],
    )
    Image.fromarray(result.image).save(OUT / "two_people.png")
    seconds = time.perf_counter() - started
    print(f"  two_people.png   {len(result.swapped)} faces swapped   {seconds:6.2f} s")


def side_by_side(*photos: Path) -> np.ndarray:
    """Photos beside each other, equally high: uint8 (HEIGHT, W, 3) RGB."""
    pictures = [Image.open(photo).convert("RGB") for photo in photos]
    return np.hstack(
        [np.asarray(one.resize((one.width * HEIGHT // one.height, HEIGHT))) for one in pictures]
    )


if __name__ == "__main__":
    main()
