"""Donors and reference faces of a job, prepared once and kept for a while.

A video comes in many chunks, each a job of its own with the same photos: they are known by their
content, whatever the files are called this time.
"""

from __future__ import annotations

import hashlib
from collections import OrderedDict
from collections.abc import Callable, Hashable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, Generic, TypeVar

import numpy as np

from personae import engines, wiring
from personae.domain.gate import LIMIT
from personae.donors import Donor, prepare_donor
from personae.engine.canvas import RgbCanvas
from personae.engine.casting import Role
from personae.engine.setup import EngineSetup
from personae.engine.types import Float32
from personae.errors import InvalidRequest, MediaUnreachable
from personae.media_child.jobs import Context, load_engine
from personae.media_child.registering import screen_of
from personae.photos import load_pixels, single_face
from personae.requests.checks import check_choice
from personae.requests.mappings import Parts, seen_of
from personae.video.files import check_readable, reason

V = TypeVar("V")
_DONORS_KEPT = 8
_REFERENCES_KEPT = 64
EMBEDDING_SIZE = 128


class Kept(Generic[V]):
    """The values that were asked for most recently."""

    def __init__(self, size: int) -> None:
        self._size = size
        self._values: OrderedDict[Hashable, V] = OrderedDict()

    def get(self, key: Hashable, make: Callable[[], V]) -> V:
        """The value under `key`, made if it is not there."""
        if key not in self._values:
            self._values[key] = make()
            while len(self._values) > self._size:
                self._values.popitem(last=False)
        self._values.move_to_end(key)
        return self._values[key]


_donors: Kept[tuple[tuple[str, ...], Donor]] = Kept(_DONORS_KEPT)
_references: Kept[tuple[str, Float32, tuple[str, ...]]] = Kept(_REFERENCES_KEPT)


def parts_of_job(
    job: Mapping[str, Any],
    context: Context,
    gate_donor: float | None = LIMIT,
    setup: EngineSetup = engines.EMBEDDED,
) -> Parts:
    """A job's ``mappings`` as roles, and what there is to warn of.

    `gate_donor`: the highest score of the content gate that passes; None does not look. `setup`:
    the engine that the donors are prepared for.

    Raises
    ------
    InvalidRequest, FaceNotFound, SeveralFaces, DonorUnusable, MediaError, ModelError
    PolicyRefused
        If the register says that somebody may not be a donor.
    """
    mappings: Sequence[Mapping[str, Any]] = job["mappings"]
    if not mappings:
        raise InvalidRequest("A swap needs at least one mapping.")
    load_engine()
    engine = engines.engine_for(setup)
    screen = screen_of(job)
    roles: list[Role] = []
    donors: list[Donor] = []
    warnings: list[str] = []
    taken: list[int] = []
    for mapping in mappings:
        context.enter("donors")
        donor = donor_of(
            mapping["donors"],
            allow_poor=bool(mapping.get("allow_poor")),
            alone=bool(mapping.get("alone")),
            gate_donor=gate_donor,
        )
        donors.append(donor)
        context.check_stop()
        if screen is not None:
            screen.check_all(donor.faces, "donor")
        like, name, told = _like(mapping)
        choice = "largest" if is_only(mapping) else mapping.get("face")
        check_choice(choice)
        if like is None and isinstance(choice, int):
            if choice in taken:
                raise InvalidRequest(f"Two mappings name face {choice}; give each face one donor.")
            taken.append(choice)
        roles.append(
            Role(donor.for_engine(engine), "largest" if choice is None else choice, like, name)
        )
        warnings += [text for text in (*told, *donor.warnings) if text not in warnings]
    return Parts(tuple(roles), tuple(warnings), screen=screen, seen=seen_of(donors))


def is_only(mapping: Mapping[str, Any]) -> bool:
    """Whether a mapping means a face that must be a picture's only one."""
    return mapping.get("face") == "only"


def donor_of(
    photos: Sequence[str],
    *,
    allow_poor: bool,
    alone: bool = False,
    gate_donor: float | None = LIMIT,
) -> Donor:
    """The donor whose photos these are."""
    names = tuple(photos)
    key = (*(digest_of(Path(one), "donor") for one in names), allow_poor, alone, gate_donor)

    def make() -> tuple[tuple[str, ...], Donor]:
        return names, prepare_donor(
            *names, allow_poor=allow_poor, alone=alone, gate_donor=gate_donor
        )

    made_of, donor = _donors.get(key, make)
    if made_of == names:
        return donor
    warnings = [_renamed(text, made_of, names) for text in donor.warnings]
    return replace(donor, warnings=tuple(warnings))


def digest_of(path: Path, role: str) -> str:
    """SHA-256 of a photo file's bytes.

    Raises
    ------
    MediaUnreachable, MediaUnreadable
    """
    name = f"The {role} {path}"
    check_readable(path, name)
    try:
        with path.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    except OSError as error:
        raise MediaUnreachable(f"{name} cannot be opened: {reason(error)}.") from error


def _like(mapping: Mapping[str, Any]) -> tuple[Float32 | None, str, tuple[str, ...]]:
    """Who in the scene is meant, if by likeness: embedding, name for messages, warnings."""
    given = mapping.get("like_embedding")
    if given is not None:
        return _embedding(given), "the chosen face", ()
    photo = mapping.get("like")
    if photo is None:
        return None, "", ()
    key = digest_of(Path(photo), "reference")
    name, like, told = _references.get(key, lambda: _reference(photo))
    return like, photo, tuple(_renamed(text, (name,), (photo,)) for text in told)


def _reference(photo: str) -> tuple[str, Float32, tuple[str, ...]]:
    pixels = load_pixels(photo, "reference")
    engine = wiring.engine()
    face, warnings = single_face(engine, pixels, "reference")
    return photo, engine.embed(RgbCanvas(pixels.rgb), face.landmarks), tuple(warnings)


def _embedding(values: Sequence[float]) -> Float32:
    """An embedding that an earlier detection gave, unit norm again after its way through JSON."""
    like = np.asarray(values, np.float32)
    norm = float(np.linalg.norm(like))
    if like.shape != (EMBEDDING_SIZE,) or not np.isfinite(norm) or norm < 1e-6:
        raise InvalidRequest(f"An embedding has {EMBEDDING_SIZE} numbers that are not all 0.")
    return like / np.float32(norm)


def _renamed(text: str, old: Sequence[str], new: Sequence[str]) -> str:
    for before, after in zip(old, new, strict=True):
        text = text.replace(before, after)
    return text
