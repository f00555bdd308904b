"""The invisible mark: what it survives, what it is mistaken for, what it costs.

Run ``python -m benchmarks.marks``, with ``--portraits FOLDER`` for more faces than the two that
come with matplotlib and scikit-image. Everything goes through files, as it would outside.
"""

from __future__ import annotations

import os

# Before NumPy is imported: threads of BLAS would blur what one thread costs.
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
os.environ.setdefault("OMP_NUM_THREADS", "1")

import argparse
import sys
import tempfile
import time
from collections import defaultdict
from collections.abc import Callable, Iterator
from pathlib import Path

import cv2
import numpy as np
from PIL import Image, ImageEnhance
from rich.console import Console
from rich.table import Table

import personae
from benchmarks import scenes
from benchmarks.marked_clips import CLIP_ATTACKS, CLIPS
from benchmarks.measure import cost, machine
from benchmarks.scenes import Image8
from personae import wiring
from personae.engine.canvas import RgbCanvas
from personae.engine.casting import Cast, Role
from personae.inspecting.marks import find_mark
from personae.video import job
from personae.video.reader import VideoReader

MARK = 0x5A_1234_5678
LIMIT_S = 300.0
"""Not to measure how busy the machine is."""
SIZES_PX = (80, 110, 140, 170, 220, 300)
BANDS_PX = ((0, 100), (100, 130), (130, 190), (190, 10_000))
Picture = Image.Image


def halved(picture: Picture, how: Image.Resampling = Image.Resampling.LANCZOS) -> Picture:
    return scaled(picture, 0.5, how)


def scaled(
    picture: Picture, by: float, how: Image.Resampling = Image.Resampling.LANCZOS
) -> Picture:
    return picture.resize((round(picture.width * by), round(picture.height * by)), how)


def cropped(picture: Picture, x: float, y: float) -> Picture:
    """70 % of the width and of the height; x and y, in [0, 1], say which."""
    width, height = round(0.7 * picture.width), round(0.7 * picture.height)
    left, top = round(x * (picture.width - width)), round(y * (picture.height - height))
    return picture.crop((left, top, left + width, top + height))


def adjusted(picture: Picture) -> Picture:
    bright = ImageEnhance.Brightness(picture).enhance(1.2)
    return ImageEnhance.Contrast(bright).enhance(0.8)


def same(picture: Picture) -> Picture:
    return picture


PICTURE_ATTACKS: dict[str, tuple[Callable[[Picture], Picture], str, int | None]] = {
    "none": (same, "png", None),
    "JPEG 90": (same, "jpg", 90),
    "JPEG 75": (same, "jpg", 75),
    "JPEG 60": (same, "jpg", 60),
    "JPEG 40": (same, "jpg", 40),
    "WebP 60": (same, "webp", 60),
    "half, Lanczos": (halved, "png", None),
    "half, bilinear": (lambda p: halved(p, Image.Resampling.BILINEAR), "png", None),
    "half, nearest": (lambda p: halved(p, Image.Resampling.NEAREST), "png", None),
    "0.63, JPEG 75": (lambda p: scaled(p, 0.63), "jpg", 75),
    "half, JPEG 90": (halved, "jpg", 90),
    "half, JPEG 75": (halved, "jpg", 75),
    "half, JPEG 60": (halved, "jpg", 60),
    "0.4": (lambda p: scaled(p, 0.4), "png", None),
    "crop 70 %, middle": (lambda p: cropped(p, 0.5, 0.5), "png", None),
    "crop 70 %, corner": (lambda p: cropped(p, 0.23, 0.31), "png", None),
    "crop 70 %, JPEG 75": (lambda p: cropped(p, 0.61, 0.37), "jpg", 75),
    "mirrored, JPEG 75": (lambda p: p.transpose(Image.Transpose.FLIP_LEFT_RIGHT), "jpg", 75),
    "quarter turn, JPEG 75": (lambda p: p.rotate(90, expand=True), "jpg", 75),
    "turned by 2 degrees": (lambda p: p.rotate(2, Image.Resampling.BICUBIC), "png", None),
    "grey, JPEG 75": (lambda p: p.convert("L"), "jpg", 75),
    "brighter, flatter, JPEG 75": (adjusted, "jpg", 75),
    "GIF of 256 colours": (same, "gif", None),
}


def save(picture: Picture, folder: Path, ending: str, quality: int | None) -> Path:
    path = folder / f"attacked.{ending}"
    options = {} if quality is None else {"quality": quality}
    picture.save(path, **options)
    return path


def portraits(folder: Path | None) -> Iterator[tuple[Image8, float]]:
    """Scenes and how tall the face in them is: the two portraits in sizes, then the folder's."""
    for rgb, face_px, (x, y) in (
        (scenes.collins(), scenes.COLLINS_FACE_PX, (225, 123)),
        (scenes.hopper(), 206.0, (263, 233)),
    ):
        for size in SIZES_PX:
            by = size / face_px
            how = cv2.INTER_AREA if by < 1 else cv2.INTER_CUBIC
            large = cv2.resize(rgb, None, fx=by, fy=by, interpolation=how)
            half, tall = round(1.1 * size), round(1.25 * size)
            x0, y0 = max(0, round(x * by) - half), max(0, round(y * by) - tall)
            yield np.ascontiguousarray(large[y0 : y0 + 2 * tall, x0 : x0 + 2 * half]), size
    for path in sorted(folder.glob("*.jpg")) if folder else ():
        rgb = np.asarray(Image.open(path).convert("RGB"))
        faces = wiring.engine().faces(RgbCanvas(rgb.copy()))
        if len(faces) == 1:
            yield rgb, faces[0].box_xyxy[3] - faces[0].box_xyxy[1]


def band(face_px: float) -> str:
    low, high = next(one for one in BANDS_PX if one[0] <= face_px < one[1])
    return f"{low} px and more" if high > 9999 else f"{low} to {high} px"


def picture_table(folder: Path, faces: Path | None, step: int) -> Table:
    """How many pictures are read back, for every attack and size of face."""
    donors = [personae.prepare_donor(np.ascontiguousarray(one())) for one in DONORS]
    found: dict[str, dict[str, list[bool]]] = defaultdict(lambda: defaultdict(list))
    noise_db: list[float] = []
    for number, (rgb, face_px) in enumerate(portraits(faces)):
        if number >= 2 * len(SIZES_PX) and number % step:
            continue
        donor = donors[int(number < len(SIZES_PX))]
        plain = personae.swap(rgb, donor, face="largest", mark=None)
        marked = personae.swap(rgb, donor, face="largest", mark=MARK)
        noise_db.append(psnr_db(plain.image, marked.image, marked.mask > 0))
        for name, (attack, ending, quality) in PICTURE_ATTACKS.items():
            path = save(attack(Image.fromarray(marked.image)), folder, ending, quality)
            mark = find_mark(path, limit_s=LIMIT_S)
            if mark is not None and mark.mark != MARK:
                raise RuntimeError(f"{name}: read {mark.mark:x}")
            found[name][band(face_px)].append(mark is not None)
        print(f"picture {number}, face {face_px:.0f} px", file=sys.stderr, flush=True)
    bands = [band(low) for low, _ in BANDS_PX]
    title = f"Pictures read, by size of face; PSNR {min(noise_db):.1f} dB at least, " + (
        f"{np.mean(noise_db):.1f} dB on average"
    )
    table = Table("what was done", *bands, title=title)
    for name, by_band in found.items():
        table.add_row(name, *(f"{sum(by_band[b])} of {len(by_band[b])}" for b in bands))
    return table


DONORS = (scenes.collins, scenes.hopper)


def psnr_db(one: Image8, other: Image8, where: np.ndarray) -> float:
    """Of the marked region alone."""
    error = np.mean((one[where].astype(np.float64) - other[where]) ** 2)
    return float(10 * np.log10(255**2 / error))


def clip_table(folder: Path) -> Table:
    """What was read of each clip after each attack, and how sure that was."""
    table = Table("clip", *CLIP_ATTACKS, title="Clips: confidence where the mark was read")
    donors = [personae.prepare_donor(np.ascontiguousarray(one())) for one in DONORS]
    for name, (make, who) in CLIPS.items():
        scene = make(folder / "scene.mp4")
        marked = folder / "marked.mp4"
        personae.swap_video(scene, marked, donors[who], mark=MARK)
        cells: list[str] = []
        for attack in CLIP_ATTACKS.values():
            started = time.monotonic()
            mark = find_mark(attack(marked, folder))
            if mark is not None and mark.mark != MARK:
                raise RuntimeError(f"{name}: read {mark.mark:x}")
            spent = time.monotonic() - started
            cells.append(f"no ({spent:.0f} s)" if mark is None else f"{mark.confidence:.2f}")
        table.add_row(name, *cells)
        print(name, *cells, file=sys.stderr, flush=True)
    return table


def unmarked(folder: Path, faces: Path | None) -> Iterator[Picture]:
    """Pictures without a mark: portraits, swaps, parts and copies of them, noise, slopes, waves."""
    donor = personae.prepare_donor(np.ascontiguousarray(scenes.hopper()))
    for number, (rgb, _) in enumerate(portraits(faces)):
        picture = Image.fromarray(rgb)
        yield picture
        yield scaled(picture, 0.5 + 0.4 * (number % 7) / 7)
        if number % 3 == 0:
            yield Image.fromarray(personae.swap(rgb, donor, mark=None).image)
    random = np.random.default_rng(5)
    for number in range(60):
        side = 200 + 5 * number
        grain = random.normal(0, 1, (side, side)).astype(np.float32)
        blurred = cv2.GaussianBlur(grain, (0, 0), 0.5 + number % 5)
        y, x = np.mgrid[0:side, 0:side] / side
        slope = 90 + 80 * x + 40 * np.sin(2 * np.pi * (number % 9 + 1) * (x + y * (number % 3)))
        level = slope + blurred / blurred.std() * (number % 4) * 3
        yield Image.fromarray(np.clip(level, 0, 255).astype(np.uint8)).convert("RGB")


def alarm_row(folder: Path, faces: Path | None) -> str:
    tried = alarms = 0
    spent: list[float] = []
    for picture in unmarked(folder, faces):
        path = save(picture, folder, "jpg", (95, 75, 60)[tried % 3])
        started = time.monotonic()
        alarms += find_mark(path, limit_s=LIMIT_S) is not None
        spent.append(time.monotonic() - started)
        tried += 1
        if tried % 50 == 0:
            print(f"{alarms} alarms in {tried}", file=sys.stderr, flush=True)
    return (
        f"{alarms} of {tried} unmarked pictures; {np.mean(spent):.1f} s each on average, "
        f"{max(spent):.1f} s at most"
    )


def cost_rows(folder: Path) -> Iterator[tuple[str, str, str]]:
    """What marking costs, of a picture and of a 10 s 720p clip."""
    engine = wiring.engine()
    donor = personae.prepare_donor(np.ascontiguousarray(scenes.hopper()))
    large = np.asarray(Image.fromarray(scenes.collins()).resize((1024, 1024)))
    canvas = RgbCanvas(large.copy())
    plans = engine.plan_still(canvas, [(engine.faces(canvas)[0], donor.mesh)], 1.0)

    def picture_cpu(mark: int | None) -> float:
        return cost(lambda: engine.render_into(RgbCanvas(large.copy()), plans, 0, mark), 20).cpu_s

    ms = (picture_cpu(MARK) - picture_cpu(None)) * 1e3
    yield "marking a picture of 1024 x 1024", "<= 50 ms", f"{ms:.1f} ms"
    clip = scenes.write(folder / "cost.mp4", scenes.one_face((1280, 720), 220, 250))
    frames = list(engine.follow(_read(clip), Cast([Role(donor.mesh, "all")]), 1.0))

    def clip_cpu(mark: int | None) -> float:
        # A frame's planes are copied when it is first written: do that before.
        def work() -> None:
            for one in frames:
                engine.render_into(one.frame.scene.canvas, one.plans, 0, mark)

        return cost(work, 3).cpu_s

    without = clip_cpu(None)
    marking_s = clip_cpu(MARK) - without
    frames.clear()
    options = job.ClipOptions()
    whole = cost(
        lambda: job.swap_clip(
            engine, clip, folder / "done.mp4", Cast([Role(donor.mesh, "all")]), options
        )
    )
    share = marking_s / whole.cpu_s
    text = f"{100 * share:.2f} % ({marking_s / 250 * 1e3:.2f} ms CPU a frame)"
    yield "marking a 10 s 720p clip, of the job's CPU time", "<= 3 %", text


def _read(clip: Path) -> Iterator[object]:
    with VideoReader(clip) as reader:
        yield from reader


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.marks", description=__doc__)
    parser.add_argument("parts", nargs="*", help="some of cost, pictures, clips, alarms")
    parser.add_argument("--portraits", type=Path, help="a folder of *.jpg, one face each")
    parser.add_argument("--every", type=int, default=1, help="use every so many-th of them")
    given = parser.parse_args()
    parts = given.parts or ["cost", "pictures", "clips", "alarms"]
    console = Console(width=None if sys.stdout.isatty() else 200)
    console.print(machine())
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        if "cost" in parts:
            table = Table("what", "bar", "measured", title="Cost")
            for row in cost_rows(folder):
                table.add_row(*row)
            console.print(table)
        if "pictures" in parts:
            console.print(picture_table(folder, given.portraits, given.every))
        if "clips" in parts:
            console.print(clip_table(folder))
        if "alarms" in parts:
            console.print("False alarms: " + alarm_row(folder, given.portraits))


if __name__ == "__main__":
    main()
