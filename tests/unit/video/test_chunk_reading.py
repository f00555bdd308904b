"""A chunk's frames are the whole clip's, bit for bit, wherever decoding begins."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import pytest

from chunking import chunk_planes, equal
from clips import (
    Track,
    damaged_copy,
    rotated_clip,
    ten_bit_clip,
    truncated_copy,
    vfr_clip,
    write_clip,
)
from passes import planes
from personae.video.chunk_plan import Chunk, plan_chunks
from personae.video.chunk_reading import BACKS_S, ChunkReader, digest, verified
from personae.video.frames import plane_samples
from personae.video.reader import VideoReader

X264 = {"crf": "30", "preset": "ultrafast", "g": "8", "sc_threshold": "0"}
OPEN = {**X264, "x264-params": "open-gop=1:bframes=3:b-adapt=0:keyint=8:min-keyint=8"}
X265 = "log-level=none:keyint=8:min-keyint=8:scenecut=0:bframes=3:b-adapt=0"

CLIPS: dict[str, Callable[[Path], Path]] = {
    "mp4": lambda d: write_clip(d / "a.mp4", frames=60, options=X264),
    "b-frames": lambda d: write_clip(
        d / "a.mp4", frames=60, options={**X264, "preset": "veryfast"}, b_frames=3
    ),
    "open gop": lambda d: write_clip(d / "a.mp4", frames=60, options=OPEN, b_frames=3),
    "open gop mkv": lambda d: write_clip(d / "a.mkv", frames=60, options=OPEN, b_frames=3),
    "open gop ts": lambda d: write_clip(
        d / "a.ts", frames=60, options=OPEN, b_frames=3, audio=(Track(),)
    ),
    "hevc open gop": lambda d: write_clip(
        d / "a.mp4",
        frames=60,
        codec="libx265",
        options={"preset": "ultrafast", "x265-params": f"{X265}:open-gop=1"},
    ),
    "hevc mkv": lambda d: write_clip(
        d / "a.mkv",
        frames=60,
        codec="libx265",
        options={"preset": "ultrafast", "x265-params": f"{X265}:open-gop=1"},
    ),
    "10 bit": lambda d: ten_bit_clip(
        d / "a.mp4", frames=60, options={"preset": "ultrafast", "x265-params": X265}
    ),
    "vp9": lambda d: write_clip(
        d / "a.webm",
        frames=60,
        codec="libvpx-vp9",
        options={"g": "8", "deadline": "realtime", "cpu-used": "8", "lag-in-frames": "8"},
        time_base=Fraction(1, 25),
    ),
    "av1": lambda d: write_clip(
        d / "a.mkv",
        frames=60,
        codec="libsvtav1",
        options={"preset": "12", "g": "8", "svtav1-params": "lp=1"},
    ),
    "mpeg2": lambda d: write_clip(
        d / "a.ts", frames=60, codec="mpeg2video", options={"g": "8", "b": "2M"}, b_frames=2
    ),
    "mpeg4": lambda d: write_clip(
        d / "a.mp4", frames=60, codec="mpeg4", options={"g": "8"}, b_frames=2
    ),
    "vfr": lambda d: vfr_clip(d / "a.mkv", options={**X264, "g": "4"}),
    "vfr mp4": lambda d: vfr_clip(d / "a.mp4", options={**X264, "g": "4"}),
    "rotated": lambda d: rotated_clip(d / "a.mp4", 90, frames=60, options=X264),
    "no key frames": lambda d: write_clip(
        d / "a.mp4", frames=60, options={**X264, "g": "1000", "preset": "veryfast"}, b_frames=2
    ),
    "refreshed bit by bit": lambda d: write_clip(
        d / "a.ts",
        frames=60,
        options={**X264, "x264-params": "intra-refresh=1:keyint=10:bframes=0"},
    ),
}


@pytest.mark.parametrize("name", CLIPS)
@pytest.mark.parametrize("reading", [{}, {"start_s": 0.2, "end_s": 1.5}], ids=["whole", "range"])
def test_chunks_together_are_the_whole(tmp_path: Path, name: str, reading: dict[str, Any]) -> None:
    if name.startswith("vfr") and reading:
        reading = {"start_s": 0.1, "end_s": 0.7}
    clip = CLIPS[name](tmp_path)
    target_s = 0.06 if name == "no key frames" else 0.15 if name.startswith("vfr") else 0.3
    plan = plan_chunks(clip, target_s=target_s, **reading)
    whole = planes(clip, **reading)
    with VideoReader(clip, **reading) as reader:
        pts = [frame.pts for frame in reader]
    assert len(plan.chunks) > 1
    got = [chunk_planes(clip, chunk, **reading) for chunk in plan.chunks]
    assert [len(one) for one in got] == [chunk.frames for chunk in plan.chunks]
    assert [one for some in got for one, _ in some] == pts
    assert equal([frame for some in got for _, frame in some], whole)


@pytest.mark.parametrize("back_s", BACKS_S)
def test_starting_farther_back_changes_nothing(tmp_path: Path, back_s: float | None) -> None:
    clip = CLIPS["open gop"](tmp_path)
    whole = planes(clip)
    chunk = plan_chunks(clip, target_s=0.3).chunks[3]
    got = chunk_planes(clip, chunk, back_s=back_s)
    assert equal(
        [frame for _, frame in got],
        whole[chunk.first_frame : chunk.first_frame + chunk.frames],
    )


def test_a_long_way_to_a_chunk_is_told(tmp_path: Path) -> None:
    clip = CLIPS["mp4"](tmp_path)
    chunk = plan_chunks(clip, target_s=0.3).chunks[-1]
    assert chunk.first_frame > 40
    told: list[int] = []
    for back_s, times in ((None, 1), (0.0, 0)):
        told.clear()
        with ChunkReader(clip, chunk, back_s=back_s, on_skip=lambda: told.append(1)) as reader:
            assert len(list(reader)) == chunk.frames
        assert len(told) == times


def test_leading_frames_are_no_damage(tmp_path: Path) -> None:
    clip = CLIPS["open gop"](tmp_path)
    for chunk in plan_chunks(clip, target_s=0.3).chunks:
        with ChunkReader(clip, chunk) as reader:
            assert len(list(reader)) == chunk.frames
            assert not reader.damage


def expectations(clip: Path, chunk: Chunk, count: int) -> list[tuple[int, int | None]]:
    """The first frames of a chunk as one who reads the whole clip sees them."""
    with VideoReader(clip) as reader:
        bits = reader.shape.form.bits
        # One by one: what a decoder makes up may come from memory that was given back.
        seen = [(frame.pts, digest(frame, bits)) for frame in reader]
    return list(seen[chunk.first_frame : chunk.first_frame + count])


@pytest.mark.parametrize("where", [0.1, 0.5, 0.9])
@pytest.mark.parametrize("at", [1, 2])
def test_a_start_that_gives_other_pixels_is_noticed(tmp_path: Path, where: float, at: int) -> None:
    """What the decoder makes up for a damaged key frame depends on the frames before it."""
    clip = tmp_path / "a.mkv"
    options = {**X264, "preset": "veryfast", "g": "20", "crf": "20"}
    write_clip(clip, frames=120, options=options, b_frames=2)
    with av.open(str(clip)) as container:
        keys = [(p.pos, p.size) for p in container.demux(video=0) if p.is_keyframe]
    pos, size = keys[2 * at - 1]
    data = bytearray(clip.read_bytes())
    begin = pos + int(size * where)
    data[begin : begin + 60] = bytes(60)
    clip.write_bytes(data)

    plan, whole = plan_chunks(clip, target_s=1), planes(clip)
    assert [chunk.first_frame for chunk in plan.chunks] == [0, 20, 60, 100]
    made: list[float | None] = []

    def readers(chunk: Chunk) -> Iterator[ChunkReader]:
        for back_s in BACKS_S:
            made.append(back_s)
            yield ChunkReader(clip, chunk, back_s=back_s)

    chunk = plan.chunks[at]
    reader, frames = verified(readers(chunk), expectations(clip, chunk, 12))
    with reader:
        bits = reader.shape.form.bits
        got = [[plane_samples(p, bits).copy() for p in f.video.planes] for f in frames]
    assert made == [0.0, 5.0]
    assert equal(got, whole[chunk.first_frame : chunk.first_frame + chunk.frames])


def test_wrong_expectations_end_at_the_beginning_of_the_clip(tmp_path: Path) -> None:
    clip = CLIPS["mp4"](tmp_path)
    chunk = plan_chunks(clip, target_s=0.3).chunks[2]
    (pts, seen), *_ = expectations(clip, chunk, 1)
    assert seen is not None
    made: list[ChunkReader] = []

    def readers() -> Iterator[ChunkReader]:
        for back_s in BACKS_S:
            made.append(ChunkReader(clip, chunk, back_s=back_s))
            yield made[-1]

    reader, frames = verified(readers(), [(pts, seen ^ 1)])
    with reader:
        assert len(list(frames)) == chunk.frames
    assert len(made) == len(BACKS_S)


@pytest.mark.parametrize("spoil", [truncated_copy, damaged_copy])
def test_damaged_files_give_as_many_frames(
    tmp_path: Path, spoil: Callable[[Path, Path], Path]
) -> None:
    whole = write_clip(tmp_path / "a.mkv", frames=100, options={**X264, "crf": "18"})
    clip = spoil(tmp_path / "b.mkv", whole)
    plan = plan_chunks(clip, target_s=0.5)
    with VideoReader(clip) as reader:
        pts = [frame.pts for frame in reader]
    got = [pts for chunk in plan.chunks for pts, _ in chunk_planes(clip, chunk)]
    assert got == pts
    assert len(plan.chunks) > 1


def test_a_chunk_of_which_nothing_decodes_is_empty(tmp_path: Path) -> None:
    clip = write_clip(tmp_path / "a.mp4", frames=50, options=X264)
    behind = Chunk(1, True, 50, 10, start_pts=10**9)
    assert chunk_planes(clip, behind) == []
