"""Outputs that another program has made."""

from __future__ import annotations

from pathlib import Path

import pytest
from people_lab import nothing, two_people
from PIL import Image

from personae.adapters.model_store import ModelStore
from personae.donors import Donor
from personae.engine.types import UInt8
from personae.errors import InvalidRequest, MediaUnreachable, ModelError
from personae.evaluating.comparing import compare
from personae.evaluating.engines import Contender, contender, preparing
from personae.evaluating.pairs import choose_pairs
from personae.evaluating.run import Evaluator, Settings
from personae.evaluating.stored import stored
from personae.results import SwapResult

pytestmark = pytest.mark.usefixtures("store")
SETTINGS = Settings(gate=None, worst=4, best=0)


@pytest.fixture
def outputs(tmp_path: Path, store: ModelStore) -> Path:
    """The mesh engine's outputs of three of four pairs as files, one at twice the size."""
    folder = tmp_path / "elsewhere"
    folder.mkdir()
    people = two_people()
    mesh, prepare = contender("mesh"), preparing(allow_poor=False, gate_donor=None)
    for number, pair in enumerate(choose_pairs(people, None, 0)[:3]):
        scene = next(photo for photo in people.photos if photo.name == pair.scene.name)
        assert not isinstance(scene.image, (str, Path))
        donor = prepare(pair.donor.donor.image)
        image = Image.fromarray(mesh.swap(scene.image, donor).image)  # pyright: ignore[reportArgumentType]
        if number == 0:
            image = image.resize((image.width * 2, image.height * 2))
        names = [name.split("/")[1].removesuffix(".png") for name in pair.key]
        owner = pair.donor.name
        image.save(folder / f"{owner}{names[0]}-{scene.person}{names[1]}.png")
    return folder


def test_they_are_measured_like_those_of_an_engine(outputs: Path) -> None:
    people = two_people(flat_names=True)
    pairs = choose_pairs(people, None, 0)
    result = Evaluator(people, pairs, [stored(outputs), contender("mesh")], SETTINGS).run()
    elsewhere, mesh = (one.pictures for one in result.results)
    assert result.results[0].engine == "elsewhere"
    assert (elsewhere["pairs"], elsewhere["failed"]) == (3, 1)
    assert elsewhere["id_retrieval"] == 100
    assert elsewhere["id_similarity"] == pytest.approx(mesh["id_similarity"], abs=0.02)
    assert (elsewhere["outside"], elsewhere["cpu_ms"]) == (None, None)
    missing = next(row for row in result.results[0].rows if row.outcome == "failed")
    assert missing.message.startswith("elsewhere holds no output ")


def test_they_cannot_be_made_again(outputs: Path) -> None:
    people = two_people()
    prepare = preparing(allow_poor=False, gate_donor=None)
    with pytest.raises(InvalidRequest, match="Not one of the pairs"):
        compare(stored(outputs), nothing(), choose_pairs(people, 2, 0), prepare)


def test_no_folder(tmp_path: Path) -> None:
    with pytest.raises(MediaUnreachable, match="is no folder"):
        stored(tmp_path / "nowhere")


def test_an_engine_whose_model_is_missing_ends_the_run(store: ModelStore) -> None:
    def swap(scene: UInt8, donor: Donor) -> SwapResult:
        raise ModelError("The model is not installed.")

    people = two_people()
    pairs = choose_pairs(people, 2, 0)
    with pytest.raises(ModelError, match="not installed"):
        Evaluator(people, pairs, [nothing(), Contender("none", swap)], SETTINGS).run()


def test_an_engine_whose_model_fails_now_and_then_goes_on(store: ModelStore) -> None:
    still, calls = nothing().swap, 0

    def swap(scene: UInt8, donor: Donor) -> SwapResult:
        nonlocal calls
        calls += 1
        if calls == 2:
            raise ModelError("The model gave no numbers.")
        return still(scene, donor)

    people = two_people()
    result = Evaluator(people, choose_pairs(people, 3, 0), [Contender("odd", swap)], SETTINGS).run()
    line = result.results[0].pictures
    assert (line["pairs"], line["failed"]) == (2, 1)
