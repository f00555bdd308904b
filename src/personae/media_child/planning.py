"""The job ``plan_chunks``; like ``probe`` it loads no model."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from personae.media_child.jobs import Context
from personae.video.chunk_plan import PIECES, TARGET_S, plan_chunks


def plan(job: Mapping[str, Any], context: Context) -> dict[str, Any]:
    """Cut ``scene``, or what lies between ``start_s`` and ``end_s``, into chunks."""
    context.enter("plan")

    def found(frames: int) -> None:
        context.check_stop()
        context.report("plan", frames, None)

    made = plan_chunks(
        Path(job["scene"]),
        start_s=job.get("start_s"),
        end_s=job.get("end_s"),
        target_s=float(job.get("target_s") or TARGET_S),
        pieces=PIECES,
        on_packet=found,
    )
    return made.to_json()
