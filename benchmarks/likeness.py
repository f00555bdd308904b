"""How like the donor, how unlike the scene: the identity table."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import cv2
import numpy as np

import personae
from benchmarks import scenes
from benchmarks.scenes import Image8
from benchmarks.speed import Row


def variants(portrait: Image8) -> dict[str, Image8]:
    """One portrait under several conditions."""
    height, width = portrait.shape[:2]
    turn = cv2.getRotationMatrix2D((width / 2, height / 2), 15, 1.0)
    turned = cv2.warpAffine(portrait, turn, (width, height), borderMode=cv2.BORDER_REPLICATE)
    light = portrait.astype(np.float32)
    return {
        "as it is": portrait,
        "mirrored": np.ascontiguousarray(portrait[:, ::-1]),
        "darker": np.clip(light * 0.55, 0, 255).astype(np.uint8),
        "brighter": np.clip(light * 1.25 + 10, 0, 255).astype(np.uint8),
        "warmer": np.clip(light * [1.15, 1.0, 0.8], 0, 255).astype(np.uint8),
        "turned 15 degrees": np.asarray(turned, np.uint8),
        "half the size": np.asarray(
            cv2.resize(portrait, None, fx=0.5, fy=0.5, interpolation=cv2.INTER_AREA), np.uint8
        ),
    }


def table() -> list[tuple[str, str, float, float, float]]:
    """Scene, donor, and distances: swapped to donor, swapped to scene, scene to donor."""
    people = {"Hopper": scenes.hopper(), "Collins": scenes.collins()}
    out: list[tuple[str, str, float, float, float]] = []
    for scene_name, donor_name in (("Collins", "Hopper"), ("Hopper", "Collins")):
        donor = personae.prepare_donor(people[donor_name])
        for name, scene in variants(people[scene_name]).items():
            face = max(personae.detect(scene), key=lambda one: one.box_xyxy[3] - one.box_xyxy[1])
            before = personae.embed(scene, face)
            after = personae.embed(personae.swap(scene, donor).image, face)
            out.append(
                (
                    f"{scene_name}, {name}",
                    donor_name,
                    personae.distance(after, donor.embedding),
                    personae.distance(after, before),
                    personae.distance(before, donor.embedding),
                )
            )
    return out


def rows(_folder: Path) -> Iterator[Row]:
    """The table in one row; `python -m benchmarks.likeness` prints all of it."""
    pairs = table()
    nearer = sum(to_donor < to_scene for _, _, to_donor, to_scene, _ in pairs)
    donor, scene, base = (float(np.mean([pair[k] for pair in pairs])) for k in (2, 3, 4))
    text = f"{nearer} of {len(pairs)} (to donor {donor:.3f}, to scene {scene:.3f}, "
    text += f"unswapped {base:.3f})"
    yield "nearer to the donor than to the scene", "every frontal pair", text, nearer == len(pairs)


def main() -> None:
    """Print the whole table."""
    print(f"{'scene':<28} {'donor':<8} {'to donor':>9} {'to scene':>9} {'unswapped':>10}")
    for scene, donor, to_donor, to_scene, base in table():
        print(f"{scene:<28} {donor:<8} {to_donor:9.3f} {to_scene:9.3f} {base:10.3f}")


if __name__ == "__main__":
    main()
