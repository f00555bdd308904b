"""Models in 8 bits: made of installed ones, judged on other views, refused if they suffer."""

from __future__ import annotations

import signal
import subprocess
import sys
from pathlib import Path

import numpy as np
import onnx
import pytest
from benchmarks.stand_ins import install_stand_ins, make_stand_in
from onnx import TensorProto, numpy_helper

import faces
from personae import wiring
from personae.adapters.model_store import ModelStore
from personae.adapters.models.hashes import fingerprint
from personae.adapters.models.shelf import read_shelf
from personae.adapters.networks.loading import WEIGHT_BITS, Loader, network_part
from personae.adapters.networks.quality import Measured, compare, require
from personae.adapters.networks.quantising import quantize
from personae.adapters.networks.samples import Sample, make_samples, portraits
from personae.adapters.networks.variants import make_variant, take_in_variant, variant_text
from personae.engine.card import Card, parse_card
from personae.engine.card_roles import SwapperContract
from personae.engine.cards import card
from personae.engine.pipeline import Engine
from personae.engine.session import OnnxModel, TensorSpec
from personae.engine.sessions.pool import NetworkPool
from personae.engine.sessions.providers import parse_providers
from personae.engine.swapper import Portrait
from personae.engine.types import Float32
from personae.errors import InvalidRequest, ModelError

SWAPPER = card("inswapper_128")
PICTURES = [faces.headshot("hopper"), faces.headshot("collins")]


@pytest.fixture(scope="module")
def engine() -> Engine:
    """The process's, with its models; they are fetched if they are not there."""
    return wiring.engine()


@pytest.fixture(scope="module")
def people(engine: Engine) -> list[Portrait]:
    return portraits(PICTURES, engine.faces)


def _text(name: str) -> str:
    return read_shelf([]).text(card(name))


def _vector(portrait: Portrait) -> Float32:
    seed = int(portrait.landmarks[0, 0] * 100)
    vector = np.random.default_rng(seed).standard_normal((1, 512)).astype(np.float32)
    return vector / np.float32(np.linalg.norm(vector))


def _make(folder: Path, name: str, people: list[Portrait], engine: Engine) -> Card:
    original = card(name)
    install_stand_ins(folder, [original])
    swapper = isinstance(original.contract, SwapperContract)
    first, second = make_samples(original, people, _vector if swapper else None)
    cards = folder / "cards"
    store = ModelStore(folder)
    return make_variant(store, cards, original, _text(name), first, second, engine).card


def test_a_swapper_in_8_bits_is_a_model_of_its_own(
    tmp_path: Path, people: list[Portrait], engine: Engine
) -> None:
    made = _make(tmp_path, "inswapper_128", people, engine)
    shelf, store = read_shelf([tmp_path / "cards"]), ModelStore(tmp_path)
    assert not shelf.problems
    assert shelf.card("inswapper_128_int8") == made
    assert (made.contract, made.licence, made.default) == (SWAPPER.contract, SWAPPER.licence, False)
    assert "made of inswapper_128" in made.summary
    store.verify(made)
    np.testing.assert_array_equal(
        np.load(store.path(made, "projection")), np.load(store.path(SWAPPER, "projection"))
    )
    graph = onnx.load(str(store.path(made, "graph"))).graph
    assert any(node.op_type == "DequantizeLinear" for node in graph.node)
    assert store.licences.state(made) == "accepted"
    assert not list((tmp_path / ".quantizing").glob(".work-*"))
    assert made.source.made_of == "inswapper_128"
    network = NetworkPool(Loader(store, shelf.card, parse_providers("cpu")), 10**9).network(
        "inswapper_128_int8"
    )
    sample = make_samples(SWAPPER, people, _vector)[0][0]
    assert network(*(sample.inputs[one.name] for one in network.inputs))[0].shape[1] == 3


def test_a_restorer_with_a_weight_is_calibrated_with_it(
    tmp_path: Path, people: list[Portrait], engine: Engine
) -> None:
    made = _make(tmp_path, "codeformer", people, engine)
    assert ModelStore(tmp_path).status(made) == "ready"


def test_what_suffers_is_refused_and_nothing_is_left(
    tmp_path: Path, people: list[Portrait], engine: Engine
) -> None:
    """It is calibrated on faces in the dark and judged on others, beyond what it was scaled for."""
    install_stand_ins(tmp_path, [SWAPPER])
    first, second = make_samples(SWAPPER, people, _vector)
    dark = [
        Sample({name: array * 0.02 for name, array in one.inputs.items()}, one.landmarks)
        for one in first
    ]
    store, cards = ModelStore(tmp_path), tmp_path / "cards"
    before = {path for path in tmp_path.rglob("*") if path.is_file()}
    before.add(tmp_path / ".quantizing" / ".lock")
    with pytest.raises(ModelError, match=r"inswapper_128 suffers too much in 8 bits: .*\(at most"):
        make_variant(store, cards, SWAPPER, _text("inswapper_128"), dark, second, engine)
    assert {path for path in tmp_path.rglob("*") if path.is_file()} == before


class _Answers:
    """A network that always says the same."""

    inputs = (TensorSpec("target", (1, 3, 128, 128)), TensorSpec("source", (1, 512)))

    def __init__(self, answer: Float32) -> None:
        self._answer = answer

    def __call__(self, *_arrays: Float32) -> list[Float32]:
        return [self._answer]


def _measured(
    one: Float32, other: Float32, people: list[Portrait], engine: Engine
) -> dict[str, Measured]:
    samples = make_samples(SWAPPER, people[:1], _vector)[0][:1]
    rows = compare(SWAPPER, _Answers(one), _Answers(other), samples, engine)
    return {row.what: row for row in rows}


def test_the_judge_sees_what_changed(people: list[Portrait], engine: Engine) -> None:
    sample = make_samples(SWAPPER, people[:1], _vector)[0][0]
    face = np.asarray(sample.inputs["target"], np.float32)
    same = _measured(face, face, people, engine)
    assert all(row.holds and row.worst < 1e-6 for row in same.values())
    paler = _measured(face, face * 0.5 + 0.2, people, engine)
    assert not paler["picture, mean levels"].holds
    spot = face.copy()
    spot[..., 60:66, 60:66] = 1 - spot[..., 60:66, 60:66]
    spotted = _measured(face, spot, people, engine)
    assert spotted["picture, mean levels"].holds
    assert not spotted["picture, 99.9th percentile"].holds
    upside = _measured(face, face[:, :, ::-1].copy(), people, engine)
    assert not upside["identity, distance"].holds
    broken = _measured(face, face * np.float32("nan"), people, engine)
    with pytest.raises(ModelError, match="mean levels inf"):
        require("x", list(broken.values()))


def test_the_derived_card_is_the_originals_but_for_what_it_is() -> None:
    for name in ("inswapper_128", "simswap_256", "codeformer", "bisenet_resnet_18"):
        original = card(name)
        made = parse_card(variant_text(_text(name), original, "ab" * 32, 123), "made")
        assert (made.name, made.role) == (f"{name}_int8", original.role)
        assert (made.source.sha256, made.source.size_bytes) == ("ab" * 32, 123)
        assert made.source.url == ""
        assert (made.parts, made.contract, made.licence) == (
            original.parts,
            original.contract,
            original.licence,
        )
        assert made.conversion == original.conversion


def test_roles_that_see_no_aligned_face_are_not_offered(people: list[Portrait]) -> None:
    with pytest.raises(ModelError, match="yunet_2023_mar is a detector, which is not offered"):
        make_samples(card("yunet_2023_mar"), people)


def test_pictures_without_a_face_are_told(engine: Engine) -> None:
    with pytest.raises(InvalidRequest, match="no face in any"):
        portraits([np.full((64, 64, 3), 90, np.uint8)], engine.faces)


def test_a_network_without_convolutions_has_nothing_to_gain(tmp_path: Path) -> None:
    converter = card("crossface_ghost")
    install_stand_ins(tmp_path, [converter])
    source = ModelStore(tmp_path).path(converter, network_part(converter).name)
    sample = {"input": np.ones((1, 512), np.float32)}
    with pytest.raises(ModelError, match="cannot be had in 8 bits"):
        quantize(source, tmp_path / "made.onnx", [sample])
    assert not (tmp_path / "made.onnx").exists()


def test_the_same_faces_give_the_same_network(tmp_path: Path, people: list[Portrait]) -> None:
    install_stand_ins(tmp_path, [SWAPPER])
    samples = [dict(one.inputs) for one in make_samples(SWAPPER, people, _vector)[0]]
    source = ModelStore(tmp_path).path(SWAPPER, "graph")
    given = [samples[0][name] for name in ("target", "source")]
    made = []
    for name in ("a.onnx", "b.onnx"):
        quantize(source, tmp_path / name, samples)
        made.append(OnnxModel(tmp_path / name)(*given)[0])
    np.testing.assert_array_equal(made[0], made[1])


@pytest.mark.parametrize(("safely", "bits"), [(True, "8"), (False, "7")])
def test_the_file_says_what_processors_it_is_for(
    tmp_path: Path, people: list[Portrait], safely: bool, bits: str
) -> None:
    install_stand_ins(tmp_path, [SWAPPER])
    samples = [dict(one.inputs) for one in make_samples(SWAPPER, people[:1], _vector)[0]]
    source, made = ModelStore(tmp_path).path(SWAPPER, "graph"), tmp_path / "made.onnx"
    quantize(source, made, samples, safely=safely)
    assert OnnxModel(made).notes[WEIGHT_BITS] == bits
    weights = [
        numpy_helper.to_array(one)
        for one in onnx.load(str(made)).graph.initializer
        if one.data_type == TensorProto.INT8
        and one.name.endswith("quantized")
        and len(one.dims) > 1
    ]
    most = max(int(np.abs(one.astype(np.int16)).max()) for one in weights)
    assert (most > 64) is safely


PARSER = card("bisenet_resnet_18")


def _made_here(folder: Path, number: int) -> tuple[Card, str, Path]:
    """A card and a file that belong together, as if they had been quantized."""
    file = folder / f"made{number}.onnx"
    file.write_bytes(make_stand_in(PARSER, folder).path.read_bytes() + bytes([0x7A, 1, number]))
    found = fingerprint(file)
    text = variant_text(_text(PARSER.name), PARSER, found.sha256, found.size_bytes)
    return parse_card(text, "made"), text, file


_KILLED = """
import os, signal, sys
from pathlib import Path
from personae.adapters.model_store import ModelStore
from personae.adapters.networks.variants import take_in_variant
from personae.engine.card import parse_card
when, folder, text, file = sys.argv[1], *map(Path, sys.argv[2:])
class Dying(ModelStore):
    def adopt(self, card, file, repin=False):
        if when == "before":
            os.kill(os.getpid(), signal.SIGKILL)
        super().adopt(card, file, repin)
        os.kill(os.getpid(), signal.SIGKILL)
made = parse_card(text.read_text(), "made")
take_in_variant(Dying(folder), folder / "cards", made, text.read_text(), file)
"""


@pytest.mark.parametrize("when", ["before", "after"])
def test_killed_while_it_is_replaced_leaves_no_card_without_its_model(
    tmp_path: Path, when: str
) -> None:
    store, cards = ModelStore(tmp_path / "models"), tmp_path / "models" / "cards"
    work = tmp_path / "work"
    work.mkdir()
    take_in_variant(store, cards, *_made_here(work, 1))
    made, text, file = _made_here(work, 2)
    (work / "card.toml").write_text(text)
    done = subprocess.run(
        [sys.executable, "-c", _KILLED, when, store.folder, work / "card.toml", file],
        capture_output=True,
        timeout=60,
    )
    assert done.returncode == -signal.SIGKILL, done.stderr
    assert all(store.status(each) == "ready" for each in _own(cards))
    take_in_variant(store, cards, made, text, file)
    (found,) = _own(cards)
    assert found == made
    store.verify(found)


def test_an_earlier_one_stays_if_the_new_one_cannot_be_taken_in(tmp_path: Path) -> None:
    store, cards = ModelStore(tmp_path / "models"), tmp_path / "models" / "cards"
    earlier, text, file = _made_here(tmp_path, 1)
    take_in_variant(store, cards, earlier, text, file)
    made, text, file = _made_here(tmp_path, 2)
    with pytest.raises(ModelError, match="cannot be read"):
        take_in_variant(store, cards, made, text, file.with_name("gone.onnx"))
    assert _own(cards) == [earlier]
    store.verify(earlier)


def _own(cards: Path) -> list[Card]:
    shelf = read_shelf([cards])
    return [each for each in shelf.cards if each.name in shelf.own]


def test_what_was_made_here_is_not_pulled(tmp_path: Path) -> None:
    store, cards = ModelStore(tmp_path / "models"), tmp_path / "models" / "cards"
    made, text, file = _made_here(tmp_path, 1)
    take_in_variant(store, cards, made, text, file)
    store.path(made).unlink()
    with pytest.raises(ModelError, match="run `personae models quantize bisenet_resnet_18`"):
        store.path(made)
    with pytest.raises(ModelError, match="run `personae models quantize bisenet_resnet_18`"):
        store.pull(made)
