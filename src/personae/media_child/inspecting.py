"""The jobs ``inspect`` and ``find_mark``: what a file tells of where it comes from."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from personae.inspecting import marks
from personae.inspecting.files import inspect_file
from personae.media_child.jobs import Context, load_engine


def inspect(job: Mapping[str, Any], context: Context) -> dict[str, Any]:
    """Look for the manifest and the mark of ``path``; see `FileOrigin`.

    ``anchors`` says whom to trust.
    """
    load_engine()
    context.enter("inspect")
    return inspect_file(Path(job["path"]), job.get("anchors"), _stopping(context)).to_json()


def find_mark(job: Mapping[str, Any], context: Context) -> dict[str, Any]:
    """What `personae.inspecting.marks.find_mark` finds in ``path``; ``found`` is None for nothing.

    ``limit_s``, if given, is how many seconds it may take.
    """
    load_engine()
    context.enter("inspect")
    limit_s = float(job.get("limit_s") or marks.LIMIT_S)
    found = marks.find_mark(Path(job["path"]), _stopping(context), limit_s=limit_s)
    return {"found": None if found is None else found.to_json()}


def _stopping(context: Context) -> Callable[[], bool]:
    """Whether to stop; asking shows that the work goes on."""

    def should_stop() -> bool:
        context.report("inspect", 0, None)
        return context.should_stop()

    return should_stop
