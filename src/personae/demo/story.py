"""The demo from its portraits to its last sheet: the first picture first."""

from __future__ import annotations

import shutil
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from PIL import Image

from personae import library
from personae.demo import scenes, sheets
from personae.demo.people import Portraits
from personae.library import Donor, Mapping, Progress
from personae.video.files import output_errors

DONOR: Final = "hopper.jpg"
SCENE: Final = "collins.png"
PICTURE: Final = "picture.png"
PICTURE_SHEET: Final = "picture_before_after.jpg"
CLIP_SCENE: Final = "clip_scene.mp4"
CLIP: Final = "clip.mp4"
CLIP_SHEET: Final = "clip_before_after.jpg"
_SHOWN: Final = 6
"""Frames of the clip on its sheet."""


@dataclass(frozen=True, slots=True)
class Made:
    """One thing that the demo made.

    ``seconds``: what making it took, without the scene and the sheet.
    """

    what: str
    path: Path
    seconds: float
    faces: int


def prepare(folder: Path, people: Portraits) -> None:
    """Put both portraits into `folder`, which is made if need be.

    Raises
    ------
    MediaError
        If the folder cannot be written.
    """
    with output_errors(folder):
        folder.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(people.hopper_file, folder / DONOR)
        Image.fromarray(people.collins).save(folder / SCENE)


def swap_picture(folder: Path) -> Made:
    """Put Grace Hopper's face into Eileen Collins' portrait."""
    output = folder / PICTURE
    started = time.perf_counter()
    report = library.swap_file(folder / SCENE, output, folder / DONOR)
    seconds = time.perf_counter() - started
    with output_errors(folder):
        sheets.picture_sheet(folder / SCENE, output, folder / PICTURE_SHEET)
    return Made("Hopper's face in Collins' portrait", output, seconds, report.faces_swapped)


def swap_clip(
    folder: Path,
    people: Portraits,
    *,
    progress: Callable[[Progress], None] | None = None,
    should_stop: Callable[[], bool] | None = None,
) -> Made:
    """Give both people of a short clip the other's face.

    Raises
    ------
    Canceled
        If `should_stop` said so; no output is left.
    """
    scene, output = folder / CLIP_SCENE, folder / CLIP
    with output_errors(folder):
        scenes.write_clip(scene, people)
    started = time.perf_counter()
    report = library.swap_video(
        scene,
        output,
        mappings=exchange(folder),
        progress=progress,
        should_stop=should_stop,
    )
    seconds = time.perf_counter() - started
    total = sum(scenes.SHOT_FRAMES)
    shown = [round((i + 0.5) * total / _SHOWN) for i in range(_SHOWN)]
    with output_errors(folder):
        sheets.clip_sheet(scene, output, folder / CLIP_SHEET, shown)
    return Made("two people, each with the other's", output, seconds, report.faces_swapped)


def exchange(folder: Path) -> list[Mapping]:
    """Everybody gets the other's face: who is who, their portraits in `folder` tell."""
    hopper, collins = folder / DONOR, folder / SCENE
    donors: dict[Path, Donor] = {path: library.prepare_donor(path) for path in (hopper, collins)}
    return [Mapping(donors[collins], like=hopper), Mapping(donors[hopper], like=collins)]
