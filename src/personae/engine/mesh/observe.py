"""What one frame tells about one face: its skin under its light, its eyes, its glasses."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from personae.engine import imaging
from personae.engine.geometry import clip_box
from personae.engine.mesh.glasses import frames_worn
from personae.engine.mesh.raster import visibility
from personae.engine.mesh.shape import eye_openings
from personae.engine.mesh.skin import (
    HAIR_DISTRUST,
    LOG_OFFSET,
    fit_skin,
    hair_over_skin,
    light_detail,
    log_colour,
    skin_model,
    with_detail,
)
from personae.engine.mesh.topology import FaceMesh
from personae.engine.mesh.vertices import LIPS_RED, SKIN
from personae.engine.types import Bool, Canvas, Float32, Float64, UInt8

SAMPLE_PX = 48
HIDDEN_LIPS = np.array([0.92, 0.78, 0.8])
"""Lips beside the skin around them, for faces whose lips are covered."""
SHUT, OPEN = 0.15, 0.2
"""Height over width of an eye, below and above which it surely is shut, or open."""
SQUINT_NONE, SQUINT_ALL = 0.45, 0.6
"""A donor's openness over the scene's, below which the scene's eyes stay, and above which not."""
EYE_CONTRAST_PX = 64
"""From eye to eye, outer corners, at most, where an eye's contrast is measured."""
EYE_STEPS = (0.35, 0.5, 0.65, 0.8)
EYE_LINE = [33, 133, 362, 263]


@dataclass(frozen=True, slots=True, eq=False)
class SkinObservation:
    """One look at one face.

    ``skin``: coefficients, float64 (DETAIL_MODES, 3), light's detail in them. ``lips``: mean
    colour, float64 (3,) in [0, 255]. ``glasses``: how surely dark, tinted or mirrored glasses are
    worn, [0, 1]. ``frames``: how surely glasses of any kind are, whose frame can be seen.
    """

    skin: Float64
    lips: Float64
    glasses: float
    frames: float


def observe_skin(
    mesh: FaceMesh, canvas: Canvas, landmarks: Float32 | Float64
) -> SkinObservation | None:
    """Fit the scene's skin colour; None when the face lies outside the picture."""
    points = np.asarray(landmarks, np.float64)
    low, high = points[:SKIN, :2].min(0) - 4, points[:SKIN, :2].max(0) + 4
    box = clip_box(low, high, canvas.size_wh)
    if box is None or min(box[2] - box[0], box[3] - box[1]) < 8:
        return None
    pixels = canvas.region_rgb(box)
    height, width = pixels.shape[:2]
    scale = min(1.0, SAMPLE_PX / max(width, height))
    size = (max(8, round(width * scale)), max(8, round(height * scale)))
    small = imaging.blur(imaging.resize_area(pixels, size), 0.8).astype(np.float32)
    at = (points[:SKIN, :2] - [box[0], box[1]] + 0.5) * [size[0] / width, size[1] / height] - 0.5
    colours = log_colour(small, at)
    seen = visibility(mesh, points)
    # Vertices outside the picture repeat its edge: they say nothing.
    inside = ((at > -0.5) & (at < np.array(size) - 0.5)).all(1)
    seen = seen * inside
    trust = mesh.skin_weight * seen
    likely = _skin_like(colours, trust) * (1 - HAIR_DISTRUST * hair_over_skin(mesh, colours))
    skin = fit_skin(mesh, colours, trust * likely + 1e-4)
    model = skin_model(mesh, skin)
    red = list(LIPS_RED)
    covered = likely[red].mean() < 0.5
    lips = np.exp(model[red].mean(0)) * HIDDEN_LIPS if covered else np.exp(colours[red].mean(0))
    rest, offset = colours - model, np.array([box[0], box[1], 0])
    glasses = max(
        _dark_glasses(mesh, rest, seen),
        _tinted_glasses(mesh, rest, seen, pixels, points - offset),
    )
    detail = light_detail(mesh, rest, trust * likely * mesh.inner)
    frames = frames_worn(pixels, points - offset)
    return SkinObservation(with_detail(skin, detail), lips - LOG_OFFSET, glasses, frames)


def _skin_like(colours: Float64, trust: Float64) -> Float64:
    """Which vertices can be skin by their hue alone, float64 (468,): 1, or nearly 0.

    Skin of every complexion is redder than green and hardly bluer than green; a face mask or a
    scarf over half of the face is not, and must not be taken for the face's colour. Where nearly
    nothing is skin-like (black and white, coloured light), or nearly all is, hue says nothing.
    """
    red, green, blue = colours.T
    likely = (red - green > 0.03) & (blue - green < 0.2)
    share = float((likely * trust).sum() / max(trust.sum(), 1e-6))
    return np.where(likely, 1.0, 0.02) if 0.2 < share < 0.95 else np.ones(len(likely))


def _dark_glasses(mesh: FaceMesh, rest: Float64, seen: Float64) -> float:
    """Dark lenses: the skin below the eyes, where no brow throws a shadow, is nearly black."""
    below = _below_eyes(mesh)
    weight = seen[below]
    dark = float(((rest.mean(1)[below] < -0.6) * weight).sum() / max(weight.sum(), 1e-3))
    return float(np.clip((dark - 0.45) / 0.25, 0, 1))


def _tinted_glasses(
    mesh: FaceMesh, rest: Float64, seen: Float64, pixels: UInt8, points: Float64
) -> float:
    """Tinted or mirrored lenses: below both eyes the colour is not skin's, and no eye is seen.

    Either alone is common: dark circles and make-up, shut or very dark eyes.
    """
    below, x = _below_eyes(mesh), mesh.canonical[:SKIN, 0]
    left, right = (
        np.average(rest[part], axis=0, weights=seen[part] + 1e-6)
        for part in (below & (x < 0), below & (x > 0))
    )
    light = (float(left.mean()) + float(right.mean())) / 2
    tint = float((left - left.mean()) @ (right - right.mean()))
    # In units of how far bare faces differ from one another.
    odd = math.hypot((light + 0.12) / 0.29, math.sqrt(max(tint, 0.0) / 0.02))
    share = float(np.clip((odd - 0.9) / 0.4, 0, 1))
    if share <= 0 or np.linalg.norm(points[33, :2] - points[263, :2]) < EYE_CONTRAST_PX / 2:
        return 0.0
    return share * float(np.clip((0.58 - _eye_contrast(pixels, points)) / 0.13, 0, 1))


def _below_eyes(mesh: FaceMesh) -> Bool:
    return mesh.lids & (mesh.canonical[:SKIN, 1] > mesh.canonical[EYE_LINE, 1].mean())


def _eye_contrast(pixels: UInt8, points: Float64) -> float:
    """From the darkest to the brightest place between the lids, logarithmic, mean of both eyes.

    `points` are landmarks in pixels of `pixels`. Bare eyes have 0.55 or more, 1 usually.
    """
    scale = min(1.0, EYE_CONTRAST_PX / float(np.linalg.norm(points[33, :2] - points[263, :2])))
    height, width = pixels.shape[:2]
    size = (max(8, round(width * scale)), max(8, round(height * scale)))
    small = imaging.resize_area(pixels, size)
    spans: list[float] = []
    for iris, corners in ((468, (33, 133)), (473, (362, 263))):
        middle = points[iris, :2]
        towards = [middle + t * (points[c, :2] - middle) for c in corners for t in EYE_STEPS]
        at = np.array([middle, *towards, *points[iris + 1 : iris + 5, :2]])
        at = (at + 0.5) * [size[0] / width, size[1] / height] - 0.5
        spans.append(float(np.ptp(log_colour(small, at).mean(1))))
    return sum(spans) / 2


def eye_shares(landmarks: Float64, donor_eyes: tuple[float, float]) -> tuple[float, float]:
    """How much of each eye the donor gives, [0, 1].

    None when the scene's eye is closed (a blink belongs to the scene) or when the donor's eyes are
    much more closed than the scene's (there is nothing to show). Between the two the step is short:
    half a lid over half an iris is no eye.
    """
    shares: list[float] = []
    openings = eye_openings(landmarks)
    # Lids mostly close together, so each eye counts for the other, too: the landmarks of a shut eye
    # are up to 0.19 high, those of a narrow open one from 0.19 on.
    both, donors_both = sum(openings) / 2, sum(donor_eyes) / 2
    for scene, donor in zip(openings, donor_eyes, strict=True):
        height = (scene + both) / 2
        blink = float(np.clip((height - SHUT) / (OPEN - SHUT), 0, 1))
        ratio = (donor + donors_both) / 2 / max(height, 1e-3)
        squint = float(np.clip((ratio - SQUINT_NONE) / (SQUINT_ALL - SQUINT_NONE), 0, 1))
        shares.append(blink * squint)
    return shares[0], shares[1]
