"""What callers ask for, checked and turned into roles."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, cast

import numpy as np

from personae import wiring
from personae.donors import Donor, ImageLike, load_pixels, prepare_donor, single_face
from personae.engine.canvas import RgbCanvas
from personae.engine.casting import Role
from personae.engine.types import Float32
from personae.errors import InvalidRequest

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
    """Roles for the engine, and what their donors and references give to warn of."""

    roles: tuple[Role, ...]
    warnings: tuple[str, ...]


def parts_of(
    donor: Donor | ImageLike | None, face: FaceChoice, mappings: Sequence[Mapping] | None
) -> Parts:
    """What a caller wants, as roles.

    Raises
    ------
    InvalidRequest
        If it is not either a donor or mappings, or a choice of face makes no sense.
    FaceNotFound, DonorUnusable, MediaError
    """
    if (donor is None) == (not mappings):
        raise InvalidRequest("Give either a donor or mappings.")
    check_choice(face)
    for mapping in mappings or ():
        check_choice(mapping.face)
    if donor is not None:
        one = donor if isinstance(donor, Donor) else prepare_donor(donor)
        mappings = [Mapping(one, face)]
    numbers = [one.face for one in mappings or () if one.like is None]
    for choice in numbers:
        if isinstance(choice, int) and numbers.count(choice) > 1:
            raise InvalidRequest(f"Two mappings name face {choice}; give each face one donor.")
    roles: list[Role] = []
    warnings: list[str] = []
    for mapping in mappings or ():
        choice = "largest" if mapping.face is None else mapping.face
        like, name, told = _reference(mapping.like)
        roles.append(Role(mapping.donor.mesh, choice, like, name))
        told += [text for text in mapping.donor.warnings if text not in warnings]
        warnings += told
    return Parts(tuple(roles), tuple(warnings))


def _reference(like: ImageLike | None) -> tuple[Float32 | None, str, list[str]]:
    """The embedding of a reference photo, its name, and what there is to warn of."""
    if like is None:
        return None, "", []
    pixels = load_pixels(like, "reference")
    engine = wiring.engine()
    face, warnings = single_face(engine, pixels, "reference")
    return engine.embed(RgbCanvas(pixels.rgb), face.landmarks), pixels.name, warnings


def check_choice(choice: object) -> None:
    """Refuse a choice of face that is neither a word we know nor a number from 0 on."""
    if choice is None or choice in ("largest", "all"):
        return
    if isinstance(choice, int | np.integer) and not isinstance(choice, bool):
        if cast("int", choice) >= 0:
            return
        raise InvalidRequest(f"Faces are numbered from 0, not {choice}.")
    raise InvalidRequest(f"A face is 'largest', 'all' or a number, not {choice!r}.")


def check_strength(strength: float) -> None:
    """Refuse a strength outside [0, 1]."""
    if not 0 <= strength <= 1:
        raise InvalidRequest(f"The strength must lie between 0 and 1, not {strength}.")


def refuse_same(scene: Path, output: Path) -> None:
    """Refuse to write over the scene."""
    # Not `Path.exists`, which raises where a name is too long; whoever writes it will say so.
    there = os.path.exists(output)
    if scene.resolve() == output.resolve() or (there and scene.samefile(output)):
        raise InvalidRequest(f"The output {output} is the scene itself; give another name.")


def refuse_options(scene: Path, kind: str, **options: object) -> None:
    """Refuse options that mean nothing for this kind of media, rather than ignore them."""
    given = [f"--{name.removesuffix('_s')}" for name, value in options.items() if value is not None]
    if given:
        raise InvalidRequest(f"{scene} is {kind}; leave out {', '.join(given)}.")
