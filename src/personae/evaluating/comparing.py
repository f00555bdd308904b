"""Two engines over the same pairs: what one loses against the other. The gate of `quantize`."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from personae import wiring
from personae.donors import Donor
from personae.engine.types import UInt8
from personae.errors import Canceled, InvalidRequest, PersonaeError
from personae.evaluating.engines import Contender, Prepare
from personae.evaluating.looks import Judge, Look
from personae.evaluating.pairs import Pair
from personae.evaluating.people import Photo
from personae.evaluating.pictures import picture_difference
from personae.photos import load_pixels


@dataclass(frozen=True, slots=True)
class Comparison:
    """What a candidate gives against a reference, over all pairs that both could swap.

    Attributes
    ----------
    pairs, failed : int
        Compared, and left out because one of the two gave no output with a face.
    similarity_reference, similarity_candidate : float, cosine
        Mean similarity of outputs and donors.
    identity_loss : float, cosine
        The first less the second; positive where the candidate is less like the donor.
    identity_loss_worst : float, cosine
        The largest of any pair.
    mean_absolute, mean_absolute_worst : float, levels of 255
        Difference of the two outputs inside the reference's mask: mean and worst of the pairs.
    psnr_db : float
        Of the mean squared difference over all pairs; infinite for equal outputs.
    ssim, ssim_worst : float
        Structural similarity inside the mask: mean and worst of the pairs.
    outside : int, levels of 255
        The largest difference of the two outputs outside the reference's mask.
    """

    pairs: int
    failed: int
    similarity_reference: float
    similarity_candidate: float
    identity_loss: float
    identity_loss_worst: float
    mean_absolute: float
    mean_absolute_worst: float
    psnr_db: float
    ssim: float
    ssim_worst: float
    outside: int


@dataclass(frozen=True, slots=True)
class _Compared:
    reference: float
    candidate: float
    mean_absolute: float
    psnr_db: float
    ssim: float
    outside: int


def compare(
    reference: Contender,
    candidate: Contender,
    pairs: Sequence[Pair],
    prepare: Prepare,
    should_stop: Callable[[], bool] | None = None,
) -> Comparison:
    """Swap every pair with both and compare the outputs; clips are passed over.

    Parameters
    ----------
    reference, candidate : Contender
    pairs : sequence of Pair
        By donor, as `choose_pairs` gives them: each donor is prepared once.
    prepare : callable
        As `engines.preparing` makes it.
    should_stop : callable, optional

    Raises
    ------
    InvalidRequest
        If not one pair could be compared.
    Canceled
    ModelError
    """
    judge = Judge(wiring.engine())
    done: list[_Compared] = []
    failed = 0
    for photo, group in itertools.groupby(pairs, key=lambda pair: pair.donor.donor):
        wanted = [pair for pair in group if isinstance(pair.scene, Photo)]
        try:
            donor, known = prepare(photo.image), judge.photo(photo.image)
        except PersonaeError:
            failed += len(wanted)
            continue
        for pair in wanted:
            if should_stop is not None and should_stop():
                raise Canceled("The comparison was stopped on request.")
            one = _one(reference, candidate, pair, donor, known, judge)
            done += [] if one is None else [one]
            failed += one is None
    if not done:
        raise InvalidRequest("Not one of the pairs could be swapped by both; give other photos.")
    return _summed(done, failed)


def _one(
    reference: Contender,
    candidate: Contender,
    pair: Pair,
    donor: Donor,
    known: Look,
    judge: Judge,
) -> _Compared | None:
    """One pair; None where one of the two gives no output with a face."""
    try:
        rgb = load_pixels(_photo(pair).image, "scene").rgb
        first, second = reference.swap(rgb, donor), candidate.swap(rgb, donor)
    except PersonaeError:
        return None
    similarities: list[float] = []
    outputs: list[UInt8] = []
    for result in (first, second):
        output = np.ascontiguousarray(result.image[..., :3])
        face = judge.same_place(output, result.faces[result.swapped[0]]) if result.swapped else None
        if face is None:
            return None
        similarities.append(float(judge.know(output, face).embedding @ known.embedding))
        outputs.append(output)
    off = picture_difference(outputs[0], outputs[1], first.mask)
    first_is, second_is = similarities
    return _Compared(first_is, second_is, off.mean_absolute, off.psnr_db, off.ssim, off.outside)


def _photo(pair: Pair) -> Photo:
    if not isinstance(pair.scene, Photo):
        raise InvalidRequest("Only pictures can be compared.")
    return pair.scene


def _summed(done: Sequence[_Compared], failed: int) -> Comparison:
    losses = [one.reference - one.candidate for one in done]
    squares = [255**2 / 10 ** (one.psnr_db / 10) for one in done]
    mean_square = float(np.mean(squares))
    return Comparison(
        pairs=len(done),
        failed=failed,
        similarity_reference=float(np.mean([one.reference for one in done])),
        similarity_candidate=float(np.mean([one.candidate for one in done])),
        identity_loss=float(np.mean(losses)),
        identity_loss_worst=max(losses),
        mean_absolute=float(np.mean([one.mean_absolute for one in done])),
        mean_absolute_worst=max(one.mean_absolute for one in done),
        psnr_db=float("inf") if mean_square == 0 else float(10 * np.log10(255**2 / mean_square)),
        ssim=float(np.mean([one.ssim for one in done])),
        ssim_worst=min(one.ssim for one in done),
        outside=max(one.outside for one in done),
    )
