"""Swap real faces and show the results: a picture, two people, and a video with sound.

The people are Grace Hopper and Eileen Collins, in the public-domain portraits that come with
matplotlib and scikit-image. Nothing is fetched. `make demo` runs this file.
"""

from __future__ import annotations

import math
import sys
import time
from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path

import av
import cv2
import numpy as np
from numpy.typing import NDArray
from PIL import Image

import personae

OUT = Path("out/demo")
SIZE_WH = (1280, 720)
FPS = 25
RATE_HZ = 44_100
SHOT_FRAMES = (60, 75, 40)
"""Grace Hopper moving; both, crossing each other; Eileen Collins, near."""

Image8 = NDArray[np.uint8]


def main() -> int:
    """Make the scenes, swap, and say where to look."""
    OUT.mkdir(parents=True, exist_ok=True)
    hopper, collins = portraits()
    print(f"Results go to {OUT.resolve()}\n")
    started = time.perf_counter()
    donors = {name: personae.prepare_donor(path) for name, path in (("h", hopper), ("c", collins))}
    report("two donors prepared, models loaded", time.perf_counter() - started, "")
    for donor in donors.values():
        for warning in donor.warnings:
            print(f"      note: {warning}")
    one_picture(collins, donors["h"])
    two_people(hopper, collins, donors)
    video(hopper, collins, donors)
    print(
        "\nLook at the pictures in any viewer and at video.mp4 in any player; each *_before file"
        "\nis the scene as it was, and video_sheet.jpg shows frames before (top) and after."
    )
    return 0


def portraits() -> tuple[Path, Path]:
    """The two portraits as files."""
    try:
        import matplotlib.cbook
        import skimage.data
    except ImportError:
        sys.exit("The demo needs its pictures: pip install 'personae[demo]'")
    hopper = Path(str(matplotlib.cbook.get_sample_data("grace_hopper.jpg", asfileobj=False)))
    collins = OUT / "collins.png"
    Image.fromarray(skimage.data.astronaut()).save(collins)
    return hopper, collins


def report(what: str, seconds: float, path: Path | str, detail: str = "") -> None:
    """One line for one result."""
    print(f"  {what:<50} {seconds:6.2f} s   {path}{detail}")


def one_picture(scene: Path, donor: personae.Donor) -> None:
    """One face in one picture, and what changed."""
    started = time.perf_counter()
    result = personae.swap(scene, donor)
    path = OUT / "picture.png"
    Image.fromarray(result.image).save(path)
    report("a picture: Hopper's face in Collins' portrait", time.perf_counter() - started, path)
    Image.open(scene).save(OUT / "picture_before.png")


def two_people(hopper: Path, collins: Path, donors: dict[str, personae.Donor]) -> None:
    """Two people, each with the other's face, told apart by reference photos."""
    scene = side_by_side(read(hopper), read(collins))
    Image.fromarray(scene).save(OUT / "two_people_before.png")
    started = time.perf_counter()
    result = personae.swap(
        scene,
        mappings=[
            personae.Mapping(donors["c"], like=hopper),
            personae.Mapping(donors["h"], like=collins),
        ],
    )
    path = OUT / "two_people.png"
    Image.fromarray(result.image).save(path)
    detail = f"   ({len(result.swapped)} faces)"
    report("two people, each given the other's face", time.perf_counter() - started, path, detail)


def video(hopper: Path, collins: Path, donors: dict[str, personae.Donor]) -> None:
    """A video with motion, two cuts, two people who cross, and sound."""
    before, after = OUT / "video_before.mp4", OUT / "video.mp4"
    if not before.exists():
        write_scene(before, read(hopper), read(collins))
    started = time.perf_counter()
    done = personae.swap_video(
        before,
        after,
        mappings=[
            personae.Mapping(donors["c"], like=hopper),
            personae.Mapping(donors["h"], like=collins),
        ],
    )
    seconds = time.perf_counter() - started
    detail = f"   ({done.frames} frames, {done.frames / seconds:.0f} a second)"
    report("a video: motion, cuts, two people, sound", seconds, after, detail)
    sheet(before, after, OUT / "video_sheet.jpg")


def read(path: Path) -> Image8:
    """A picture as uint8 (H, W, 3) RGB."""
    return np.asarray(Image.open(path).convert("RGB"))


def side_by_side(left: Image8, right: Image8, height: int = 640) -> Image8:
    """Two portraits in one picture."""
    parts = [left[:560], right[:450, :440]]
    scaled = [
        np.asarray(Image.fromarray(p).resize((round(p.shape[1] * height / len(p)), height)))
        for p in parts
    ]
    return np.hstack(scaled)


def write_scene(path: Path, hopper: Image8, collins: Image8) -> None:
    """The video to swap: three shots, and a melody."""
    with av.open(str(path), "w") as container:
        picture = container.add_stream("libx264", rate=FPS, options={"crf": "16"})
        picture.width, picture.height = SIZE_WH
        picture.pix_fmt = "yuv420p"
        sound = container.add_stream("aac", rate=RATE_HZ)
        sound.layout = "mono"
        for number, rgb in enumerate(frames(hopper, collins)):
            frame = av.VideoFrame.from_ndarray(rgb, format="rgb24")
            frame.pts, frame.time_base = number, Fraction(1, FPS)
            container.mux(picture.encode(frame))
            container.mux(sound.encode(tone(number)))
        container.mux(picture.encode(None))
        container.mux(sound.encode(None))


def tone(number: int) -> av.AudioFrame:
    """One frame's time of a slow melody."""
    count = RATE_HZ // FPS
    at = np.arange(number * count, (number + 1) * count) / RATE_HZ
    note = (262, 330, 392, 523)[number // 12 % 4]
    wave = (0.15 * np.sin(2 * math.pi * note * at)).astype(np.float32)
    frame = av.AudioFrame.from_ndarray(wave[None], format="fltp", layout="mono")
    frame.sample_rate, frame.pts = RATE_HZ, number * count
    frame.time_base = Fraction(1, RATE_HZ)
    return frame


def frames(hopper: Image8, collins: Image8) -> Iterator[Image8]:
    """All frames, uint8 (720, 1280, 3) RGB."""
    first, second, third = SHOT_FRAMES
    for i in range(first):
        yield place(
            backdrop(40), hopper, 640 + 220 * math.sin(i / 12), 360, 1.0, 6 * math.sin(i / 9)
        )
    for i in range(second):
        share = i / (second - 1)
        base = backdrop(90)
        base = place(base, hopper, 300 + 680 * share, 380, 0.75, 0)
        yield place(base, collins, 980 - 680 * share, 340, 0.9, 4 * math.sin(i / 8))
    for i in range(third):
        yield place(backdrop(140), collins, 640, 470, 1.6 + 0.3 * i / third, 5 * math.sin(i / 10))


def backdrop(shade: int) -> Image8:
    """A plain graded wall."""
    width, height = SIZE_WH
    slope = np.linspace(shade, shade + 60, width)[None, :, None] * np.ones((height, 1, 3))
    return np.asarray(slope * np.array([0.9, 1.0, 1.1]), np.uint8)


def place(base: Image8, portrait: Image8, x: float, y: float, scale: float, deg: float) -> Image8:
    """Lay a portrait, its edges softened, over a picture; x and y are its middle."""
    height, width = portrait.shape[:2]
    matrix = cv2.getRotationMatrix2D((width / 2, height / 2), deg, scale)
    matrix[:, 2] += [x - width / 2, y - height / 2]
    soft = np.zeros((height, width), np.float32)
    soft[12:-12, 12:-12] = 1
    soft = cv2.GaussianBlur(soft, (0, 0), 6)
    over = cv2.warpAffine(portrait, matrix, SIZE_WH).astype(np.float32)
    alpha = cv2.warpAffine(soft, matrix, SIZE_WH)[..., None]
    return np.asarray(np.rint(base * (1 - alpha) + over * alpha), np.uint8)


def sheet(before: Path, after: Path, path: Path, count: int = 6) -> None:
    """Some frames of both videos in one picture."""
    total = sum(SHOT_FRAMES)
    wanted = {round((i + 0.5) * total / count) for i in range(count)}
    rows: list[Image8] = []
    for video_path in (before, after):
        with av.open(str(video_path)) as container:
            chosen = [
                frame.to_image(width=320, height=180)
                for number, frame in enumerate(container.decode(video=0))
                if number in wanted
            ]
        rows.append(np.hstack([np.asarray(image) for image in chosen]))
    Image.fromarray(np.vstack(rows)).save(path, quality=92)


if __name__ == "__main__":
    sys.exit(main())
