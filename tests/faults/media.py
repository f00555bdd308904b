"""Small real media for the fault runs; hidden in them, if asked for, a script for the fake host.

The API always probes real pixels. A worker with a `FakeMediaHost` finds the script in bytes that
no decoder looks at, so that both kinds of run upload through the same door. It has to lie near the
beginning, hence tiny pictures.
"""

from __future__ import annotations

import json
import struct
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from PIL import Image

import clips
from faces import backdrop, headshot, nodding
from personae.adapters.media_host.fake_media import MARK

SMALL_WH = (240, 180)
_OPS = ["swap", "preview", "detect", "plan_chunks", "analyse_chunk", "render_chunk", "join"]


@dataclass(frozen=True)
class Media:
    """A donor, and the scenes of one tenant: by the name of the kind of task."""

    donor: Path
    scenes: dict[str, Path]


def write_all_media(folder: Path, tenants: int, *, scripted: bool) -> dict[str, Media]:
    """Media of several tenants, by the tenants' names."""
    names = [f"tenant-{number}" for number in range(tenants)]
    return {
        name: write_media(folder / name, number, scripted=scripted)
        for number, name in enumerate(names)
    }


def write_media(folder: Path, number: int, *, scripted: bool) -> Media:
    """Media of tenant `number`; videos are cut into pieces of one second.

    ``image`` and ``video`` can be swapped; in ``nobody`` there is no face, so its tasks fail.
    """
    folder.mkdir(parents=True, exist_ok=True)
    donor, still, nobody = (folder / f"{name}.png" for name in ("donor", "still", "nobody"))
    pictures = {
        donor: headshot("hopper"),
        still: headshot("collins", 100 + 4 * number, SMALL_WH),
        nobody: backdrop(SMALL_WH, 80 + number),
    }
    for path, rgb in pictures.items():
        picture = Image.fromarray(rgb)
        picture.resize((64, 64)).save(path) if scripted else picture.save(path)
    clip = _clip(folder / "clip.mp4", 75 + 25 * number, scripted)
    if scripted:
        _hide(donor)
        _hide(still, sleep_s=0.1)
        _hide(nobody, faces=0)
        _hide(clip, duration_s=3.0 + number, sleep_s=0.15)
    return Media(donor, {"image": still, "video": clip, "nobody": nobody})


def _clip(path: Path, frames: int, scripted: bool) -> Path:
    options = {"crf": "28", "preset": "ultrafast", "g": "25"}
    if scripted:
        return clips.write_clip(path, frames=frames, size_wh=(64, 48), options=options)
    return clips.write_clip(
        path,
        frames=frames,
        size_wh=SMALL_WH,
        pictures=nodding("collins", frames, SMALL_WH),
        options=options,
        audio=[clips.Track()],
    )


def _hide(path: Path, **script: Any) -> None:
    """Put a script where a decoder passes by: behind a PNG's end, in a box of free space."""
    line = MARK + json.dumps({"ops": _OPS, **script}).encode() + b"\n"
    if path.suffix == ".mp4":
        line = struct.pack(">I4s", 8 + len(line), b"free") + line
    data = path.read_bytes() + line
    assert len(data) < 60_000, "the fake host reads no further"
    path.write_bytes(data)
