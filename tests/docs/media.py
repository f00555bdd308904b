"""The photos and clips that the pages name."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from PIL import Image

import clips
from faces import Placed, Rgb, compose, headshot


def photographs(folder: Path) -> None:
    """Every photo and clip that a page names: ann is Grace Hopper, bob is Eileen Collins."""
    ann, bob = headshot("hopper"), headshot("collins")
    for name in ("ann", "ann1", "face", "donor", "a", "cid"):
        _save(folder / f"{name}.jpg", bob if name == "cid" else ann)
    for name in ("ann2", "b"):
        _save(folder / f"{name}.jpg", headshot("hopper", 135))
    for name in ("bob", "photo", "dan", "scene"):
        _save(folder / f"{name}.jpg", ann if name == "dan" else bob)
    Image.fromarray(bob).save(folder / "scene.png")
    Image.fromarray(np.full((240, 320, 3), 120, np.uint8)).save(folder / "empty.png")
    _save(folder / "group.jpg", _both(0))
    for name in ("clip.mp4", "scene.mp4"):
        clips.write_clip(
            folder / name,
            pictures=[_both(number) for number in range(12)],
            size_wh=(640, 240),
            options={"crf": "18", "preset": "ultrafast"},
            audio=[clips.Track()],
        )
    for person in ("hopper", "collins"):
        home = folder / "people" / person
        home.mkdir(parents=True)
        _save(home / "1.jpg", headshot(person))
        _save(home / "2.jpg", headshot(person, 135))


def _both(number: int) -> Rgb:
    return compose(
        [
            Placed("hopper", 160 + number, 120, 120),
            Placed("collins", 480 - number, 120, 110),
        ],
        (640, 240),
    )


def _save(path: Path, rgb: Rgb) -> None:
    Image.fromarray(rgb).save(path, quality=92)
