"""The few picture operations of OpenCV that the engine uses, with types that hold.

OpenCV's stubs know neither the element type of a result nor that some arguments may be left out.
Every function here is one call, copies nothing beyond it, and keeps the element type of what it
is given unless it says otherwise. Sizes are ``(width, height)``.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final, TypeVar, cast

import cv2
import numpy as np
from numpy.typing import NDArray

from personae.engine.types import Bool, Float32, Float64, Int32, UInt8

SampleT = TypeVar("SampleT", bound=np.uint8 | np.uint16 | np.int16 | np.float32)

LUMA: Final = np.array([0.299, 0.587, 0.114], np.float32)
"""Weights of red, green and blue in the brightness of a colour: ITU-R BT.601, as in `luma`."""

_BLOCK3: Final = np.ones((3, 3), np.uint8)


def resize_area(image: NDArray[SampleT], size_wh: tuple[int, int]) -> NDArray[SampleT]:
    """Scale down by averaging areas; `image` itself where it already has that size."""
    if (image.shape[1], image.shape[0]) == size_wh:
        return image
    out = cv2.resize(image, size_wh, interpolation=cv2.INTER_AREA)
    return cast("NDArray[SampleT]", out)


def resize_linear(image: NDArray[SampleT], size_wh: tuple[int, int]) -> NDArray[SampleT]:
    """Scale bilinearly; `image` itself where it already has that size."""
    if (image.shape[1], image.shape[0]) == size_wh:
        return image
    out = cv2.resize(image, size_wh, interpolation=cv2.INTER_LINEAR)
    return cast("NDArray[SampleT]", out)


def resize_cubic(image: NDArray[SampleT], size_wh: tuple[int, int]) -> NDArray[SampleT]:
    """Enlarge with cubic curves; `image` itself where it already has that size."""
    if (image.shape[1], image.shape[0]) == size_wh:
        return image
    out = cv2.resize(image, size_wh, interpolation=cv2.INTER_CUBIC)
    return cast("NDArray[SampleT]", out)


def remap(image: NDArray[SampleT], where: Float32) -> NDArray[SampleT]:
    """Look up `image` bilinearly at the x, y positions `where` (h, w, 2); its edge goes on."""
    how, edge = cv2.INTER_LINEAR, cv2.BORDER_REPLICATE
    # Both coordinates are in the one map, so the other is None; the stubs do not know that.
    out = cv2.remap(image, where, None, how, borderMode=edge)  # pyright: ignore[reportCallIssue, reportArgumentType, reportUnknownVariableType]
    return cast("NDArray[SampleT]", out)


def shift(image: NDArray[SampleT], offsets: Float32) -> NDArray[SampleT]:
    """Look up `image` bilinearly `offsets` (h, w, 2) beside each pixel; its edge goes on."""
    how, edge = cv2.INTER_LINEAR | cv2.WARP_RELATIVE_MAP, cv2.BORDER_REPLICATE
    # See `remap`.
    out = cv2.remap(image, offsets, None, how, borderMode=edge)  # pyright: ignore[reportCallIssue, reportArgumentType, reportUnknownVariableType]
    return cast("NDArray[SampleT]", out)


def remap_xy(
    image: NDArray[SampleT], x: Float32, y: Float32, *, cubic: bool = False
) -> NDArray[SampleT]:
    """`remap` with the positions in two arrays (h, w); `cubic` looks at 4 x 4 pixels each."""
    how = cv2.INTER_CUBIC if cubic else cv2.INTER_LINEAR
    out = cv2.remap(image, x, y, how, borderMode=cv2.BORDER_REPLICATE)
    return cast("NDArray[SampleT]", out)


def warp(image: NDArray[SampleT], matrix: Float64, size_wh: tuple[int, int]) -> NDArray[SampleT]:
    """Move a picture by a (2, 3) affine, from its own pixels to the result's; 0 outside."""
    out = cv2.warpAffine(image, matrix, size_wh, flags=cv2.INTER_LINEAR)
    return cast("NDArray[SampleT]", out)


def look_up(
    image: NDArray[SampleT],
    matrix: Float64,
    size_wh: tuple[int, int],
    *,
    cubic: bool = False,
    edge: bool = True,
) -> NDArray[SampleT]:
    """Look a picture up by a (2, 3) affine that leads from the result's pixels to its own.

    Beyond its border its edge goes on, or with ``edge=False`` everything is 0.
    """
    how = (cv2.INTER_CUBIC if cubic else cv2.INTER_LINEAR) | cv2.WARP_INVERSE_MAP
    border = cv2.BORDER_REPLICATE if edge else cv2.BORDER_CONSTANT
    out = cv2.warpAffine(image, matrix, size_wh, flags=how, borderMode=border)
    return cast("NDArray[SampleT]", out)


def blur(image: NDArray[SampleT], sigma_px: float) -> NDArray[SampleT]:
    """Blur with a Gaussian."""
    return cast("NDArray[SampleT]", cv2.GaussianBlur(image, (0, 0), sigma_px))


def erode(image: NDArray[SampleT], steps: int = 1) -> NDArray[SampleT]:
    """The least of 3 x 3 pixels, `steps` times over."""
    return cast("NDArray[SampleT]", cv2.erode(image, _BLOCK3, iterations=steps))


def dilate(image: NDArray[SampleT], steps: int = 1) -> NDArray[SampleT]:
    """The largest of 3 x 3 pixels, `steps` times over."""
    return cast("NDArray[SampleT]", cv2.dilate(image, _BLOCK3, iterations=steps))


def box_mean(image: NDArray[SampleT], radius_px: int) -> NDArray[SampleT]:
    """The mean of the square of 2 `radius_px` + 1 pixels around each pixel."""
    side = 2 * radius_px + 1
    return cast("NDArray[SampleT]", cv2.blur(image, (side, side)))


def hats(image: Float32, shape_wh: tuple[int, int]) -> tuple[Float32, Float32]:
    """What is darker, and what is brighter, than all around it and smaller than a rectangle."""
    block = np.ones(shape_wh[::-1], np.uint8)
    dark = cv2.morphologyEx(image, cv2.MORPH_BLACKHAT, block)
    bright = cv2.morphologyEx(image, cv2.MORPH_TOPHAT, block)
    return cast("Float32", dark), cast("Float32", bright)


def second_differences(image: Float32, step: int = 1) -> Float32:
    """Second differences across of second differences down, between pixels `step` apart.

    0 for slopes, and for edges and ridges that run straight across or down.
    """
    kernel = np.zeros(2 * step + 1, np.float32)
    kernel[[0, step, -1]] = 1, -2, 1
    return cast("Float32", cv2.sepFilter2D(image, cv2.CV_32F, kernel, kernel))


def pad(part: Float32, left: int, top: int, right: int, bottom: int) -> Float32:
    """Zeros around a plane."""
    out = cv2.copyMakeBorder(part, top, bottom, left, right, cv2.BORDER_CONSTANT, value=0.0)
    return cast("Float32", out)


def merge(layers: Sequence[NDArray[SampleT]]) -> NDArray[SampleT]:
    """Layers (h, w) to one picture (h, w, K)."""
    return cast("NDArray[SampleT]", cv2.merge(layers))


def split(image: NDArray[SampleT]) -> list[NDArray[SampleT]]:
    """A picture (h, w, K) to its K layers (h, w)."""
    return cast("list[NDArray[SampleT]]", list(cv2.split(image)))


def pick(image: NDArray[SampleT], first: int, last: int) -> NDArray[SampleT]:
    """Some neighbouring layers of a picture (h, w, K) as one of their own: (h, w, last - first)."""
    out = np.empty((*image.shape[:2], last - first), image.dtype)
    # Three times as fast as NumPy's copy of a slice.
    cv2.mixChannels([image], [out], [n for k in range(last - first) for n in (first + k, k)])
    return out


def transform(image: NDArray[SampleT], matrix: Float32) -> NDArray[SampleT]:
    """Every pixel's colour (3,) times `matrix`: (K, 3), or (K, 4) with an offset last.

    Whole numbers are rounded, to within one, and clipped.
    """
    return cast("NDArray[SampleT]", cv2.transform(image, matrix))


def to_bytes(image: Float32) -> UInt8:
    """Rounded and clipped to [0, 255]."""
    # `convertScaleAbs` alone would keep what is below 0, without its sign.
    return cast("UInt8", cv2.convertScaleAbs(np.maximum(image, 0)))


def multiply(a: NDArray[SampleT], b: Float32) -> Float32:
    """Product, pixel by pixel and channel by channel."""
    return cast("Float32", cv2.multiply(a, b, dtype=cv2.CV_32F))


def subtract(a: Float32, b: Float32) -> Float32:
    """Difference, pixel by pixel and channel by channel."""
    return cast("Float32", cv2.subtract(a, b))


def add_into(a: Float32, b: Float32) -> None:
    """`a` becomes the sum, pixel by pixel and channel by channel."""
    cv2.add(a, b, dst=a)


def multiply_into(a: Float32, b: Float32) -> None:
    """`a` becomes the product, pixel by pixel and channel by channel."""
    cv2.multiply(a, b, dst=a)


def thrice(layer: NDArray[SampleT]) -> NDArray[SampleT]:
    """A layer (h, w) as three equal channels: NumPy is slow to spread one over three."""
    return merge([layer] * 3)


def luma(image: NDArray[SampleT]) -> NDArray[SampleT]:
    """Brightness (h, w) of an RGB picture, weighted by `LUMA`."""
    return cast("NDArray[SampleT]", cv2.cvtColor(image, cv2.COLOR_RGB2GRAY))


def lab(rgb: Float32) -> Float32:
    """CIE L*a*b* of sRGB in [0, 255]: L in [0, 100], a and b around 0."""
    return cast("Float32", cv2.cvtColor(rgb * np.float32(1 / 255), cv2.COLOR_RGB2LAB))


def equalised(rgb: UInt8, below: float) -> UInt8:
    """A picture whose mean lightness, in [0, 255], is less than `below`, with more local contrast.

    Others as they are. K. Zuiderveld, "Contrast limited adaptive histogram equalization", 1994, of
    the lightness alone, in 8 x 8 tiles, limited to twice the even share.
    """
    seen = cast("UInt8", cv2.cvtColor(rgb, cv2.COLOR_RGB2LAB))
    light, *colour = split(seen)
    if float(light.mean()) >= below:
        return rgb
    raised = cast("UInt8", cv2.createCLAHE(clipLimit=2.0, tileGridSize=(8, 8)).apply(light))
    return cast("UInt8", cv2.cvtColor(merge([raised, *colour]), cv2.COLOR_LAB2RGB))


def laplacian(image: Float32) -> Float32:
    """How much each pixel differs from its four neighbours."""
    return cast("Float32", cv2.Laplacian(image, cv2.CV_32F))


def components(mask: Bool) -> tuple[int, Int32]:
    """Number the connected parts of a mask, corners touching: how many, 0 included, and where."""
    count, labels = cv2.connectedComponents(mask.astype(np.uint8), connectivity=8)
    return count, cast("Int32", labels)


def nearest_inside(mask: Bool) -> tuple[Int32, Int32]:
    """Which pixel of a mask is nearest to each pixel.

    Returns
    -------
    label : int32 (h, w)
        The same number for a pixel and the one nearest to it.
    owners : int32 (K,)
        The flat index of the mask's pixel by that number.
    """
    _, label = cv2.distanceTransformWithLabels(
        (~mask).astype(np.uint8), cv2.DIST_L2, 5, labelType=cv2.DIST_LABEL_PIXEL
    )
    label = cast("Int32", label)
    owners = np.zeros(int(label.max()) + 1, np.int32)
    owners[label[mask]] = np.flatnonzero(mask)
    return label, owners


def fill_hull_into(mask: UInt8, points: Float32) -> None:
    """Set the convex hull of points (N, 2) to 1."""
    cv2.fillConvexPoly(mask, cv2.convexHull(np.rint(points).astype(np.int32)), 1)


def draw_loop_into(mask: UInt8, points: Float64, thick_px: int) -> None:
    """Set a closed loop of points (N, 2), its line and what is inside, to 1."""
    at = np.rint(np.clip(points, -1e4, 1e4) * 16).astype(np.int32)
    cv2.fillPoly(mask, [at], 1, cv2.LINE_8, 4)
    cv2.polylines(mask, [at], True, 1, thick_px, cv2.LINE_8, 4)


def through_jpeg(image: UInt8, quality: int) -> UInt8:
    """What JPEG leaves of a picture, uint8 (h, w, 3) RGB."""
    bgr = np.ascontiguousarray(image[..., ::-1])
    _, packed = cv2.imencode(".jpg", bgr, [cv2.IMWRITE_JPEG_QUALITY, quality])
    again = cv2.imdecode(packed, cv2.IMREAD_COLOR)
    return np.ascontiguousarray(cast("UInt8", again)[..., ::-1])
