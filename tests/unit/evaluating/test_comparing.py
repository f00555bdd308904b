"""What one engine loses against another."""

from __future__ import annotations

import numpy as np
import pytest
from people_lab import breaking, eraser, two_people

from personae.adapters.model_store import ModelStore
from personae.donors import Donor
from personae.engine.types import UInt8
from personae.errors import Canceled, InvalidRequest
from personae.evaluating.comparing import compare
from personae.evaluating.engines import Contender, contender, preparing
from personae.evaluating.pairs import Pair, choose_pairs
from personae.results import SwapResult

pytestmark = pytest.mark.usefixtures("store")
PREPARE = preparing(allow_poor=False, gate_donor=None)


@pytest.fixture
def pairs() -> list[Pair]:
    return choose_pairs(two_people(), 3, 0)


def coarser(step: int) -> Contender:
    """The mesh engine, its outputs in steps of so many levels where its mask is not 0."""
    mesh = contender("mesh")

    def swap(scene: UInt8, donor: Donor) -> SwapResult:
        result = mesh.swap(scene, donor)
        steps = (result.image // step * step + step // 2).astype(np.uint8)
        image = np.where(result.mask[..., None] > 0, steps, result.image)
        return SwapResult(image, result.mask, result.faces, result.swapped, ())

    return Contender("coarser", swap)


def test_an_engine_equals_itself(pairs: list[Pair], store: ModelStore) -> None:
    mesh = contender("mesh")
    same = compare(mesh, mesh, pairs, PREPARE)
    assert (same.pairs, same.failed) == (3, 0)
    assert (same.identity_loss, same.identity_loss_worst, same.mean_absolute) == (0, 0, 0)
    assert same.psnr_db == float("inf")
    assert same.ssim == pytest.approx(1)
    assert same.outside == 0


def test_a_coarser_one_loses_more_the_coarser_it_is(pairs: list[Pair], store: ModelStore) -> None:
    mesh = contender("mesh")
    fine, rough = (compare(mesh, coarser(step), pairs, PREPARE) for step in (4, 48))
    assert 0.5 < fine.mean_absolute < 2 < rough.mean_absolute < 24
    assert fine.psnr_db > 40 > rough.psnr_db
    assert fine.ssim > 0.98 > rough.ssim > rough.ssim_worst - 1e-9
    assert rough.identity_loss > abs(fine.identity_loss)
    assert rough.identity_loss == pytest.approx(
        rough.similarity_reference - rough.similarity_candidate
    )
    assert (fine.outside, rough.outside) == (0, 0)


def test_outputs_without_a_face_are_left_out_and_counted(
    pairs: list[Pair], store: ModelStore
) -> None:
    with pytest.raises(InvalidRequest, match="Not one of the pairs"):
        compare(contender("mesh"), eraser(), pairs, PREPARE)


def test_a_mistake_in_an_engine_is_not_hidden(pairs: list[Pair], store: ModelStore) -> None:
    with pytest.raises(ZeroDivisionError):
        compare(contender("mesh"), breaking(), pairs, PREPARE)


def test_it_can_be_stopped(pairs: list[Pair], store: ModelStore) -> None:
    with pytest.raises(Canceled):
        compare(contender("mesh"), contender("mesh"), pairs, PREPARE, lambda: True)
