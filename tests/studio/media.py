"""Pictures and clips for the browser: real faces, and frames that carry their number."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from PIL import Image

import clips
from faces import NAMES, Placed, Rgb, compose, headshot, nodding

BITS = 10
CLIP_WH = (320, 240)
CLIP_FRAMES = 40
LONG_FRAMES = 120


@dataclass(frozen=True)
class Media:
    """Files in a folder."""

    folder: Path

    @property
    def pair(self) -> Path:
        """Hopper to the left, Collins to the right."""
        return self.folder / "pair.jpg"

    @property
    def clip(self) -> Path:
        """Hopper nods, with a tone, and each frame shows its number (see `numbered`)."""
        return self.folder / "clip.mp4"

    @property
    def plain(self) -> Path:
        """The same without the numbers."""
        return self.folder / "nodding.mp4"

    @property
    def long(self) -> Path:
        """Hopper nods for long enough to look at its progress."""
        return self.folder / "long.mp4"

    def photo(self, name: str) -> Path:
        return self.folder / f"{name}.png"


def make(folder: Path) -> Media:
    """Write them all."""
    made = Media(folder)
    for name in NAMES:
        Image.fromarray(headshot(name)).save(made.photo(name))
    pair = [Placed("hopper", 180, 195, 140), Placed("collins", 420, 200, 150)]
    Image.fromarray(compose(pair, (600, 400))).save(made.pair, quality=92)
    options = {"crf": "20", "preset": "ultrafast", "g": "12"}
    plain = list(nodding("hopper", CLIP_FRAMES, CLIP_WH))
    for path, pictures in ((made.plain, plain), (made.clip, numbered(plain))):
        clips.write_clip(
            path,
            frames=CLIP_FRAMES,
            size_wh=CLIP_WH,
            pictures=pictures,
            options=options,
            audio=[clips.Track()],
        )
    clips.write_clip(
        made.long,
        frames=LONG_FRAMES,
        size_wh=CLIP_WH,
        pictures=nodding("hopper", LONG_FRAMES, CLIP_WH),
        options=options,
    )
    return made


def numbered(frames: list[Rgb]) -> Iterator[Rgb]:
    """With each frame's number below, in black and white, lowest bit first."""
    width, height = CLIP_WH
    for number, rgb in enumerate(frames):
        frame = np.array(rgb)
        for bit in range(BITS):
            begin, end = (width * at // BITS for at in (bit, bit + 1))
            frame[height - 20 :, begin:end] = 235 if number >> bit & 1 else 16
        yield frame


READ_NUMBERS = f"""() => [...document.querySelectorAll("main .pairing video")].map((video) => {{
  const canvas = document.createElement("canvas");
  [canvas.width, canvas.height] = [video.videoWidth, video.videoHeight];
  const context = canvas.getContext("2d");
  context.drawImage(video, 0, 0);
  const row = context.getImageData(0, canvas.height - 10, canvas.width, 1).data;
  let number = 0;
  for (let bit = 0; bit < {BITS}; bit += 1) {{
    if (row[4 * Math.floor((bit + 0.5) * canvas.width / {BITS})] > 128) number |= 1 << bit;
  }}
  return number;
}})"""
"""The frame numbers that the page's videos show, read from their pixels: before, after."""
