"""Who gets whose face, turned into roles for the engine."""

from __future__ import annotations

import functools
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, cast

from personae import engines, wiring
from personae.domain.gate import LIMIT
from personae.donors import Donor, prepare_donor
from personae.engine.canvas import RgbCanvas
from personae.engine.casting import Role
from personae.engine.gate import NOTHING, Seen
from personae.engine.register import Screen
from personae.engine.setup import EngineSetup
from personae.engine.types import Float32
from personae.errors import InvalidRequest
from personae.photos import ImageLike, load_pixels, single_face
from personae.requests.checks import check_choice

FaceChoice = Literal["largest", "all"] | int


@dataclass(frozen=True, slots=True, eq=False)
class Mapping:
    """One donor and the faces it goes on.

    Parameters
    ----------
    donor : Donor
    face : "largest", "all" or a number
        Numbers count from 0, left to right. In a clip a person is chosen in the first frame that
        can answer, and kept. Ignored when `like` is given.
    like : file or pixels, optional
        A photo of the person who gets the donor's face.
    """

    donor: Donor
    face: FaceChoice | None = "largest"
    like: ImageLike | None = None


@dataclass(frozen=True, slots=True, eq=False)
class Parts:
    """Roles for the engine, and what their donors and references give to warn of.

    ``donors``: what each different donor's photo files hash to, for the manifest.
    ``screen``: refuses scene faces that may not be swapped, if anybody is protected.
    ``seen``: what the content gate saw of the donors.
    """

    roles: tuple[Role, ...]
    warnings: tuple[str, ...]
    donors: tuple[tuple[bytes, ...], ...] = ()
    screen: Screen | None = None
    seen: Seen = NOTHING


def parts_of(
    donor: Donor | ImageLike | None,
    face: FaceChoice,
    mappings: Sequence[Mapping] | None,
    *,
    allow_poor: bool = False,
    gate_donor: float | None = LIMIT,
    setup: EngineSetup = engines.EMBEDDED,
) -> Parts:
    """What a caller wants, as roles; `allow_poor`, `gate_donor`: for a donor still a photo.

    `setup`: the engine that the donors are prepared for.

    Raises
    ------
    InvalidRequest
        If it is not either a donor or mappings, or a choice of face makes no sense.
    FaceNotFound, DonorUnusable, MediaError
    """
    _check_kinds(donor, mappings)
    if (donor is None) == (not mappings):
        raise InvalidRequest("Give either a donor or mappings.")
    check_choice(face)
    for mapping in mappings or ():
        check_choice(mapping.face)
    if donor is not None:
        if not isinstance(donor, Donor):
            donor = prepare_donor(donor, allow_poor=allow_poor, gate_donor=gate_donor)
        mappings = [Mapping(donor, face)]
    numbers = [one.face for one in mappings or () if one.like is None]
    for choice in numbers:
        if isinstance(choice, int) and numbers.count(choice) > 1:
            raise InvalidRequest(f"Two mappings name face {choice}; give each face one donor.")
    engine = engines.engine_for(setup)
    roles: list[Role] = []
    warnings: list[str] = []
    for mapping in mappings or ():
        choice = "largest" if mapping.face is None else mapping.face
        like, name, told = _reference(mapping.like)
        roles.append(Role(mapping.donor.for_engine(engine), choice, like, name))
        told += [text for text in mapping.donor.warnings if text not in warnings]
        warnings += told
    chosen = [one.donor for one in mappings or ()]
    digests = {id(one): one.digests for one in chosen}
    donors = tuple(digests.values())
    return Parts(tuple(roles), tuple(warnings), donors, seen=seen_of(chosen))


def seen_of(donors: Sequence[Donor]) -> Seen:
    """What the content gate saw of several donors, each counted once."""
    return functools.reduce(
        Seen.joined, [one.seen for one in {id(one): one for one in donors}.values()], NOTHING
    )


def _check_kinds(donor: object, mappings: object) -> None:
    """Refuse mappings in the donor's place, and other things that would fail deep inside."""
    given = cast("list[object] | tuple[object]", donor) if isinstance(donor, list | tuple) else ()
    if isinstance(donor, Mapping) or any(isinstance(one, Mapping) for one in given):
        raise InvalidRequest("Mappings are given by name: mappings=[...], and no donor.")
    if given:
        raise InvalidRequest("Several photos of a donor go through prepare_donor(*photos).")
    if mappings is None:
        return
    if not isinstance(mappings, Sequence):
        raise InvalidRequest(f"The mappings must be a list, not a {type(mappings).__name__}.")
    for one in cast("Sequence[object]", mappings):
        if not isinstance(one, Mapping):
            raise InvalidRequest(f"Mappings must be of Mapping, not a {type(one).__name__}.")
        if not isinstance(cast("object", one.donor), Donor):
            raise InvalidRequest("The donor of a Mapping must come from prepare_donor.")


def _reference(like: ImageLike | None) -> tuple[Float32 | None, str, list[str]]:
    """The embedding of a reference photo, its name, and what there is to warn of."""
    if like is None:
        return None, "", []
    pixels = load_pixels(like, "reference")
    engine = wiring.engine()
    face, warnings = single_face(engine, pixels, "reference")
    return engine.embed(RgbCanvas(pixels.rgb), face.landmarks), pixels.name, warnings
