"""Prepare a donor once: one texture, one face shape, one skin model, from one photo or several."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from personae.engine import imaging
from personae.engine.geometry import clip_box
from personae.engine.mesh.occlusion import rim_connected
from personae.engine.mesh.raster import skin_extent, texture_positions, visibility
from personae.engine.mesh.shape import eye_openings, mouth_gap, to_canonical
from personae.engine.mesh.skin import LOG_OFFSET, fit_skin, log_colour, sample, skin_model
from personae.engine.mesh.topology import TEXTURE_PX, FaceMesh
from personae.engine.mesh.vertices import (
    LIPS_RED,
    RING_START,
    SKIN,
    extend_positions,
    extend_values,
)
from personae.engine.types import Canvas, Face, Float32, Float64, UInt8

LEVEL_BLURS_PX = (1.0, 1.8, 3.2)
HIGHLIGHT_KEPT = 0.35
BORROWED_WORTH = 0.4
"""Of skin that was mirrored in from the other half, beside skin that another photo shows."""


@dataclass(frozen=True, slots=True, eq=False)
class Unrolled:
    """One photo of a donor on the texture layout.

    Attributes
    ----------
    texture : float32 (384, 384, 3), RGB in [0, 255]
    seen : float64 (468,), range [0, 1]
        How well each vertex was seen, after the hidden half was mirrored in.
    own : float64 (468,), range [0, 1]
        The same before that.
    covered : float32 (384, 384), range [0, 1]
        1 where hair, a hand or another occluder hides the skin.
    hidden : float32 (384, 384), range [0, 1]
        The same before one half was borrowed from the other: what the photo really lacks.
    skin : float64 (468, 3)
        Logarithmic skin colour.
    canonical : float64 (478, 3)
        Landmarks in canonical position.
    pixels_per_texel : float
    frontal : float in [0, 1]
        1 when the head faces the camera, 0 from 45 degrees away.
    eyes : (left, right) openness; mouth : gap over width
    """

    texture: Float32
    seen: Float64
    own: Float64
    covered: Float32
    hidden: Float32
    skin: Float64
    canonical: Float64
    pixels_per_texel: float
    frontal: float
    eyes: tuple[float, float]
    mouth: float


@dataclass(frozen=True, slots=True, eq=False)
class MeshDonor:
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
    """

    levels: tuple[UInt8, ...]
    alpha: UInt8
    skin: Float64
    canonical: Float64
    lips: Float64
    eyes: tuple[float, float]

    def __repr__(self) -> str:
        return f"MeshDonor(texture={self.levels[0].shape})"


def smoothstep(values: Float64 | float, low: float, high: float) -> Float64:
    """Hermite step from 0 at `low` to 1 at `high`."""
    t = np.clip((np.asarray(values, np.float64) - low) / (high - low), 0, 1)
    return t * t * (3 - 2 * t)


def unroll(mesh: FaceMesh, canvas: Canvas, face: Face) -> Unrolled:
    """Take one photo's face to the texture layout, hidden half mirrored, occluders marked."""
    landmarks = face.landmarks.astype(np.float64)
    _, canonical = to_canonical(mesh, landmarks)
    positions = extend_positions(landmarks, 0.10)
    own = seen = visibility(mesh, positions)
    texels = float(np.linalg.norm(mesh.uv[10] - mesh.uv[152]))
    density = skin_extent(positions) / texels
    direct = _sample_photo(mesh, canvas, positions, density)
    mirrored = _sample_photo(mesh, canvas, positions[mesh.mirror], density)
    skin = _skin_of(mesh, direct, seen)
    direct, seen = _mirror_hidden_half(mesh, direct, mirrored, skin, seen, face.pose.yaw)
    skin = _skin_of(mesh, direct, seen)
    covered = _covered(mesh, direct, skin)
    hidden = covered
    direct, covered = _mirror_covered(mesh, direct, mirrored, skin, covered, face.pose.yaw)
    skin = _skin_of(mesh, direct, seen, covered)
    texture = _soften_highlights(mesh, direct, skin)
    return Unrolled(
        texture=texture,
        seen=seen,
        own=own,
        covered=covered,
        hidden=hidden,
        skin=skin,
        canonical=canonical,
        pixels_per_texel=density,
        frontal=float(np.clip(1 - max(abs(face.pose.yaw), abs(face.pose.pitch)) / 45, 0, 1)),
        eyes=eye_openings(landmarks),
        mouth=mouth_gap(landmarks),
    )


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
    clear = np.where(mesh.ring <= 3, np.clip((seen - 0.05) / 0.4, 0, 1), 1.0)
    shown = mesh.on_texture(extend_values(clear)[:, None])[..., 0]
    alpha = np.clip(1 - covered, 0, 1) * np.clip(shown, 0, 1)
    alpha[mesh.texture_triangle < 0] = 0
    return MeshDonor(
        levels=(base, *(np.asarray(level, np.uint8) for level in blurred)),
        alpha=np.rint(alpha * 255).astype(np.uint8),
        skin=reference.skin,
        canonical=canonical,
        lips=sample(blurred[2], mesh.uv[list(LIPS_RED)]).mean(0).astype(np.float64),
        eyes=eyes,
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


def _sample_photo(mesh: FaceMesh, canvas: Canvas, positions: Float64, density: float) -> Float32:
    """Read the texture out of the photo, blurred first where it would alias."""
    margin = 4 + 2 * density
    low, high = positions[:, :2].min(0) - margin, positions[:, :2].max(0) + margin
    box = clip_box(low, high, canvas.size_wh)
    if box is None:
        return np.zeros((TEXTURE_PX, TEXTURE_PX, 3), np.float32)
    pixels = canvas.region_rgb(box)
    if density > 1.2:
        pixels = imaging.blur(pixels, 0.4 * density)
    shifted = positions[:, :2] - [box[0], box[1]]
    x, y = texture_positions(mesh, shifted)
    return imaging.remap_xy(pixels, x, y, cubic=density < 1).astype(np.float32)


def _skin_of(
    mesh: FaceMesh, texture: Float32, seen: Float64, covered: Float32 | None = None
) -> Float64:
    """The skin model of a texture, float64 (468, 3)."""
    blurred = imaging.blur(texture, 4)
    trust = mesh.skin_weight * np.clip(seen, 0.02, 1) + 1e-4
    uv = mesh.uv[:SKIN]
    if covered is not None:
        x, y = np.rint(uv).astype(int).T
        trust = trust * (1 - 0.95 * covered[y, x])
    colours = log_colour(np.asarray(blurred, np.float32), uv)
    return skin_model(mesh, fit_skin(mesh, colours, trust, rounds=4))


def _mirror_hidden_half(
    mesh: FaceMesh, direct: Float32, mirrored: Float32, skin: Float64, seen: Float64, yaw: float
) -> tuple[Float32, Float64]:
    """Fill the half that a turned head hides from the other half, under this half's light."""
    x = mesh.canonical[:SKIN, 0]
    flip = mesh.mirror[:SKIN]
    away = -1.0 if seen[x < -0.2].mean() < seen[x > 0.2].mean() else 1.0
    need = smoothstep(abs(yaw), 14, 26) * smoothstep(x * away, -0.02, 0.22)
    if need.max() <= 0:
        return direct, seen
    shade = np.exp(np.clip((skin - skin[flip]) * (1 - need[:, None]), -1, 1))
    relit = mirrored * mesh.on_texture(extend_values(shade))
    share = mesh.on_texture(extend_values(need)[:, None])
    mixed = direct * (1 - share) + relit * share
    return mixed.astype(np.float32), seen * (1 - need) + seen[flip] * need


def _covered(mesh: FaceMesh, texture: Float32, skin: Float64) -> Float32:
    """Where the texture is not skin and reaches in from the rim: hair, a hand, a microphone."""
    skin_rgb = np.exp(mesh.on_texture(extend_values(skin))) - LOG_OFFSET
    model: Float32 = np.clip(skin_rgb, 0, 255).astype(np.float32)
    smooth = imaging.blur(np.clip(texture, 0, 255), 2)
    off = imaging.lab(smooth) - imaging.lab(model)
    light = off[..., 0] * np.float32(2.55)
    light = np.where(light < 0, 0.5 * light, 0.4 * light)
    far = np.sqrt(light**2 + (1.2 * off[..., 1]) ** 2 + (1.2 * off[..., 2]) ** 2)
    maps = mesh.on_texture(_occluder_maps(mesh))
    inside = mesh.texture_triangle >= 0
    strength = np.clip((far * maps[..., 0] - 13) / 12, 0, 1) * inside
    small = (96, 96)
    coarse = imaging.resize_area(strength.astype(np.float32), small)
    rim = imaging.resize_linear((maps[..., 1] * inside).astype(np.float32), small)
    kept = imaging.dilate(rim_connected(coarse, rim))
    return imaging.blur(imaging.resize_linear(kept, (TEXTURE_PX, TEXTURE_PX)), 3)


def _occluder_maps(mesh: FaceMesh) -> Float64:
    """Vertex values (VERTICES, 2): where colour can tell an occluder, and the rim of the face."""
    weight = extend_values(mesh.hidden_weight)
    rim = extend_values(np.where(mesh.ring <= 1, 1.0, 0.0))
    weight[SKIN:] = 0
    rim[RING_START:] = 0
    return np.stack([weight, rim], 1)


def _mirror_covered(
    mesh: FaceMesh,
    texture: Float32,
    mirrored: Float32,
    skin: Float64,
    covered: Float32,
    yaw: float,
) -> tuple[Float32, Float32]:
    """Where only one half is covered, take the other half, on a head that is not turned."""
    one_sided = np.clip((covered - covered[:, ::-1]) * 1.5, 0, 1)
    one_sided = one_sided * (1 - float(smoothstep(abs(yaw), 20, 30)))
    if one_sided.max() < 0.3:
        return texture, covered
    share = imaging.blur(one_sided.astype(np.float32), 4)[..., None]
    shade = np.exp(np.clip(skin - skin[mesh.mirror[:SKIN]], -1, 1))
    relit = mirrored * mesh.on_texture(extend_values(shade))
    mixed = texture * (1 - share) + relit * share
    return mixed.astype(np.float32), (covered * (1 - share[..., 0])).astype(np.float32)


def _soften_highlights(mesh: FaceMesh, texture: Float32, skin: Float64) -> Float32:
    """Press down what shines above the skin's own colour: it belongs to the photo's lamp."""
    model = np.exp(mesh.on_texture(extend_values(skin))) - LOG_OFFSET
    excess = texture - model
    knee = 0.16 * model + 6
    soft = np.where(excess > knee, knee + (excess - knee) * HIGHLIGHT_KEPT, excess)
    shiny = np.clip(1.6 * np.maximum(mesh.eye_near, mesh.lip_near), 0, 1)
    keep = mesh.on_texture(extend_values(shiny)[:, None])
    return (model + soft * (1 - keep) + excess * keep).astype(np.float32)
