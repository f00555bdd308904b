"""The content gate of a `FakeMediaHost`: it takes scores from scripts, not from pictures."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from personae.domain.gate import LIMIT
from personae.errors import PolicyRefused, Role

Script = Mapping[str, Any]


def let_through(job: Mapping[str, Any], role: Role, scripts: Sequence[Script]) -> dict[str, Any]:
    """What the gate would say it saw of files in one role; nothing if it is off.

    Raises
    ------
    PolicyRefused
    """
    options: Mapping[str, Any] = job.get("options") or {}
    limit = options.get(f"gate_{role}", LIMIT)
    if limit is None or not scripts:
        return {}
    highest = max(float(script.get("unsafe", 0.0)) for script in scripts)
    if highest > limit:
        facts = {"score": highest, "limit": limit, "looked": len(scripts)}
        raise PolicyRefused(
            f"The {role} seems to show nudity or sex, which the content gate does not let through.",
            role=role,
            reason="nsfw",
            facts=facts,
        )
    return {role: {"looked": len(scripts), "highest": highest, "limit": limit}}


def gate_report(
    job: Mapping[str, Any], donors: Sequence[Script], scene: Script
) -> dict[str, Any] | None:
    """What was seen of all files of a swap; None if the gate is off.

    Raises
    ------
    PolicyRefused
    """
    seen = let_through(job, "donor", donors) | let_through(job, "scene", [scene])
    return seen | let_through(job, "output", [{}]) or None
