"""Outputs that another program has made, measured like those of an engine."""

from __future__ import annotations

from pathlib import Path

from personae.donors import Donor
from personae.engine import imaging
from personae.engine.types import UInt8
from personae.errors import InvalidRequest, MediaUnreachable
from personae.evaluating.engines import Contender
from personae.evaluating.pairs import Pair
from personae.evaluating.people import sentence
from personae.photos import load_pixels
from personae.results import SwapResult


def stored(folder: Path) -> Contender:
    """The pictures in a folder, named ``DONOR-SCENE`` after the two photos, as a contender.

    Both names are without folder and ending, as public harnesses have them:
    ``0041-0_0-1268-0_0.png`` is the photo ``0041-0_0`` on the photo ``1268-0_0``. An output of
    another size than its scene's is scaled to it.

    Raises
    ------
    MediaUnreachable
        If there is no such folder.
    """
    if not folder.is_dir():
        raise MediaUnreachable(
            f"{folder} is no folder; name one with outputs called DONOR-SCENE.png.", retryable=False
        )
    name = folder.resolve().name
    files = {path.stem: path for path in sorted(folder.iterdir()) if path.is_file()}

    def output(pair: Pair, scene: UInt8) -> UInt8:
        donor, other = (_stem(one) for one in pair.key)
        path = files.get(f"{donor}-{other}")
        if path is None:
            raise InvalidRequest(f"{name} holds no output {donor}-{other}.")
        try:
            rgb = load_pixels(path, "output").rgb
        except InvalidRequest as error:
            raise InvalidRequest(sentence(error.message, path, path.name)) from error
        height, width = scene.shape[:2]
        shrinks = rgb.shape[1] > width
        resize = imaging.resize_area if shrinks else imaging.resize_linear
        return resize(rgb, (width, height))

    return Contender(name, _cannot_swap, stored=output)


def _stem(name: str) -> str:
    last = name.rpartition("/")[2]
    return last.rpartition(".")[0] or last


def _cannot_swap(scene: UInt8, donor: Donor) -> SwapResult:
    raise InvalidRequest("Outputs that were made elsewhere cannot be made again.")
