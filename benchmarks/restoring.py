"""What restoring costs, and what it does to sharpness and likeness."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path

import cv2
import numpy as np

import personae
from benchmarks import scenes
from benchmarks.likeness import variants
from benchmarks.scenes import Image8
from benchmarks.speed import Row, read
from personae import wiring
from personae.engine.casting import Cast, Role
from personae.engine.types import Float32

FRAMES = 80


def cost_row(folder: Path, donor: personae.Donor) -> Row:
    """CPU of rendering one 220 px face in 720p frames with the pass, less that without it."""
    clip = scenes.write(folder / "restore.mp4", scenes.one_face((1280, 720), 220, FRAMES))
    engine = wiring.engine()
    planned = list(engine.follow(iter(read(clip)), Cast([Role(donor.mesh, "all")]), 1.0))

    def once(restore: float) -> float:
        frames = read(clip)
        start = time.process_time()
        for frame, one in zip(frames, planned, strict=True):
            engine.render_into(frame.scene.canvas, one.plans, restore)
        return (time.process_time() - start) / FRAMES * 1e3

    without, restored = (min(once(restore) for _ in range(5)) for restore in (0.0, 1.0))
    ms = restored - without
    text = f"{ms:.1f} ms (render {without:.1f}, with it {restored:.1f})"
    return "restoring a 220 px face at 720p, CPU a frame", "<= 3 ms", text, ms <= 3


def crispness(rgb: Image8, mask: Float32) -> float:
    """Spread of the Laplacian of luma where a face was put."""
    luma = cv2.cvtColor(rgb, cv2.COLOR_RGB2GRAY).astype(np.float32)
    return float(cv2.Laplacian(luma, cv2.CV_32F)[mask > 0.9].var())


def likeness_row() -> Row:
    """Over the pairs of the likeness table: does the donor stay as near, and how crisp is it?"""
    people = {"Hopper": scenes.hopper(), "Collins": scenes.collins()}
    far: list[list[float]] = []
    crisp: list[list[float]] = []
    for scene_name, donor_name in (("Collins", "Hopper"), ("Hopper", "Collins")):
        donor = personae.prepare_donor(people[donor_name])
        for scene in variants(people[scene_name]).values():
            face = max(personae.detect(scene), key=lambda one: one.box_xyxy[3] - one.box_xyxy[1])
            results = [personae.swap(scene, donor, restore=part) for part in (0.0, 0.5, 1.0)]
            seen = [personae.embed(one.image, face) for one in results]
            far.append([personae.distance(one, donor.embedding) for one in seen])
            crisp.append([crispness(one.image, results[0].mask) for one in results])
    to_donor, gains = np.mean(far, 0), np.median(np.array(crisp) / np.array(crisp)[:, :1], 0)
    text = f"to donor {to_donor[0]:.3f}, {to_donor[1]:.3f}, {to_donor[2]:.3f}; "
    text += f"Laplacian variance x {gains[1]:.2f}, x {gains[2]:.2f}"
    holds = bool(to_donor.max() <= to_donor[0] + 0.002)
    return "restored by 0, 0.5, 1 on the likeness pairs", "as near as without", text, holds


def rows(folder: Path) -> Iterator[Row]:
    """Every row about restoring."""
    donor = personae.prepare_donor(np.ascontiguousarray(scenes.hopper()))
    yield cost_row(folder, donor)
    yield likeness_row()
