"""Prepare a donor once: one texture, one face shape, one skin model, from one photo or several."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from personae.engine import imaging
from personae.engine.mesh.detail import where_same
from personae.engine.mesh.skin import sample
from personae.engine.mesh.topology import FaceMesh
from personae.engine.mesh.unrolling import Unrolled
from personae.engine.mesh.vertices import (
    LIPS_RED,
    extend_values,
)
from personae.engine.plans import EngineDonor
from personae.engine.types import Float32, Float64, UInt8
from personae.errors import InvalidRequest

LEVEL_BLURS_PX = (1.0, 1.8, 3.2)
GRAZING_TEXELS = 12
BORROWED_WORTH = 0.4
"""Of skin that was mirrored in from the other half, beside skin that another photo shows."""


@dataclass(frozen=True, slots=True, eq=False)
class MeshDonor(EngineDonor):
    """A donor, ready to be put into any number of scenes. Read-only, shared between threads.

    Attributes
    ----------
    levels : uint8 (384, 384, 3) RGB each
        The texture, and blurred by `LEVEL_BLURS_PX` texels for small faces.
    alpha : uint8 (384, 384)
        255 where the texture is the donor's own visible skin.
    skin : float64 (468, 3); canonical : float64 (478, 3)
        As in `Unrolled`.
    lips : float64 (3,), RGB in [0, 255]
        Mean colour of the lips.
    eyes : (left, right) openness of the eyes in the texture.
    beard : float64 (468,), range [0, 1]
        As in `Unrolled`.
    detail : uint8 (768, 768), optional
        What a large photo shows beyond the texture's size; see `detail.photo_detail`.
    """

    levels: tuple[UInt8, ...]
    alpha: UInt8
    skin: Float64
    canonical: Float64
    lips: Float64
    eyes: tuple[float, float]
    beard: Float64
    detail: UInt8 | None = None

    def __repr__(self) -> str:
        return f"MeshDonor(texture={self.levels[0].shape})"


def mesh_donor(donor: EngineDonor) -> MeshDonor:
    """A plan's donor, which must have been prepared by this engine.

    Raises
    ------
    InvalidRequest
    """
    if not isinstance(donor, MeshDonor):
        raise InvalidRequest("The donor was prepared for another engine; prepare it for this one.")
    return donor


def build_donor(mesh: FaceMesh, photos: Sequence[Unrolled]) -> MeshDonor:
    """Fuse the photos of one person; every part comes from where it is seen best and calmest."""
    best = max(range(len(photos)), key=lambda i: (_calm(photos[i]), -i))
    reference = photos[best]
    if len(photos) == 1:
        texture, seen, covered = reference.texture, reference.seen, reference.covered
        canonical, eyes = reference.canonical, reference.eyes
    else:
        texture, seen, covered = _fuse(mesh, photos, reference)
        weights = np.array([_calm(p) + 0.05 for p in photos]) ** 2
        canonical = np.tensordot(weights / weights.sum(), [p.canonical for p in photos], 1)
        most_open = max(photos, key=lambda p: min(p.eyes))
        eyes = most_open.eyes
    base = np.clip(np.rint(texture), 0, 255).astype(np.uint8)
    blurred = [imaging.blur(base, sigma) for sigma in LEVEL_BLURS_PX]
    # Near the rim, what was seen at a grazing angle is stretched: ears, earrings, the background.
    clear = np.where(mesh.ring <= 5, np.clip((seen - 0.2) / 0.4, 0, 1), 1.0)
    shown = np.clip(mesh.on_texture(extend_values(clear)[:, None])[..., 0], 0, 1)
    # It reaches a few texels farther in than the landmarks say.
    shown = imaging.blur(imaging.erode(shown, GRAZING_TEXELS), GRAZING_TEXELS / 2.4)
    alpha = np.clip(1 - covered, 0, 1) * shown
    alpha[mesh.texture_triangle < 0] = 0
    return MeshDonor(
        levels=(base, *(np.asarray(level, np.uint8) for level in blurred)),
        alpha=np.rint(alpha * 255).astype(np.uint8),
        skin=reference.skin,
        canonical=canonical,
        lips=sample(blurred[2], mesh.uv[list(LIPS_RED)]).mean(0).astype(np.float64),
        eyes=eyes,
        beard=reference.beard,
        detail=where_same(reference.detail, texture, reference.texture),
    )


def _calm(photo: Unrolled) -> float:
    """How good a photo is as the reference: frontal, sharp, eyes open, mouth closed; [0, 1]."""
    eyes = float(np.clip(min(photo.eyes) / 0.25, 0.2, 1))
    mouth = float(np.clip(1 - photo.mouth / 0.4, 0.2, 1))
    size = float(np.clip(photo.pixels_per_texel, 0.15, 1))
    return photo.frontal * eyes * mouth * size * float(1 - photo.hidden.mean())


def _fuse(
    mesh: FaceMesh, photos: Sequence[Unrolled], reference: Unrolled
) -> tuple[Float32, Float64, Float32]:
    """Blend textures under the reference's light, with weights sharp enough to stay crisp."""
    weights: list[Float32] = []
    textures: list[Float32] = []
    eyes = extend_values(np.clip(mesh.eye_near * 2 + mesh.around_eyes, 0, 1))
    mouth = extend_values(np.clip(mesh.lip_near * 2, 0, 1))
    for photo in photos:
        relight = np.exp(np.clip(reference.skin - photo.skin, -1.2, 1.2))
        textures.append(
            np.clip(photo.texture * mesh.on_texture(extend_values(relight)), 0, 255).astype(
                np.float32
            )
        )
        # What was borrowed from the other half of the face fills in where no photo shows it.
        own = BORROWED_WORTH * photo.seen + (1 - BORROWED_WORTH) * photo.own
        seen = extend_values(own) * (0.4 + 0.6 * photo.frontal)
        sharp = float(np.clip(photo.pixels_per_texel, 0.2, 1))
        open_eyes = float(np.clip(min(photo.eyes) / 0.28, 0.1, 1)) ** 2
        closed_mouth = float(np.clip(1 - photo.mouth / 0.35, 0.1, 1)) ** 2
        part = seen * sharp * (1 + eyes * (open_eyes - 1)) * (1 + mouth * (closed_mouth - 1))
        bare = (1 - photo.covered) * (1 - (1 - BORROWED_WORTH) * photo.hidden)
        weight = (mesh.on_texture(part[:, None])[..., 0] * bare + 1e-4).astype(np.float32)
        weights.append(imaging.blur(weight, 5).astype(np.float32))
    powers = np.stack(weights).astype(np.float64) ** 8
    share = (powers / powers.sum(0)).astype(np.float32)
    texture = sum((t * s[..., None] for t, s in zip(textures, share, strict=True)), np.float32(0))
    covered = np.minimum.reduce([photo.covered for photo in photos])
    seen = np.maximum.reduce([photo.seen for photo in photos])
    return np.asarray(texture, np.float32), seen, covered
