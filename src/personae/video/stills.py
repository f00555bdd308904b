"""Still pictures in: every common kind, upright, as 8-bit RGB and alpha."""

from __future__ import annotations

import io
import os
import re
import struct
import warnings
import zlib
from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import BinaryIO

from PIL import ExifTags, Image, ImageOps, UnidentifiedImageError

from personae.engine.types import UInt8
from personae.errors import (
    MediaTooLarge,
    MediaUnreadable,
    MediaUnsupported,
    Role,
)
from personae.video.colours import to_rgb
from personae.video.files import check_readable, unreachable
from personae.video.limits import DEFAULT_LIMITS, MediaLimits
from personae.video.sniffing import (
    HEAD_BYTES,
    count_jpeg_scans,
    describe_kind,
    is_hdr_avif,
    sniff_head,
)

# A list rather than all of Pillow's: some plugins start other programs (EPS) or hardly see tests.
PICTURE_FORMATS = (
    *("PNG", "JPEG", "WEBP", "AVIF", "GIF", "BMP", "DIB"),
    *("TIFF", "PPM", "JPEG2000", "TGA", "ICO"),
)

# What Pillow raises on damaged input, found by reading its plugins.
_DAMAGE = (
    *(OSError, SyntaxError, ValueError, EOFError, IndexError, KeyError, TypeError),
    *(AttributeError, OverflowError, RuntimeError, struct.error, zlib.error),
)


@dataclass(frozen=True, slots=True, eq=False)
class Picture:
    """One still picture, upright.

    Attributes
    ----------
    rgb : uint8 (H, W, 3) RGB
        Owned by the picture; C-contiguous and writable.
    alpha : uint8 (H, W) or None
        255 is opaque; None where the file has no transparency.
    icc : bytes or None
        The profile that `rgb` is meant in; None stands for sRGB.
    exif : bytes or None
        Without the orientation (the pixels are upright) and without the small preview picture,
        which would go on showing the scene's face.
    format : str
        Pillow's name of the file format, such as ``JPEG``.
    notes : tuple of str
        What was lost in reading, one sentence each, for warnings.
    """

    rgb: UInt8
    alpha: UInt8 | None = None
    icc: bytes | None = None
    exif: bytes | None = None
    format: str = "PNG"
    notes: tuple[str, ...] = field(default=())

    @property
    def size_wh(self) -> tuple[int, int]:
        """Width and height in pixels."""
        return self.rgb.shape[1], self.rgb.shape[0]

    def __repr__(self) -> str:
        alpha = " with alpha" if self.alpha is not None else ""
        return f"Picture({self.format} {self.size_wh[0]}x{self.size_wh[1]}{alpha})"


def call_it(media: str | os.PathLike[str] | bytes, role: Role | None) -> str:
    """How messages call an input: ``The donor photo.jpg``, ``photo.jpg`` or ``The scene``."""
    if isinstance(media, bytes):
        return f"The {role or 'picture'}"
    return f"The {role} {os.fspath(media)}" if role else os.fspath(media)


def load_picture(
    media: str | os.PathLike[str] | bytes,
    role: Role | None = None,
    limits: MediaLimits = DEFAULT_LIMITS,
) -> Picture:
    """Read one picture as upright RGB; of an animation or a set of pages, the first.

    Parameters
    ----------
    media : path, or the encoded file's bytes
    role : Role, optional
        What the picture is for; error messages begin with it.
    limits : MediaLimits
        `file_bytes`, `side_px` and `picture_pixels` are checked before decoding.

    Raises
    ------
    MediaUnreachable
        If the file is missing or may not be read.
    MediaUnreadable
        If it is empty, cut off or damaged.
    MediaUnsupported
        If it is no picture, or of a kind that would come out wrong.
    MediaTooLarge
        If it is beyond the limits.
    """
    name = call_it(media, role)
    with open_image(media, name, limits) as image:
        halved = ";16" in repr(getattr(image, "tile", ()))
        with reading(name):
            pages = int(getattr(image, "n_frames", 1))
            image.load()
            upright = ImageOps.exif_transpose(image)
            decoded = to_rgb(upright, halved=halved)
        notes = decoded.notes
        if pages > 1 and image.format != "MPO":
            notes += (f"It holds {pages} pictures; the first is used.",)
        return Picture(
            decoded.rgb,
            decoded.alpha,
            decoded.icc,
            _clean_exif(upright),
            str(image.format),
            tuple(f"{name}: {note}" for note in notes),
        )


@contextmanager
def open_image(
    media: str | os.PathLike[str] | bytes, name: str, limits: MediaLimits
) -> Generator[Image.Image]:
    """Open a picture or an animation and check its header; no pixel is decoded yet."""
    if isinstance(media, bytes):
        if not media:
            raise MediaUnreadable(f"{name} is empty (0 bytes).")
        file: BinaryIO = io.BytesIO(media)
    else:
        path = Path(media)
        check_readable(path, name, limits.file_bytes)
        try:
            file = path.open("rb")
        except OSError as error:
            raise unreachable(f"{name} cannot be opened", error) from error
    with file:
        head = file.read(HEAD_BYTES)
        file.seek(0)
        if is_hdr_avif(head):
            raise MediaUnsupported(
                f"{name} is an HDR picture, which would come out washed out; "
                "export it as an SDR picture first."
            )
        with _identified(file, head, name, limits) as image:
            limits.check_size(name, image.size, limits.picture_pixels)
            if image.format in ("JPEG", "MPO"):
                limits.check_scans(name, count_jpeg_scans(file))
            yield image


@contextmanager
def _identified(
    file: BinaryIO, head: bytes, name: str, limits: MediaLimits
) -> Generator[Image.Image]:
    try:
        with warnings.catch_warnings():
            # Pillow warns where our own, lower limit is about to refuse.
            warnings.simplefilter("ignore")
            image = Image.open(file, formats=PICTURE_FORMATS)
    except Image.DecompressionBombError as error:
        found = re.search(r"\d+", str(error))
        pixels = int(found.group()) if found else Image.MAX_IMAGE_PIXELS or 0
        raise MediaTooLarge(
            f"{name} has {pixels / 1e6:.0f} million pixels; at most "
            f"{limits.picture_pixels / 1e6:.0f} million are allowed. Scale it down first."
        ) from error
    except UnidentifiedImageError as error:
        kind = sniff_head(head)
        if kind in ("picture", "animation"):
            raise MediaUnreadable(
                f"{name} is damaged: its header cannot be read; copy or download it again."
            ) from error
        raise MediaUnsupported(
            f"{name} is {describe_kind(head)}, not a picture; give a JPEG, PNG or WebP."
        ) from error
    except _DAMAGE as error:
        raise MediaUnreadable(f"{name} is damaged: {error}.") from error
    with image:
        yield image


@contextmanager
def reading(name: str) -> Generator[None]:
    """Turn what Pillow raises on damaged data into `MediaUnreadable`."""
    try:
        yield
    except Image.DecompressionBombError as error:
        raise MediaTooLarge(f"{name} is too large: {error}.") from error
    except MemoryError as error:
        raise MediaTooLarge(f"{name} does not fit into memory; scale it down first.") from error
    except _DAMAGE as error:
        raise MediaUnreadable(
            f"{name} is damaged or cut off ({error}); copy or download it again."
        ) from error


def _clean_exif(image: Image.Image) -> bytes | None:
    """The EXIF block without orientation and preview, or None if there is none that parses."""
    if "exif" not in image.info:
        return None
    try:
        exif = image.getexif()
        exif.pop(ExifTags.Base.Orientation, None)
        # Writing the block anew leaves out the second directory, which holds the preview.
        return exif.tobytes() if len(exif) else None
    except _DAMAGE:
        return None
