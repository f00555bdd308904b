"""Seals of a `FakeMediaHost`: files stay as they are, and only what is told of them is played."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from personae.adapters.media_host.fake_media import OUTPUT_MARK, read, sha256, write
from personae.adapters.provenance.facts import ManifestFacts

_NO_PLACE = (b"\x1a\x45\xdf\xa3", b"BM")


def seal(job: Mapping[str, Any]) -> dict[str, Any]:
    """The answer to ``seal``; what has no place for a manifest gets a sidecar of a few bytes."""
    path = Path(job["path"])
    sidecar = path.with_name(f"{path.name}.c2pa") if read(path).startswith(_NO_PLACE) else None
    if sidecar is not None:
        write(sidecar, b"fake manifest of " + sha256(path).encode())
    return {
        "manifest": "embedded" if sidecar is None else "sidecar",
        "sidecar": None if sidecar is None else str(sidecar),
        "content_sha256": sha256(path),
        "scene_manifest": "none",
        "signed_by": "local",
    }


def read_manifest(job: Mapping[str, Any]) -> dict[str, Any]:
    """The answer to ``read_manifest``: what this host made has one."""
    made = OUTPUT_MARK in read(Path(job["path"]))
    if not made:
        return ManifestFacts(False).to_json()
    facts = ManifestFacts(True, "embedded", True, "local", True, "Personae 0", "Local signer")
    return facts.to_json()
