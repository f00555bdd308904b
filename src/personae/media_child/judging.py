"""The job ``check_donor``: whether photos can be kept as one person's."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from personae.donors import check_donor
from personae.errors import InvalidRequest
from personae.media_child.jobs import Context, load_engine
from personae.media_child.registering import screen_of
from personae.media_child.swapping import options_of


def judge(job: Mapping[str, Any], context: Context) -> dict[str, Any]:
    """Look at the photos ``donors``; how many of them a swap takes, as ``photos``.

    Raises
    ------
    InvalidRequest, FaceNotFound, SeveralFaces, DonorUnusable, MediaError, ModelError
    PolicyRefused
        If the register says that somebody may not be a donor.
    """
    photos: Sequence[str] = job["donors"]
    if not photos:
        raise InvalidRequest("Give at least one photo of the donor.")
    load_engine()
    context.enter("donors")
    limit, screen = options_of(job).gate_donor, screen_of(job)
    return {"photos": check_donor(*photos, screen=screen, gate_donor=limit)}
