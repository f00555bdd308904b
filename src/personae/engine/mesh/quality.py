"""Is this photo fit to be a donor, and if not, why: the gate before a swap.

Thresholds were chosen by looking at swaps of synthetic portraits of many kinds and at blurred,
shrunk, darkened and covered versions of them.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from personae.engine import imaging
from personae.engine.geometry import crop_square, region_from_landmarks
from personae.engine.mesh.observe import observe_skin
from personae.engine.mesh.topology import TEXTURE_PX, FaceMesh
from personae.engine.mesh.unrolling import Unrolled
from personae.engine.mesh.vertices import SKIN
from personae.engine.types import Bool, Canvas, Face, Float32

WARN_YAW, REFUSE_YAW = 28.0, 42.0
WARN_PITCH, REFUSE_PITCH = 28.0, 40.0
WARN_HEIGHT_PX, REFUSE_HEIGHT_PX = 100, 40
WARN_EYES, CLOSED_EYES = 0.175, 0.09
WARN_SHARPNESS, REFUSE_SHARPNESS = 2.6, 1.2
WARN_COVERED, REFUSE_COVERED = 0.55, 0.8
SHARPNESS_PX = 128


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing wrong with a donor photo.

    ``code`` is stable; ``text`` completes the sentence "In this photo …"; a fatal finding makes
    the photo unusable.
    """

    code: str
    text: str
    fatal: bool


def judge(mesh: FaceMesh, canvas: Canvas, face: Face, photo: Unrolled) -> list[Finding]:
    """All that is wrong with a donor photo; an empty list for a good one."""
    found = _turned(face) + _small(face) + _eyes(photo)
    found += _blurred(canvas, face) + _exposure(mesh, photo) + _covered(mesh, photo)
    sight = observe_skin(mesh, canvas, face.landmarks)
    if sight is not None and sight.glasses > 0.5:
        found.append(Finding("dark_glasses", "dark or tinted glasses hide the eyes", fatal=False))
    return found


def _turned(face: Face) -> list[Finding]:
    found: list[Finding] = []
    for code, word, angle, warn, refuse in (
        ("yaw", "to the side", abs(face.pose.yaw), WARN_YAW, REFUSE_YAW),
        ("pitch", "up or down", abs(face.pose.pitch), WARN_PITCH, REFUSE_PITCH),
    ):
        if angle > warn:
            text = f"the head is turned {angle:.0f}° {word} (at most {refuse:.0f}°, best below 15°)"
            found.append(Finding(code, text, fatal=angle > refuse))
    return found


def _small(face: Face) -> list[Finding]:
    height = face.box_xyxy[3] - face.box_xyxy[1]
    if height >= WARN_HEIGHT_PX:
        return []
    text = f"the face is only {height:.0f} px tall (at least {REFUSE_HEIGHT_PX}, best above 200)"
    return [Finding("resolution", text, fatal=height < REFUSE_HEIGHT_PX)]


def _eyes(photo: Unrolled) -> list[Finding]:
    low = min(photo.eyes)
    if low >= WARN_EYES:
        return []
    both = max(photo.eyes) < CLOSED_EYES
    text = "the eyes are closed, so the scene's own show" if both else "an eye is half-closed"
    return [Finding("eyes", text, fatal=False)]


def sharpness(canvas: Canvas, face: Face) -> float:
    """Spread of the Laplacian of the face's luma at 128 px, robust to noise and contrast.

    Pech-Pacheco et al., "Diatom autofocusing in brightfield microscopy", ICPR 2000.
    """
    region = region_from_landmarks(face.landmarks, margin=1.0)
    luma = imaging.luma(crop_square(canvas, region, SHARPNESS_PX))
    smooth = imaging.blur(luma.astype(np.float32), 0.8)
    edges = imaging.laplacian(smooth)[16:-16, 16:-16]
    contrast = float(luma[16:-16, 16:-16].std()) + 8
    return float(edges.std()) / contrast * 40


def _blurred(canvas: Canvas, face: Face) -> list[Finding]:
    value = sharpness(canvas, face)
    if value >= WARN_SHARPNESS:
        return []
    text = "the face is blurred"
    return [Finding("blur", text, fatal=value < REFUSE_SHARPNESS)]


def _exposure(mesh: FaceMesh, photo: Unrolled) -> list[Finding]:
    x, y = np.rint(mesh.uv[:SKIN]).astype(int).T
    skin = mesh.skin_weight > 0.5
    colours = imaging.blur(photo.texture, 2)[y[skin], x[skin]]
    luma = colours @ imaging.LUMA
    burnt = float((colours.min(1) > 243).mean())
    if burnt > 0.12:
        text = f"{burnt:.0%} of the skin is over-exposed"
        return [Finding("over_exposed", text, fatal=burnt > 0.5)]
    typical = float(np.median(luma))
    if typical < 26:
        return [Finding("under_exposed", "the face is too dark", fatal=typical < 12)]
    return []


def _covered(mesh: FaceMesh, photo: Unrolled) -> list[Finding]:
    found: list[Finding] = []
    shares = {name: float(photo.hidden[mask].mean()) for name, mask in _areas(mesh).items()}
    worst = sum(share > REFUSE_COVERED for share in shares.values())
    for name, share in shares.items():
        if share > WARN_COVERED:
            text = f"the {name} is covered"
            found.append(Finding("covered", text, fatal=share > REFUSE_COVERED and worst >= 2))
    return found


def _areas(mesh: FaceMesh) -> dict[str, Bool]:
    """Named parts of the texture, bool (384, 384) each; left and right are the viewer's."""
    x, y = mesh.canonical[:SKIN, 0], mesh.canonical[:SKIN, 1]
    vertices = {
        "left cheek": (x < -0.2) & (x > -0.6) & (y > -0.05) & (y < 0.4),
        "right cheek": (x > 0.2) & (x < 0.6) & (y > -0.05) & (y < 0.4),
        "left brow": (x < -0.1) & (y > -0.62) & (y < -0.38),
        "right brow": (x > 0.1) & (y > -0.62) & (y < -0.38),
    }
    return {name: _hull(mesh.uv[:SKIN][chosen]) for name, chosen in vertices.items()}


def _hull(points: Float32) -> Bool:
    mask = np.zeros((TEXTURE_PX, TEXTURE_PX), np.uint8)
    imaging.fill_hull_into(mask, points)
    return mask > 0
