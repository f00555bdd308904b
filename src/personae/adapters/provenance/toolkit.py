"""c2pa-python as we use it: never on the network, small buffers, our own streams and signers."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Generator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any, BinaryIO, cast

import c2pa

from personae.adapters.provenance.credentials import PURPOSES, Credential

Error = c2pa.C2paError
# Set on the class after its definition, where type checkers do not see it.
NotThere = cast("type[c2pa.C2paError]", vars(c2pa.C2paError)["ManifestNotFound"])
_ALGORITHMS = {
    "es256": c2pa.C2paSigningAlg.ES256,
    "es384": c2pa.C2paSigningAlg.ES384,
    "es512": c2pa.C2paSigningAlg.ES512,
    "ps256": c2pa.C2paSigningAlg.PS256,
    "ed25519": c2pa.C2paSigningAlg.ED25519,
}
_MEMORY_MIB = 8
"""Larger files are put together on the disk, in TMPDIR."""
_MERKLE_FROM_BYTES = 64 << 20
"""Larger MP4s are hashed piece by piece: as one, each reader holds up to 256 MiB of it."""
_MERKLE_KIB = 4096
LOCAL_ANCHOR, OPERATOR_ANCHOR = "personae:local", "personae:operator"

_TYPES = {
    b"\xff\xd8\xff": "image/jpeg",
    b"\x89PNG\r\n\x1a\n": "image/png",
    b"GIF8": "image/gif",
    b"II*\0": "image/tiff",
    b"MM\0*": "image/tiff",
    b"BM": "image/bmp",
    b"\x1a\x45\xdf\xa3": "video/x-matroska",
}
EMBEDDING = frozenset(
    (
        *("image/jpeg", "image/png", "image/webp", "image/gif", "image/tiff", "image/avif"),
        *("video/mp4", "video/quicktime"),
    )
)
"""Types whose files can hold a manifest; the others get a sidecar."""


def media_type(path: Path) -> str:
    """A file's type by its first bytes; ``application/octet-stream`` for others."""
    with path.open("rb") as file:
        head = file.read(64)
    if head[:4] == b"RIFF" and head[8:12] == b"WEBP":
        return "image/webp"
    if head[4:8] == b"ftyp":
        if head[8:12] in (b"avif", b"avis"):
            return "image/avif"
        return "video/quicktime" if head[8:12] == b"qt  " else "video/mp4"
    if head[4:8] in (b"moov", b"mdat", b"wide", b"free", b"skip"):
        return "video/quicktime"
    found = [kind for magic, kind in _TYPES.items() if head.startswith(magic)]
    return found[0] if found else "application/octet-stream"


class Watched:
    """A file for c2pa: keeps the system's first error, and tells of every access.

    What a callback raises is lost in native code, so it is kept here.

    Attributes
    ----------
    error : Exception or None
    """

    def __init__(self, file: BinaryIO, beat: Callable[[], None]) -> None:
        self._file = file
        self._beat = beat
        self.error: Exception | None = None

    def read(self, size: int = -1) -> bytes:
        """As of a file."""
        return self._do(self._file.read, size)

    def write(self, data: bytes) -> int:
        """As of a file."""
        return self._do(self._file.write, data)

    def seek(self, offset: int, whence: int = 0) -> int:
        """As of a file."""
        return self._do(self._file.seek, offset, whence)

    def tell(self) -> int:
        """As of a file."""
        return self._do(self._file.tell)

    def flush(self) -> None:
        """As of a file."""
        self._do(self._file.flush)

    def _do(self, act: Callable[..., Any], *given: Any) -> Any:
        if self.error is not None:
            raise self.error
        try:
            self._beat()
            return act(*given)
        except Exception as error:
            self.error = error
            raise


class Nowhere:
    """Takes what is written and forgets it: a sidecar needs no copy of its file."""

    def __init__(self) -> None:
        self._at = self._end = 0

    def write(self, data: bytes) -> int:
        """Forget it."""
        self._at += len(data)
        self._end = max(self._end, self._at)
        return len(data)

    def read(self, size: int = -1) -> bytes:
        """Nothing is there."""
        del size
        return b""

    def seek(self, offset: int, whence: int = 0) -> int:
        """As of a file."""
        self._at = (0, self._at, self._end)[whence] + offset
        return self._at

    def tell(self) -> int:
        """As of a file."""
        return self._at

    def flush(self) -> None:
        """Nothing to do."""


def context(
    *, validate: bool = True, large: bool = False, anchors: Mapping[str, str] | None = None
) -> Any:
    """Settings of one piece of work.

    Parameters
    ----------
    validate : bool
        Whether what is read is checked; that reads the whole file.
    large : bool
        Hash an MP4 in pieces.
    anchors : mapping, optional
        PEM text of authorities that are trusted: ``operator``, ``local``; empty ones are left out.
    """
    core: dict[str, Any] = {"backing_store_memory_threshold_in_mb": _MEMORY_MIB}
    if large:
        core |= {"merkle_tree_chunk_size_in_kb": _MERKLE_KIB, "merkle_tree_max_proofs": 0}
    trust = "\n".join(one.dotted_string for one in PURPOSES)
    given = {LOCAL_ANCHOR: "local", OPERATOR_ANCHOR: "operator"}
    lists = [
        {"trust_anchors": pem, "trust_uri": uri, "trust_kind": "manifest", "trust_config": trust}
        for uri, name in given.items()
        if (pem := (anchors or {}).get(name))
    ]
    settings: dict[str, Any] = {
        "version": 1,
        "core": core,
        "trust": {"trust_config": trust, "anchors": lists},
        "verify": {
            "verify_after_reading": validate,
            "verify_after_sign": False,
            # A scene may name any address: whoever reads it must not go there.
            "remote_manifest_fetch": False,
            "ocsp_fetch": False,
        },
        # A small picture of the scene would go on showing the face that was replaced.
        "builder": {"thumbnail": {"enabled": False}},
    }
    return c2pa.Context.from_json(json.dumps(settings))


def is_large(path: Path) -> bool:
    """Whether an MP4 is hashed in pieces."""
    return path.stat().st_size >= _MERKLE_FROM_BYTES


def signer(credential: Credential, sign: Callable[[bytes], bytes]) -> Any:
    """c2pa's signer, which asks `sign` for signatures.

    Raises
    ------
    Error
        If c2pa does not take the certificates.
    """
    return c2pa.Signer.from_callback(
        sign,
        _ALGORITHMS[credential.algorithm],
        credential.chain_pem,
        credential.timestamp_url or None,
    )


def builder(definition: Mapping[str, Any], how: Any) -> Any:
    """A manifest to be filled and signed."""
    return c2pa.Builder(dict(definition), context=how)


def reader(media: str, file: Any, how: Any, sidecar: bytes | None = None) -> Any:
    """What a file's manifest says.

    Raises
    ------
    NotThere, Error
    """
    return c2pa.Reader(media, file, sidecar, context=how)


@contextmanager
def scratch_in(folder: Path) -> Generator[None]:
    """Have c2pa's copies of large files made in `folder`.

    It asks the environment where, so this is for a process of our own that does one thing at once.
    """
    before = os.environ.get("TMPDIR")
    os.environ["TMPDIR"] = str(folder)
    try:
        yield
    finally:
        if before is None:
            del os.environ["TMPDIR"]
        else:
            os.environ["TMPDIR"] = before
