"""Stills of a `FakeMediaHost`: one grey pixel each, told to have the size that was asked for."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from personae.adapters.media_host.fake_media import png, write


def stills(job: Mapping[str, Any], facts: Mapping[str, Any]) -> dict[str, Any]:
    """The answer to ``stills`` for a file with these facts; its pictures are written."""
    sizes = {"cover": (facts["width"], facts["height"]), "thumbnail": tuple(job["box"])}
    made: dict[str, Any] = {}
    for name, (width, height) in sizes.items():
        if job.get(name) is not None:
            write(Path(job[name]), png())
            made[name] = {"width": width, "height": height}
    return made
