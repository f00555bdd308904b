"""The register of a `FakeMediaHost`: real snapshots, searched one by one, for made-up faces.

Who a file shows is its script's ``person``; a file that names nobody shows somebody of its own.
"""

from __future__ import annotations

import math
import random
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from personae.adapters.media_host.fake_media import sha256
from personae.domain.register import (
    EMBEDDING,
    ROLE_BITS,
    SNAPSHOT_HEADER,
    SNAPSHOT_PERSON,
)
from personae.errors import PolicyRefused, Role

_OWNER_BYTES = 4


def embedding_of(path: Path, script: Mapping[str, Any]) -> list[float]:
    """The unit vector of whoever a file shows; two people's are far apart."""
    numbers = random.Random(str(script.get("person") or sha256(path)))
    values = [numbers.gauss(0.0, 1.0) for _ in range(EMBEDDING.size // 4)]
    norm = math.sqrt(sum(value * value for value in values))
    return [value / norm for value in values]


def nearest(register: Mapping[str, Any], embedding: Sequence[float]) -> list[dict[str, Any]]:
    """Everybody of a job's ``register``, nearest first, with tenant and roles."""
    data = Path(register["path"]).read_bytes()
    _, faces, _, _ = SNAPSHOT_HEADER.unpack_from(data)
    owners_at = SNAPSHOT_HEADER.size + EMBEDDING.size * faces
    people_at = owners_at + _OWNER_BYTES * faces
    best: dict[str, dict[str, Any]] = {}
    for number in range(faces):
        at = SNAPSHOT_HEADER.size + EMBEDDING.size * number
        other = EMBEDDING.unpack_from(data, at)
        far = 1.0 - sum(a * b for a, b in zip(embedding, other, strict=True))
        owner_at = owners_at + _OWNER_BYTES * number
        owner = int.from_bytes(data[owner_at : owner_at + _OWNER_BYTES], "little")
        person, tenant, roles = SNAPSHOT_PERSON.unpack_from(
            data, people_at + SNAPSHOT_PERSON.size * owner
        )
        name = person.rstrip(b"\0").decode()
        if name not in best or far < best[name]["distance"]:
            tenant_id = tenant.rstrip(b"\0").decode()
            told = {"person_id": name, "distance": far, "tenant_id": tenant_id, "roles": roles}
            best[name] = told
    return sorted(best.values(), key=lambda one: one["distance"])


def check_register(
    job: Mapping[str, Any], path: Path, script: Mapping[str, Any], role: Role
) -> None:
    """Refuse a file whose person may not have this role.

    Raises
    ------
    PolicyRefused
    """
    register: Mapping[str, Any] | None = job.get("register")
    if register is None:
        return
    for one in nearest(register, embedding_of(path, script)):
        if one["distance"] > register["distance"]:
            return
        mine = one["tenant_id"] in ("", register["tenant_id"])
        if mine and one["roles"] & ROLE_BITS[role]:
            raise PolicyRefused(
                f"The person in the {role} is in the register.",
                role=role,
                reason="register",
                facts={"person": one["person_id"], "distance": one["distance"]},
            )
