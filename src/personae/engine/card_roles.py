"""What cards say beyond names and shapes: how a network of each role is fed and read.

One dataclass for each role. All of it is data, so that another network of a known kind needs a
card and no code. `card_contracts` reads it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

Triple = tuple[float, float, float]


@dataclass(frozen=True, slots=True)
class Picture:
    """How a network wants a picture: ``(x / 255 - mean) / std`` for each channel.

    Attributes
    ----------
    input : str
        The name of the network's input.
    size_px : int
        The side of the square; 0 if the network takes any size.
    template : str
        Where the face lies in it: a name of `templates`; empty where it is not aligned by one.
    order : "rgb" or "bgr"
    layout : "nchw" or "nhwc"
    mean, std : one number for each channel, in the network's order
    """

    input: str
    size_px: int
    template: str
    order: Literal["rgb", "bgr"]
    layout: Literal["nchw", "nhwc"]
    mean: Triple
    std: Triple


@dataclass(frozen=True, slots=True)
class Conditioning:
    """How a swapper is told whose face to make.

    Attributes
    ----------
    input : str
    kind : "embedding" or "picture"
    embedder : str
        The card whose vector it is; for embeddings.
    converter : str
        The card that turns it into another network's vector; empty for none.
    projection : str
        The part of the swapper's card that holds a matrix (n, n), as a ``.npy`` file, by which the
        unit vector is multiplied; empty for none.
    unit : bool
        Whether the vector is scaled to unit length, after a converter and before a projection.
    picture : Picture or None
        For pictures.
    """

    input: str
    kind: Literal["embedding", "picture"]
    embedder: str = ""
    converter: str = ""
    projection: str = ""
    unit: bool = False
    picture: Picture | None = None


@dataclass(frozen=True, slots=True)
class SwapperContract:
    """A swapper: an aligned crop and an identity go in, the crop with that identity comes out.

    Attributes
    ----------
    picture : Picture
    conditioning : Conditioning
    normalised : bool
        Whether what comes out must be taken times std plus mean, as the input was normalised;
        otherwise it lies in [0, 1]. Always RGB, layout as the input's.
    boosts : tuple of int
        By how much a crop may be larger than `picture.size_px`, run as interleaved tiles.
    leaning : two floats
        The share of the scene's identity at likeness 0 and 1; see `conditioning.lean`.
    """

    picture: Picture
    conditioning: Conditioning
    normalised: bool
    boosts: tuple[int, ...]
    leaning: tuple[float, float]


@dataclass(frozen=True, slots=True)
class EmbedderContract:
    """An aligned face to a vector."""

    picture: Picture


@dataclass(frozen=True, slots=True)
class ConverterContract:
    """A vector of one embedder to what another would say of the same face."""

    input: str
    embedder: str


@dataclass(frozen=True, slots=True)
class DetectorContract:
    """A frame, scaled to fit into the upper left of a square, to boxes with five points.

    Attributes
    ----------
    decode : "rows", "anchors" or "grid"
        ``rows``: one tensor (20, N) of box centre, size, score and five times x, y, confidence.
        ``anchors``: scores, distances to the box's sides and to the points, for each stride.
        ``grid``: class, objectness, box and points for each stride, relative to the cell.
    strides, anchors
        For ``anchors`` and ``grid``: pixels from cell to cell, and boxes in each cell.
    least_score : float
    overlap : float
        Intersection over union from which the weaker of two boxes is dropped.
    """

    picture: Picture
    decode: Literal["rows", "anchors", "grid"]
    strides: tuple[int, ...]
    anchors: int
    least_score: float
    overlap: float


@dataclass(frozen=True, slots=True)
class LandmarkerContract:
    """A square around a face to points; or, as ``lift``, five points to 68.

    Attributes
    ----------
    kind : "points" or "lift"
    picture : Picture or None
    face_px : int
        How long the longer side of the face's box is in the square.
    unit : float
        What the network calls the square's side.
    heat : str
        The output with a heat map for each point, whose peaks say how sure they are; empty where
        the third coordinate says it.
    sure : two floats
        What is taken for 0 and for 1 of that.
    input : str
        For ``lift``.
    template : str
        For ``lift``: in which the points are given, in fractions of its side.
    """

    kind: Literal["points", "lift"]
    picture: Picture | None
    face_px: int
    unit: float
    heat: str
    sure: tuple[float, float]
    input: str
    template: str


@dataclass(frozen=True, slots=True)
class RestorerContract:
    """An aligned face to a better one, RGB, normalised as the input was.

    ``weight``: the name of an input for how much of it is invented (a double), or empty; then
    `weight_value` is what it gets.
    """

    picture: Picture
    weight: str
    weight_value: float


@dataclass(frozen=True, slots=True)
class OccluderContract:
    """An aligned face to a mask of what of it is not covered.

    The mask is blurred by `blur_px` and what is below `floor` of 1 becomes 0, linearly above.
    """

    picture: Picture
    blur_px: float
    floor: float


@dataclass(frozen=True, slots=True)
class ParserContract:
    """An aligned face to a score for each class at each pixel.

    ``regions``: classes by the name of what they are: skin, brows, eyes, glasses, nose, mouth and
    so on.
    """

    picture: Picture
    regions: Mapping[str, tuple[int, ...]] = field(hash=False)
    blur_px: float
    floor: float


@dataclass(frozen=True, slots=True)
class SafetyContract:
    """A whole picture to scores.

    The sum of `plus` less that of `minus` is compared with `limit`; with `any_of` each of `plus`
    is, alone. ``contain``: whether the picture is scaled to fit, between black bars, or stretched.

    ``box_numbers``: 0 where the output is one score for each class; otherwise it has a column for
    each box, with so many numbers before the scores, and a class's score is its highest. `plus`
    without anything in it then stands for every class.
    """

    picture: Picture
    contain: bool
    plus: tuple[int, ...]
    minus: tuple[int, ...]
    any_of: bool
    limit: float
    box_numbers: int = 0


@dataclass(frozen=True, slots=True)
class FeaturesContract:
    """A picture to a vector, for distances between sets of pictures."""

    picture: Picture


Contract = (
    SwapperContract
    | EmbedderContract
    | ConverterContract
    | DetectorContract
    | LandmarkerContract
    | RestorerContract
    | OccluderContract
    | ParserContract
    | SafetyContract
    | FeaturesContract
)
