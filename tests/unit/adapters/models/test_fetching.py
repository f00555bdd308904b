"""Published files come from the first place that has them, go on where they stopped, and stay."""

from __future__ import annotations

import signal
import subprocess
import sys
import time
import zlib
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from small_models import Answer, Server, serving, sha256
from small_networks import small_swapper, swapper_text

from personae.adapters.model_store import ModelStore
from personae.adapters.models.sources import Mirror, read_mirrors
from personae.engine.card import Card, parse_card
from personae.engine.session import OnnxModel
from personae.errors import InvalidRequest, ModelError

NETWORK = small_swapper()
OTHER = small_swapper(seed=1)


@pytest.fixture
def server() -> Iterator[Server]:
    with serving() as server:
        yield server


@pytest.fixture
def store(tmp_path: Path) -> ModelStore:
    return ModelStore(tmp_path / "models", now=lambda: 1000.0)


def small(url: str, source: str = "", name: str = "small") -> Card:
    return parse_card(swapper_text(name, url, source), f"{name}.toml")


def with_crc(server: Server, source: str = "") -> Card:
    url = server.offer("/a/small.onnx", NETWORK)
    return small(url, f'crc32_url = "{server.url}/a/small.hash"\n{source}')


def accepted(store: ModelStore, *cards: Card) -> None:
    for card in cards:
        store.licences.accept(card, "ann", 1.0)


def installed(store: ModelStore) -> list[str]:
    files = (path for path in store.folder.rglob("*") if path.is_file() and path.name != ".lock")
    return sorted(str(path.relative_to(store.folder)) for path in files)


# What is trusted


def test_a_crc_is_checked_and_the_bytes_pinned(server: Server, store: ModelStore) -> None:
    card = with_crc(server)
    accepted(store, card)
    seen: list[tuple[str, int, int]] = []
    store.pull(card, progress=lambda *what: seen.append(what))
    store.verify(card)
    assert seen[-1] == ("small", len(NETWORK), len(NETWORK))
    pin = store.pin(card)
    assert pin is not None
    assert (pin.sha256, pin.size_bytes, pin.at) == (sha256(NETWORK), len(NETWORK), 1000.0)
    assert pin.origin == f"{server.url}/a/small.onnx"
    assert store.path(card, "graph").read_bytes() == NETWORK
    assert installed(store) == [
        *(".licences/small.json", ".pins/small.json"),
        *("small/made.json", "small/projection.npy", "small/small.onnx"),
    ]


def test_the_projection_is_the_last_weights(server: Server, store: ModelStore) -> None:
    card = with_crc(server)
    accepted(store, card)
    store.pull(card)
    matrix = np.load(store.path(card, "projection"))
    dice = np.random.default_rng(0)
    dice.random((1, 3, 1, 1), np.float32)
    np.testing.assert_array_equal(matrix, dice.random((8, 8), np.float32))
    assert matrix.dtype == np.float32
    crop, vector = np.ones((1, 3, 16, 16), np.float32), np.ones((1, 8), np.float32)
    assert OnnxModel(store.path(card, "graph"))(crop, vector)[0].shape == crop.shape


def test_a_wrong_crc_is_refused(server: Server, store: ModelStore) -> None:
    card = with_crc(server)
    server.answers["/a/small.hash"] = Answer(b"%08x" % zlib.crc32(OTHER))
    accepted(store, card)
    with pytest.raises(ModelError, match=r"not the file that was expected: its CRC-32 is not"):
        store.pull(card)
    assert store.status(card) == "missing"
    assert store.pin(card) is None
    assert installed(store) == [".licences/small.json"]


@pytest.mark.parametrize("answer", [Answer(b"", 404), Answer(b"<html>log in</html>"), Answer(b"")])
def test_without_the_crc_that_is_promised_nothing_comes(
    answer: Answer, server: Server, store: ModelStore
) -> None:
    card = with_crc(server)
    server.answers["/a/small.hash"] = answer
    accepted(store, card)
    with pytest.raises(ModelError, match="CRC-32 of small cannot be had, so that nothing was"):
        store.pull(card)
    assert "/a/small.onnx" not in server.asked


def test_the_crc_may_come_from_beside_a_mirror(server: Server, store: ModelStore) -> None:
    server.offer("/a/small.onnx", NETWORK)
    mirror = server.offer("/b/small.onnx", NETWORK)
    del server.answers["/a/small.onnx"], server.answers["/a/small.hash"]
    hashes = f'crc32_url = "{server.url}/a/small.hash"'
    card = small(f"{server.url}/a/small.onnx", f'mirrors = ["{mirror}"]\n{hashes}')
    accepted(store, card)
    store.pull(card)
    assert server.asked == ["/a/small.hash", "/b/small.hash", "/a/small.onnx", "/b/small.onnx"]


def test_a_part_of_a_sha_256_is_compared(server: Server, store: ModelStore) -> None:
    url = server.offer("/a/small.onnx", NETWORK)
    known = sha256(NETWORK)
    right = small(url, f'sha256_ends = ["{known[:8]}", "{known[-4:]}"]')
    accepted(store, right)
    store.pull(right)
    wrong = small(url, f'sha256_ends = ["{known[:8]}", "{known[-5:-1]}"]')
    assert store.status(wrong) == "outdated", "It was installed by another card."
    with pytest.raises(ModelError, match="its SHA-256 is not"):
        store.pull(wrong)
    store.verify(right)


def test_other_bytes_later_are_refused_until_they_are_trusted(
    server: Server, store: ModelStore
) -> None:
    card = with_crc(server)
    accepted(store, card)
    store.pull(card)
    server.offer("/a/small.onnx", OTHER)  # With a CRC-32 that fits.
    store.path(card, "graph").write_bytes(b"damaged")
    with pytest.raises(ModelError, match=r"no longer the file that was pinned .* --repin") as told:
        store.pull(card)
    assert "\n" not in told.value.message
    assert store.status(card) == "altered"
    assert store.pull(card, repin=True) == (card,)
    assert store.path(card, "graph").read_bytes() == OTHER
    store.verify(card)


def test_a_pin_outlives_its_model(server: Server, store: ModelStore) -> None:
    card = with_crc(server)
    accepted(store, card)
    store.pull(card)
    assert store.remove(card)
    assert not store.remove(card)
    assert installed(store) == [".licences/small.json", ".pins/small.json"]
    server.offer("/a/small.onnx", OTHER)
    with pytest.raises(ModelError, match="no longer the file that was pinned"):
        store.pull(card)
    assert store.remove(card, forget_pin=True)
    store.pull(card)


# Going on


def cut(server: Server, at: int, **how: object) -> None:
    server.offer("/a/small.onnx", NETWORK, cut=at, announced=len(NETWORK), **how)


def test_a_cut_off_download_is_gone_on_with_at_once(server: Server, store: ModelStore) -> None:
    card = with_crc(server)
    accepted(store, card)
    whole = server.answers["/a/small.onnx"]

    def mend(*what: object) -> None:
        server.answers["/a/small.onnx"] = whole

    cut(server, 100)
    store.pull(card, progress=mend)
    assert server.ranges == ["bytes=100-"]
    store.verify(card)


def test_and_by_the_next_run(server: Server, store: ModelStore) -> None:
    card = with_crc(server)
    accepted(store, card)
    cut(server, 300)
    with pytest.raises(ModelError, match=f"cut off after 300 of {len(NETWORK)} bytes; try again"):
        store.pull(card)
    assert [path.stat().st_size for path in store.folder.glob(".parts/small/*.part")] == [300]
    server.ranges.clear()
    server.offer("/a/small.onnx", NETWORK)
    store.pull(card)
    assert server.ranges == ["bytes=300-"]
    assert not list(store.folder.glob(".parts/small/*.part"))
    store.verify(card)


def test_a_file_that_changed_meanwhile_comes_from_its_beginning(
    server: Server, store: ModelStore
) -> None:
    card = with_crc(server)
    accepted(store, card)
    cut(server, 300)
    with pytest.raises(ModelError, match="cut off"):
        store.pull(card)
    server.offer("/a/small.onnx", OTHER)
    store.pull(card)
    assert store.path(card, "graph").read_bytes() == OTHER
    store.verify(card)


def test_a_part_that_is_whole_already_is_taken(server: Server, store: ModelStore) -> None:
    card = with_crc(server)
    accepted(store, card)
    cut(server, 300)
    with pytest.raises(ModelError, match="cut off"):
        store.pull(card)
    (part,) = store.folder.glob(".parts/small/*.part")
    part.write_bytes(NETWORK)
    server.offer("/a/small.onnx", NETWORK)
    store.pull(card)
    store.verify(card)


def test_a_spoilt_part_is_noticed_and_fetched_anew(server: Server, store: ModelStore) -> None:
    card = with_crc(server)
    accepted(store, card)
    cut(server, 300)
    with pytest.raises(ModelError, match="cut off"):
        store.pull(card)
    (part,) = store.folder.glob(".parts/small/*.part")
    part.write_bytes(bytes(300))
    server.offer("/a/small.onnx", NETWORK)
    with pytest.raises(ModelError, match="its CRC-32 is not"):
        store.pull(card)
    store.pull(card)
    store.verify(card)


def test_without_anything_to_compare_with_a_part_is_not_trusted(
    server: Server, store: ModelStore
) -> None:
    card = small(server.offer("/a/small.onnx", NETWORK))
    accepted(store, card)
    cut(server, 300)
    with pytest.raises(ModelError, match="cut off"):
        store.pull(card)
    server.ranges.clear()
    server.offer("/a/small.onnx", NETWORK)
    store.pull(card)
    assert server.ranges == []


def test_a_server_without_ranges_is_asked_from_the_beginning(
    server: Server, store: ModelStore
) -> None:
    card = with_crc(server)
    accepted(store, card)
    server.answers["/a/small.onnx"] = Answer(NETWORK, cut=300, announced=len(NETWORK))
    with pytest.raises(ModelError, match="cut off"):
        store.pull(card)
    assert not list(store.folder.glob(".parts/small/*.part"))
    server.answers["/a/small.onnx"] = Answer(NETWORK)
    store.pull(card)


def test_redirects_are_followed(server: Server, store: ModelStore) -> None:
    card = with_crc(server)
    accepted(store, card)
    there = server.offer("/elsewhere/x", NETWORK, cut=300, announced=len(NETWORK))
    server.answers["/a/small.onnx"] = Answer(b"", to=there)
    with pytest.raises(ModelError, match="cut off"):
        store.pull(card)
    server.offer("/elsewhere/x", NETWORK)
    store.pull(card)
    assert server.ranges[-1] == "bytes=300-"
    assert server.asked[-2:] == ["/a/small.onnx", "/elsewhere/x"]


def test_a_size_that_nobody_told_has_a_limit(server: Server, store: ModelStore) -> None:
    card = small(server.offer("/a/small.onnx", NETWORK))
    accepted(store, card)
    server.answers["/a/small.onnx"].announced = 5 << 30
    with pytest.raises(ModelError, match="larger than the 4294967296 bytes"):
        store.pull(card)


# Places


def test_mirrors_are_tried_in_order(server: Server, store: ModelStore) -> None:
    gone, wrong, right = (f"{server.url}/{each}/small.onnx" for each in "abc")
    server.offer("/b/small.onnx", OTHER)
    server.offer("/c/small.onnx", NETWORK)
    crc32 = f"{zlib.crc32(NETWORK):08x}"
    dead = "http://127.0.0.1:9/small.onnx"
    card = small(gone, f'mirrors = ["{dead}", "{wrong}", "{right}"]\ncrc32 = "{crc32}"')
    accepted(store, card)
    store.pull(card)
    assert server.asked == ["/a/small.onnx", "/b/small.onnx", "/c/small.onnx"]
    pin = store.pin(card)
    assert pin is not None
    assert pin.origin == right


def test_a_wrong_file_is_told_before_a_missing_one(server: Server, store: ModelStore) -> None:
    wrong = server.offer("/a/small.onnx", OTHER)
    crc32 = f"{zlib.crc32(NETWORK):08x}"
    card = small(wrong, f'mirrors = ["{server.url}/gone.onnx"]\ncrc32 = "{crc32}"')
    accepted(store, card)
    with pytest.raises(ModelError, match="not the file that was expected"):
        store.pull(card)


def test_an_operators_mirror_stands_in_for_the_host(server: Server, tmp_path: Path) -> None:
    server.offer("/our/a/small.onnx", NETWORK)
    store = ModelStore(tmp_path / "models", read_mirrors(f"{server.url}/our/"))
    url = "http://127.0.0.1:9/a/small.onnx"
    card = small(url, 'crc32_url = "http://127.0.0.1:9/a/small.hash"')
    accepted(store, card)
    store.pull(card)
    assert server.asked == ["/our/a/small.hash", "/our/a/small.onnx"]


@pytest.mark.parametrize("where", ["a/small.onnx", "small.onnx"])
def test_a_folder_is_a_mirror_too(where: str, tmp_path: Path) -> None:
    file = tmp_path / "offline" / where
    file.parent.mkdir(parents=True)
    file.write_bytes(NETWORK)
    file.with_suffix(".hash").write_text(f"{zlib.crc32(NETWORK):08x}\n")
    for text in (str(tmp_path / "offline"), (tmp_path / "offline").as_uri()):
        store = ModelStore(tmp_path / "models", read_mirrors(f"http://127.0.0.1:9/x, {text}"))
        card = small(
            "http://127.0.0.1:9/a/small.onnx", 'crc32_url = "http://127.0.0.1:9/a/small.hash"'
        )
        accepted(store, card)
        store.pull(card)
        store.verify(card)
        store.remove(card, forget_pin=True)
    assert file.read_bytes() == NETWORK


def test_a_mirror_that_is_neither_is_refused() -> None:
    assert read_mirrors("") == ()
    with pytest.raises(InvalidRequest, match="'ftp://x', which is neither"):
        read_mirrors("ftp://x")


def test_a_folder_gives_nothing_outside_itself(tmp_path: Path) -> None:
    (tmp_path / "secret.onnx").write_bytes(b"x")
    (tmp_path / "in").mkdir()
    assert Mirror(folder=tmp_path / "in").place("http://h/%2e%2e/secret.onnx") is None


# Several, and what is no network


def test_several_come_side_by_side_and_one_that_fails_costs_only_itself(
    server: Server, store: ModelStore
) -> None:
    cards = [small(server.offer(f"/{n}.onnx", NETWORK, pause_s=0.3), "", f"m{n}") for n in range(6)]
    del server.answers["/2.onnx"]
    accepted(store, *cards)
    with pytest.raises(ModelError, match="status 404"):
        store.pull(*cards)
    states = [store.status(card) for card in cards]
    assert states == ["ready", "ready", "missing", "ready", "ready", "ready"]
    server.offer("/2.onnx", NETWORK)
    assert store.pull(*cards) == (cards[2],)


@pytest.mark.parametrize(
    ("body", "message"),
    [
        (b"<!DOCTYPE html><p>Log in</p>" * 50, "not a whole ONNX network"),
        (NETWORK[:-1], "not a whole ONNX network .*cut off"),
        (small_swapper(target="input"), "its inputs are input, source instead of source, target"),
        (small_swapper(side=32), "target is 1 x 3 x 32 x 32 instead of 1 x 3 x 16 x 16"),
        (small_swapper(length=4), "source is 1 x 4 instead of 1 x 8"),
        (small_swapper(width=4), "last weights of the model small are not the 8 x 8 matrix"),
    ],
)
def test_what_is_not_the_cards_network_is_not_installed(
    body: bytes, message: str, server: Server, store: ModelStore
) -> None:
    card = small(server.offer("/a/small.onnx", body))
    accepted(store, card)
    with pytest.raises(ModelError, match=message):
        store.pull(card)
    assert store.status(card) == "missing"
    assert installed(store) == [".licences/small.json"]


def test_nobody_known_publishes_it(store: ModelStore) -> None:
    text = swapper_text("small", "").replace('url = ""\n', "")
    card = parse_card(text, "small.toml")
    accepted(store, card)
    with pytest.raises(ModelError, match="personae models import FILE --as small"):
        store.pull(card)


def test_a_file_of_ones_own(store: ModelStore, tmp_path: Path) -> None:
    text = swapper_text("small", "").replace('url = ""\n', "")
    card = parse_card(text, "small.toml")
    file = tmp_path / "mine.onnx"
    file.write_bytes(NETWORK)
    with pytest.raises(ModelError, match="has not been accepted; run `personae models accept sm"):
        store.adopt(card, file)
    accepted(store, card)
    store.adopt(card, file)
    store.verify(card)
    assert file.read_bytes() == NETWORK
    file.write_bytes(OTHER)
    with pytest.raises(ModelError, match="no longer the file that was pinned"):
        store.adopt(card, file)
    store.adopt(card, file, repin=True)
    assert store.path(card, "graph").read_bytes() == OTHER
    with pytest.raises(ModelError, match="cannot be read"):
        store.adopt(card, tmp_path / "gone.onnx")


# Licences


def test_a_licence_is_asked_for_before_anything_else(server: Server, store: ModelStore) -> None:
    card = with_crc(server)
    with pytest.raises(ModelError, match="Small non-commercial, has not been accepted"):
        store.pull(card)
    with pytest.raises(ModelError, match="personae models accept small"):
        store.ensure([card])
    assert server.asked == []
    assert not store.folder.exists()


def test_a_model_is_not_handed_out_without_its_licence(server: Server, store: ModelStore) -> None:
    card = with_crc(server)
    accepted(store, card)
    store.pull(card)
    (store.folder / ".licences" / "small.json").unlink()
    with pytest.raises(ModelError, match="has not been accepted"):
        store.path(card, "graph")


def test_only_permissive_ones_whatever_was_accepted(server: Server, store: ModelStore) -> None:
    card = with_crc(server)
    accepted(store, card)
    store.pull(card)
    strict = ModelStore(store.folder, permissive_only=True)
    with pytest.raises(ModelError, match="Small non-commercial, which is not permissive"):
        strict.path(card, "graph")
    assert strict.licences.state(card) == "refused"


# Processes

PULL = """
import sys
sys.path[:0] = sys.argv[1:3]
from pathlib import Path
from personae.adapters.model_store import ModelStore
from personae.engine.card import parse_card
card = parse_card(Path(sys.argv[4]).read_text(), "small.toml")
ModelStore(Path(sys.argv[3])).pull(card)
"""


def process(store: ModelStore, text: str, tmp_path: Path) -> subprocess.Popen[bytes]:
    file = tmp_path / "small.toml"
    file.write_text(text)
    folders = [str(Path(__file__).parents[4] / "src"), str(Path(__file__).parents[1])]
    return subprocess.Popen(
        [sys.executable, "-c", PULL, *folders, str(store.folder), str(file)],
        stderr=subprocess.DEVNULL,
    )


@pytest.mark.parametrize("how", [signal.SIGKILL, signal.SIGINT])
def test_killed_again_and_again_and_then_whole(
    how: signal.Signals, server: Server, store: ModelStore, tmp_path: Path
) -> None:
    big = NETWORK
    url = server.offer("/a/small.onnx", big)
    text = swapper_text("small", url, f'crc32_url = "{server.url}/a/small.hash"')
    card = parse_card(text, "small.toml")
    accepted(store, card)
    for _ in range(3):
        server.answers["/a/small.onnx"].pause_s = 30
        before = len(server.ranges)
        running = process(store, text, tmp_path)
        size = sum(path.stat().st_size for path in store.folder.glob(".parts/small/*.part"))
        deadline = time.monotonic() + 60
        while sum(p.stat().st_size for p in store.folder.glob(".parts/small/*.part")) <= size:
            assert running.poll() is None
            assert time.monotonic() < deadline
            time.sleep(0.01)
        running.send_signal(how)
        assert running.wait(timeout=20) != 0
        assert store.status(card) == "missing"
        assert len(server.ranges) == before + (1 if size else 0)
    server.answers["/a/small.onnx"].pause_s = 0
    store.pull(card)
    store.verify(card)
    assert store.path(card, "graph").read_bytes() == big
    assert len(server.ranges) == 3


def test_two_processes_want_the_same(server: Server, store: ModelStore, tmp_path: Path) -> None:
    url = server.offer("/a/small.onnx", NETWORK, pause_s=0.5)
    text = swapper_text("small", url, f'crc32_url = "{server.url}/a/small.hash"')
    card = parse_card(text, "small.toml")
    accepted(store, card)
    both = [process(store, text, tmp_path) for _ in range(2)]
    assert [each.wait(timeout=60) for each in both] == [0, 0]
    assert server.asked.count("/a/small.onnx") == 1
    store.verify(card)
