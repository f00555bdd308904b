"""Real children, treated badly: killed, stopped, bloated, orphaned."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from clips import write_clip
from faces import Placed, compose, headshot, nodding
from host_media import LONG_S, left_in, swap_job
from personae.adapters.media_host.host import ChildMediaHost
from personae.adapters.model_store import ModelStore
from personae.errors import (
    Canceled,
    InvalidRequest,
    MediaError,
    MediaTooLarge,
    PersonaeError,
    TaskFailed,
)
from personae.video.chunk_encoding import packets_of_chunk

linux = pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")
posix = pytest.mark.skipif(sys.platform == "win32", reason="sends signals")


@pytest.fixture
def host(store: ModelStore) -> Iterator[ChildMediaHost]:
    """One child of the test's own."""
    with ChildMediaHost(1) as host:
        yield host


@pytest.fixture(scope="session")
def long_clip(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A clip that takes the engine a while: two frames over and over."""
    path = tmp_path_factory.mktemp("long") / "long.mp4"
    pictures = list(nodding("collins", 20, (640, 480))) * 60
    return write_clip(path, pictures=pictures, frames=1200, size_wh=(640, 480))


def gone(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return True
    try:
        with open(f"/proc/{pid}/stat") as file:
            return file.read().rsplit(")", 1)[1].split()[0] == "Z"
    except OSError:
        return False


def eventually(holds: Callable[[], bool], within_s: float = 20.0) -> bool:
    deadline = time.monotonic() + within_s
    while not holds():
        if time.monotonic() > deadline:
            return False
        time.sleep(0.02)
    return True


@posix
@pytest.mark.parametrize("sign", ["SIGKILL", "SIGSTOP", "SIGSEGV"])
def test_a_child_that_dies_or_hangs_fails_its_job_and_is_replaced(
    host: ChildMediaHost, real_media: Any, long_clip: Path, tmp_path: Path, sign: str
) -> None:
    [before] = [host.run({"op": "ping"}, timeout_s=LONG_S)["pid"]]
    job = swap_job(real_media, long_clip, tmp_path / "out.mp4")

    def strike(told: dict[str, Any]) -> None:
        if told["frames_done"]:
            os.kill(before, signal.Signals[sign])

    stall_s = 1.0 if sign == "SIGSTOP" else LONG_S
    with pytest.raises(TaskFailed, match="progress" if sign == "SIGSTOP" else "died") as caught:
        host.run(job, timeout_s=LONG_S, stall_s=stall_s, progress=strike)
    assert caught.value.retryable
    assert gone(before)
    assert left_in(tmp_path) == []
    assert host.run({"op": "ping"}, timeout_s=LONG_S)["pid"] != before
    report = host.run(swap_job(real_media, real_media.scene, tmp_path / "o.png"), timeout_s=LONG_S)
    assert report["faces_swapped"] == 1


@posix
def test_a_child_that_dies_while_idle_is_not_noticed(host: ChildMediaHost) -> None:
    before = host.run({"op": "ping"}, timeout_s=LONG_S)["pid"]
    os.kill(before, signal.SIGKILL)
    assert eventually(lambda: gone(before))
    assert host.run({"op": "ping"}, timeout_s=LONG_S)["pid"] != before


def test_a_job_that_takes_too_long_is_ended(
    host: ChildMediaHost, real_media: Any, long_clip: Path, tmp_path: Path
) -> None:
    with pytest.raises(TaskFailed, match="longer than 1 s"):
        host.run(swap_job(real_media, long_clip, tmp_path / "out.mp4"), timeout_s=1.0)
    assert left_in(tmp_path) == []


@pytest.mark.parametrize("op", ["swap", "detect"])
def test_a_stop_is_obeyed_and_the_child_stays(
    host: ChildMediaHost, real_media: Any, long_clip: Path, tmp_path: Path, op: str
) -> None:
    job = {
        **swap_job(real_media, long_clip, tmp_path / "out.mp4"),
        "op": op,
        "path": str(long_clip),
        "crops_dir": str(tmp_path / "crops"),
    }

    def stays() -> bool:
        """Whether a child obeyed in the half second that it is given, and is still there."""
        wanted = threading.Event()
        before = host.run({"op": "ping"}, timeout_s=LONG_S)["pid"]

        def note(told: dict[str, Any]) -> None:
            if told["frames_done"]:
                wanted.set()

        with pytest.raises(Canceled):
            host.run(job, timeout_s=LONG_S, should_stop=wanted.is_set, progress=note)
        assert left_in(tmp_path) == []
        return host.run({"op": "ping"}, timeout_s=LONG_S)["pid"] == before

    # A busy machine may not give it that half second each time.
    assert any(stays() for _ in range(6))
    # The wish was about that job, not about the next.
    report = host.run(swap_job(real_media, real_media.scene, tmp_path / "o.png"), timeout_s=LONG_S)
    assert report["faces_swapped"] == 1


@posix
def test_a_child_that_cannot_obey_is_killed_within_a_second(
    host: ChildMediaHost, real_media: Any, long_clip: Path, tmp_path: Path
) -> None:
    pid = host.run({"op": "ping"}, timeout_s=LONG_S)["pid"]
    wanted = threading.Event()

    def freeze(told: dict[str, Any]) -> None:
        if told["frames_done"]:
            os.kill(pid, signal.SIGSTOP)
            wanted.set()

    with pytest.raises(Canceled):
        host.run(
            swap_job(real_media, long_clip, tmp_path / "out.mp4"),
            timeout_s=LONG_S,
            should_stop=wanted.is_set,
            progress=freeze,
        )
    assert gone(pid)


def test_a_callback_that_fails_ends_the_job(
    host: ChildMediaHost, real_media: Any, long_clip: Path, tmp_path: Path
) -> None:
    def fail(told: dict[str, Any]) -> None:
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        host.run(
            swap_job(real_media, long_clip, tmp_path / "out.mp4"), timeout_s=LONG_S, progress=fail
        )
    assert host.run({"op": "ping"}, timeout_s=LONG_S)["ready"]
    assert left_in(tmp_path) == []


@linux
def test_a_job_that_needs_too_much_memory_says_so(real_media: Any, tmp_path: Path) -> None:
    scene = tmp_path / "large.png"
    Image.fromarray(np.zeros((7000, 7000, 3), np.uint8)).save(scene, compress_level=1)
    with ChildMediaHost(1, memory_limit_bytes=300 << 20) as host:
        before = host.run({"op": "ping"}, timeout_s=LONG_S)["pid"]
        with pytest.raises(MediaTooLarge, match="300 MiB"):
            host.run(swap_job(real_media, scene, tmp_path / "out.png"), timeout_s=LONG_S)
        assert eventually(lambda: gone(before))
        report = host.run(
            swap_job(real_media, real_media.scene, tmp_path / "o.png"), timeout_s=LONG_S
        )
        assert report["faces_swapped"] == 1


@linux
def test_a_child_that_keeps_much_memory_is_replaced(store: ModelStore) -> None:
    with ChildMediaHost(1, keep_bytes=1) as host:
        pids = {host.run({"op": "ping"}, timeout_s=LONG_S)["pid"] for _ in range(2)}
        assert len(pids) == 2
        assert eventually(lambda: all(gone(pid) for pid in pids))


def test_a_child_is_replaced_after_so_many_jobs() -> None:
    with ChildMediaHost(1, "probe", jobs_per_child=3) as host:
        pids = [host.run({"op": "ping"}, timeout_s=LONG_S)["pid"] for _ in range(7)]
    assert [pids.count(pid) for pid in dict.fromkeys(pids)] == [3, 3, 1]


def test_prewarmed_children_are_there_before_any_job(store: ModelStore) -> None:
    with ChildMediaHost(2, "probe", prewarm=True) as host:
        assert eventually(lambda: len(host.pids) == 2)
        assert host.run({"op": "ping"}, timeout_s=LONG_S)["pid"] in host.pids


@posix
def test_a_lost_child_is_replaced_before_the_next_job(
    real_media: Any, long_clip: Path, tmp_path: Path
) -> None:
    with ChildMediaHost(1, prewarm=True) as host:
        lost: list[int] = []

        def strike(told: dict[str, Any]) -> None:
            if not lost:
                lost.extend(host.pids)
                os.kill(lost[0], signal.SIGKILL)

        with pytest.raises(TaskFailed):
            host.run(
                swap_job(real_media, long_clip, tmp_path / "o.mp4"),
                timeout_s=LONG_S,
                progress=strike,
            )
        assert eventually(lambda: len(host.pids) == 1 and host.pids != lost)


def test_two_jobs_run_at_once_and_a_third_waits(
    children: ChildMediaHost, real_media: Any, tmp_path: Path
) -> None:
    together = threading.Barrier(2)
    running: list[int] = []
    most = 0
    lock = threading.Lock()

    def one(number: int) -> int:
        nonlocal most
        first = True

        def told(_: dict[str, Any]) -> None:
            nonlocal first, most
            if first:
                first = False
                with lock:
                    running.append(number)
                    most = max(most, len(running))
                if number < 2:
                    together.wait(LONG_S)

        output = tmp_path / f"{number}.mp4"
        report = children.run(
            swap_job(real_media, real_media.clip, output), timeout_s=LONG_S, progress=told
        )
        with lock:
            running.remove(number)
        return report["faces_swapped"]

    with ThreadPoolExecutor(3) as threads:
        waiting = [threads.submit(one, number) for number in range(2)]
        waiting.append(threads.submit(one, 2))
        assert [one.result(LONG_S) for one in waiting] == [50, 50, 50]
    assert most == 2
    outputs = {(tmp_path / f"{number}.mp4").read_bytes() for number in range(3)}
    assert len(outputs) == 1


def test_a_job_may_say_what_messages_call_its_files(
    children: ChildMediaHost, tmp_path: Path
) -> None:
    path = tmp_path / "3f2a.bin"
    path.write_bytes(b"\x89PNG\r\n\x1a\n nothing more")
    job = {"op": "probe", "path": str(path), "names": {str(path): "my holiday.png"}}
    with pytest.raises(PersonaeError, match=r"^my holiday\.png is damaged"):
        children.run(job, timeout_s=LONG_S)


def test_what_travels_from_chunk_to_chunk_names_no_folder(
    children: ChildMediaHost, real_media: Any, tmp_path: Path
) -> None:
    crowd, like = tmp_path / "crowd.png", tmp_path / "like.png"
    two = [Placed("hopper", 160, 200, 140), Placed("collins", 460, 200, 100)]
    Image.fromarray(compose(two, (640, 400))).save(crowd)
    Image.fromarray(headshot("hopper")).save(like)
    mappings = [{"donors": [str(crowd)], "face": "all"}, {"donors": [str(crowd)]}]
    mappings[1]["like"] = str(like)
    scene = str(real_media.clip)
    run = partial(children.run, timeout_s=LONG_S)
    plan = run({"op": "plan_chunks", "scene": scene, "target_s": 60.0})
    common = {"scene": scene, "mappings": mappings, "options": {}, "chunk": plan["chunks"][0]}
    names = {str(crowd): "us.png", str(like): "you.png"}
    paths = {name: str(tmp_path / name) for name in ("state_out", "plans_out")}
    run({"op": "analyse_chunk", "state_in": None, "names": names, **common, **paths})
    part, output = str(tmp_path / "part.mp4"), str(tmp_path / "out.mp4")
    run({"op": "render_chunk", "plans": [paths["plans_out"]], "output": part, **common})
    join = {"op": "join", "plan": plan, "chunks": [part], "output": output, **common}
    warnings = " ".join(run(join)["warnings"])
    assert "us.png shows 2 faces" in warnings
    assert "Nobody in the scene looks like you.png" in warnings
    for path in (*paths.values(), part):
        assert str(tmp_path).encode() not in Path(path).read_bytes()


def test_analysing_and_rendering_in_one_go_gives_the_same_bytes(
    children: ChildMediaHost, real_media: Any, tmp_path: Path
) -> None:
    scene = str(real_media.clip)
    run = partial(children.run, timeout_s=LONG_S)
    plan = run({"op": "plan_chunks", "scene": scene, "target_s": 60.0})
    common = {
        "scene": scene,
        "mappings": real_media.mappings(),
        "options": {"preset": "ultrafast"},
        "chunk": plan["chunks"][0],
    }
    paths = {name: str(tmp_path / name) for name in ("state_out", "plans_out")}
    both, alone = tmp_path / "both.mp4", tmp_path / "alone.mp4"
    run({"op": "analyse_chunk", "state_in": None, "output": str(both), **common, **paths})
    run({"op": "render_chunk", "plans": [paths["plans_out"]], "output": str(alone), **common})
    # At its end each file notes what the content gate saw in which of the two goes.
    one, two = (list(packets_of_chunk(path)) for path in (both, alone))
    assert one
    assert one == two


def test_a_child_that_only_probes_does_nothing_else(real_media: Any, tmp_path: Path) -> None:
    with ChildMediaHost(1, "probe") as host:
        job = swap_job(real_media, real_media.scene, tmp_path / "o.png")
        with pytest.raises(InvalidRequest):
            host.run(job, timeout_s=LONG_S)
        facts = host.run({"op": "probe", "path": str(real_media.clip)}, timeout_s=LONG_S)
        assert facts["kind"] == "video"
        plan = host.run({"op": "plan_chunks", "scene": str(real_media.clip)}, timeout_s=LONG_S)
        assert plan["frames_total"] == 50


@linux
def test_a_child_that_only_probes_loads_no_model(real_media: Any) -> None:
    with ChildMediaHost(1, "probe") as host:
        host.run({"op": "probe", "path": str(real_media.clip)}, timeout_s=LONG_S)
        mapped = Path(f"/proc/{host.pids[0]}/maps").read_text()
    assert "av" in mapped
    for library in ("onnxruntime", "litert", ".tflite", ".onnx"):
        assert library not in mapped


@linux
def test_children_know_no_secrets(monkeypatch: pytest.MonkeyPatch) -> None:
    secrets = {
        "PERSONAE_DATABASE_URL": "postgresql://me:hush@db/personae",
        "AWS_SECRET_ACCESS_KEY": "hush",
        "PERSONAE_SECRET": "hush",
        "SOME_TOKEN": "hush",
    }
    for name, value in secrets.items():
        monkeypatch.setenv(name, value)
    with ChildMediaHost(1, "probe") as host:
        host.run({"op": "ping"}, timeout_s=LONG_S)
        known = Path(f"/proc/{host.pids[0]}/environ").read_bytes()
        command = Path(f"/proc/{host.pids[0]}/cmdline").read_bytes()
    assert b"PATH=" in known
    assert b"hush" not in known + command


@linux
def test_children_hear_that_only_permissive_models_are_allowed() -> None:
    for allowed in (False, True):
        with ChildMediaHost(1, "probe", permissive_only=allowed) as host:
            host.run({"op": "ping"}, timeout_s=LONG_S)
            known = Path(f"/proc/{host.pids[0]}/environ").read_bytes()
        assert (b"PERSONAE_PERMISSIVE_ONLY=true" in known) == allowed


@linux
def test_children_live_under_limits() -> None:
    with ChildMediaHost(1, "probe", memory_limit_bytes=1 << 30, file_limit_bytes=1 << 20) as host:
        host.run({"op": "ping"}, timeout_s=LONG_S)
        lines = Path(f"/proc/{host.pids[0]}/limits").read_text().splitlines()
        score = int(Path(f"/proc/{host.pids[0]}/oom_score_adj").read_text())
    limits = {line[:26].strip(): line[26:].split()[1] for line in lines}
    assert limits["Max core file size"] == "0"
    assert limits["Max file size"] == str(1 << 20)
    assert int(limits["Max open files"]) <= 256
    assert 2 << 30 <= int(limits["Max data size"]) <= (2 << 30) + (os.cpu_count() or 1) * (32 << 20)
    assert score >= 500


@linux
def test_an_output_that_grows_too_large_is_an_error(
    real_media: Any, store: ModelStore, tmp_path: Path
) -> None:
    with ChildMediaHost(1, file_limit_bytes=20_000) as host:
        with pytest.raises(MediaError):
            host.run(swap_job(real_media, real_media.clip, tmp_path / "o.mp4"), timeout_s=LONG_S)
        assert left_in(tmp_path) == []
        assert host.run({"op": "ping"}, timeout_s=LONG_S)["ready"]


ORPHANS = """
import json, sys, threading
from personae.adapters.media_host.host import ChildMediaHost

host = ChildMediaHost(2)
job = json.loads(sys.argv[1])
both = threading.Event()

def tell(told):
    if both.is_set():
        print(*host.pids, flush=True)

threading.Thread(
    target=host.run, args=(job,), kwargs={"timeout_s": 60, "progress": tell}, daemon=True
).start()
while not host.pids:
    pass
host.run({"op": "ping"}, timeout_s=60)
both.set()
threading.Event().wait(60)
"""


@posix
@pytest.mark.parametrize("frozen", [False, True])
def test_no_child_outlives_its_parent(
    real_media: Any, store: ModelStore, long_clip: Path, tmp_path: Path, frozen: bool
) -> None:
    import json

    job = json.dumps(swap_job(real_media, long_clip, tmp_path / "out.mp4"))
    if frozen and sys.platform != "linux":
        pytest.skip("only Linux kills children whose threads cannot run")
    parent = subprocess.Popen(
        [sys.executable, "-c", ORPHANS, job], stdout=subprocess.PIPE, text=True
    )
    try:
        assert parent.stdout is not None
        pids: list[int] = []
        while len(pids) < 2:
            pids = [int(word) for word in parent.stdout.readline().split()]
        assert not any(gone(pid) for pid in pids)
        if frozen:
            for pid in pids:
                os.kill(pid, signal.SIGSTOP)
    finally:
        parent.kill()
        parent.wait()
        parent.stdout.close()
    assert eventually(lambda: all(gone(pid) for pid in pids))
    assert left_in(tmp_path) == []


def test_a_job_of_any_length_is_taken_or_refused_and_never_waits(real_media: Any) -> None:
    with ChildMediaHost(1, "probe") as host:
        job = {"op": "probe", "path": str(real_media.clip)}
        assert host.run({**job, "names": {"x": "y" * 900_000}}, timeout_s=LONG_S)["frames"]
        with pytest.raises(InvalidRequest, match="1 MiB"):
            host.run({**job, "names": {"x": "y" * (1 << 20)}}, timeout_s=LONG_S)
        with pytest.raises(ValueError, match="JSON"):
            host.run({**job, "start_s": float("nan")}, timeout_s=LONG_S)
        assert host.run({"op": "ping"}, timeout_s=LONG_S)["ready"]


def test_closing_ends_children_and_jobs(
    real_media: Any, store: ModelStore, long_clip: Path, tmp_path: Path
) -> None:
    host = ChildMediaHost(1)
    job = swap_job(real_media, long_clip, tmp_path / "out.mp4")
    begun = threading.Event()
    with ThreadPoolExecutor(2) as threads:
        running = threads.submit(host.run, job, timeout_s=LONG_S, progress=lambda told: begun.set())
        assert begun.wait(LONG_S)
        waiting = threads.submit(host.run, {"op": "ping"}, timeout_s=LONG_S)
        pids = host.pids
        host.close()
        for one in (running, waiting):
            with pytest.raises(TaskFailed):
                one.result(LONG_S)
    assert eventually(lambda: all(gone(pid) for pid in pids))
    with pytest.raises(TaskFailed):
        host.run({"op": "ping"}, timeout_s=LONG_S)


def test_the_parents_side_loads_no_pixels() -> None:
    program = (
        "import sys\n"
        "import personae.adapters.media_host.host, personae.adapters.media_host.fake\n"
        "print(*sorted({'numpy', 'av', 'PIL', 'cv2', 'onnxruntime'} & set(sys.modules)))"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    )
    assert done.stdout.strip() == ""
