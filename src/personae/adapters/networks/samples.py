"""Real faces as networks see them: to calibrate on, and others to judge what came of it."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from personae.engine.canvas import RgbCanvas
from personae.engine.card import Card
from personae.engine.card_roles import (
    EmbedderContract,
    OccluderContract,
    ParserContract,
    Picture,
    RestorerContract,
    SwapperContract,
)
from personae.engine.neural.aligning import crop_matrix, five_points, take_crop
from personae.engine.neural.tensors import picture_input
from personae.engine.sessions.tensors import Numbers
from personae.engine.swapper import Portrait
from personae.engine.types import Face, Float32, Float64, UInt8
from personae.errors import InvalidRequest, ModelError

Finder = Callable[[RgbCanvas], Sequence[Face]]
Identify = Callable[[Portrait], Float32]
"""What a swapper's identity input takes, of one photo."""

_VIEWS = ((0.0, 1.0, False), (-7.0, 1.25, False), (9.0, 0.7, True), (0.0, 1.0, True))
"""Each face is seen several times: turned by degrees, in other light, mirrored."""


@dataclass(frozen=True, slots=True, eq=False)
class Sample:
    """One item for a network.

    Attributes
    ----------
    inputs : mapping of str to array
        All of the network's inputs by name.
    landmarks : float32 (478, 3), pixels of the crop
    """

    inputs: Mapping[str, Numbers]
    landmarks: Float32


def portraits(pictures: Iterable[UInt8], find: Finder) -> list[Portrait]:
    """The largest face of each picture that has one.

    Raises
    ------
    InvalidRequest
        If none has.
    """
    found: list[Portrait] = []
    for rgb in pictures:
        faces = find(RgbCanvas(rgb))
        if faces:
            largest = max(faces, key=lambda face: face.box_xyxy[3] - face.box_xyxy[1])
            found.append(Portrait(rgb, largest.landmarks))
    if not found:
        raise InvalidRequest("There is no face in any of these pictures; give others.")
    return found


def make_samples(
    card: Card, faces: Sequence[Portrait], identify: Identify | None = None
) -> tuple[list[Sample], list[Sample]]:
    """Items for a network out of portraits, each seen in several ways.

    Parameters
    ----------
    card : Card
        Of a swapper, restorer, occluder, parser or embedder.
    faces : sequence of Portrait
    identify : callable, optional
        For swappers; each face is given the identity of the next.

    Returns
    -------
    two lists of Sample
        To calibrate with, and to judge by: the same people, otherwise seen.

    Raises
    ------
    ModelError
        If the card's role is another.
    """
    donors = [identify(face) for face in faces] if identify else []
    halves: tuple[list[Sample], list[Sample]] = ([], [])
    for view, (turn, gain, mirrored) in enumerate(_VIEWS):
        for number, face in enumerate(faces):
            crop, landmarks = _crop(face, picture_of(card), turn, gain, mirrored)
            donor = donors[(number + 1) % len(donors)] if donors else None
            halves[view % 2].append(Sample(_inputs(card, crop, donor), landmarks))
    return halves


def _inputs(card: Card, crop: UInt8, donor: Float32 | None) -> dict[str, Numbers]:
    picture = picture_of(card)
    inputs: dict[str, Numbers] = {picture.input: picture_input([crop], picture)}
    if isinstance(card.contract, SwapperContract) and donor is not None:
        inputs[card.contract.conditioning.input] = donor
    if isinstance(card.contract, RestorerContract) and card.contract.weight:
        inputs[card.contract.weight] = _weight(card, card.contract)
    return inputs


def picture_of(card: Card) -> Picture:
    """How the network of a card sees a face.

    Raises
    ------
    ModelError
        If it is none that looks at aligned faces.
    """
    contract = card.contract
    kinds = (SwapperContract, RestorerContract, OccluderContract, ParserContract, EmbedderContract)
    if not isinstance(contract, kinds):
        raise ModelError(
            f"The model {card.name} is a {card.role}, which is not offered in 8 bits; only "
            "swappers, restorers, occluders, parsers and embedders are."
        )
    return contract.picture


def _weight(card: Card, contract: RestorerContract) -> Numbers:
    tensor = next(one for part in card.parts for one in part.inputs if one.name == contract.weight)
    shape = tuple(max(1, size) for size in tensor.shape)
    return np.full(shape, contract.weight_value, np.dtype(tensor.type))


def _crop(
    face: Portrait, picture: Picture, turn_deg: float, gain: float, mirrored: bool
) -> tuple[UInt8, Float32]:
    """A face cut out, and its landmarks in the crop."""
    side = picture.size_px
    points = face.landmarks.astype(np.float64)
    matrix = _turned(crop_matrix(five_points(points), picture.template, side), turn_deg, side)
    crop = take_crop(RgbCanvas(face.rgb), matrix, side)
    if crop is None:
        raise ModelError("A face lies outside its picture.")
    rgb = np.clip(crop.rgb.astype(np.float32) * gain, 0, 255).astype(np.uint8)
    landmarks = face.landmarks.copy()
    landmarks[:, :2] = points[:, :2] @ matrix[:, :2].T + matrix[:, 2]
    if mirrored:
        # The landmarks keep their numbers: measured is the same face either way.
        rgb = np.ascontiguousarray(rgb[:, ::-1])
        landmarks[:, 0] = side - 1 - landmarks[:, 0]
    return rgb, landmarks


def _turned(matrix: Float64, degrees: float, side: int) -> Float64:
    middle = (side - 1) / 2
    cos, sin = math.cos(math.radians(degrees)), math.sin(math.radians(degrees))
    turn = np.array([[cos, -sin, 0.0], [sin, cos, 0.0], [0.0, 0.0, 1.0]])
    turn[:2, 2] = middle - turn[:2, :2] @ [middle, middle]
    return (turn @ np.vstack([matrix, [0.0, 0.0, 1.0]]))[:2]
