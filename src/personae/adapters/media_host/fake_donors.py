"""Donors of a `FakeMediaHost`: refused as the real ones are, by what their files' scripts say."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from personae.errors import DonorUnusable, FaceNotFound, SeveralFaces


def check_donor(scripts: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """The answer to ``check_donor`` for photos with these scripts.

    Raises
    ------
    FaceNotFound, SeveralFaces, DonorUnusable
    """
    for script in scripts:
        faces = int(script.get("faces", 1))
        if faces == 0:
            raise FaceNotFound("donor")
        check_alone(faces, "donor")
    good = [script for script in scripts if not script.get("poor")]
    if not good:
        raise DonorUnusable
    if len({script.get("person", "") for script in good}) > 1:
        raise DonorUnusable("The photos seem to show different people.")
    return {"photos": len(good)}


def check_alone(faces: int, role: str) -> None:
    """Refuse a file that should show one person and has `faces`.

    Raises
    ------
    SeveralFaces
    """
    if faces > 1:
        raise SeveralFaces(f"The {role} shows {faces} faces; give a picture of one person alone.")
