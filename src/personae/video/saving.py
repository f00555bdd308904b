"""Still pictures out: format by the file's extension, complete or not at all."""

from __future__ import annotations

import io
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from personae.engine.types import UInt8
from personae.errors import InvalidRequest, MediaTooLarge
from personae.video.files import FileAside, Finish, output_errors
from personae.video.gif_colours import paletted

EXTENSIONS: dict[str, str] = {
    ".jpg": "JPEG",
    ".jpeg": "JPEG",
    ".jpe": "JPEG",
    ".jfif": "JPEG",
    ".png": "PNG",
    ".webp": "WEBP",
    ".avif": "AVIF",
    ".tif": "TIFF",
    ".tiff": "TIFF",
    ".bmp": "BMP",
    ".gif": "GIF",
}
"""What `save_picture` can write, by lower-case extension."""

_WITH_ALPHA = ("PNG", "WEBP", "AVIF", "TIFF", "GIF")
_WITH_EXIF = ("JPEG", "PNG", "WEBP", "AVIF")
_LONGEST_SIDE_PX = {"JPEG": 65_500, "WEBP": 16_383, "GIF": 65_535}


def picture_format(path: Path) -> str:
    """Pillow's name of the format that a file's extension stands for.

    Raises
    ------
    InvalidRequest
        If the extension is none of `EXTENSIONS`.
    """
    form = EXTENSIONS.get(path.suffix.lower())
    if form is None:
        known = " ".join(sorted(EXTENSIONS))
        ending = f"ends in {path.suffix}" if path.suffix else "has no ending"
        raise InvalidRequest(
            f"The output {path} {ending}, which no picture format has; use one of {known}."
        )
    return form


def save_picture(
    path: Path,
    rgb: UInt8,
    alpha: UInt8 | None = None,
    *,
    quality: int | None = None,
    icc: bytes | None = None,
    exif: bytes | None = None,
    finish: Finish | None = None,
) -> tuple[str, ...]:
    """Write a picture in the format of the path's extension; the same input, the same bytes.

    Parameters
    ----------
    path : Path
        Replaced if it exists, and only when the new file is complete.
    rgb : uint8 (H, W, 3) RGB
    alpha : uint8 (H, W), optional
        255 is opaque. JPEG and BMP have no alpha: the picture is laid on white, and a note says
        so. GIF keeps one bit: from 128 on a pixel is opaque.
    quality : 1 to 100, optional
        For JPEG, WebP (both default to 95) and AVIF (90); chroma is never subsampled in JPEG and
        AVIF. The other formats lose nothing, except that GIF has 256 colours.
    icc : bytes, optional
        The profile that `rgb` is meant in.
    exif : bytes, optional
        Written where the format can hold it.
    finish : callable, optional
        The last step on the complete file; see `FileAside`.

    Returns
    -------
    tuple of str
        What the format could not keep, one sentence each.

    Raises
    ------
    InvalidRequest
        For an unknown extension or a quality out of range.
    MediaTooLarge
        If the format cannot hold a picture of this size.
    MediaUnreachable
        If the file cannot be written; nothing is left behind.
    """
    form = picture_format(path)
    _check(path, form, rgb, quality)
    notes: list[str] = []
    image = _image(path, form, rgb, alpha, notes)
    options = _options(form, quality)
    if icc and form not in ("GIF", "BMP"):
        options["icc_profile"] = icc
    if exif and form in _WITH_EXIF:
        options["exif"] = exif
    encoded = io.BytesIO()
    with output_errors(path):
        image.save(encoded, form, **options)
    with FileAside(path, finish) as aside, output_errors(path):
        aside.file.write(encoded.getbuffer())
    return tuple(notes)


def _check(path: Path, form: str, rgb: UInt8, quality: int | None) -> None:
    """Refuse a quality out of range, and a picture that the format cannot hold."""
    if quality is not None and not 1 <= quality <= 100:
        raise InvalidRequest(f"The quality must lie between 1 and 100, not {quality}.")
    height, width = rgb.shape[:2]
    if max(width, height) > _LONGEST_SIDE_PX.get(form, 2**31):
        raise MediaTooLarge(
            f"{path}: {form} holds at most {_LONGEST_SIDE_PX[form]} pixels a side and the picture "
            f"is {width} x {height}; save it as PNG or TIFF."
        )


def _image(path: Path, form: str, rgb: UInt8, alpha: UInt8 | None, notes: list[str]) -> Image.Image:
    """The picture in the richest mode that the format has, with notes on what that costs."""
    if alpha is not None and form not in _WITH_ALPHA:
        if alpha.min(initial=255) < 255:
            rgb = on_white(rgb, alpha)
            notes.append(
                f"{path}: {form} has no transparency, so the picture was laid on white; "
                "save it as PNG or WebP to keep it."
            )
        alpha = None
    if form == "GIF":
        image, exact = paletted(rgb, alpha)
        if not exact:
            notes.append(f"{path}: the picture was reduced to the 256 colours that a GIF can hold.")
        return image
    if alpha is None:
        return Image.fromarray(rgb)
    return Image.fromarray(np.dstack([rgb, alpha]))


def on_white(rgb: UInt8, alpha: UInt8) -> UInt8:
    """Lay a picture with transparency on white: uint8 (H, W, 3)."""
    share = alpha.astype(np.float32)[:, :, None] / 255
    return np.rint(rgb * share + 255 * (1 - share)).astype(np.uint8)


def _options(form: str, quality: int | None) -> dict[str, Any]:
    """What Pillow's writer of `form` is told; all of it independent of time and machine."""
    match form:
        case "JPEG":
            return {"quality": quality or 95, "subsampling": "4:4:4"}
        case "PNG":
            return {"compress_level": 4}
        case "WEBP":
            return {"quality": quality or 95, "method": 4, "exact": True}
        case "AVIF":
            return {"quality": quality or 90, "subsampling": "4:4:4", "speed": 6}
        case "TIFF":
            return {"compression": "tiff_adobe_deflate"}
        case "GIF":
            return {"optimize": False, "interlace": False}
        case _:
            return {}
