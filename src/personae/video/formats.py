"""Pixel formats and colours of video: what is kept, what is converted, what is refused.

Personae edits a frame in the planes it was decoded to, so whatever is not a face stays the same
sample for sample. Formats outside `KEPT` are converted first, always to one that loses nothing
but rounding, by the table `CONVERTED`.
"""

from __future__ import annotations

from dataclasses import dataclass

import av

from personae.engine.canvas import YuvFormat
from personae.errors import MediaUnsupported


@dataclass(frozen=True, slots=True)
class Layout:
    """How a planar YUV format stores its samples.

    ``sx`` and ``sy``: luma samples per chroma sample, across and down. ``bits``: per sample;
    above 8 each takes two bytes, the low bits used, little-endian.
    """

    sx: int
    sy: int
    bits: int


def _kept() -> dict[str, Layout]:
    shapes = {"420": (2, 2), "422": (2, 1), "444": (1, 1)}
    found: dict[str, Layout] = {}
    for digits, (sx, sy) in shapes.items():
        for prefix in ("yuv", "yuvj"):
            found[f"{prefix}{digits}p"] = Layout(sx, sy, 8)
        for bits in (10, 12):
            found[f"yuv{digits}p{bits}le"] = Layout(sx, sy, bits)
    return found


KEPT = _kept()
"""The formats that are edited as they are; ``yuvj`` is FFmpeg's old name for full range."""

CONVERTED = {
    # The same samples, packed differently.
    "nv12": "yuv420p",
    "nv21": "yuv420p",
    "nv16": "yuv422p",
    "nv24": "yuv444p",
    "p010le": "yuv420p10le",
    "p210le": "yuv422p10le",
    "p410le": "yuv444p10le",
    "p012le": "yuv420p12le",
    "nv20le": "yuv422p10le",
    "yuyv422": "yuv422p",
    "uyvy422": "yuv422p",
    "yvyu422": "yuv422p",
    # Grey: the luma plane, with neutral chroma.
    "gray": "yuv420p",
    "gray10le": "yuv420p10le",
    "gray12le": "yuv420p12le",
    # Chroma that is coarser than any kept format, interpolated.
    "yuv410p": "yuv420p",
    "yuv411p": "yuv422p",
    "yuvj411p": "yuvj422p",
    "yuv440p": "yuv444p",
    "yuvj440p": "yuvj444p",
    "yuv440p10le": "yuv444p10le",
    "yuv440p12le": "yuv444p12le",
    # Odd depths, to the next kept one.
    "yuv420p9le": "yuv420p10le",
    "yuv422p9le": "yuv422p10le",
    "yuv444p9le": "yuv444p10le",
    # RGB of 8 bits fits YUV of 10 without loss; RGB of 10, YUV of 12.
    "rgb24": "yuv444p10le",
    "bgr24": "yuv444p10le",
    "rgb0": "yuv444p10le",
    "bgr0": "yuv444p10le",
    "0rgb": "yuv444p10le",
    "0bgr": "yuv444p10le",
    "gbrp": "yuv444p10le",
    "pal8": "yuv444p10le",
    "rgb555le": "yuv444p",
    "rgb565le": "yuv444p",
    "bgr555le": "yuv444p",
    "bgr565le": "yuv444p",
    "gbrp10le": "yuv444p12le",
    "x2rgb10le": "yuv444p12le",
}
"""Every other format that is read, and what it becomes."""

GREYS = frozenset({"gray", "gray10le", "gray12le"})

# Numbers of ITU-T H.273: table 4 (matrix) and table 3 (transfer).
_WEIGHTS = {
    1: (0.2126, 0.0722),  # BT.709
    4: (0.30, 0.11),  # FCC
    5: (0.299, 0.114),  # BT.470BG
    6: (0.299, 0.114),  # BT.601
    7: (0.212, 0.087),  # SMPTE 240M
    9: (0.2627, 0.0593),  # BT.2020, non-constant luminance
}
_UNSPECIFIED_MATRIX = (0, 2, 3)  # 0 is "RGB": only a leftover once the samples are YUV.
_HDR_TRANSFERS = {16: "PQ (HDR10 or Dolby Vision)", 18: "HLG"}
_FULL_RANGE = 2

MATRIX_NAMES = {
    0: "rgb", 1: "bt709", 4: "fcc", 5: "bt470bg", 6: "smpte170m", 7: "smpte240m", 8: "ycgco",
    9: "bt2020nc", 10: "bt2020c", 14: "ictcp",
}  # fmt: skip
PRIMARIES_NAMES = {
    1: "bt709", 4: "bt470m", 5: "bt470bg", 6: "smpte170m", 7: "smpte240m", 8: "film",
    9: "bt2020", 11: "smpte431", 12: "smpte432",
}  # fmt: skip
TRANSFER_NAMES = {
    1: "bt709", 4: "gamma22", 5: "gamma28", 6: "smpte170m", 7: "smpte240m", 8: "linear",
    13: "srgb", 14: "bt2020-10", 15: "bt2020-12", 16: "smpte2084", 18: "arib-std-b67",
}  # fmt: skip
RANGE_NAMES = {1: "limited", 2: "full"}


@dataclass(frozen=True, slots=True)
class ColourTags:
    """The numbers of ITU-T H.273 that say what the samples mean; 2 is "not said".

    ``range``: 1 for limited, 2 for full, 0 for not said.
    """

    primaries: int = 2
    transfer: int = 2
    matrix: int = 2
    range: int = 0

    @property
    def hdr(self) -> bool:
        """Whether the transfer is PQ or HLG."""
        return self.transfer in _HDR_TRANSFERS


def has_alpha(pixel_format: str) -> bool:
    """Whether a pixel format has a plane or a channel of opacity."""
    return any(part.is_alpha for part in av.VideoFormat(pixel_format).components)


def sample_bits(pixel_format: str) -> int:
    """Bits of the deepest component."""
    return max((part.bits for part in av.VideoFormat(pixel_format).components), default=8)


def planar_format(name: str, pixel_format: str | None) -> str:
    """The kept format that frames of `pixel_format` are edited in.

    Parameters
    ----------
    name : str
        The file's, for messages.

    Raises
    ------
    MediaUnsupported
        For alpha, and for formats in neither table.
    """
    if pixel_format is None:
        raise MediaUnsupported(f"{name}: its pixel format is not known; re-encode it first.")
    if pixel_format in KEPT:
        return pixel_format
    if has_alpha(pixel_format):
        raise MediaUnsupported(
            f"{name} has transparency ({pixel_format}), which a swapped video would lose; "
            "flatten it onto a background first, or use an animated WebP or PNG."
        )
    if pixel_format not in CONVERTED:
        raise MediaUnsupported(
            f"{name} stores its pixels as {pixel_format}, which is not supported; "
            "re-encode it to yuv420p or yuv420p10le first."
        )
    return CONVERTED[pixel_format]


def check_colours(name: str, tags: ColourTags) -> None:
    """Refuse colours that would come out wrong.

    Raises
    ------
    MediaUnsupported
        For HDR transfers, and for matrices that are not three luma weights.
    """
    if tags.hdr:
        raise MediaUnsupported(
            f"{name} is HDR, {_HDR_TRANSFERS[tags.transfer]}; faces would be matched in the wrong "
            "colours, so it is refused. Tone-map it to SDR (BT.709) first."
        )
    if tags.matrix not in _WEIGHTS and tags.matrix not in _UNSPECIFIED_MATRIX:
        matrix = MATRIX_NAMES.get(tags.matrix, str(tags.matrix))
        raise MediaUnsupported(
            f"{name} has the colour matrix {matrix}, which is not supported; "
            "convert it to BT.709 first."
        )


def assumed_matrix(matrix: int, height: int) -> int:
    """The matrix that a file means: its own, or the one that players assume for its height."""
    if matrix in _WEIGHTS:
        return matrix
    return 1 if height >= 720 else 6


def yuv_format(pixel_format: str, tags: ColourTags, height: int) -> YuvFormat:
    """How to read the samples of a frame in a kept format.

    A file that does not say its matrix is BT.709 from 720 lines up, else BT.601: what players
    assume. `height` is that of the coded frame, pixels.
    """
    kr, kb = _WEIGHTS[assumed_matrix(tags.matrix, height)]
    full = pixel_format.startswith("yuvj") or tags.range == _FULL_RANGE
    return YuvFormat(kr=kr, kb=kb, full_range=full, bits=KEPT[pixel_format].bits)
