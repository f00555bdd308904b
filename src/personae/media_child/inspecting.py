"""The job ``find_mark``: the invisible mark of a file."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from personae.inspecting import marks
from personae.media_child.jobs import Context, load_engine


def find_mark(job: Mapping[str, Any], context: Context) -> dict[str, Any]:
    """What `personae.inspecting.marks.find_mark` finds in ``path``; ``found`` is None for nothing.

    ``limit_s``, if given, is how many seconds it may take.
    """
    load_engine()
    context.enter("inspect")
    limit_s = float(job.get("limit_s") or marks.LIMIT_S)

    def should_stop() -> bool:
        context.report("inspect", 0, None)
        return context.should_stop()

    found = marks.find_mark(Path(job["path"]), should_stop, limit_s=limit_s)
    return {"found": None if found is None else found.to_json()}
