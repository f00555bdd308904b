"""One picture of what the mesh engine does: donor, scene, output, in rows that say what they are.

    python -m benchmarks.sheet OUT.png [OLDER.png]

With an older version's sheet, its outputs come between: donor, scene, before, after. Only the
portraits inside matplotlib and scikit-image are used, each as the other's donor, so that a sheet
may be published; run it on two checkouts to compare them.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

import cv2
import numpy as np
from PIL import Image, ImageDraw, ImageFont

from benchmarks import fronts, scenes
from benchmarks.occluders import known_face, largest_face, swap
from benchmarks.scenes import Image8
from personae import wiring
from personae.engine.canvas import RgbCanvas
from personae.engine.mesh.donor import MeshDonor
from personae.engine.pipeline import Engine
from personae.engine.types import Face

CELL_PX = 220
LARGE_PX = 1000
TURN_DEG = 25.0


@dataclass(frozen=True)
class Row:
    """One row of the sheet: both portraits go through `on_scene` or `on_donor`, or neither."""

    name: str
    on_scene: Callable[[Image8, Face], Image8] | None = None
    on_donor: Callable[[Image8, Face], Image8] | None = None


def darker(rgb: Image8, face: Face) -> Image8:
    """Dark skin under the same lamp: mid-tones sink, highlights stay."""
    share = (rgb.astype(np.float32) / 255) ** 1.9 * np.array([0.62, 0.57, 0.53], np.float32)
    return np.rint(share * 255).astype(np.uint8)


def one_sided(rgb: Image8, face: Face) -> Image8:
    """Light from the viewer's right only, falling off across the nose."""
    frame = fronts.frame_of(face.landmarks)
    across = (np.arange(rgb.shape[1]) - frame.middle[0]) / frame.unit
    light = 0.32 + 0.73 / (1 + np.exp(-4 * across))
    return np.clip(np.rint(rgb * light[None, :, None]), 0, 255).astype(np.uint8)


def turned(rgb: Image8, face: Face) -> Image8:
    """The head lies to one side: the picture is turned about its face."""
    x0, y0, x1, y1 = face.box_xyxy
    matrix = cv2.getRotationMatrix2D(((x0 + x1) / 2, (y0 + y1) / 2), TURN_DEG, 1.0)
    size = (rgb.shape[1], rgb.shape[0])
    out = cv2.warpAffine(rgb, matrix, size, flags=cv2.INTER_CUBIC, borderMode=cv2.BORDER_REPLICATE)
    return np.asarray(out, np.uint8)


def large(rgb: Image8, face: Face) -> Image8:
    """A face of `LARGE_PX`."""
    x0, y0, x1, y1 = face.box_xyxy
    half = 0.8 * (y1 - y0)
    middle_x, middle_y = (x0 + x1) / 2, (y0 + y1) / 2
    height, width = rgb.shape[:2]
    top, bottom = round(max(middle_y - half, 0)), round(min(middle_y + half, height))
    left, right = round(max(middle_x - half, 0)), round(min(middle_x + half, width))
    scale = LARGE_PX / (y1 - y0)
    part = rgb[top:bottom, left:right]
    out = cv2.resize(part, None, fx=scale, fy=scale, interpolation=cv2.INTER_CUBIC)
    return np.asarray(out, np.uint8)


def in_front(name: str) -> Callable[[Image8, Face], Image8]:
    """Something drawn before the face, of `benchmarks.fronts`."""
    return lambda rgb, face: fronts.FRONTS[name](rgb, face.landmarks, 0.0).rgb


ROWS = (
    Row("as it is"),
    Row("darker scene", darker),
    Row("darker donor", None, darker),
    Row("scene lit from one side", one_sided),
    Row("donor lit from one side", None, one_sided),
    Row("turned scene", turned),
    Row("glasses in the scene", in_front("dark frames")),
    Row("metal glasses in the scene", in_front("metal frames")),
    Row("glasses on the donor", None, in_front("dark frames")),
    Row("fringe in the scene", in_front("fringe")),
    Row("lock of hair in the scene", in_front("strands")),
    Row("large scene", large),
)


@dataclass(frozen=True)
class Sitter:
    """A portrait and its face."""

    rgb: Image8
    face: Face


def sitters(engine: Engine) -> tuple[Sitter, Sitter]:
    """Collins and Hopper, faces of about 200 pixels."""
    collins = cv2.resize(
        scenes.collins()[:260, 90:360], None, fx=2, fy=2, interpolation=cv2.INTER_CUBIC
    )
    both = (np.asarray(collins, np.uint8), scenes.hopper().copy())
    first, second = (Sitter(rgb, known_face(largest_face(engine, rgb))) for rgb in both)
    return first, second


def changed(
    engine: Engine, sitter: Sitter, change: Callable[[Image8, Face], Image8] | None
) -> Sitter:
    """The portrait in a row's variant; a face that is not found any more is where it was."""
    if change is None:
        return sitter
    rgb = change(sitter.rgb, sitter.face)
    found = largest_face(engine, rgb)
    return replace(sitter, rgb=rgb, face=sitter.face if found is None else found)


def sheet(engine: Engine) -> Image8:
    """Rows of donor, scene, output for both directions, uint8 (H, W, 3)."""
    both = sitters(engine)
    font = ImageFont.load_default(14)
    rows: list[Image8] = []
    for row in ROWS:
        cells: list[Image8] = []
        for scene, donor in ((both[0], both[1]), (both[1], both[0])):
            given = changed(engine, donor, row.on_donor)
            shown = changed(engine, scene, row.on_scene)
            out, _ = swap(engine, shown.rgb, shown.face, prepared(engine, given))
            cells += [cell(given.rgb, given.face), cell(shown.rgb, shown.face)]
            cells.append(cell(out, shown.face))
        line = Image.fromarray(np.hstack(cells))
        for x in range(0, line.width, 3 * CELL_PX):
            ImageDraw.Draw(line).text(
                (x + 5, 3), row.name, (255, 255, 255), font, stroke_width=2, stroke_fill=(0, 0, 0)
            )
        rows.append(np.asarray(line))
    return np.vstack(rows)


def prepared(engine: Engine, sitter: Sitter) -> MeshDonor:
    """A donor of one photo."""
    return engine.prepare([engine.study(RgbCanvas(sitter.rgb.copy()), sitter.face)[0]])


def cell(rgb: Image8, face: Face) -> Image8:
    """The face and what is around it, averaged down to the sheet's size."""
    x0, y0, x1, y1 = face.box_xyxy
    half = 0.72 * (y1 - y0)
    scale = CELL_PX / (2 * half)
    move = [scale * (half - (x0 + x1) / 2), scale * (half - (y0 + y1) / 2)]
    matrix = np.array([[scale, 0, move[0]], [0, scale, move[1]]])
    if scale < 1:
        rgb = np.asarray(cv2.GaussianBlur(rgb, (0, 0), 0.35 / scale), np.uint8)
    out = cv2.warpAffine(rgb, matrix, (CELL_PX, CELL_PX), borderMode=cv2.BORDER_REPLICATE)
    return np.asarray(out, np.uint8)


def beside(older: Image8, newer: Image8) -> Image8:
    """Two sheets in one: donor, scene, before, after."""
    if older.shape != newer.shape:
        sys.exit("The older sheet has another size; draw it with this version of the script.")
    old, new = (np.split(one, one.shape[1] // CELL_PX, axis=1) for one in (older, newer))
    halves = [np.hstack([*new[k : k + 2], old[k + 2], new[k + 2]]) for k in (0, 3)]
    return np.hstack(halves)


def main() -> None:
    """Draw the sheet, beside an older one where one is given."""
    if len(sys.argv) not in (2, 3):
        sys.exit("Use: python -m benchmarks.sheet OUT.png [OLDER.png]")
    picture = sheet(wiring.engine())
    if len(sys.argv) == 3:
        older = np.asarray(Image.open(sys.argv[2]).convert("RGB"))
        picture = beside(older, picture)
    Image.fromarray(picture).save(Path(sys.argv[1]))


if __name__ == "__main__":
    main()
