"""Published classifiers of unsafe pictures, by their cards, as scorers of the content gate.

Every network has a limit of its own, from which on its authors or users call a picture unsafe. Its
answer is mapped to [0, 1] so that this limit becomes `AT_LIMIT`: one limit of the gate then means
the same for all of them.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Final

import numpy as np

from personae.engine import imaging
from personae.engine.card_roles import SafetyContract
from personae.engine.gate import PictureScorer, longest_thumbnail, views
from personae.engine.neural.network import Network, does_not_fit, run_in_batches
from personae.engine.neural.tensors import picture_input
from personae.engine.types import Canvas, Float32, UInt8
from personae.errors import InvalidRequest

AT_LIMIT: Final = 0.7
"""The score of a picture that is just at a network's own limit."""
_FREE_PX: Final = 384


class CardScorer:
    """A classifier of which only its card is known; threads share it if they may share the network.

    Parameters
    ----------
    network : Network
    contract : SafetyContract
    """

    def __init__(self, network: Network, contract: SafetyContract) -> None:
        self._network = network
        self._contract = contract
        self._side = contract.picture.size_px or _FREE_PX

    def score(self, canvas: Canvas) -> float:
        """How likely a picture is to be unsafe: [0, 1], the highest of all its views.

        Raises
        ------
        ModelError
            If what the network gives does not fit its card.
        """
        thumbnail = canvas.thumbnail_rgb(longest_thumbnail(canvas.size_wh, self._side))
        shown = [self._fitted(view) for view in views(thumbnail)]
        pictures = picture_input(shown, self._contract.picture)
        gave = run_in_batches(self._network, self._contract.picture.input, pictures)
        told = [score_of(one, self._contract) for one in gave[0]]
        scores = [one for one in told if one is not None]
        if len(scores) != len(shown):
            raise does_not_fit(self._network, gave)
        return max(scores)

    def _fitted(self, rgb: UInt8) -> UInt8:
        """A picture squeezed into the network's square, or in the middle of black bars."""
        side, (height, width) = self._side, rgb.shape[:2]
        scale = side / max(width, height)
        wide, high = side, side
        if self._contract.contain:
            wide, high = max(1, round(width * scale)), max(1, round(height * scale))
        resize = imaging.resize_area if scale < 1 else imaging.resize_linear
        small = resize(np.ascontiguousarray(rgb), (wide, high))
        if (wide, high) == (side, side):
            return small
        square = np.zeros((side, side, 3), np.uint8)
        top, left = (side - high) // 2, (side - wide) // 2
        square[top : top + high, left : left + wide] = small
        return square


def score_of(told: Float32, contract: SafetyContract) -> float | None:
    """One picture's score out of a network's answer; None if that does not fit the card.

    Parameters
    ----------
    told : float32 (classes,), or (numbers + classes, N) with a column for each box
    contract : SafetyContract

    Returns
    -------
    float in [0, 1]
        `AT_LIMIT` where the answer is just at the card's limit. With ``any_of`` the answer is a
        probability: the score rises in straight lines from (0, 0) over the limit to (1, 1).
        Otherwise it is a difference of logits: the score is a logistic curve.
    """
    skipped = contract.box_numbers
    if told.ndim != (2 if skipped else 1) or len(told) <= skipped or not np.isfinite(told).all():
        return None
    if skipped:
        classes = told[skipped:].max(1) if told.shape[1] else np.zeros(len(told) - skipped)
    else:
        classes = told
    if any(not 0 <= number < len(classes) for number in (*contract.plus, *contract.minus)):
        return None
    chosen = classes[list(contract.plus)] if contract.plus else classes
    if contract.any_of:
        return _of_probability(float(chosen.max()), contract.limit)
    against = float(classes[list(contract.minus)].sum()) if contract.minus else 0.0
    return _of_logits(float(chosen.sum()) - against - contract.limit)


def _of_probability(value: float, limit: float) -> float:
    value = min(1.0, max(0.0, value))
    if value <= limit:
        return AT_LIMIT * value / limit if limit > 0 else 0.0
    return AT_LIMIT + (1 - AT_LIMIT) * (value - limit) / (1 - limit)


def _of_logits(above: float) -> float:
    start = math.log(AT_LIMIT / (1 - AT_LIMIT))
    return 1 / (1 + math.exp(-max(-80.0, min(80.0, above + start))))


class Vote:
    """Several scorers as one: what two of three find unsafe is unsafe.

    The score is that of the last one who is needed: of one or two scorers the highest, of three or
    four the second highest, and so on.

    Raises
    ------
    InvalidRequest
        If there is nobody to vote.
    """

    def __init__(self, scorers: Sequence[PictureScorer]) -> None:
        if not scorers:
            raise InvalidRequest("A vote on pictures needs at least one model.")
        self._scorers = tuple(scorers)

    def score(self, canvas: Canvas) -> float:
        """How likely a picture is to be unsafe, [0, 1].

        Raises
        ------
        ModelError
        """
        scores = sorted((one.score(canvas) for one in self._scorers), reverse=True)
        return scores[(len(scores) + 1) // 2 - 1]
