"""What comes back from a swap."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

from personae.engine.setup import CLASSICAL, MESH
from personae.engine.types import Face, Float32, UInt8

CLASSICAL_NOTE = "Restored by the classical pass, without a model."


def restoring(strength: float, restore: float, restorer: str) -> tuple[str | None, tuple[str, ...]]:
    """What will have restored the new faces, if anything did, and what there is to warn of."""
    if strength <= 0 or restore <= 0:
        return None, ()
    return restorer, (CLASSICAL_NOTE,) if restorer == CLASSICAL else ()


@dataclass(frozen=True, slots=True, eq=False)
class SwapResult:
    """A swapped picture.

    Attributes
    ----------
    image : uint8 (H, W, 3) RGB, or (H, W, 4) if the scene has alpha
    mask : float32 (H, W), range [0, 1]
        Where the scene was changed and how much, by new faces and by a label; where it is 0 the
        pixels are the scene's. Around a new face, where only the invisible mark was added, it is
        1/255.
    faces : tuple of Face
        All faces of the scene, left to right.
    swapped : tuple of int
        Numbers of the faces that were swapped.
    warnings : tuple of str
    restorer : str or None
        What restored the new faces, if that was asked for; ``classical`` needs no model.
    label : str or None
        What was written over it.
    engine : str
        What made the new faces: ``mesh``, or a model's name.
    gate : dict or None
        By role, what the content gate saw: ``looked``, ``highest``, ``limit``; None if it was off.
    """

    image: UInt8
    mask: Float32
    faces: tuple[Face, ...]
    swapped: tuple[int, ...]
    warnings: tuple[str, ...]
    restorer: str | None = None
    label: str | None = None
    gate: dict[str, dict[str, float]] | None = None
    engine: str = MESH

    def __repr__(self) -> str:
        height, width = self.mask.shape
        return f"SwapResult({width}x{height}, swapped {list(self.swapped)} of {len(self.faces)})"


@dataclass(frozen=True, slots=True)
class SwapReport:
    """What came of a swap from file to file.

    Attributes
    ----------
    manifest : "embedded", "sidecar" or "off"
        Where the manifest is: in the output, or beside it as ``OUTPUT.c2pa`` where the format has
        no place for one.
    signed_by : "operator", "local" or None
        Whose certificate signed it. Nobody but this machine has a reason to trust a local one.
    """

    output: Path
    kind: Literal["picture", "animation", "video"]
    frames: int
    frames_lost: int
    faces_swapped: int
    elapsed_s: float
    warnings: tuple[str, ...] = field(default=())
    restorer: str | None = None
    manifest: Literal["embedded", "sidecar", "off"] = "off"
    signed_by: Literal["operator", "local"] | None = None
    label: str | None = None
    gate: dict[str, dict[str, float]] | None = None
    engine: str = MESH

    def to_json(self) -> dict[str, Any]:
        """Plain values for `json.dumps`."""
        return {
            "output": str(self.output),
            "kind": self.kind,
            "frames": self.frames,
            "frames_lost": self.frames_lost,
            "faces_swapped": self.faces_swapped,
            "elapsed_s": round(self.elapsed_s, 3),
            "engine": self.engine,
            "restorer": self.restorer,
            "manifest": self.manifest,
            "signed_by": self.signed_by,
            "label": self.label,
            "gate": self.gate,
            "warnings": list(self.warnings),
        }
