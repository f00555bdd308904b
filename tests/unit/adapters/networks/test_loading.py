"""Installed networks are loaded by their cards, optimised and freed of their batch of one."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import numpy as np
import onnx
import pytest
from benchmarks.stand_ins import install_stand_ins, make_stand_in
from onnx import TensorProto, helper

from personae.adapters.model_store import ModelStore
from personae.adapters.networks.derived import FOLDER, batched, drop_damaged, prepared
from personae.adapters.networks.loading import WEIGHT_BITS, Loader
from personae.adapters.networks.machine import memory_bytes, whole_number
from personae.adapters.networks.rebatching import free_first_axis
from personae.engine.card import Card, Source
from personae.engine.cards import card
from personae.engine.session import OnnxModel
from personae.engine.sessions.pool import NetworkPool
from personae.engine.sessions.providers import parse_providers
from personae.errors import InvalidRequest, ModelError

SWAPPER = card("inswapper_128")


@pytest.fixture
def store(tmp_path: Path) -> ModelStore:
    install_stand_ins(tmp_path, [SWAPPER])
    return ModelStore(tmp_path)


def _pool(store: ModelStore, batch: int = 1, chosen: Card = SWAPPER) -> NetworkPool:
    return NetworkPool(Loader(store, lambda _: chosen, parse_providers("cpu"), batch), 10**9)


def _some(count: int) -> list[np.ndarray]:
    random = np.random.default_rng(3)
    sizes = [tensor.shape[1:] for tensor in SWAPPER.part("graph").inputs]
    return [random.uniform(0, 1, (count, *size)).astype(np.float32) for size in sizes]


def test_runs_an_installed_network_by_its_name(store: ModelStore) -> None:
    network = _pool(store).network("inswapper_128")
    assert network(*_some(1))[0].shape == (1, 3, 128, 128)
    assert network.batch == 1


def test_several_at_a_time_come_out_as_each_alone(store: ModelStore) -> None:
    single, several = _pool(store), _pool(store, batch=3)
    assert several.network("inswapper_128").batch == 3
    given = _some(3)
    together = several.network("inswapper_128")(*given)[0]
    for item in range(3):
        alone = single.network("inswapper_128")(*(one[item : item + 1] for one in given))[0]
        np.testing.assert_allclose(together[item : item + 1], alone, atol=1e-5)


def test_a_graph_that_mixes_its_items_stays_as_it_is(tmp_path: Path) -> None:
    """Its reshape hides the items in another axis: freed, it would give something else."""
    make = helper.make_tensor_value_info
    shape = helper.make_tensor("shape", TensorProto.INT64, [2], [1, -1])
    graph = helper.make_graph(
        [
            helper.make_node("ReduceMean", ["x"], ["mean"], axes=[0], keepdims=1),
            helper.make_node("Sub", ["x", "mean"], ["centred"]),
            helper.make_node("Reshape", ["centred", "shape"], ["y"]),
        ],
        "mixing",
        [make("x", TensorProto.FLOAT, [1, 4])],
        [make("y", TensorProto.FLOAT, [1, 4])],
        [shape],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
    path = tmp_path / "mixing.onnx"
    onnx.save(model, str(path))
    folder = tmp_path / "made"
    folder.mkdir()
    assert not free_first_axis(path, folder)
    assert batched(path) is None
    assert batched(path) is None, "It is remembered."


def test_a_prepared_network_gives_the_same(tmp_path: Path) -> None:
    converter = card("crossface_ghost")
    path = make_stand_in(converter, tmp_path, "full").path
    ready = prepared(path)
    assert ready is not None
    assert ready.with_name("network.weights").stat().st_size > 8e6
    given = np.random.default_rng(0).standard_normal((1, 512)).astype(np.float32)
    made = OnnxModel(ready, prepared=True)(given)[0]
    np.testing.assert_array_equal(made, OnnxModel(path)(given)[0])
    stamp = ready.stat().st_mtime_ns
    assert prepared(path) == ready
    assert ready.stat().st_mtime_ns == stamp
    path.touch()
    again = prepared(path)
    assert again is not None
    assert again != ready, "Another file has another name."


def test_nothing_is_prepared_where_nothing_can_be_written(tmp_path: Path) -> None:
    path = make_stand_in(card("crossface_ghost"), tmp_path, "full").path
    (tmp_path / FOLDER).write_text("in the way")
    assert prepared(path) is None
    assert batched(path) is None


def test_nothing_is_prepared_where_files_may_not_be_as_large(tmp_path: Path) -> None:
    """A media child may not write large files; it must not try at every load either."""
    path = make_stand_in(card("crossface_ghost"), tmp_path, "full").path
    code = (
        "import resource, sys; from pathlib import Path\n"
        "from personae.adapters.networks.derived import prepared\n"
        "resource.setrlimit(resource.RLIMIT_FSIZE, (10**6, 10**6))\n"
        f"assert prepared(Path({str(path)!r})) is None"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stderr
    assert not (tmp_path / FOLDER).exists()
    assert prepared(path) is not None


def test_a_network_that_is_not_its_cards_is_refused(store: ModelStore) -> None:
    part = SWAPPER.part("graph")
    other = replace(part.inputs[0], shape=(1, 3, 256, 256))
    parts = (replace(part, inputs=(other, part.inputs[1])), SWAPPER.parts[1])
    wrong = replace(SWAPPER, parts=parts)
    with pytest.raises(ModelError, match=r"inswapper_128 is not what its card says: .*target"):
        _pool(store, chosen=wrong).network("inswapper_128")(*_some(1))


def test_what_is_no_onnx_is_told_without_a_path(store: ModelStore) -> None:
    path = store.path(SWAPPER, "graph")
    path.write_bytes(b"x" * path.stat().st_size)
    with pytest.raises(ModelError, match=r"inswapper_128 does not load: it is no ONNX") as raised:
        _pool(store).network("inswapper_128")(*_some(1))
    assert str(store.folder) not in raised.value.message


@pytest.mark.parametrize("text", ["cuda", "tensorrt:fp16,cuda", "coreml", "directml:1", "rocm"])
def test_an_accelerator_that_is_not_there_is_an_error(store: ModelStore, text: str) -> None:
    pool = NetworkPool(Loader(store, card, parse_providers(text)), 10**9)
    with pytest.raises(ModelError, match="ExecutionProvider cannot be used in this onnxruntime"):
        pool.network("inswapper_128")(*_some(1))


def test_reads_sizes_and_numbers() -> None:
    cpu = parse_providers("cpu")
    assert memory_bytes("X", "6GiB", cpu) == 6 * 2**30
    assert memory_bytes("X", "1.5 GB", cpu) == 1_500_000_000
    assert memory_bytes("X", "123", cpu) == 123
    assert memory_bytes("X", "", cpu) > 2**20
    assert (whole_number("X", ""), whole_number("X", "3")) == (0, 3)
    with pytest.raises(InvalidRequest, match="X is 'much'; give a size such as 6GiB"):
        memory_bytes("X", "much", cpu)
    with pytest.raises(InvalidRequest, match="X is '0'"):
        whole_number("X", "0")


@pytest.mark.parametrize("name", ["codeformer", "gfpgan_1_4"])
def test_restorers_take_several_at_a_time(tmp_path: Path, name: str) -> None:
    """Also with a number beside the pictures, which is the same for all of them."""
    chosen = card(name)
    install_stand_ins(tmp_path, [chosen])
    store = ModelStore(tmp_path)
    together = _pool(store, 3, chosen).network(name)
    alone = _pool(store, 1, chosen).network(name)
    assert together.batch == 3
    pictures = np.random.default_rng(1).uniform(-1, 1, (3, 3, 512, 512)).astype(np.float32)
    weight = [np.array([0.3])] if len(together.inputs) == 2 else []
    made = together(pictures, *weight)[0]
    for item in range(3):
        one = alone(pictures[item : item + 1], *weight)[0]
        np.testing.assert_allclose(made[item : item + 1], one, atol=1e-4)


def _prepared(folder: Path) -> tuple[Path, Path]:
    path = make_stand_in(card("crossface_ghost"), folder, "full").path
    ready = prepared(path)
    assert ready is not None
    return path, ready


def _cut(ready: Path) -> None:
    with ready.with_name("network.weights").open("r+b") as file:
        file.truncate(1000)


def _scribble(ready: Path) -> None:
    with ready.with_name("network.weights").open("r+b") as file:
        file.seek(10_000)
        file.write(b"scribble")


def _lose(ready: Path) -> None:
    ready.with_name("network.weights").unlink()


def _forget(ready: Path) -> None:
    ready.with_name("made.json").write_text('{"files": {"../../x": [1, 2, 3]}}')


@pytest.mark.parametrize("damage", [_cut, _scribble, _lose, _forget])
def test_what_was_damaged_is_made_anew(tmp_path: Path, damage: Callable[[Path], None]) -> None:
    path, ready = _prepared(tmp_path)
    given = np.random.default_rng(0).standard_normal((1, 512)).astype(np.float32)
    wanted = OnnxModel(path)(given)[0]
    damage(ready)
    assert prepared(path, make=False) is None
    assert prepared(path) == ready
    np.testing.assert_array_equal(OnnxModel(ready, prepared=True)(given)[0], wanted)


def test_damage_that_keeps_size_and_date_is_found_by_reading(tmp_path: Path) -> None:
    _, ready = _prepared(tmp_path)
    weights = ready.with_name("network.weights")
    stat = weights.stat()
    assert drop_damaged(tmp_path) == []
    _scribble(ready)
    os.utime(weights, ns=(stat.st_atime_ns, stat.st_mtime_ns))
    assert drop_damaged(tmp_path) == ["crossface_ghost"]
    assert not ready.parent.exists()


def test_killed_while_preparing_leaves_nothing_half(tmp_path: Path) -> None:
    path = make_stand_in(card("crossface_ghost"), tmp_path, "full").path
    code = (
        "from pathlib import Path\n"
        "from personae.adapters.networks.derived import prepared\n"
        f"prepared(Path({str(path)!r}))"
    )
    work = subprocess.Popen([sys.executable, "-c", code], start_new_session=True)
    while not list((tmp_path / FOLDER).glob(".making-*")):
        assert work.poll() is None
    os.killpg(work.pid, signal.SIGKILL)
    work.wait()
    assert list((tmp_path / FOLDER).glob(".making-*"))
    assert prepared(path, make=False) is None
    ready = prepared(path)
    assert ready is not None
    assert not list((tmp_path / FOLDER).glob(".making-*")), "The next one tidies up."
    OnnxModel(ready, prepared=True)


def test_several_who_want_it_make_it_once(tmp_path: Path) -> None:
    path = make_stand_in(card("crossface_ghost"), tmp_path, "full").path
    with ThreadPoolExecutor(3) as threads:
        ready = list(threads.map(lambda _: prepared(path), range(3)))
    assert ready[0] is not None
    assert ready == [ready[0]] * 3
    before = ready[0].stat().st_ino
    assert prepared(path) == ready[0]
    assert ready[0].stat().st_ino == before


def _in_8_bits(path: Path, bits: str) -> None:
    model = onnx.load(str(path))
    helper.set_model_props(model, {WEIGHT_BITS: bits})
    path.write_bytes(model.SerializeToString())


@pytest.mark.parametrize(
    ("bits", "safely", "loads"), [("8", True, True), ("8", False, False), ("7", False, True)]
)
def test_8_bits_run_only_where_sums_do_not_overflow(
    tmp_path: Path, bits: str, safely: bool, loads: bool
) -> None:
    converter = card("crossface_ghost")
    install_stand_ins(tmp_path, [converter], "full")
    store = ModelStore(tmp_path)
    path = store.path(converter, "graph")
    _in_8_bits(path, bits)
    made = replace(converter, source=Source(made_of="x"))
    loader = Loader(_Fixed(store, path), lambda _: made, parse_providers("cpu"), safely=safely)
    network = NetworkPool(loader, 10**9).network("x")
    given = np.ones((1, 512), np.float32)
    if loads:
        network(given)
        assert prepared(path, make=False) is not None, "The note outlives preparing."
    else:
        with pytest.raises(ModelError, match="crossface_ghost was made for processors with VNNI"):
            network(given)


class _Fixed(ModelStore):
    """A store that does not compare: the network was changed for the test."""

    def __init__(self, store: ModelStore, path: Path) -> None:
        super().__init__(store.folder)
        self._fixed = path

    def path(self, card: Card, part: str = "") -> Path:
        return self._fixed


def test_prepares_before_the_first_load(tmp_path: Path) -> None:
    install_stand_ins(tmp_path, [SWAPPER])
    store = ModelStore(tmp_path)
    loader = Loader(store, card, parse_providers("cpu"), batch=2)
    assert loader.prepare("inswapper_128")
    found = [one.name for one in (tmp_path / "inswapper_128" / FOLDER).iterdir()]
    assert any("batched" in one for one in found), "Small ones are freed, and not optimised."
    assert not any("prepared" in one for one in found)
    with pytest.raises(ModelError, match="has not been accepted"):
        loader.prepare("simswap_256")
