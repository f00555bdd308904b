"""What a service may offer, and what a job may still be done with."""

from __future__ import annotations

import shutil
from importlib import resources
from pathlib import Path
from typing import Any

import pytest
from benchmarks.stand_ins import install_stand_ins

from personae.engine.cards import card
from personae.errors import InvalidRequest, ModelError, PersonaeError
from personae.media_child.engines import offer, setup_of
from personae.requests.options import SwapOptions

NAMES = ("inswapper_128", "arcface_w600k_r50", "gfpgan_1_4", "bisenet_resnet_34", "xseg_1")
STEPS = NAMES[2:]


class Idle:
    """A context that nobody stops."""

    def check_stop(self) -> None:
        pass


def told(engines: list[str], steps: tuple[str, ...] = (), installed: bool = True) -> dict[str, Any]:
    return offer({"engines": engines, "steps": list(steps), "installed": installed}, Idle())  # type: ignore[arg-type]


@pytest.fixture
def models(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    install_stand_ins(tmp_path, [card(name) for name in NAMES])
    monkeypatch.setenv("PERSONAE_MODELS_DIR", str(tmp_path))
    return tmp_path


def test_levels_choose_among_what_is_offered_alone(models: Path) -> None:
    levels = told(["mesh", "inswapper_128"], STEPS)["levels"]
    assert levels["draft"]["engine"] == "mesh"
    assert (levels["draft"]["restorer"], levels["draft"]["parser"]) == (None, None)
    assert levels["standard"]["engine"] == levels["best"]["engine"] == "inswapper_128"
    assert (levels["best"]["restorer"], levels["best"]["restore"]) == ("gfpgan_1_4", 0.6)
    assert (levels["best"]["occluders"], levels["best"]["boost_px"]) == (["xseg_1"], 512)
    assert levels["best"]["parser"] == "bisenet_resnet_34"
    alone = told(["mesh"])["levels"]["best"]
    assert (alone["engine"], alone["restorer"], alone["occluders"]) == ("mesh", None, [])


def test_facts_come_from_the_cards(models: Path) -> None:
    found = told(["inswapper_128", "mesh"], STEPS)
    assert [one["name"] for one in found["engines"]] == ["inswapper_128", "mesh"]
    assert found["engines"][0]["sizes_px"][:2] == (128, 256)
    assert found["engines"][0]["licence"] == card("inswapper_128").licence.name
    assert "nose" in next(one for one in found["steps"] if one["role"] == "parser")["regions"]


def test_an_operators_own_restorer_is_taken_by_levels_that_do_not_know_it(
    models: Path,
) -> None:
    shipped = (resources.files("personae.engine.cards") / "gfpgan_1_4.toml").read_text("utf-8")
    (models / "cards").mkdir()
    own = shipped.replace('name = "gfpgan_1_4"', 'name = "our_restorer"')
    (models / "cards" / "our_restorer.toml").write_text(own)
    levels = told(["mesh"], ("our_restorer",), installed=False)["levels"]
    assert levels["standard"]["restorer"] == "our_restorer"
    assert levels["draft"]["restorer"] is None
    both = told(["mesh"], ("our_restorer", "gfpgan_1_4"), installed=False)["levels"]
    assert both["standard"]["restorer"] == "gfpgan_1_4"


@pytest.mark.parametrize(
    ("engines", "steps", "said"),
    [
        (["none_such"], (), "PERSONAE_ENGINES names none_such"),
        (["gfpgan_1_4"], (), "which is a restorer; it takes names of swappers"),
        (["mesh"], ("inswapper_128",), "PERSONAE_ENGINE_STEPS names inswapper_128, .* a swapper"),
    ],
)
def test_names_of_other_things_are_refused(
    models: Path, engines: list[str], steps: tuple[str, ...], said: str
) -> None:
    with pytest.raises(InvalidRequest, match=said):
        told(engines, steps, installed=False)


def test_what_cannot_be_used_is_refused_with_what_mends_it(
    models: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    told(["inswapper_128"])
    with pytest.raises(ModelError, match="personae models accept simswap_256"):
        told(["simswap_256"])
    shutil.rmtree(models / "arcface_w600k_r50")
    told(["inswapper_128"], installed=False)
    with pytest.raises(
        ModelError,
        match=r"inswapper_128 with the model arcface_w600k_r50, .*`personae models pull arcface",
    ):
        told(["inswapper_128"])
    monkeypatch.setenv("PERSONAE_PERMISSIVE_ONLY", "true")
    with pytest.raises(ModelError, match="take inswapper_128 out of PERSONAE_ENGINES"):
        told(["inswapper_128"])


@pytest.mark.parametrize(
    ("variable", "value", "said"),
    [
        ("PERSONAE_PROVIDERS", "qnn", "QNNExecutionProvider cannot be used"),
        ("PERSONAE_PROVIDERS", "abacus", "abacus"),
        ("PERSONAE_MODEL_BATCH", "some", "PERSONAE_MODEL_BATCH"),
        ("PERSONAE_MODEL_MEMORY", "much", "PERSONAE_MODEL_MEMORY"),
    ],
)
def test_a_machine_that_cannot_do_what_it_should_says_so(
    models: Path, monkeypatch: pytest.MonkeyPatch, variable: str, value: str, said: str
) -> None:
    monkeypatch.setenv(variable, value)
    told(["mesh"])
    told(["inswapper_128"], installed=False)
    with pytest.raises(PersonaeError, match=said):
        told(["inswapper_128"])


def test_a_job_is_not_done_with_what_is_gone(models: Path) -> None:
    options = SwapOptions(engine="inswapper_128", restorer="gfpgan_1_4", occluders=(), parser="off")
    assert setup_of(options).engine == "inswapper_128"
    (models / ".licences" / "arcface_w600k_r50.json").unlink()
    with pytest.raises(ModelError, match="inswapper_128 that this task needs") as refused:
        setup_of(options)
    assert str(models) not in refused.value.message
    assert setup_of(options, runs=False).engine == "inswapper_128"
    with pytest.raises(ModelError, match="A model that this task needs"):
        setup_of(SwapOptions(engine="our_engine_of_yesterday"))
