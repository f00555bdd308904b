"""The donor's texture in the scene's light."""

from __future__ import annotations

import math

import numpy as np

from personae.engine import imaging
from personae.engine.imaging import LUMA
from personae.engine.mesh.donor import MeshDonor
from personae.engine.mesh.skin import LOG_OFFSET, skin_model
from personae.engine.mesh.topology import TEXTURE_PX, FaceMesh
from personae.engine.mesh.vertices import (
    EYE_LEFT,
    EYE_LEFT_CENTRE,
    EYE_RIGHT,
    EYE_RIGHT_CENTRE,
    LIPS_RED,
    extend_values,
)
from personae.engine.types import Float32, Float64, UInt8

DARKER_EXPONENT, DARKER_TINT = 0.55, 0.8
"""How contrast and colour shrink on darker skin. Contrast shrinks least: dark skin shines."""
LIGHTER_EXPONENT, LIGHTER_TINT = 0.25, -0.4
"""The same on lighter skin, where dark skin's sheen would come out as grey patches."""
FEATURE_EXPONENT, FEATURE_TINT = 0.9, 0.35
"""The same on lighter skin for brows, lids and lips, which are as dark there in proportion."""
LEVELS_FROM = (1.3, 2.2, 4.0)
"""Texels per pixel from which the next blurred level of the texture is taken."""
SHOULDER_FROM, SHOULDER = np.float32(205), np.float32(0.5)
_GAINS = LIGHTER_EXPONENT, FEATURE_EXPONENT
_TINTS = LIGHTER_TINT, FEATURE_TINT


def relight(mesh: FaceMesh, donor: MeshDonor, skin: Float64, lips: Float64) -> Float64:
    """How the texture's colours become the scene's: float64 (VERTICES, 7) per vertex.

    With the donor's skin model Md, the scene's Ms, and Y() for luma, a texel D turns into
    ``Ms + gain * (Y(D) - Y(Md)) * Ms / Y(Ms) + tint * rest``, where ``rest`` is what is left of
    D - Md without its luma along the donor's skin colour. Shading thus takes the colour of the
    scene's skin, and only real colour (lips, brows, eyes) keeps its own. Columns: tint; three
    factors of Y(D); three offsets. `skin` and `lips` are the scene's, as in `FacePlan`.
    """
    ratio = np.clip(skin_model(mesh, skin) - donor.skin, -1.8, 1.8)
    theirs = np.maximum(np.exp(donor.skin) - LOG_OFFSET, 4.0)
    wanted = np.maximum(np.exp(donor.skin + ratio) - LOG_OFFSET, 4.0)
    their_luma, wanted_luma = (
        np.asarray((colour @ LUMA)[:, None], np.float64) for colour in (theirs, wanted)
    )
    light = np.log((wanted_luma + LOG_OFFSET) / (their_luma + LOG_OFFSET))
    gain = np.exp(np.where(light > 0, _by_feature(mesh, *_GAINS), DARKER_EXPONENT) * light)
    tint = np.exp(np.where(light > 0, _by_feature(mesh, *_TINTS), DARKER_TINT) * light)
    paler = _saturation(wanted, wanted_luma) / max(_saturation(theirs, their_luma), 0.05)
    tint *= min(1.0, paler)
    by_luma = gain * wanted / wanted_luma - tint * theirs / their_luma
    offset = wanted - tint * theirs - by_luma * their_luma
    weight = np.clip(mesh.lip_near * 1.6, 0, 1)[:, None]
    table = np.column_stack([tint, by_luma, offset])
    table[:, 4:] += weight * _lip_correction(donor.lips, lips, light, table)
    out = extend_values(table)
    for centre, loop in ((EYE_LEFT_CENTRE, EYE_LEFT), (EYE_RIGHT_CENTRE, EYE_RIGHT)):
        # Eyeballs are wet and shadowed: they follow the light at half, without the skin's tint.
        brightness = math.exp(0.45 * float(light[list(loop)].mean()))
        # Eyes keep their colour beside pale skin, but not in a black and white scene.
        colour = min(1.0, 3 * paler)
        out[centre] = 0
        out[centre, 0] = brightness * colour
        out[centre, 1:4] = brightness * (1 - colour)
    return out


def _by_feature(mesh: FaceMesh, skin: float, feature: float) -> Float64:
    """One value for plain skin, another for brows, lids and (mostly) lips: float64 (468, 1)."""
    near = np.maximum.reduce([mesh.brow_near, mesh.eye_near, 0.7 * mesh.lip_near])
    return skin + (feature - skin) * np.clip(1.6 * near, 0, 1)[:, None]


def _saturation(colours: Float64, luma: Float64) -> float:
    """How far colours (N, 3) are from grey, relative to their luma (N, 1)."""
    return float((np.abs(colours - luma) / luma).mean())


def _lip_correction(theirs: Float64, wanted: Float64, light: Float64, table: Float64) -> Float64:
    """What to add so that lips look right beside the scene's skin, float64 (3,).

    Lips that are lighter than dark skin would come out white on fair skin. The more the light
    changes between the donor's skin and the scene's, the more the scene's own lips decide.
    `theirs` and `wanted` are the mean lip colours, `table` is that of `relight`.
    """
    red = list(LIPS_RED)
    tint, by_luma, offset = table[red, :1], table[red, 1:4], table[red, 4:]
    lips = (tint * theirs + by_luma * float(theirs @ LUMA) + offset).mean(0)
    share = min(0.85, 0.25 + 0.8 * abs(float(light[red].mean())))
    return share * (wanted - lips)


def relit_face(texture: UInt8, tint: Float32, factor: Float32, offset: Float32) -> Float32:
    """A texture in the scene's light, float32 (h, w, 3) in [0, 255].

    `tint`, `factor` and `offset` are float32 (h, w, 3): the columns of `relight`, looked up where
    the texture was, the tint three times over. `factor` is used up.
    """
    face = imaging.multiply(texture, tint)
    imaging.multiply_into(factor, imaging.thrice(imaging.luma(texture)).astype(np.float32))
    imaging.add_into(face, factor)
    imaging.add_into(face, offset)
    # A shoulder instead of a hard edge at white: fair skin in strong light keeps its modelling.
    over = np.subtract(face, SHOULDER_FROM, out=factor)
    np.maximum(over, 0, out=over)
    over *= SHOULDER
    face -= over
    return np.clip(face, 0, 255, out=face)


def texture_level(donor: MeshDonor, extent_px: float) -> UInt8:
    """The donor's texture, blurred to suit a face of `extent_px` from forehead to chin."""
    level = int(np.searchsorted(LEVELS_FROM, TEXTURE_PX * 0.97 / extent_px))
    return donor.levels[level]
