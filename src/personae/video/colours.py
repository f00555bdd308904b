"""Whatever Pillow decoded, as 8-bit RGB and alpha that look like the picture."""

from __future__ import annotations

import io
from typing import NamedTuple, cast

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageCms

from personae.engine.types import UInt8

_SIXTEEN_BIT = ("I;16", "I;16L", "I;16B", "I;16N")
_REDUCED = "Its 16-bit samples were reduced to 8 bits."


class Decoded(NamedTuple):
    """Pixels of one picture, ready for the engine.

    ``rgb``: uint8 (H, W, 3); ``alpha``: uint8 (H, W), 255 opaque, or None if the picture has no
    transparency; ``icc``: the profile that `rgb` is meant in, or None for sRGB; ``notes``: what
    was lost on the way, one sentence each.
    """

    rgb: UInt8
    alpha: UInt8 | None
    icc: bytes | None
    notes: tuple[str, ...]


def to_rgb(image: Image.Image, *, halved: bool = False) -> Decoded:
    """Turn a decoded Pillow image of any mode into RGB and alpha.

    Palettes are looked up, grey is repeated, 16-bit and float samples are scaled to 0 to 255
    instead of clipped, and CMYK, Lab and grey pictures go through their embedded profile to sRGB.
    An RGB profile is left alone: pixel values stay and the profile is carried along.

    Parameters
    ----------
    image : Image.Image
        Loaded; not modified but for a transparent colour of 16 bits, see `halved`.
    halved : bool
        The file has 16 bits a sample of which Pillow kept the high byte (it does so for RGB).
    """
    icc = _usable_icc(image)
    if image.mode in (*_SIXTEEN_BIT, "I", "F"):
        grey, alpha, note = _wide_grey(image)
        return Decoded(np.repeat(grey[:, :, None], 3, axis=2), alpha, None, (note,))
    notes = (_REDUCED,) if halved else ()
    clear = image.info.get("transparency")
    if halved and isinstance(clear, tuple):
        samples = cast("tuple[int, ...]", clear)
        image.info["transparency"] = tuple(sample >> 8 for sample in samples)
    if icc is not None and image.mode in ("CMYK", "LAB", "L", "LA", "1"):
        managed = _through_profile(image, icc)
        alpha = np.asarray(image.getchannel("A"), np.uint8) if image.mode == "LA" else None
        if managed is not None:
            return Decoded(np.array(managed, np.uint8), alpha, None, notes)
    if image.mode in ("CMYK", "LAB", "L", "LA", "1", "HSV"):
        icc = None
    if image.has_transparency_data:
        rgba = np.asarray(image.convert("RGBA"), np.uint8)
        return Decoded(
            np.ascontiguousarray(rgba[:, :, :3]), np.ascontiguousarray(rgba[:, :, 3]), icc, notes
        )
    return Decoded(np.array(image.convert("RGB"), np.uint8), None, icc, notes)


def _usable_icc(image: Image.Image) -> bytes | None:
    """The embedded profile, if it can be parsed."""
    icc = image.info.get("icc_profile")
    if not isinstance(icc, bytes) or not icc:
        return None
    try:
        ImageCms.ImageCmsProfile(io.BytesIO(icc))
    except (OSError, ImageCms.PyCMSError):
        return None
    return icc


def _through_profile(image: Image.Image, icc: bytes) -> Image.Image | None:
    """The picture in sRGB, or None if its profile does not fit its samples."""
    samples = image if image.mode in ("CMYK", "LAB", "RGB") else image.convert("L")
    space = icc[16:20].strip().upper()  # ICC.1:2022, 7.2: the header's data colour space
    if space != {"CMYK": b"CMYK", "LAB": b"LAB", "RGB": b"RGB", "L": b"GRAY"}[samples.mode]:
        return None
    srgb = ImageCms.createProfile("sRGB")  # pyright: ignore[reportUnknownMemberType, reportUnknownVariableType] - unannotated
    try:
        return ImageCms.profileToProfile(
            samples,
            ImageCms.ImageCmsProfile(io.BytesIO(icc)),
            ImageCms.ImageCmsProfile(srgb),  # pyright: ignore[reportUnknownArgumentType] - as above
            renderingIntent=ImageCms.Intent.RELATIVE_COLORIMETRIC,
            outputMode="RGB",
            flags=ImageCms.Flags.BLACKPOINTCOMPENSATION,
        )
    except (OSError, ImageCms.PyCMSError):
        return None


def _wide_grey(image: Image.Image) -> tuple[UInt8, UInt8 | None, str]:
    """8-bit grey, alpha and a note for samples of 16 bits, 32 bits or floating point."""
    samples = np.asarray(image)
    alpha: UInt8 | None = None
    clear = image.info.get("transparency")
    if isinstance(clear, int) and image.mode in _SIXTEEN_BIT:
        alpha = np.where(samples == clear, 0, 255).astype(np.uint8)
    if image.mode == "F":
        values = np.nan_to_num(samples.astype(np.float64), nan=0.0, posinf=0.0, neginf=0.0)
        note = "Its floating-point samples were reduced to 8 bits."
    else:
        values = samples.astype(np.float64)
        note = _REDUCED
    grey = np.clip(np.rint(values * (255 / _white(image.mode, values))), 0, 255)
    return grey.astype(np.uint8), alpha, note


def _white(mode: str, values: NDArray[np.float64]) -> float:
    """Which sample value is white: the smallest customary full scale that holds all samples."""
    if mode in _SIXTEEN_BIT:
        return 65535.0
    peak = float(values.max(initial=0.0))
    scales = (1.0, 255.0, 65535.0, 2.0**32 - 1) if mode == "F" else (65535.0, 2.0**32 - 1)
    # A little above the scale is overshoot of an edited float picture, not another scale.
    return next((scale for scale in scales if peak <= scale * 1.5), max(peak, 1.0))
