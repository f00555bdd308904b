"""Take one photo's face to the texture layout, and make the best of what it hides."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from personae.engine import imaging
from personae.engine.geometry import clip_box
from personae.engine.mesh.beards import cheeks, find_beard, smoothstep
from personae.engine.mesh.calming import calm_texture
from personae.engine.mesh.construction import near
from personae.engine.mesh.detail import photo_detail
from personae.engine.mesh.occlusion import rim_connected
from personae.engine.mesh.raster import skin_extent, texture_positions, visibility
from personae.engine.mesh.shape import eye_openings, mouth_gap, smile, to_canonical
from personae.engine.mesh.skin import (
    HAIR_DISTRUST,
    LOG_OFFSET,
    fit_skin,
    hair_over_skin,
    light_detail,
    log_colour,
    skin_model,
)
from personae.engine.mesh.topology import COARSE_PX, TEXTURE_PX, FaceMesh
from personae.engine.mesh.vertices import (
    BROWS,
    RING_START,
    SKIN,
    extend_positions,
    extend_values,
)
from personae.engine.types import Canvas, Face, Float32, Float64, UInt8

HIGHLIGHT_KEPT = 0.25
COVERED_BROW = 60
"""Coarse texels around a brow that are covered, from which hair may go on over the brow itself."""


@dataclass(frozen=True, slots=True, eq=False)
class Unrolled:
    """One photo of a donor on the texture layout.

    Attributes
    ----------
    texture : float32 (384, 384, 3), RGB in [0, 255]
        Without the photo's highlights and the creases of a smile.
    seen : float64 (468,), range [0, 1]
        How well each vertex was seen, after the hidden half was mirrored in.
    own : float64 (468,), range [0, 1]
        The same before that.
    covered : float32 (384, 384), range [0, 1]
        1 where hair, a hand or another occluder hides the skin.
    hidden : float32 (384, 384), range [0, 1]
        The same before one half was borrowed from the other: what the photo really lacks.
    skin : float64 (468, 3)
        Logarithmic skin colour under the photo's light, highlights and cast shadows included.
    canonical : float64 (478, 3)
        Landmarks in canonical position.
    pixels_per_texel : float
    frontal : float in [0, 1]
        1 when the head faces the camera, 0 from 45 degrees away.
    eyes : (left, right) openness; mouth : gap over width
    beard : float64 (468,), range [0, 1]
        From `find_beard`.
    detail : uint8 (768, 768), optional
        From `photo_detail`.
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
    beard: Float64
    detail: UInt8 | None = None


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
    beard = find_beard(mesh, log_colour(imaging.blur(direct, 4), mesh.uv[:SKIN]))
    skin = _skin_of(mesh, direct, seen, beard)
    direct, seen = _mirror_hidden_half(mesh, direct, mirrored, skin, seen, face.pose.yaw)
    skin = _skin_of(mesh, direct, seen, beard)
    covered = _covered(mesh, direct, skin, beard)
    hidden = covered
    direct, covered = _mirror_covered(mesh, direct, mirrored, skin, covered, face.pose.yaw)
    skin = _skin_of(mesh, direct, seen, beard, covered)
    texture = _soften_highlights(mesh, direct, skin)
    skin = skin + _lamp(mesh, texture, skin, seen, covered)
    texture = calm_texture(mesh, texture, skin, smile(canonical))
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
        beard=beard,
        detail=photo_detail(mesh, canvas, positions, own),
    )


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
    mesh: FaceMesh,
    texture: Float32,
    seen: Float64,
    beard: Float64,
    covered: Float32 | None = None,
) -> Float64:
    """The skin model of a texture, float64 (468, 3); under a beard it is the cheeks', faintly."""
    blurred = imaging.blur(texture, 4)
    trust = mesh.skin_weight * np.clip(seen, 0.02, 1) + 1e-4
    uv = mesh.uv[:SKIN]
    if covered is not None:
        x, y = np.rint(uv).astype(int).T
        trust = trust * (1 - 0.95 * covered[y, x])
    colours = log_colour(np.asarray(blurred, np.float32), uv)
    bare = np.median(colours[cheeks(mesh)], 0)
    colours = colours + (bare - colours) * beard[:, None]
    # Deep-set eyes are dark, too.
    hair = hair_over_skin(mesh, colours) * (1 - np.clip(2 * mesh.around_eyes, 0, 1))
    trust = trust * (1 - 0.8 * beard) * (1 - HAIR_DISTRUST * hair)
    return skin_model(mesh, fit_skin(mesh, colours, trust, rounds=4))


def _lamp(
    mesh: FaceMesh, texture: Float32, skin: Float64, seen: Float64, covered: Float32
) -> Float64:
    """What the photo's light does beyond the smooth skin model, float64 (468, 3)."""
    x, y = np.rint(mesh.uv[:SKIN]).astype(int).T
    trust = mesh.skin_weight * mesh.inner * np.clip(seen, 0.02, 1) * (1 - covered[y, x])
    colours = log_colour(np.asarray(imaging.blur(texture, 5), np.float32), mesh.uv[:SKIN])
    return skin_model(mesh, light_detail(mesh, colours - skin, trust))


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


def _covered(mesh: FaceMesh, texture: Float32, skin: Float64, beard: Float64) -> Float32:
    """Where the texture is neither skin nor beard and reaches in from the rim: hair, a hand."""
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
    strength *= 1 - np.clip(3 * mesh.on_texture(extend_values(beard)[:, None])[..., 0], 0, 1)
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
    shade = np.exp(np.clip(skin - skin[mesh.mirror[:SKIN]], -1, 1))
    relit = mirrored * mesh.on_texture(extend_values(shade))
    one_sided = np.maximum(one_sided, _covered_brow(mesh, texture, relit, one_sided))
    share = imaging.blur(one_sided.astype(np.float32), 4)[..., None]
    mixed = texture * (1 - share) + relit * share
    return mixed.astype(np.float32), (covered * (1 - share[..., 0])).astype(np.float32)


def _covered_brow(mesh: FaceMesh, texture: Float32, other: Float32, covered: Float32) -> Float32:
    """Where hair goes on over a brow, from which no colour can tell it: unlike the `other` brow.

    float32 (384, 384) in [0, 1]; only what is connected to `covered`, and only on the side that is
    clearly more so.
    """
    size, cells = (COARSE_PX, COARSE_PX), (COARSE_PX, 2, COARSE_PX // 2)
    brows = near(mesh.canonical, BROWS, 0.14) * 3 * (1 - np.clip(3 * mesh.eye_near, 0, 1))
    zone = mesh.on_coarse(extend_values(np.clip(brows, 0, 1))[:, None])[..., 0]
    zone *= imaging.resize_area((mesh.texture_triangle >= 0).astype(np.float32), size)
    rim = imaging.resize_area(covered.astype(np.float32), size)
    amount = (rim * imaging.dilate(zone, 4)).reshape(cells).sum((0, 2))
    hidden = (amount > COVERED_BROW) & (amount > 2 * amount[::-1])
    if not hidden.any():
        return np.zeros_like(covered)
    small, same = (
        imaging.resize_area(np.clip(one, 0, 255).astype(np.float32), size)
        for one in (texture, other)
    )
    off = imaging.lab(small) - imaging.lab(same)
    unlike = np.clip((np.sqrt((off**2).sum(2)) - 10) / 10, 0, 1) * zone
    unlike = (unlike.reshape(cells) * hidden[:, None]).reshape(size).astype(np.float32)
    kept = np.minimum(rim_connected(np.maximum(unlike, rim), rim), unlike)
    return imaging.resize_linear(imaging.dilate(kept, 2), (TEXTURE_PX, TEXTURE_PX))


def _soften_highlights(mesh: FaceMesh, texture: Float32, skin: Float64) -> Float32:
    """Press down what shines above the skin's own colour: it belongs to the photo's lamp."""
    model = np.exp(mesh.on_texture(extend_values(skin))) - LOG_OFFSET
    excess = texture - model
    knee = 0.16 * model + 6
    soft = np.where(excess > knee, knee + (excess - knee) * HIGHLIGHT_KEPT, excess)
    shiny = np.clip(1.6 * np.maximum(mesh.eye_near, mesh.lip_near), 0, 1)
    keep = mesh.on_texture(extend_values(shiny)[:, None])
    return (model + soft * (1 - keep) + excess * keep).astype(np.float32)
