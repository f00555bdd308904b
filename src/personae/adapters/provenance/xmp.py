"""IPTC's fields on synthetic media, as XMP, in files whose pixels stay as they are.

Names of the fields: IPTC Photo Metadata Standard 2025.1. Where XMP goes in each container: Adobe,
XMP Specification Part 3 (2020), sections 1.1.1 to 1.1.5; for WebP, the RIFF container of
RFC 9649, section 2.7. Our own writers have put no XMP there before.
"""

from __future__ import annotations

import io
import struct
import zlib
from collections.abc import Callable
from typing import Any, BinaryIO, cast
from xml.sax.saxutils import quoteattr

from personae.adapters.provenance.statement import GENERATOR, SOURCE_TYPE, engine_name
from personae.version import __version__

Insert = Callable[[bytes, bytes], bytes]
_EXT = "http://iptc.org/std/Iptc4xmpExt/2008-02-29/"
_BMFF_UUID = bytes.fromhex("be7acfcb97a942e89c71999491e3afac")
_JPEG_NAMESPACE = b"http://ns.adobe.com/xap/1.0/\0"
_TIFF_TAG = 700


def packet(engine: str) -> bytes:
    """The fields, as an XMP packet; the same every time."""
    fields = {
        "Iptc4xmpExt:DigitalSourceType": SOURCE_TYPE,
        "Iptc4xmpExt:AISystemUsed": engine_name(engine),
        "Iptc4xmpExt:AISystemVersionUsed": __version__,
        "xmp:CreatorTool": f"{GENERATOR} {__version__}",
    }
    written = "".join(f"\n    {name}={quoteattr(value)}" for name, value in fields.items())
    return (
        '<?xpacket begin="\ufeff" id="W5M0MpCehiHzreSzNTczkc9d"?>\n'
        '<x:xmpmeta xmlns:x="adobe:ns:meta/">\n'
        ' <rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#">\n'
        '  <rdf:Description rdf:about=""\n'
        f'    xmlns:Iptc4xmpExt="{_EXT}"\n'
        f'    xmlns:xmp="http://ns.adobe.com/xap/1.0/"{written}/>\n'
        " </rdf:RDF>\n"
        "</x:xmpmeta>\n"
        '<?xpacket end="r"?>'
    ).encode()


def with_fields(file: BinaryIO, media_type: str, engine: str) -> BinaryIO | None:
    """A file with the fields in it; `file` itself is not changed.

    Pictures are read into memory, videos are not.

    Returns
    -------
    binary file or None
        None where the format has no place for them, or is not written as we write it.
    """
    told = packet(engine)
    if media_type in ("video/mp4", "video/quicktime"):
        return cast("BinaryIO", Tailed(file, _box(told)))
    insert = _INSERTS.get(media_type)
    if insert is None:
        return None
    file.seek(0)
    try:
        return io.BytesIO(insert(file.read(), told))
    except (_Unfit, struct.error, IndexError):
        file.seek(0)
        return None


class Tailed(io.RawIOBase):
    """A file and some bytes behind its end, to be read as one."""

    def __init__(self, file: BinaryIO, tail: bytes) -> None:
        super().__init__()
        self._file = file
        self._tail = tail
        self._length = file.seek(0, io.SEEK_END)
        self._at = 0

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def tell(self) -> int:
        return self._at

    def seek(self, offset: int, whence: int = io.SEEK_SET, /) -> int:
        begin = (0, self._at, self._length + len(self._tail))[whence]
        self._at = max(0, begin + offset)
        return self._at

    def readinto(self, buffer: Any, /) -> int:
        if self._at < self._length:
            self._file.seek(self._at)
            some = self._file.read(min(len(buffer), self._length - self._at))
        else:
            begin = self._at - self._length
            some = self._tail[begin : begin + len(buffer)]
        buffer[: len(some)] = some
        self._at += len(some)
        return len(some)


class _Unfit(Exception):
    """The file is not built as it would have to be."""


def _box(told: bytes) -> bytes:
    return struct.pack(">I", 24 + len(told)) + b"uuid" + _BMFF_UUID + told


def _jpeg(data: bytes, told: bytes) -> bytes:
    """Behind JFIF and Exif, before everything else."""
    at = 2
    while data[at : at + 2] in (b"\xff\xe0", b"\xff\xe1"):
        at += 2 + struct.unpack_from(">H", data, at + 2)[0]
    body = _JPEG_NAMESPACE + told
    return data[:at] + b"\xff\xe1" + struct.pack(">H", 2 + len(body)) + body + data[at:]


def _png(data: bytes, told: bytes) -> bytes:
    """Behind the header: its length is always the same."""
    body = b"iTXtXML:com.adobe.xmp\0\0\0\0\0" + told
    chunk = struct.pack(">I", len(body) - 4) + body + struct.pack(">I", zlib.crc32(body))
    return data[:33] + chunk + data[33:]


def _webp(data: bytes, told: bytes) -> bytes:
    """At the end, announced in the header, which simple files lack."""
    if data[12:16] != b"VP8X":
        width, height, alpha = _webp_size(data)
        sides = (width - 1).to_bytes(3, "little") + (height - 1).to_bytes(3, "little")
        header = b"VP8X" + struct.pack("<I", 10) + bytes([0x10 * alpha, 0, 0, 0]) + sides
        data = data[:12] + header + data[12:]
    made = bytearray(data)
    made[20] |= 0x04
    made += b"XMP " + struct.pack("<I", len(told)) + told + b"\0" * (len(told) % 2)
    struct.pack_into("<I", made, 4, len(made) - 8)
    return bytes(made)


def _webp_size(data: bytes) -> tuple[int, int, bool]:
    """Width, height and whether there is alpha, of a simple file (RFC 9649, 2.5 and 2.6)."""
    if data[12:16] == b"VP8L":
        bits = int(struct.unpack_from("<I", data, 21)[0])
        return (bits & 0x3FFF) + 1, (bits >> 14 & 0x3FFF) + 1, bool(bits >> 28 & 1)
    if data[12:16] != b"VP8 ":
        raise _Unfit
    width, height = struct.unpack_from("<HH", data, 26)
    return width & 0x3FFF, height & 0x3FFF, False


def _gif(data: bytes, told: bytes) -> bytes:
    """Before the trailer; the bytes behind the packet lead a reader of blocks to its end."""
    if data[-1:] != b";":
        raise _Unfit
    trail = b"\x01" + bytes(range(255, -1, -1)) + b"\0"
    block = b"!\xff\x0bXMP DataXMP" + told + trail
    return b"GIF89a" + data[6:-1] + block + b";"


def _tiff(data: bytes, told: bytes) -> bytes:
    """The first directory is written once more, at the end, with one entry more."""
    order = {b"II*\0": "<", b"MM\0*": ">"}.get(data[:4])
    if order is None:
        raise _Unfit
    first = int(struct.unpack_from(f"{order}I", data, 4)[0])
    count = int(struct.unpack_from(f"{order}H", data, first)[0])
    entries = [data[first + 2 + 12 * i : first + 14 + 12 * i] for i in range(count)]
    after = data[first + 2 + 12 * count : first + 6 + 12 * count]
    body = data + b"\0" * (len(data) % 2)
    entries.append(struct.pack(f"{order}HHII", _TIFF_TAG, 1, len(told), len(body)))
    entries.sort(key=lambda entry: struct.unpack_from(f"{order}H", entry)[0])
    body += told + b"\0" * (len(told) % 2)
    directory = struct.pack(f"{order}H", count + 1) + b"".join(entries) + after
    return data[:4] + struct.pack(f"{order}I", len(body)) + body[8:] + directory


_INSERTS: dict[str, Insert] = {
    "image/jpeg": _jpeg,
    "image/png": _png,
    "image/webp": _webp,
    "image/gif": _gif,
    "image/tiff": _tiff,
}
