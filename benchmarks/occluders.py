"""What stays in front of a face: numbers on drawn things, and a sheet to look at.

    python -m benchmarks.occluders [SHEET.png [OLDER_SHEET.png]]

A sheet shows scene and output, and with an older version's sheet scene, before and after.
Only the portraits inside matplotlib and scikit-image are used, each as the other's donor.
"""

from __future__ import annotations

import itertools
import sys
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
from PIL import Image

from benchmarks import fronts, scenes
from benchmarks.fronts import FRONTS, Covered, Float32
from benchmarks.scenes import Image8
from personae import wiring
from personae.engine.canvas import RgbCanvas
from personae.engine.mesh.donor import MeshDonor
from personae.engine.pipeline import Engine
from personae.engine.types import Face

CELL_PX = 220
MOVE_FRAMES = 12


@dataclass(frozen=True)
class Person:
    """A portrait, its face and the donor that goes into it."""

    name: str
    rgb: Image8
    face: Face
    donor: MeshDonor


@dataclass(frozen=True)
class Kept:
    """Shares in [0, 1]: of the thing in front that was painted over, of bare skin that was kept."""

    painted: float
    kept: float


def people(engine: Engine) -> list[Person]:
    """Hopper and Collins, faces of about 200 pixels, each with the other as donor."""
    collins = cv2.resize(
        scenes.collins()[:260, 90:360], None, fx=2, fy=2, interpolation=cv2.INTER_CUBIC
    )
    pictures = {"hopper": scenes.hopper().copy(), "collins": np.asarray(collins, np.uint8)}
    faces = {name: largest_face(engine, rgb) for name, rgb in pictures.items()}
    donors = {
        name: engine.prepare([engine.study(RgbCanvas(rgb.copy()), known_face(faces[name]))[0]])
        for name, rgb in pictures.items()
    }
    other = {"hopper": "collins", "collins": "hopper"}
    return [
        Person(name, rgb, known_face(faces[name]), donors[other[name]])
        for name, rgb in pictures.items()
    ]


def swap(engine: Engine, rgb: Image8, face: Face, donor: MeshDonor) -> tuple[Image8, Float32]:
    """The output, uint8 (H, W, 3), and its mask, float32 (H, W)."""
    canvas = RgbCanvas(rgb.copy())
    plans = engine.plan_still(canvas, [(face, donor)], 1.0)
    mask = np.zeros(rgb.shape[:2], np.float32)
    for one in engine.render_into(canvas, plans):
        x0, y0, x1, y1 = one.box
        mask[y0:y1, x0:x1] = one.mask
    return canvas.rgb, mask


def measure(covered: Covered, unit_px: float, clean: Float32, mask: Float32) -> Kept:
    """Compare with the mask of the same portrait with nothing in front, `clean`."""
    face = clean > 0.5
    steps = max(2, round(0.04 * unit_px))
    near = cv2.dilate((covered.hidden > 0.02).astype(np.uint8), np.ones((3, 3)), iterations=steps)
    hidden, bare = face & (covered.hidden > 0.5), face & (near == 0)
    kept = 1 - np.minimum(mask[bare] / clean[bare], 1)
    return Kept(float(mask[hidden].mean()), float(kept.mean()))


def flicker(engine: Engine, person: Person, name: str) -> float:
    """How much the mask changes where the thing in front, moving, does not come; mean of frames.

    The face and its landmarks stand still, so that nothing else moves.
    """
    unit = fronts.frame_of(person.face.landmarks).unit
    masks: list[Float32] = []
    touched = np.zeros(person.rgb.shape[:2], bool)
    for k in range(MOVE_FRAMES):
        covered = FRONTS[name](person.rgb, person.face.landmarks, 0.012 * k)
        touched |= covered.hidden > 0.02
        masks.append(swap(engine, covered.rgb, person.face, person.donor)[1])
    steps = round(0.12 * unit)
    near = cv2.dilate(touched.astype(np.uint8), np.ones((3, 3)), iterations=steps) > 0
    still = (masks[0] > 0.02) & ~near
    changes = [np.abs(b - a)[still].mean() for a, b in itertools.pairwise(masks)]
    return float(np.mean(changes))


def sheet(engine: Engine) -> tuple[Image8, dict[str, list[Kept]], dict[str, float]]:
    """Scene and output side by side, things in front down the page; and the numbers."""
    everybody, results, moves = people(engine), {name: [] for name in FRONTS}, {}
    rows: list[Image8] = []
    for name, draw in FRONTS.items():
        cells: list[Image8] = []
        for person in everybody:
            covered = draw(person.rgb, person.face.landmarks, 0.0)
            face = largest_face(engine, covered.rgb) or person.face
            _, clean = swap(engine, person.rgb, person.face, person.donor)
            out, mask = swap(engine, covered.rgb, face, person.donor)
            unit = fronts.frame_of(person.face.landmarks).unit
            results[name].append(measure(covered, unit, clean, mask))
            cells += [_cell(covered.rgb, person.face), _cell(out, person.face)]
        moves[name] = max(flicker(engine, person, name) for person in everybody)
        rows.append(np.hstack(cells))
    return np.vstack(rows), results, moves


def beside(older: Image8, newer: Image8) -> Image8:
    """Two sheets in one: scene, before, after."""
    if older.shape != newer.shape:
        raise ValueError("The older sheet has another size.")
    old, new = (np.split(one, one.shape[1] // CELL_PX, axis=1) for one in (older, newer))
    parts = [(new[k], old[k + 1], new[k + 1]) for k in range(0, len(new), 2)]
    return np.hstack([cell for three in parts for cell in three])


def _cell(rgb: Image8, face: Face) -> Image8:
    """The face and what is around it, at the sheet's size."""
    x0, y0, x1, y1 = face.box_xyxy
    middle, half = ((x0 + x1) / 2, (y0 + y1) / 2), 0.75 * (y1 - y0)
    scale = CELL_PX / (2 * half)
    matrix = np.array(
        [[scale, 0, scale * (half - middle[0])], [0, scale, scale * (half - middle[1])]]
    )
    if scale < 1:
        rgb = np.asarray(cv2.GaussianBlur(rgb, (0, 0), 0.4 / scale), np.uint8)
    return np.asarray(cv2.warpAffine(rgb, matrix, (CELL_PX, CELL_PX)), np.uint8)


def largest_face(engine: Engine, rgb: Image8) -> Face | None:
    faces = engine.faces(RgbCanvas(rgb.copy()))
    return max(faces, key=lambda one: one.box_xyxy[3] - one.box_xyxy[1], default=None)


def known_face(face: Face | None) -> Face:
    if face is None:
        raise RuntimeError("A portrait's face was not found.")
    return face


def main() -> None:
    """Print the table; write the sheet where asked."""
    picture, results, moves = sheet(wiring.engine())
    print(f"{'in front':<16} {'painted over':>13} {'skin kept':>10} {'flicker':>8}")
    for name, several in results.items():
        painted, kept = (
            float(np.mean([getattr(one, part) for one in several])) for part in ("painted", "kept")
        )
        print(f"{name:<16} {painted:13.3f} {kept:10.3f} {moves[name]:8.4f}")
    if len(sys.argv) > 2:
        picture = beside(np.asarray(Image.open(sys.argv[2]).convert("RGB")), picture)
    if len(sys.argv) > 1:
        Image.fromarray(picture).save(Path(sys.argv[1]))


if __name__ == "__main__":
    main()
