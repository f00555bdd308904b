"""What a large donor photo shows beyond the texture's own size: pores, lashes, single hairs."""

from __future__ import annotations

import numpy as np

from personae.engine import imaging
from personae.engine.geometry import clip_box
from personae.engine.mesh.raster import skin_extent, texture_positions
from personae.engine.mesh.topology import TEXTURE_PX, FaceMesh
from personae.engine.mesh.vertices import extend_values
from personae.engine.types import Canvas, Float32, Float64, UInt8

DETAIL_PX = 2 * TEXTURE_PX
MIDDLE = 128
"""What stands for no difference in a detail map."""
DENSITY = (1.1, 1.5)
"""Pixels of a photo per texel from which it has some, and full, detail to give."""
EXTENT_PX = (0.9 * TEXTURE_PX, 1.25 * TEXTURE_PX)
"""Forehead to chin, at working size, from which some, and all, detail is shown."""
SAME_LEVELS = np.float32(14)


def photo_detail(mesh: FaceMesh, canvas: Canvas, positions: Float64, seen: Float64) -> UInt8 | None:
    """Brightness that the texture is too small for, from one photo.

    Parameters
    ----------
    positions : float64 (VERTICES, 3)
        Where the mesh lies in the photo, in pixels.
    seen : float64 (468,), range [0, 1]
        How well each vertex is seen; what is not takes the other half's detail.

    Returns
    -------
    uint8 (DETAIL_PX, DETAIL_PX), or None
        Levels of luma beside the texture's own, `MIDDLE` being none; None where the photo shows no
        more than the texture holds.
    """
    density = skin_extent(positions) / float(np.linalg.norm(mesh.uv[10] - mesh.uv[152]))
    share = (density - DENSITY[0]) / (DENSITY[1] - DENSITY[0])
    margin = 4 + 2 * density
    low, high = positions[:, :2].min(0) - margin, positions[:, :2].max(0) + margin
    box = clip_box(low, high, canvas.size_wh)
    if share <= 0 or box is None:
        return None
    luma = imaging.luma(canvas.region_rgb(box))
    if density > 2.4:
        luma = imaging.blur(luma, 0.2 * density)
    large = (DETAIL_PX, DETAIL_PX)
    x, y = texture_positions(mesh, positions[:, :2] - [box[0], box[1]])
    x, y = (imaging.resize_linear(part, large) for part in (x, y))
    fine = imaging.remap_xy(luma, x, y, cubic=True).astype(np.float32)
    fine -= imaging.resize_linear(imaging.resize_area(fine, (TEXTURE_PX, TEXTURE_PX)), large)
    own = np.clip(mesh.on_texture(extend_values(seen)[:, None])[..., 0], 0, 1)
    own = imaging.resize_linear(own, large)
    fine = fine * own + fine[:, ::-1] * (own[:, ::-1] * (1 - own))
    return _packed(fine * np.float32(min(share, 1.0)))


def where_same(detail: UInt8 | None, texture: Float32, photo: Float32) -> UInt8 | None:
    """A photo's detail, only where a texture fused of several photos is that photo's own."""
    if detail is None or texture is photo:
        return detail
    off = np.abs(imaging.blur(texture - photo, 2)).max(2)
    same = imaging.resize_linear(np.clip(1 - off / SAME_LEVELS, 0, 1), (DETAIL_PX, DETAIL_PX))
    return _packed(_levels(detail) * same)


def with_detail(texture: UInt8, detail: UInt8, layout: Float32, extent_px: float) -> UInt8:
    """A texture looked up at `layout`, uint8 (h, w, 3), with a donor's detail added.

    `layout` is float32 (h, w, 2), in texels; `extent_px` is forehead to chin in the same picture.
    """
    share = (extent_px - EXTENT_PX[0]) / (EXTENT_PX[1] - EXTENT_PX[0])
    if share <= 0:
        return texture
    scale = np.float32(DETAIL_PX / TEXTURE_PX)
    at = (layout + np.float32(0.5)) * scale - np.float32(0.5)
    # Beyond the texture its edge goes on, where nothing is shown.
    levels = _levels(imaging.remap(detail, at)) * np.float32(min(share, 1.0))
    out = texture.astype(np.float32)
    imaging.add_into(out, imaging.thrice(levels))
    return imaging.to_bytes(out)


def _levels(detail: UInt8) -> Float32:
    return np.subtract(detail, np.float32(MIDDLE), dtype=np.float32)


def _packed(levels: Float32 | Float64) -> UInt8:
    return np.clip(np.rint(levels) + MIDDLE, 0, 255).astype(np.uint8)
