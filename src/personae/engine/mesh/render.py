"""Put a donor's face into a region of the scene: warp, relight, mask, blend.

All arrays named ``work`` are at the working size, at most `WORK_PX` on the longer side; ``cell``
arrays live on a coarser grid on which the mesh is drawn. What leaves is a difference to add to
the scene, exactly 0 outside the mask.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import cv2
import numpy as np

from personae.engine.geometry import clip_box
from personae.engine.mesh.donor import MeshDonor, smoothstep
from personae.engine.mesh.observe import eye_shares
from personae.engine.mesh.occlusion import colour_distance, occluded
from personae.engine.mesh.raster import draw_triangles, interpolate, skin_extent, visibility
from personae.engine.mesh.shape import mouth_gap, to_canonical
from personae.engine.mesh.skin import LOG_OFFSET, skin_model
from personae.engine.mesh.topology import (
    COARSE_PX,
    EYE_LEFT,
    EYE_LEFT_CENTRE,
    EYE_RIGHT,
    EYE_RIGHT_CENTRE,
    KIND_MOUTH,
    KIND_RING,
    LIPS_RED,
    RING_START,
    SKIN,
    TEXTURE_PX,
    FaceMesh,
    extend_positions,
    extend_values,
)
from personae.engine.types import Bool, BoxXYXY, Canvas, Float32, Float64, Int16, UInt8

WORK_PX = 400
CELLS = 128
RING = 0.22
SMALLEST_PX = 16
LIGHTER_EXPONENT, DARKER_EXPONENT = 0.5, 0.9
LIGHTER_TINT, DARKER_TINT = 0.35, 0.8
LOW_BAND_PULL = 0.7
SHOULDER_FROM, SHOULDER = np.float32(205), np.float32(0.5)
LUMA = np.array([0.299, 0.587, 0.114], np.float32)


@dataclass(frozen=True, slots=True, eq=False)
class FacePlan:
    """All that one face of one frame needs to be rendered, whatever came before.

    Attributes
    ----------
    donor : MeshDonor
    landmarks : float64 (478, 3)
        The scene's, smoothed over time in a video, in pixels.
    shift : float64 (468, 3)
        From `identity_shift`, canonical units.
    skin : float64 (MODES, 3)
        The scene's skin coefficients from `observe_skin`.
    lips : float64 (3,), RGB in [0, 255]
        The scene's mean lip colour.
    glasses : float in [0, 1]
        How surely dark glasses cover the eyes; they stay.
    strength : float in [0, 1]
    """

    donor: MeshDonor
    landmarks: Float64
    shift: Float64
    skin: Float64
    lips: Float64
    glasses: float
    strength: float


@dataclass(frozen=True, slots=True, eq=False)
class Rendered:
    """A difference to add: `delta` float32 (h, w, 3) for `box`; `mask` float32 (h, w), [0, 1]."""

    box: BoxXYXY
    delta: Float32
    mask: Float32


@dataclass(frozen=True, slots=True, eq=False)
class _Frame:
    """Where the mesh lies: vertices before and after the change of shape, and the grids."""

    box: BoxXYXY
    before: Float64
    after: Float64
    work_wh: tuple[int, int]
    cell_wh: tuple[int, int]

    def in_cells(self, positions: Float64) -> Float64:
        x0, y0, x1, y1 = self.box
        scale = np.array([self.cell_wh[0] / (x1 - x0), self.cell_wh[1] / (y1 - y0)])
        return (positions[:, :2] - [x0, y0] + 0.5) * scale - 0.5

    def in_work(self, positions: Float64) -> Float64:
        x0, y0, x1, y1 = self.box
        scale = np.array([self.work_wh[0] / (x1 - x0), self.work_wh[1] / (y1 - y0)])
        return (positions[:, :2] - [x0, y0] + 0.5) * scale - 0.5


def render_face(mesh: FaceMesh, canvas: Canvas, plan: FacePlan) -> Rendered | None:
    """The difference that puts `plan.donor` on one face; None when it lies outside the picture."""
    frame = _place(mesh, plan, canvas.size_wh)
    if frame is None or plan.strength <= 0:
        return None
    pixels = canvas.region_rgb(frame.box)
    scene = _resize(pixels, frame.work_wh)
    seen = visibility(mesh, frame.after)
    cells = frame.in_cells(frame.after)
    number, front = draw_triangles(mesh, cells, frame.after[:, 2], frame.cell_wh)
    layout = _texture_lookup(mesh, number, cells)
    statics, light = _maps_from_texture(mesh, plan, seen, layout)
    kind = mesh.kind[np.maximum(number, 0)]
    core = (number >= 0) & (kind != KIND_RING) & front[number]

    bend = _background_bend(mesh, frame, layout, number)
    background = _bend(scene, bend, frame.work_wh)
    face = _relit_face(plan, frame, layout, light)
    alpha = _mask(plan, statics, core, kind)
    weight = np.where(core, statics[..., 1], 0).astype(np.float32)
    rim = np.where(core, statics[..., 2], 0).astype(np.float32)
    alpha *= 1 - _occluders(background, face, weight, rim, frame.cell_wh)
    change, mask = _blend(background, face, alpha, weight, frame)
    change += background.astype(np.float32)
    change -= scene
    return _to_full_size(pixels, scene, change, mask, bend, frame, plan.strength)


def _place(mesh: FaceMesh, plan: FacePlan, size_wh: tuple[int, int]) -> _Frame | None:
    """Move the vertices to the donor's build and choose the grids."""
    landmarks = plan.landmarks
    fit, _ = to_canonical(mesh, landmarks)
    moved = landmarks.copy()
    shift = fit.undo_vectors(plan.shift * plan.strength)
    moved[:SKIN] += shift
    moved[468:473] += shift[list(EYE_LEFT)].mean(0)
    moved[473:478] += shift[list(EYE_RIGHT)].mean(0)
    before, after = extend_positions(landmarks, RING), extend_positions(moved, RING)
    after[RING_START:] = before[RING_START:]
    box = clip_box(after[:, :2].min(0) - 4, after[:, :2].max(0) + 4, size_wh)
    if box is None or min(box[2] - box[0], box[3] - box[1]) < SMALLEST_PX:
        return None
    wide, tall = box[2] - box[0], box[3] - box[1]
    scale = min(1.0, WORK_PX / max(wide, tall))
    work = (max(SMALLEST_PX, round(wide * scale)), max(SMALLEST_PX, round(tall * scale)))
    coarse = min(1.0, CELLS / max(work))
    cell = (max(8, math.ceil(work[0] * coarse)), max(8, math.ceil(work[1] * coarse)))
    return _Frame(box, before, after, work, cell)


def _resize(image: UInt8, size_wh: tuple[int, int]) -> UInt8:
    if (image.shape[1], image.shape[0]) == size_wh:
        return image
    return np.asarray(cv2.resize(image, size_wh, interpolation=cv2.INTER_AREA), np.uint8)


def _upsample(image: Float32, size_wh: tuple[int, int]) -> Float32:
    if (image.shape[1], image.shape[0]) == size_wh:
        return image
    return np.asarray(cv2.resize(image, size_wh, interpolation=cv2.INTER_LINEAR), np.float32)


def _texture_lookup(mesh: FaceMesh, number: Int16, cells: Float64) -> Float32:
    """Texture coordinates in each cell, float32 (h, w, 2); far outside where no mesh is."""
    u, v = interpolate(mesh, number, cells, mesh.uv)
    layout = cv2.merge([u, v])
    layout[number < 0] = -1e4
    return np.asarray(layout, np.float32)


def _maps_from_texture(
    mesh: FaceMesh, plan: FacePlan, seen: Float64, layout: Float32
) -> tuple[Float32, Float32]:
    """Everything smooth over the face, laid out on the texture and looked up per cell.

    Returns
    -------
    statics : float32 (h, w, 3)
        The mask's vertex factor, where occluders can be told, the rim.
    light : float32 (h, w, 9)
        Three times the tint, three luma factors, three offsets: see `_relight`.
    """
    alpha = _vertex_alpha(mesh, plan, seen)
    weight = extend_values(mesh.occluder_weight)
    weight[SKIN:] = 0
    rim = extend_values(np.where(mesh.ring <= 1, 1.0, 0.0))
    rim[RING_START:] = 0
    light = _relight(mesh, plan)
    columns = [alpha, weight, rim, light[:, 0], light[:, 0], light]
    coarse = mesh.on_coarse(np.column_stack(columns))
    scale = COARSE_PX / TEXTURE_PX
    where = (layout + np.float32(0.5)) * np.float32(scale) - np.float32(0.5)

    def look(first: int) -> Float32:
        part = np.ascontiguousarray(coarse[..., first : first + 3])
        out = cv2.remap(part, where, None, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
        return np.asarray(out, np.float32)

    return look(0), np.concatenate([look(3), look(6), look(9)], 2)


def _vertex_alpha(mesh: FaceMesh, plan: FacePlan, seen: Float64) -> Float64:
    """The mask at each vertex: rim and grazing parts fade, eyes and glasses may stay the scene's."""
    fade = np.select([mesh.ring == 0, mesh.ring == 1], [0.0, 0.85], 1.0)
    alpha = extend_values(seen * fade)
    alpha[RING_START:] = 0
    left, right = eye_shares(plan.landmarks, plan.donor.eyes)
    alpha[EYE_LEFT_CENTRE], alpha[EYE_RIGHT_CENTRE] = left, right
    side = mesh.canonical[:SKIN, 0]
    share = np.where(side < 0, left, right)
    alpha[:SKIN] *= 1 - (1 - share) * np.clip(mesh.eye_near * 2.2, 0, 1)
    if plan.glasses > 0:
        alpha[:SKIN] *= 1 - plan.glasses * mesh.around_eyes
        alpha[[EYE_LEFT_CENTRE, EYE_RIGHT_CENTRE]] *= 1 - plan.glasses
    return alpha


def _relight(mesh: FaceMesh, plan: FacePlan) -> Float64:
    """How the texture's colours become the scene's: float64 (VERTICES, 7) per vertex.

    With the donor's skin model Md, the scene's Ms, and Y() for luma, a texel D turns into
    ``Ms + gain * (Y(D) - Y(Md)) * Ms / Y(Ms) + tint * rest``, where ``rest`` is what is left of
    D - Md without its luma along the donor's skin colour. Shading thus takes the colour of the
    scene's skin, and only real colour (lips, brows, eyes) keeps its own. Columns: tint; three
    factors of Y(D); three offsets.
    """
    ratio = np.clip(skin_model(mesh, plan.skin) - plan.donor.skin, -1.8, 1.8)
    donor = np.maximum(np.exp(plan.donor.skin) - LOG_OFFSET, 4.0)
    scene = np.maximum(np.exp(plan.donor.skin + ratio) - LOG_OFFSET, 4.0)
    donor_luma, scene_luma = (donor @ LUMA)[:, None], (scene @ LUMA)[:, None]
    light = np.log((scene_luma + LOG_OFFSET) / (donor_luma + LOG_OFFSET))
    gain = np.exp(np.where(light > 0, LIGHTER_EXPONENT, DARKER_EXPONENT) * light)
    tint = np.exp(np.where(light > 0, LIGHTER_TINT, DARKER_TINT) * light)
    by_luma = gain * scene / scene_luma - tint * donor / donor_luma
    offset = scene - tint * donor - by_luma * donor_luma
    weight = np.clip(mesh.lip_near * 1.6, 0, 1)[:, None]
    offset = offset + weight * _lip_correction(plan, light, tint, by_luma, offset)
    out = extend_values(np.column_stack([tint, by_luma, offset]))
    for centre, loop in ((EYE_LEFT_CENTRE, EYE_LEFT), (EYE_RIGHT_CENTRE, EYE_RIGHT)):
        # Eyeballs are wet and shadowed: they follow the light at half, without the skin's tint.
        out[centre] = 0
        out[centre, 0] = math.exp(0.45 * float(light[list(loop)].mean()))
    return out


def _lip_correction(
    plan: FacePlan, light: Float64, tint: Float64, by_luma: Float64, offset: Float64
) -> Float64:
    """What to add so that lips look right beside the scene's skin, float64 (3,).

    Lips that are lighter than dark skin would come out white on fair skin. The more the light
    changes between the donor's skin and the scene's, the more the scene's own lips decide.
    """
    red = list(LIPS_RED)
    luma = float(plan.donor.lips @ LUMA)
    lips = (tint[red] * plan.donor.lips + by_luma[red] * luma + offset[red]).mean(0)
    share = min(0.85, 0.25 + 0.8 * abs(float(light[red].mean())))
    return share * (plan.lips - lips)


def _relit_face(plan: FacePlan, frame: _Frame, layout: Float32, light: Float32) -> Float32:
    """The donor's texture in the scene's place and light, float32 (h, w, 3) at working size."""
    extent = skin_extent(frame.in_work(frame.after))
    level = int(np.searchsorted([1.3, 2.2, 4.0], TEXTURE_PX * 0.97 / extent))
    where = _upsample(layout, frame.work_wh)
    texture = cv2.remap(
        plan.donor.levels[level], where, None, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE
    )
    luma = cv2.cvtColor(texture, cv2.COLOR_RGB2GRAY)
    tint, factor, offset = (
        _upsample(np.ascontiguousarray(light[..., part]), frame.work_wh)
        for part in (slice(0, 3), slice(3, 6), slice(6, 9))
    )
    face = cv2.multiply(texture, tint, dtype=cv2.CV_32F)
    face = cv2.add(face, cv2.multiply(cv2.merge([luma] * 3), factor, dtype=cv2.CV_32F))
    face = np.asarray(cv2.add(face, offset), np.float32)
    # A shoulder instead of a hard edge at white: fair skin in strong light keeps its modelling.
    face -= SHOULDER * np.maximum(face - SHOULDER_FROM, 0)
    return np.clip(face, 0, 255)


def _background_bend(mesh: FaceMesh, frame: _Frame, layout: Float32, number: Int16) -> Float32:
    """How far each cell's background comes from, in cells, float32 (h, w, 2)."""
    offset = frame.in_cells(frame.before) - frame.in_cells(frame.after)
    coarse = mesh.on_coarse(offset)
    scale = COARSE_PX / TEXTURE_PX
    where = (layout + np.float32(0.5)) * np.float32(scale) - np.float32(0.5)
    bend = cv2.remap(coarse, where, None, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
    bend[number < 0] = 0
    return np.asarray(bend, np.float32)


def _bend(image: UInt8, bend: Float32, size_wh: tuple[int, int]) -> UInt8:
    """Pull the background along with the changed outline; uint8 (h, w, 3) of size `size_wh`."""
    width, height = size_wh
    where = _upsample(bend, size_wh)
    scale = np.array([width / bend.shape[1], height / bend.shape[0]], np.float32)
    where = where * scale
    where[..., 0] += np.arange(width, dtype=np.float32)
    where[..., 1] += np.arange(height, dtype=np.float32)[:, None]
    out = cv2.remap(image, where, None, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
    return np.asarray(out, np.uint8)


def _mask(plan: FacePlan, statics: Float32, core: Bool, kind: UInt8) -> Float32:
    """The mask on cells before occluders, its outline smoothed to less than a cell."""
    alpha = np.clip(statics[..., 0], 0, 1)
    alpha[~core] = 0
    if mouth_gap(plan.landmarks) > 0.05:
        alpha[core & (kind == KIND_MOUTH)] = 0
    # The drawn outline has steps of a cell: blur it and keep the inner half of the ramp.
    cover = cv2.GaussianBlur(core.astype(np.float32), (0, 0), 1.3)
    alpha *= np.clip((cover - 0.5) * 2.4, 0, 1)
    return alpha.astype(np.float32)


def _occluders(
    background: UInt8, face: Float32, weight: Float32, rim: Float32, cell_wh: tuple[int, int]
) -> Float32:
    size = (max(8, cell_wh[0] * 5 // 8), max(8, cell_wh[1] * 5 // 8))
    scene = cv2.resize(background, size, interpolation=cv2.INTER_AREA).astype(np.float32)
    small = np.asarray(cv2.resize(face, size, interpolation=cv2.INTER_AREA), np.float32)
    far = colour_distance(scene, small)
    found = occluded(far, _upsample(weight, size), _upsample(rim, size))
    return _upsample(found, cell_wh)


def _blend(
    background: UInt8, face: Float32, alpha: Float32, weight: Float32, frame: _Frame
) -> tuple[Float32, Float32]:
    """Two bands: fine detail under a tight mask, colour under a soft one that stays inside it.

    Returns the difference from the background at working size, and its mask on cells.
    """
    cells = max(frame.cell_wh)
    fine = cv2.GaussianBlur(alpha, (0, 0), max(0.7, 0.008 * cells))
    inner = cv2.erode(alpha, np.ones((3, 3)), iterations=max(1, cells // 40))
    soft = cv2.GaussianBlur(inner, (0, 0), 0.035 * cells)
    soft = np.minimum(soft, cv2.GaussianBlur(fine, (0, 0), 2))
    face -= background
    low_wh = (max(8, frame.work_wh[0] // 6), max(8, frame.work_wh[1] // 6))
    low = cv2.resize(face, low_wh, interpolation=cv2.INTER_AREA)
    low = np.asarray(cv2.GaussianBlur(low, (0, 0), 1.2), np.float32)
    high = face - _upsample(low, frame.work_wh)
    low -= _colour_pull(low, weight * alpha)
    masks = _upsample(cv2.merge([fine, soft]), frame.work_wh)
    high *= masks[..., :1]
    high += _upsample(low, frame.work_wh) * masks[..., 1:]
    return high, np.maximum(fine, soft).astype(np.float32)


def _colour_pull(low: Float32, skin: Float32) -> Float32:
    """What is left of a colour cast on skin, to be taken out by `LOW_BAND_PULL`."""
    size = (max(6, low.shape[1] // 2), max(6, low.shape[0] // 2))
    share = cv2.resize(skin, size, interpolation=cv2.INTER_AREA)
    cast = cv2.resize(low, size, interpolation=cv2.INTER_AREA) * share[..., None]
    spread = cv2.GaussianBlur(share, (0, 0), 1.6)[..., None]
    cast = cv2.GaussianBlur(cast, (0, 0), 1.6) / (spread + 0.02)
    cast *= np.minimum(spread * 2.5, 1) * LOW_BAND_PULL
    return _upsample(np.asarray(cast, np.float32), (low.shape[1], low.shape[0]))


def _to_full_size(
    pixels: UInt8,
    scene: UInt8,
    change: Float32,
    mask: Float32,
    bend: Float32,
    frame: _Frame,
    strength: float,
) -> Rendered:
    """Bring the difference to the picture's own size and make it exactly 0 where nothing acts."""
    full_wh = (pixels.shape[1], pixels.shape[0])
    if full_wh != frame.work_wh:
        # The background's bend is repeated at full size, so that its detail is not lost; only
        # the face's own difference is upsampled.
        small = _bend(scene, bend, frame.work_wh)
        change -= small
        change += scene
        change = _upsample(change, full_wh)
        change += _bend(pixels, bend, full_wh)
        change -= pixels
    moved = (np.abs(bend).max(2) > 1e-3).astype(np.float32)
    support = cv2.dilate(np.maximum(mask, moved), np.ones((3, 3)))
    reach = _upsample(np.minimum(support * 50, 1).astype(np.float32), full_wh)
    alpha = _upsample(mask, full_wh) * np.float32(strength)
    change *= (np.minimum(reach, 1) * np.float32(strength))[..., None]
    change[reach <= 0] = 0
    return Rendered(frame.box, np.ascontiguousarray(change), np.clip(alpha, 0, 1))


def smooth_share(value: float, low: float, high: float) -> float:
    """`smoothstep` of one number."""
    return float(smoothstep(value, low, high))
