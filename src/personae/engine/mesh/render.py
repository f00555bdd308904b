"""Put a donor's face into a region of the scene: place, draw, relight, mask, blend.

Colours are worked out at the working size; ``cell`` arrays live on a coarser grid on which the
mesh is drawn. What leaves is a difference to add to the scene, exactly 0 outside the mask.
"""

from __future__ import annotations

import functools
from dataclasses import dataclass, replace

import numpy as np

from personae.engine import imaging
from personae.engine.mesh import blending, lighting, masks
from personae.engine.mesh.detail import with_detail
from personae.engine.mesh.donor import MeshDonor, mesh_donor
from personae.engine.mesh.glasses import frames_mask
from personae.engine.mesh.placement import DETAILED_PX, WORK_PX, Placement, place
from personae.engine.mesh.raster import draw_triangles, interpolate, skin_extent, visibility
from personae.engine.mesh.shape import mouth_gap
from personae.engine.mesh.topology import COARSE_PX, TEXTURE_PX, FaceMesh
from personae.engine.mesh.vertices import KIND_MOUTH, KIND_RING, OVAL, extend_values
from personae.engine.plans import FacePlan, Rendered
from personae.engine.types import Bool, Canvas, Float32, UInt8

LIP_LINE_PX = 300
"""Longer side from which closed lips begin to meet as in the scene; at `WORK_PX` they do."""
OPEN_MOUTH = 0.05
"""`mouth_gap` from which the inside of the scene's mouth is shown."""
BEARD_SPARED = 0.8
"""How much less colour tells occluders where the donor has a beard."""


FRAMES_KEPT = 0.85
"""How much of the frames of a scene's glasses stays. They alone make embedders take a new face for
the old one: over seven renditions of Grace Hopper the new face is nearer to her by 0.002 to 0.01
with frames kept whole. A little of the new face under them is hardly seen."""


@dataclass(frozen=True, slots=True, eq=False)
class _Drawing:
    """The mesh as drawn on cells.

    ``inside``, ``core``, ``mouth``: bool (h, w), anything of the mesh, the face itself seen from
    the front, its mouth. ``layout``: float32 (h, w, 2), texture coordinates, far outside where no
    mesh is.
    """

    inside: Bool
    core: Bool
    mouth: Bool
    layout: Float32


@dataclass(frozen=True, slots=True, eq=False)
class _Maps:
    """What is smooth over the face, looked up per cell; float32 (h, w) or (h, w, K).

    ``alpha``: `masks.vertex_alpha`. ``donor_shows``: `MeshDonor.alpha`, in [0, 1]. ``weight``,
    ``rim``: where occluders can be told, and where they come in from. ``light``: tint (three times
    over), factors and offsets of `lighting.relight`. ``bend``: how far each cell's background
    comes from, in cells.
    """

    alpha: Float32
    donor_shows: Float32
    weight: Float32
    rim: Float32
    light: tuple[Float32, Float32, Float32]
    bend: Float32


def render_face(mesh: FaceMesh, canvas: Canvas, plan: FacePlan) -> Rendered | None:
    """The difference that puts `plan.donor` on one face; None when it lies outside the picture."""
    if plan.strength <= 0:
        return None
    donor = mesh_donor(plan.donor)
    work_px = WORK_PX if donor.detail is None else DETAILED_PX
    where = place(mesh, plan.landmarks, plan.shift * plan.strength, canvas.size_wh, work_px)
    if where is None:
        return None
    pixels = canvas.region_rgb(where.box)
    scene = imaging.resize_area(pixels, where.work_wh)
    drawing = _draw(mesh, where)
    maps = _look_up(mesh, plan, donor, where, drawing)
    if plan.nearer:
        maps = _behind(maps, plan, where)
    background = blending.bend(scene, maps.bend, where.work_wh)
    face = _face(donor, where, drawing, maps.light)

    mouth = drawing.core & drawing.mouth if mouth_gap(plan.landmarks) > OPEN_MOUTH else None
    alpha = masks.outline(maps.alpha * maps.donor_shows, drawing.core, mouth)
    front = _in_front(plan, where, background)
    alpha *= 1 - masks.occluders(background, face, maps.weight, maps.rim, where.cell_wh, front)
    change, mask = blending.blend(background, face, alpha, maps.weight, front)
    change *= np.float32(plan.strength)
    change = blending.at_full_size(pixels, scene, background, change, maps.bend)
    mask = blending.confine_into(change, mask * np.float32(plan.strength), maps.bend)
    return Rendered(where.box, pixels, np.ascontiguousarray(change), mask)


def _draw(mesh: FaceMesh, where: Placement) -> _Drawing:
    """Draw the mesh in its new place, and say what texel each cell shows."""
    cells = where.in_cells(where.after)
    number, front = draw_triangles(mesh, cells, where.after[:, 2], where.cell_wh)
    layout = imaging.merge(interpolate(mesh, number, cells, mesh.uv))
    inside = number >= 0
    layout[~inside] = -1e4
    kind = mesh.kind[np.maximum(number, 0)]
    core = inside & (kind != KIND_RING) & front[number]
    return _Drawing(inside, core, kind == KIND_MOUTH, layout)


def _look_up(
    mesh: FaceMesh, plan: FacePlan, donor: MeshDonor, where: Placement, drawing: _Drawing
) -> _Maps:
    """Lay everything smooth out on the texture and look it up per cell."""
    seen = visibility(mesh, where.after)
    alpha = masks.vertex_alpha(mesh, seen, plan.landmarks, donor.eyes, plan.glasses)
    weight, rim = masks.occluder_maps(mesh, plan.glasses)
    # A donor's beard is unlike any skin, and lies before nobody's.
    weight *= 1 - BEARD_SPARED * extend_values(donor.beard)
    stays, doubted = masks.far_side(mesh, where.yaw)
    alpha, weight = alpha * (1 - stays), np.maximum(weight, doubted)
    light = lighting.relight(mesh, donor, plan.skin, plan.lips)
    bend = where.in_cells(where.before) - where.in_cells(where.after)
    columns = [alpha, weight, rim, bend, light[:, 0], light[:, 0], light]
    coarse = mesh.on_coarse(np.column_stack(columns))
    scale = COARSE_PX / TEXTURE_PX
    at = (drawing.layout + np.float32(0.5)) * np.float32(scale) - np.float32(0.5)
    maps = imaging.remap(coarse, at)
    core = drawing.core.astype(np.float32)
    bends = imaging.pick(maps, 3, 5)
    bends[~drawing.inside] = 0
    tint, factor, offset = (imaging.pick(maps, k, k + 3) for k in (5, 8, 11))
    shows = imaging.remap(donor.alpha, drawing.layout) * np.float32(1 / 255)
    return _Maps(
        alpha=maps[..., 0],
        donor_shows=shows,
        weight=maps[..., 1] * core,
        rim=maps[..., 2] * core,
        light=(tint, factor, offset),
        bend=bends,
    )


def _behind(maps: _Maps, plan: FacePlan, where: Placement) -> _Maps:
    """Leave out faces in front of this one; hair and ears around them are told by their colour."""
    ovals = [where.in_cells(landmarks[list(OVAL)]) for landmarks in plan.nearer]
    faces, edges, heads = masks.nearer_heads(ovals, where.cell_wh)
    return replace(
        maps,
        alpha=maps.alpha * (1 - faces),
        weight=np.maximum(maps.weight, heads),
        rim=np.maximum(maps.rim, edges),
        bend=maps.bend * (1 - faces)[..., None],
    )


def _in_front(plan: FacePlan, where: Placement, background: UInt8) -> Float32 | None:
    """Thin things that stay, float32 (h, w) at working size in [0, 1], if any.

    They are the frames of glasses and, in large faces, the line where closed lips meet: the donor's
    teeth, squeezed into it, would show.
    """
    parts: list[Float32] = []
    points = where.in_work(where.after)
    if plan.frames > 0:
        share = np.float32(plan.frames * FRAMES_KEPT)
        parts.append(frames_mask(background, points[[33, 263]]) * share)
    size = max(where.box[2] - where.box[0], where.box[3] - where.box[1])
    share = min((size - LIP_LINE_PX) / (WORK_PX - LIP_LINE_PX), 1.0)
    if share > 0 and mouth_gap(plan.landmarks) <= OPEN_MOUTH:
        parts.append(masks.lip_line(points, where.work_wh) * np.float32(share))
    return functools.reduce(np.maximum, parts) if parts else None


def _face(
    donor: MeshDonor, where: Placement, drawing: _Drawing, light: tuple[Float32, Float32, Float32]
) -> Float32:
    """The donor's texture in the scene's place and light, float32 (h, w, 3) at working size."""
    extent = skin_extent(where.in_work(where.after))
    layout = imaging.resize_linear(drawing.layout, where.work_wh)
    texture = imaging.remap(lighting.texture_level(donor, extent), layout)
    if donor.detail is not None:
        texture = with_detail(texture, donor.detail, layout, extent)
    tint, factor, offset = (imaging.resize_linear(part, where.work_wh) for part in light)
    return lighting.relit_face(texture, tint, factor, offset)
