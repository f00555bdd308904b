"""The job ``stills``: pictures that stand for a file in lists; it loads no model."""

from __future__ import annotations

import io
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from personae.adapters.provenance.toolkit import media_type
from personae.adapters.provenance.xmp import with_fields
from personae.engine.types import UInt8
from personae.errors import InvalidRequest
from personae.media_child.jobs import Context
from personae.video.covers import cover_of, thumbnail_of
from personae.video.files import Finish
from personae.video.saving import save_picture

_LARGEST_BOX_PX = 4096


def stills(job: Mapping[str, Any], context: Context) -> dict[str, Any]:
    """Write the ``cover`` and the ``thumbnail`` of ``path``, those that have a name.

    With ``fields`` they say that they show synthetic media, as IPTC would have it.

    The cover is one upright frame in its full size, the thumbnail has exactly the size ``box``.
    """
    context.enter("stills")
    cover, thumbnail, box = job.get("cover"), job.get("thumbnail"), _box(job)

    def check() -> None:
        context.check_stop()
        context.report("stills", 0, None)

    frame = cover_of(Path(job["path"]), check)
    made: dict[str, Any] = {}
    finish = _put_fields if job.get("fields") else None
    if cover is not None:
        made["cover"] = _save(cover, frame.rgb, frame.icc, finish)
    if thumbnail is not None:
        context.check_stop()
        made["thumbnail"] = _save(thumbnail, thumbnail_of(frame.rgb, box), frame.icc, finish)
    return made


def _put_fields(part: Path) -> None:
    data = part.read_bytes()
    made = with_fields(io.BytesIO(data), media_type(part), "mesh")
    part.write_bytes(data if made is None else made.read())


def _save(path: str, rgb: UInt8, icc: bytes | None, finish: Finish | None) -> dict[str, int]:
    save_picture(Path(path), rgb, icc=icc, finish=finish)
    return {"width": rgb.shape[1], "height": rgb.shape[0]}


def _box(job: Mapping[str, Any]) -> tuple[int, int]:
    width, height = (int(side) for side in job["box"])
    if not (1 <= width <= _LARGEST_BOX_PX and 1 <= height <= _LARGEST_BOX_PX):
        raise InvalidRequest(
            f"A thumbnail has 1 to {_LARGEST_BOX_PX} pixels a side, not {width} x {height}."
        )
    return width, height
