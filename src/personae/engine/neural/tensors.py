"""Pictures to the numbers that networks take, and back, by what a card says of them."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from personae.engine import imaging
from personae.engine.card_roles import Picture
from personae.engine.types import Float32, UInt8
from personae.errors import InvalidRequest, ModelError


def picture_input(crops: Sequence[UInt8], picture: Picture) -> Float32:
    """Crops as one batch in the order, layout and range that a network wants.

    Parameters
    ----------
    crops : one or more uint8 (h, w, 3) RGB, all of one size
        Not modified. Where `picture` names a size they have it.
    picture : Picture

    Returns
    -------
    float32 (n, 3, h, w) or (n, h, w, 3), ``(x / 255 - mean) / std``, C-contiguous

    Raises
    ------
    InvalidRequest
        If there are no crops, or they differ in size from one another or from `picture`.
    """
    height, width = _size_of(crops, picture)
    planes = np.empty((len(crops), 3, height, width), np.float32)
    for number, crop in enumerate(crops):
        split = imaging.split(np.ascontiguousarray(crop))
        # Plane by plane and in place: several times as fast as three channels side by side.
        for channel, levels in enumerate(split if picture.order == "rgb" else split[::-1]):
            plane = planes[number, channel]
            plane[...] = levels
            plane *= np.float32(1 / (255 * picture.std[channel]))
            plane -= np.float32(picture.mean[channel] / picture.std[channel])
    if picture.layout == "nchw":
        return planes
    return np.stack([imaging.merge(list(one)) for one in planes])


def pictures_of(output: Float32, picture: Picture, *, normalised: bool) -> list[Float32]:
    """What a network made of a batch, as pictures.

    Parameters
    ----------
    output : float32 (n, 3, h, w) or (n, h, w, 3)
        RGB, as `picture` lays it out; not modified.
    picture : Picture
        What the network was fed with.
    normalised : bool
        Whether its values must be taken times std plus mean to lie in [0, 1].

    Returns
    -------
    list of float32 (h, w, 3) RGB in [0, 255]

    Raises
    ------
    ModelError
        If it is no batch of colour pictures, or holds values that are no numbers.
    """
    channels = 1 if picture.layout == "nchw" else 3
    if output.ndim != 4 or output.shape[channels] != 3 or not output.size:
        raise ModelError(
            f"A network that should make pictures gave {output.shape}: its card does not fit it."
        )
    # The card's numbers are in the order of what goes in; what comes out is always RGB.
    rgb = slice(None) if picture.order == "rgb" else slice(None, None, -1)
    scales = picture.std[rgb] if normalised else (1.0, 1.0, 1.0)
    offsets = picture.mean[rgb] if normalised else (0.0, 0.0, 0.0)
    made: list[Float32] = []
    for one in output:
        planes = list(one) if picture.layout == "nchw" else imaging.split(np.ascontiguousarray(one))
        scaled: list[Float32] = []
        for plane, scale, offset in zip(planes, scales, offsets, strict=True):
            levels = plane * np.float32(255 * scale)
            levels += np.float32(255 * offset)
            # Clipping would let it through.
            if np.isnan(levels).any():
                raise ModelError("A network made a picture of values that are no numbers.")
            scaled.append(np.clip(levels, 0, 255, out=levels))
        made.append(imaging.merge(scaled))
    return made


def _size_of(crops: Sequence[UInt8], picture: Picture) -> tuple[int, int]:
    """Height and width that all crops have."""
    sizes = {crop.shape for crop in crops}
    side = picture.size_px
    if len(sizes) != 1 or (side and sizes != {(side, side, 3)}):
        given = ", ".join(map(str, sorted(sizes))) or "none"
        wanted = f"crops of {side} pixels a side" if side else "crops of one size"
        raise InvalidRequest(f"A network wants {wanted} and got {given}.")
    return crops[0].shape[0], crops[0].shape[1]
