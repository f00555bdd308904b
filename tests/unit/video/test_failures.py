"""Whatever fails, wherever: one clear error, no thread left, no file left."""

from __future__ import annotations

import subprocess
import sys
import textwrap
import threading
import weakref
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import clips
from passes import LOSSLESS, identity, leftovers, unchanged
from personae.errors import Canceled, MediaUnreachable
from personae.video.frames import DecodedFrame
from personae.video.reader import VideoReader
from personae.video.stages import run_stages
from personae.video.writer import VideoWriter


class InjectedError(Exception):
    pass


def raise_at(number: int, error: type[BaseException]) -> Callable[[DecodedFrame], DecodedFrame]:
    def step(frame: DecodedFrame) -> DecodedFrame:
        if frame.scene.number == number:
            raise error
        return frame

    return step


def failing_reader(frames: Iterator[DecodedFrame]) -> Iterator[DecodedFrame]:
    for frame in frames:
        if frame.scene.number == 7:
            raise InjectedError
        yield frame


def run_job(scene: Path, output: Path, where: str, error: type[BaseException]) -> None:
    """A job of which one part fails at its seventh frame."""
    step = raise_at(7, error)
    with VideoReader(scene) as reader, VideoWriter(output, reader.shape, LOSSLESS) as writer:

        def sink(frame: DecodedFrame) -> None:
            writer.write(step(frame) if where == "writer" else frame)

        def follow(frames: Iterator[DecodedFrame]) -> Iterator[DecodedFrame]:
            for frame in frames:
                yield step(frame) if where == "follow" else frame

        source: Any = failing_reader(iter(reader)) if where == "reader" else reader
        run_stages(source, follow, step if where == "render" else identity, sink)


@pytest.mark.parametrize("ending", [".mp4", ".mkv"])
@pytest.mark.parametrize("where", ["reader", "follow", "render", "writer"])
def test_a_failure_anywhere_leaves_nothing_behind(tmp_path: Path, where: str, ending: str) -> None:
    scene = clips.rich_clip(tmp_path / "scene.mp4")
    before = set(threading.enumerate())  # other tests' may still be on their way out
    with pytest.raises(InjectedError):
        run_job(scene, tmp_path / f"output{ending}", where, InjectedError)
    assert leftovers(tmp_path) == ["scene.mp4"]
    assert not set(threading.enumerate()) - before


def test_an_interrupt_leaves_nothing_behind(tmp_path: Path) -> None:
    scene = clips.rich_clip(tmp_path / "scene.mp4")
    with pytest.raises(KeyboardInterrupt):
        run_job(scene, tmp_path / "output.mp4", "writer", KeyboardInterrupt)
    assert leftovers(tmp_path) == ["scene.mp4"]


def test_a_request_to_stop_leaves_nothing_behind(tmp_path: Path) -> None:
    scene = clips.rich_clip(tmp_path / "scene.mp4")
    done: list[int] = []
    with pytest.raises(Canceled):
        run_and_stop(scene, tmp_path / "output.mp4", done)
    assert done[-1] >= 3
    assert leftovers(tmp_path) == ["scene.mp4"]


def run_and_stop(scene: Path, output: Path, done: list[int]) -> None:
    with VideoReader(scene) as reader, VideoWriter(output, reader.shape, LOSSLESS) as writer:
        run_stages(
            reader,
            unchanged,
            identity,
            writer.write,
            should_stop=lambda: len(done) >= 3,
            on_progress=done.append,
        )


def test_a_frame_that_the_encoder_refuses_leaves_nothing_behind(tmp_path: Path) -> None:
    # Times that go backwards are the one thing a muxer never takes.
    scene = clips.write_clip(tmp_path / "scene.mp4")
    with pytest.raises(Exception, match=r"output\.mkv"):
        write_twice(scene, tmp_path / "output.mkv")
    assert leftovers(tmp_path) == ["scene.mp4"]


def write_twice(scene: Path, output: Path) -> None:
    with VideoReader(scene) as reader, VideoWriter(output, reader.shape, LOSSLESS) as writer:
        frames = list(reader)
        for frame in [*frames, *frames]:
            writer.write(frame)


FULL_DISK = """
    import resource, signal, sys
    from pathlib import Path
    sys.path[:0] = {path!r}
    from passes import pass_through
    from personae.errors import MediaUnreachable
    signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, ({limit}, {limit}))
    try:
        pass_through(Path({scene!r}), Path({output!r}))
    except MediaUnreachable as error:
        print("refused:", error.message)
"""


@pytest.mark.parametrize("ending", [".mp4", ".mkv"])
def test_a_disk_that_fills_up_is_said_and_cleaned(tmp_path: Path, ending: str) -> None:
    # A process may be told that no file grows beyond a size: the system's answer is of the same
    # kind as on a full disk, without filling one.
    scene = clips.write_clip(tmp_path / "scene.mp4", frames=40)
    script = textwrap.dedent(FULL_DISK).format(
        path=sys.path, limit=300_000, scene=str(scene), output=str(tmp_path / f"output{ending}")
    )
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, timeout=60, check=False
    )
    assert done.stdout.startswith(f"refused: {tmp_path / 'output'}"), done.stderr
    assert "cannot be written" in done.stdout
    assert "Traceback" not in done.stderr
    assert "Exception ignored" not in done.stderr
    assert leftovers(tmp_path) == ["scene.mp4"]


def test_a_folder_that_cannot_be_written_is_said(tmp_path: Path) -> None:
    scene = clips.write_clip(tmp_path / "scene.mp4", frames=2)
    with (
        VideoReader(scene) as reader,
        pytest.raises(MediaUnreachable, match="cannot be written"),
    ):
        # A folder of the kernel's own: nobody, not even root, makes a file there.
        VideoWriter(Path("/proc/output.mp4"), reader.shape).__enter__()


def test_memory_does_not_grow_with_length(tmp_path: Path) -> None:
    # How many frames exist at once is what would grow, so that is counted, not the process's size.
    scene = clips.write_clip(tmp_path / "scene.mp4", frames=300)
    alive, most = _Counter(), [0]

    def count(frames: Iterator[DecodedFrame]) -> Iterator[DecodedFrame]:
        for frame in frames:
            alive.add(frame)
            most[0] = max(most[0], alive.count)
            yield frame

    with VideoReader(scene) as reader:
        writer = VideoWriter(tmp_path / "output.mp4", reader.shape, LOSSLESS)
        with writer:
            run_stages(reader, count, identity, writer.write, workers=2, queue_frames=3)
    assert most[0] <= 3 * 3 + 2 * 2 + 3


class _Counter:
    """Counts objects that are alive, by their finalizers."""

    def __init__(self) -> None:
        self.count = 0
        self._lock = threading.Lock()

    def add(self, frame: DecodedFrame) -> None:
        with self._lock:
            self.count += 1
        weakref.finalize(frame.canvas, self._gone)

    def _gone(self) -> None:
        with self._lock:
            self.count -= 1


def test_edits_are_what_is_encoded(tmp_path: Path) -> None:
    scene = clips.write_clip(tmp_path / "scene.mp4")

    def brighten(frame: DecodedFrame) -> DecodedFrame:
        frame.canvas.add_into((40, 40, 80, 80), np.full((40, 40, 3), 30.0, np.float32))
        return frame

    with VideoReader(scene) as reader:
        writer = VideoWriter(tmp_path / "output.mp4", reader.shape, LOSSLESS)
        with writer:
            run_stages(reader, unchanged, brighten, writer.write, workers=3)
    with VideoReader(scene) as before, VideoReader(tmp_path / "output.mp4") as after:
        for a, b in zip(before, after, strict=True):
            old, new = (f.canvas.region_rgb((0, 0, 160, 120)).astype(int) for f in (a, b))
            assert (new - old)[44:76, 44:76].mean() > 15
            outside = np.ones((120, 160), bool)
            outside[38:82, 38:82] = False
            assert (new == old)[outside].all()
