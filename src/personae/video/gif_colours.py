"""Which 256 colours a GIF frame gets, keeping exact what need not change."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from personae.engine.types import Bool, UInt8

_Packed = NDArray[np.uint32]
_SAMPLES = 8192


@dataclass(frozen=True, slots=True, eq=False)
class Indexed:
    """One frame in at most 256 colours.

    ``indices``: uint8 (H, W); ``palette``: uint8 (n, 3) RGB; ``clear``: the index that shows what
    lies below, or None; ``exact``: every drawn pixel has its own colour.
    """

    indices: UInt8
    palette: UInt8
    clear: int | None
    exact: bool


def index_colours(rgb: UInt8, draw: Bool, free: Bool | None = None) -> Indexed:
    """Choose a palette and give each pixel its place in it.

    If the drawn pixels have few enough colours, all of them stay exact. Otherwise those outside
    `free` stay exact, and the ones inside share what is left of the palette, dithered; only if
    even those outside are a few too many, the rarest of them are approximated as well. So the
    surroundings of a swapped face in a GIF neither change nor flicker.

    Parameters
    ----------
    rgb : uint8 (H, W, 3) RGB
    draw : bool (H, W)
        Pixels to draw; the others become the clear index.
    free : bool (H, W), optional
        Pixels whose colours may be approximated; all of them if omitted.
    """
    clear = None if bool(draw.all()) else 0
    first = 0 if clear is None else 1
    room = 256 - first
    packed = _pack(rgb)
    colours = np.unique(packed[draw])
    exact = colours.size <= room
    if exact:
        table = colours
        place = np.searchsorted(table, packed).clip(max=max(table.size - 1, 0))
        indices = place + first
    else:
        loose = draw if free is None else draw & free
        fixed = np.unique(packed[draw & ~loose])
        if fixed.size > 2 * room:
            # Of another format, with thousands of colours: a palette for the whole frame.
            fixed, loose = fixed[:0], draw
        elif fixed.size > room:
            # The surroundings alone fill the palette, as in most photos: all but their rarest
            # colours stay exact, and the face makes do with them.
            fixed, rare = _commonest(packed, draw & ~loose, room)
            loose = loose | rare
        table, indices = _share(rgb, packed, fixed, loose, room)
        indices = indices + first
    palette = _unpack(table)
    if clear is not None:
        indices = np.where(draw, indices, 0)
        palette = np.concatenate([np.zeros((1, 3), np.uint8), palette])
    return Indexed(indices.astype(np.uint8), palette, clear, exact)


def _commonest(packed: _Packed, where: Bool, count: int) -> tuple[_Packed, Bool]:
    """The `count` commonest colours among some pixels, sorted, and which pixels have others."""
    colours, counts = np.unique(packed[where], return_counts=True)
    kept = np.sort(colours[np.argsort(-counts, kind="stable")[:count]])
    return kept, where & ~np.isin(packed, kept)


def _share(
    rgb: UInt8, packed: _Packed, fixed: _Packed, free: Bool, room: int
) -> tuple[_Packed, NDArray[np.intp]]:
    """A palette of `fixed` and as many colours of the `free` pixels as fit; and the indices."""
    left = room - fixed.size
    table = fixed
    if left >= 2:
        loose = np.setdiff1d(_pack(_representatives(rgb[free], left)), fixed)
        table = np.concatenate([fixed, loose])
    if fixed.size:
        indices = np.searchsorted(fixed, packed).clip(max=fixed.size - 1)
    else:
        indices = np.zeros(packed.shape, np.intp)
    rows, columns = np.flatnonzero(free.any(axis=1)), np.flatnonzero(free.any(axis=0))
    box = (slice(rows[0], rows[-1] + 1), slice(columns[0], columns[-1] + 1))
    dithered = _dither(np.ascontiguousarray(rgb[box]), _unpack(table))
    indices[box] = np.where(free[box], dithered, indices[box])
    return table, indices


def _representatives(pixels: UInt8, count: int) -> UInt8:
    """At most `count` colours, uint8 (n, 3), that stand for `pixels`, uint8 (N, 3)."""
    # Some thousand pixels show which colours there are; all of them take fifteen times as long.
    step = max(1, len(pixels) // _SAMPLES)
    line = Image.fromarray(np.ascontiguousarray(pixels[::step])[None])
    cut = line.quantize(count, method=Image.Quantize.MEDIANCUT, kmeans=1)
    palette = np.array(cut.getpalette() or [0, 0, 0], np.uint8).reshape(-1, 3)
    return palette[:count]


def _dither(rgb: UInt8, palette: UInt8) -> NDArray[np.intp]:
    """Indices into `palette`, with the error spread to the neighbours (Floyd and Steinberg)."""
    holder = Image.new("P", (1, 1))
    # Pillow looks at all 256 entries: the unused ones repeat the last, and are mapped back.
    full = np.concatenate([palette, np.repeat(palette[-1:], 256 - len(palette), axis=0)])
    holder.putpalette(full.tobytes())
    found = Image.fromarray(rgb).quantize(palette=holder, dither=Image.Dither.FLOYDSTEINBERG)
    return np.minimum(np.asarray(found).astype(np.intp), len(palette) - 1)


def paletted(rgb: UInt8, alpha: UInt8 | None) -> tuple[Image.Image, bool]:
    """A still in palette mode, and whether every colour survived.

    Parameters
    ----------
    rgb : uint8 (H, W, 3) RGB
    alpha : uint8 (H, W), optional
        From 128 on a pixel is opaque, otherwise clear.
    """
    draw = np.ones(rgb.shape[:2], np.bool_) if alpha is None else alpha >= 128
    indexed = index_colours(rgb, draw)
    image = Image.fromarray(indexed.indices, mode="P")
    image.putpalette(indexed.palette.tobytes())
    if indexed.clear is not None:
        image.info["transparency"] = indexed.clear
    halves = alpha is not None and bool(((alpha > 0) & (alpha < 255)).any())
    return image, indexed.exact and not halves


def _pack(rgb: UInt8) -> _Packed:
    """One number per colour."""
    wide = rgb.astype(np.uint32)
    packed = wide[..., 0] << 16 | wide[..., 1] << 8 | wide[..., 2]
    return packed.astype(np.uint32, copy=False)


def _unpack(packed: _Packed) -> UInt8:
    return np.stack([packed >> 16, packed >> 8 & 255, packed & 255], axis=-1).astype(np.uint8)
