"""The do-not-swap register: people who may not be swapped, and how they are known again.

Photos are not kept, only what tells people apart; see `docs/15-do-not-swap-register.md`.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass
from typing import Literal

AppliesTo = Literal["donor", "scene", "either"]
"""Where a person may not be: as donor, as a scene's face that is replaced, or anywhere."""

DISTANCE = 0.035
"""At most so far apart, as 1 - cosine, are a face and an entry that it matches; measured in
`docs/15-do-not-swap-register.md`."""

EMBEDDER = "dlib_resnet"
"""What the embeddings come from: those of another network cannot be compared with them."""

EMBEDDING = struct.Struct("<128f")
"""How an embedding is stored: 128 numbers, unit norm."""

MAX_PHOTOS = 20
"""Photos of one person in one entry."""

ROLE_BITS = {"donor": 1, "scene": 2, "either": 3}


@dataclass(frozen=True, slots=True)
class ProtectedPerson:
    """Somebody who may not be swapped; ``person_…``.

    Attributes
    ----------
    tenant_id : str or None
        Whose tasks are kept from swapping them; None means everybody's.
    name : str
        May be empty or made up; it is forgotten with the embeddings.
    origin : str
        Where the entry comes from: ``public figure list``, ``court order``, ``opt-out``, …
    added_by : str
        A key's name, or ``operator`` for a command.
    faces : int
        Embeddings that are kept; 0 once the entry was removed or has expired.
    removed_at : float or None, seconds since 1970
    """

    id: str
    tenant_id: str | None
    name: str
    applies_to: AppliesTo
    reason: str
    origin: str
    added_by: str
    created_at: float
    expires_at: float | None = None
    removed_at: float | None = None
    faces: int = 0


@dataclass(frozen=True, slots=True)
class ProtectedFace:
    """One embedding of somebody who is protected now, for those who look people up.

    ``number`` rises with every face that was ever added; ``embedding`` is an `EMBEDDING`.
    """

    number: int
    person_id: str
    tenant_id: str | None
    applies_to: AppliesTo
    embedding: bytes


# A snapshot, little-endian: a header, then `faces` embeddings, `faces` owners, `people` records.
SNAPSHOT_MAGIC = b"PSNREG01"
SNAPSHOT_HEADER = struct.Struct("<8sIIQ")
"""Magic, number of faces, number of people, version."""
SNAPSHOT_PERSON = struct.Struct("<48s48sB7x")
"""Name, tenant (empty for everybody), `ROLE_BITS`."""
