"""Chunks that were encoded apart become one clip: every frame, every time, everything else."""

from __future__ import annotations

import itertools
from dataclasses import replace
from pathlib import Path

import av
import pytest

from chunking import (
    SOUND,
    decoded_alone,
    encode_chunks,
    pass_through_chunks,
    picture_bytes,
    stream_times,
)
from clips import (
    Track,
    rich_clip,
    rotated_clip,
    ten_bit_clip,
    vfr_clip,
    write_clip,
)
from passes import LOSSLESS, leftovers, packets, pass_through, planes, same_planes, times
from personae.errors import Canceled, FaceNotFound, InvalidRequest, MediaUnreachable, TaskFailed
from personae.video import chunk_joining
from personae.video.chunk_encoding import (
    ChunkWriter,
    decoding_times,
    look_through,
    packets_of_chunk,
)
from personae.video.chunk_plan import ChunkPlan, plan_chunks
from personae.video.chunk_reading import ChunkReader
from personae.video.codecs import EncodeSettings
from personae.video.frames import DecodedFrame
from personae.video.job import ClipOptions, Progress
from personae.video.media import probe
from personae.video.shape import VideoShape

GOP = {"crf": "28", "preset": "ultrafast", "g": "8", "sc_threshold": "0"}


def test_every_frame_and_every_time_comes_through(tmp_path: Path) -> None:
    scene = write_clip(tmp_path / "a.mp4", frames=60, options=GOP, b_frames=2)
    output = tmp_path / "b.mp4"
    report = pass_through_chunks(scene, output, LOSSLESS, least=4)
    assert report.frames == 60
    assert same_planes(planes(output), planes(scene))
    assert times(output) == times(scene)


@pytest.mark.parametrize(
    ("codec", "suffix"),
    [
        *itertools.product(["h264", "hevc"], [".mp4", ".mov", ".mkv"]),
        *itertools.product(["av1"], [".mp4", ".mkv"]),
        *itertools.product(["vp9", "av1"], [".webm"]),
        ("vp9", ".mp4"),
    ],
)
def test_every_codec_joins(tmp_path: Path, codec: str, suffix: str) -> None:
    """What plays are exactly the frames of the chunks, each decoded by itself."""
    scene = write_clip(tmp_path / "a.mp4", frames=48, options=GOP)
    options = ClipOptions(encode=EncodeSettings(codec, crf=30, preset="veryfast"))
    output = tmp_path / f"b{suffix}"
    plan = plan_chunks(scene, target_s=0.6)
    assert len(plan.chunks) == 4
    paths = encode_chunks(scene, tmp_path, plan, options, suffix)
    chunk_joining.join_chunks(scene, plan, paths, options, output)
    assert times(output) == times(scene)
    written = [] if suffix == ".mkv" else stream_times(output)  # which keeps no such times
    assert all(a < b for (_, a), (_, b) in itertools.pairwise(written))
    assert all(dts <= pts for pts, dts in written)
    alone = [frame for path in paths for frame in decoded_alone(path, codec)]
    assert same_planes(planes(output), alone)


@pytest.mark.parametrize("preset", ["ultrafast", "veryfast", "medium"])
def test_decoding_times_are_those_of_a_whole_run(tmp_path: Path, preset: str) -> None:
    scene = write_clip(tmp_path / "a.mp4", frames=60, options=GOP)
    settings = EncodeSettings("h264", crf=28, preset=preset)
    pass_through(scene, tmp_path / "whole.mp4", settings)
    pass_through_chunks(scene, tmp_path / "joined.mp4", settings)
    whole, joined = stream_times(tmp_path / "whole.mp4"), stream_times(tmp_path / "joined.mp4")
    assert sorted(pts for pts, _ in whole) == sorted(pts for pts, _ in joined)
    assert [dts for _, dts in whole] == [dts for _, dts in joined]


@pytest.mark.parametrize("suffix", [".mp4", ".mkv", ".mov"])
def test_everything_else_is_as_in_a_whole_run(tmp_path: Path, suffix: str) -> None:
    scene = rich_clip(tmp_path / "a.mp4", options=GOP)
    whole, joined = tmp_path / f"whole{suffix}", tmp_path / f"joined{suffix}"
    written = pass_through(scene, whole)
    report = pass_through_chunks(scene, joined, LOSSLESS)
    assert report.notes == written.notes
    for kind, which in (("audio", 0), ("audio", 1), ("subtitles", 0)):
        assert packets(joined, kind, which) == packets(whole, kind, which) != []
    one, other = probe(whole), probe(joined)
    assert one.audio == other.audio
    assert (one.duration_s, one.frames) == (other.duration_s, other.frames)
    with av.open(str(whole)) as a, av.open(str(joined)) as b:
        assert a.metadata == b.metadata
        assert a.chapters() == b.chapters() != []
        for x, y in zip(a.streams, b.streams, strict=True):
            # Matroska's statistics tell how many bytes there are.
            drop = {k: v for k, v in x.metadata.items() if "BPS" not in k}
            assert drop == {k: v for k, v in y.metadata.items() if "BPS" not in k}
            assert (x.disposition, x.start_time) == (y.disposition, y.start_time)


def test_a_part_of_a_clip(tmp_path: Path) -> None:
    scene = rich_clip(tmp_path / "a.mp4", options=GOP)
    part = {"start_s": 0.5, "end_s": 1.7}
    pass_through(scene, tmp_path / "whole.mp4", **part)
    report = pass_through_chunks(scene, tmp_path / "joined.mp4", LOSSLESS, **part)
    assert same_planes(planes(tmp_path / "joined.mp4"), planes(tmp_path / "whole.mp4"))
    assert times(tmp_path / "joined.mp4") == times(tmp_path / "whole.mp4")
    assert report.frames == len(times(tmp_path / "whole.mp4")) == 30
    for which in (0, 1):
        joined = packets(tmp_path / "joined.mp4", "audio", which)
        assert joined == packets(tmp_path / "whole.mp4", "audio", which)


@pytest.mark.parametrize("suffix", [".mp4", ".mkv"])
def test_irregular_times_stay_exact(tmp_path: Path, suffix: str) -> None:
    scene = vfr_clip(tmp_path / "a.mkv", options={**GOP, "g": "4"})
    pass_through(scene, tmp_path / f"whole{suffix}")
    pass_through_chunks(scene, tmp_path / f"joined{suffix}", LOSSLESS, target_s=0.2)
    assert times(tmp_path / f"joined{suffix}") == times(scene)
    whole, joined = probe(tmp_path / f"whole{suffix}"), probe(tmp_path / f"joined{suffix}")
    assert joined.duration_s == whole.duration_s


def test_rotated_and_ten_bit_clips_keep_what_they_are(tmp_path: Path) -> None:
    x265 = "log-level=none:keyint=8:min-keyint=8:scenecut=0"
    ten = {"preset": "ultrafast", "crf": "20", "x265-params": x265}
    for scene in (
        rotated_clip(tmp_path / "turned.mp4", 90, frames=40, options=GOP),
        ten_bit_clip(tmp_path / "ten.mp4", frames=40, options=ten),
    ):
        whole, joined = tmp_path / "whole.mp4", tmp_path / "joined.mp4"
        pass_through(scene, whole)
        pass_through_chunks(scene, joined, LOSSLESS)
        assert same_planes(planes(joined), planes(scene))
        one, other = probe(whole), probe(joined)
        assert (one.rotation_deg, one.pixel_format) == (other.rotation_deg, other.pixel_format)


def test_bytes_depend_neither_on_order_nor_on_repetition(tmp_path: Path) -> None:
    scene = rich_clip(tmp_path / "a.mp4", options=GOP)
    outputs = []
    for threads in (1, 3):
        options = ClipOptions(encode=EncodeSettings(crf=25, threads=threads))
        plan = plan_chunks(scene, target_s=0.4)
        folder = tmp_path / str(threads)
        folder.mkdir()
        paths = encode_chunks(scene, folder, plan, options, ".mp4")
        if threads == 3:
            encode_chunks(scene, folder, plan, options, ".mp4")
        output = folder / "b.mp4"
        chunk_joining.join_chunks(scene, plan, paths, options, output)
        outputs.append(output.read_bytes())
    assert outputs[0] == outputs[1]


def test_a_picture_is_one_slice(tmp_path: Path) -> None:
    """x264's threads that share a picture come to other bits now and then, on a busy machine."""
    scene = write_clip(tmp_path / "a.mp4", frames=30, size_wh=(320, 240), options=GOP)
    plan = plan_chunks(scene, target_s=0.4)
    options = ClipOptions(encode=EncodeSettings("h264", preset="veryfast"))
    paths = encode_chunks(scene, tmp_path, plan, options, ".mp4")
    pictures = [record["data"] for path in paths for record in packets_of_chunk(path)]
    assert len(pictures) == 30
    for data in pictures:
        # ITU-T H.264, 7.3.1 and table 7-1: kinds 1 and 5 are slices.
        units = [part[0] & 31 for part in data.split(b"\0\0\1")[1:]]
        assert sum(kind in (1, 5) for kind in units) == 1


def test_nothing_of_the_working_files_shows_in_the_output(tmp_path: Path) -> None:
    scene = write_clip(tmp_path / "a.mp4", frames=40, options=GOP)
    for name in ("one", "two"):
        (tmp_path / name).mkdir()
        pass_through_chunks(scene, tmp_path / name / "b.mp4", LOSSLESS)
        assert leftovers(tmp_path / name) == ["b.mp4"]
    one, two = (tmp_path / name / "b.mp4" for name in ("one", "two"))
    assert one.read_bytes() == two.read_bytes()
    assert picture_bytes(one) == picture_bytes(two)


@pytest.mark.parametrize(
    ("pts", "reordered", "expected"),
    [
        ([], 2, []),
        ([5], 2, [5]),
        ([0, 1, 2, 3], 0, [0, 1, 2, 3]),
        ([0, 1, 2, 3], 1, [-1, 0, 1, 2]),
        ([0, 3, 1, 2, 4], 0, [-1, 0, 1, 2, 3]),
        ([0, 4, 2, 1, 3], 0, [-2, -1, 0, 1, 2]),
        ([0, 40, 10, 90], 2, [-40, -30, 0, 10]),
        ([10, 20, 30], 5, [-10, 0, 10]),
    ],
)
def test_decoding_times(pts: list[int], reordered: int, expected: list[int]) -> None:
    found = decoding_times(pts, reordered)
    assert found == expected
    assert all(a < b for a, b in itertools.pairwise(found))
    assert all(dts <= one for dts, one in zip(found, pts, strict=True))


class Broken:
    """A plan and its encoded chunks, to be spoilt."""

    def __init__(self, folder: Path) -> None:
        self.scene = write_clip(folder / "a.mp4", frames=40, options=GOP, audio=(Track(),))
        self.plan: ChunkPlan = plan_chunks(self.scene, target_s=0.4)
        self.options = ClipOptions(encode=LOSSLESS)
        self.paths = encode_chunks(self.scene, folder, self.plan, self.options, ".mp4")
        self.output = folder / "b.mp4"

    def join(self) -> None:
        chunk_joining.join_chunks(self.scene, self.plan, self.paths, self.options, self.output)

    def check_refused(self, match: str, error: type[Exception] = TaskFailed) -> None:
        before = leftovers(self.output.parent)
        with pytest.raises(error, match=match):
            self.join()
        assert leftovers(self.output.parent) == before


def test_chunks_that_do_not_fit_are_refused(tmp_path: Path) -> None:
    broken = Broken(tmp_path)
    whole = broken.paths[1].read_bytes()
    broken.paths[1].write_bytes(whole[:-200])
    broken.check_refused("chunk1.mp4 cannot be used")
    data = bytearray(whole)
    data[len(data) // 2] ^= 1
    broken.paths[1].write_bytes(data)
    broken.check_refused("checksum")
    broken.paths[1].write_bytes(whole)

    paths = list(broken.paths)
    broken.paths[1], broken.paths[2] = broken.paths[2], broken.paths[1]
    broken.check_refused("chunk 2 where chunk 1 is needed")
    broken.paths = paths[:-1]
    broken.check_refused("There are")
    broken.paths = [*paths[:-1], tmp_path / "gone.mp4"]
    broken.check_refused("cannot be opened")
    broken.paths = [*paths[:-1], broken.scene]
    broken.check_refused("something else")
    broken.paths = paths
    broken.join()


def test_chunks_of_other_settings_are_refused(tmp_path: Path) -> None:
    broken = Broken(tmp_path)
    broken.options = ClipOptions(encode=EncodeSettings("hevc", crf=30, preset="ultrafast"))
    broken.check_refused("encoded with other settings")


def test_a_join_can_be_stopped(tmp_path: Path) -> None:
    broken = Broken(tmp_path)
    broken.options = ClipOptions(encode=LOSSLESS, should_stop=lambda: True)
    broken.check_refused("stopped", Canceled)


def test_a_join_says_how_far_it_is(tmp_path: Path) -> None:
    job = Broken(tmp_path)
    told: list[Progress] = []
    job.options = replace(job.options, progress=told.append)
    job.join()
    total = job.plan.frames_total
    # First a look through every chunk, then all packets.
    looks = [0] * len(job.plan.chunks)
    assert [one.frames_done for one in told] == [*looks, *range(1, total + 1)]
    assert {one.frames_total for one in told} == {total}


def test_nobody_swapped_is_no_output(tmp_path: Path) -> None:
    broken = Broken(tmp_path)
    chunk = broken.plan.chunks[-1]
    with (
        ChunkReader(broken.scene, chunk) as reader,
        ChunkWriter(broken.paths[-1], chunk.index, reader.shape, LOSSLESS) as writer,
    ):
        for frame in reader:
            writer.write(frame)
        writer.footer = {"faces_cast": 0, "missing": [], "warnings": [], "damage": SOUND}
    broken.check_refused("was swapped", FaceNotFound)


def test_a_failure_while_encoding_leaves_nothing(tmp_path: Path) -> None:
    scene = write_clip(tmp_path / "a.mp4", frames=40, options=GOP)
    chunk = plan_chunks(scene, target_s=0.4).chunks[1]
    before = leftovers(tmp_path)
    with ChunkReader(scene, chunk) as reader:
        frames = list(reader)
        with pytest.raises(RuntimeError, match="enough"):
            _fail_after_one(reader.shape, frames, tmp_path / "c.mp4")
        assert leftovers(tmp_path) == before
        with pytest.raises(MediaUnreachable):
            ChunkWriter(tmp_path / "no" / "c.mp4", 1, reader.shape, LOSSLESS).__enter__()
        with pytest.raises(InvalidRequest, match="cannot be written as"):
            ChunkWriter(tmp_path / "c.avi", 1, reader.shape, LOSSLESS)


def _fail_after_one(shape: VideoShape, frames: list[DecodedFrame], path: Path) -> None:
    with ChunkWriter(path, 1, shape, LOSSLESS) as writer:
        writer.write(frames[0])
        raise RuntimeError("enough")


def test_an_empty_chunk_is_a_chunk(tmp_path: Path) -> None:
    """Of a damaged file, a whole chunk may not decode."""
    scene = write_clip(tmp_path / "a.mp4", frames=40, options=GOP)
    with (
        ChunkReader(scene, plan_chunks(scene).chunks[0]) as reader,
        ChunkWriter(tmp_path / "c.mp4", 3, reader.shape, LOSSLESS) as writer,
    ):
        pass
    _, pts, footer = look_through(tmp_path / "c.mp4", 3)
    assert pts == []
    assert footer["frames"] == writer.frames == 0
