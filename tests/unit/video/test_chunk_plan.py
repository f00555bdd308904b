"""Where clips are cut: at key frames, by the file and the settings alone."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import av
import pytest
from PIL import Image

from clips import pattern, rich_clip, vfr_clip, write_clip
from passes import times
from personae.errors import Canceled, InvalidRequest, MediaError
from personae.video.chunk_plan import Chunk, ChunkPlan, plan_chunks


def gop(every: int, **more: str) -> dict[str, str]:
    """Encoder options for a key frame every so many frames, and nowhere else."""
    return {"crf": "30", "preset": "ultrafast", "g": str(every), "sc_threshold": "0", **more}


def starts(plan: ChunkPlan) -> list[int]:
    return [chunk.first_frame for chunk in plan.chunks]


def check_whole(plan: ChunkPlan, frames: int) -> None:
    """Chunks follow each other without a gap, and none is empty."""
    assert plan.frames_total == frames == sum(chunk.frames for chunk in plan.chunks)
    assert [chunk.index for chunk in plan.chunks] == list(range(len(plan.chunks)))
    assert [chunk.last for chunk in plan.chunks] == [False] * (len(plan.chunks) - 1) + [True]
    assert plan.chunks[0].start_pts is None
    assert plan.chunks[-1].end_pts is None
    for one, after in zip(plan.chunks, plan.chunks[1:], strict=False):
        assert one.end_pts == after.start_pts is not None
        assert one.first_frame + one.frames == after.first_frame
        assert min(one.frames, after.frames) > 0


def test_chunks_begin_at_key_frames(tmp_path: Path) -> None:
    clip = write_clip(tmp_path / "a.mp4", frames=100, options=gop(10), b_frames=2)
    plan = plan_chunks(clip, target_s=0.7)  # 17.5 frames
    check_whole(plan, 100)
    assert starts(plan) == [0, 10, 30, 50, 70, 90]
    with av.open(str(clip)) as container:
        keys = {p.pts for p in container.demux(video=0) if p.is_keyframe}
    assert {chunk.start_pts for chunk in plan.chunks[1:]} <= keys


def test_the_plan_depends_on_the_file_alone(tmp_path: Path) -> None:
    clip = write_clip(tmp_path / "a.mp4", frames=60, options=gop(7))
    copy = tmp_path / "elsewhere" / "b.mp4"
    copy.parent.mkdir()
    copy.write_bytes(clip.read_bytes())
    assert plan_chunks(clip, target_s=0.4) == plan_chunks(copy, target_s=0.4)


def test_a_short_rest_belongs_to_the_chunk_before(tmp_path: Path) -> None:
    clip = write_clip(tmp_path / "a.mp4", frames=43, options=gop(10))
    assert starts(plan_chunks(clip, target_s=0.8)) == [0, 10, 30]
    assert starts(plan_chunks(clip, target_s=0.3)) == [0, 10, 20, 30, 40]


def test_a_short_clip_is_one_chunk(tmp_path: Path) -> None:
    clip = write_clip(tmp_path / "a.mp4", frames=43, options=gop(10))
    assert len(plan_chunks(clip, target_s=1.1).chunks) > 1
    for target_s in (1.2, 1.5, 10):
        assert len(plan_chunks(clip, target_s=target_s).chunks) == 1


def test_a_clip_of_medium_length_is_cut_finer(tmp_path: Path) -> None:
    """So that several workers end together; but never into crumbs."""
    clip = write_clip(tmp_path / "a.mp4", frames=200, options=gop(2))
    as_wanted = plan_chunks(clip, target_s=2.0)
    check_whole(as_wanted, 200)
    assert starts(as_wanted) == [0, 26, 76, 126, 176]
    finer = plan_chunks(clip, target_s=2.0, pieces=8)  # nearly 25 frames, then a key frame
    check_whole(finer, 200)
    assert starts(finer) == [0, 14, 40, 66, 92, 118, 144, 170]
    finest = plan_chunks(clip, target_s=2.0, pieces=100)
    check_whole(finest, 200)
    assert starts(finest)[:4] == [0, 10, 30, 50]
    assert plan_chunks(clip, target_s=2.0, pieces=4) == as_wanted
    # What is short stays whole.
    assert len(plan_chunks(clip, target_s=6.0, pieces=100).chunks) == 1


def test_without_key_frames_a_chunk_ends_somewhere(tmp_path: Path) -> None:
    clip = write_clip(tmp_path / "a.mp4", frames=100, options=gop(1000))
    plan = plan_chunks(clip, target_s=0.2)  # 5 frames; at most 30
    check_whole(plan, 100)
    assert starts(plan) == [0, 30, 60, 90]


def test_only_frames_of_the_range_count(tmp_path: Path) -> None:
    clip = write_clip(tmp_path / "a.mp4", frames=100, options=gop(10))
    plan = plan_chunks(clip, start_s=0.5, end_s=3.0, target_s=0.8)
    check_whole(plan, len(times(clip, start_s=0.5, end_s=3.0)))
    # The output's clock starts with the range: key frames 30 and 50 lie at 0.7 s and 1.5 s.
    with av.open(str(clip)) as container:
        tick = container.streams.video[0].time_base
    assert [float(c.start_pts * tick) for c in plan.chunks[1:]] == pytest.approx([0.7, 1.5])


def test_irregular_times(tmp_path: Path) -> None:
    clip = vfr_clip(tmp_path / "a.mkv", options=gop(4))
    plan = plan_chunks(clip, target_s=0.2)
    check_whole(plan, 17)
    assert starts(plan) == [0, 4, 8, 12]


def test_sound_and_subtitles_do_not_matter(tmp_path: Path) -> None:
    plan = plan_chunks(rich_clip(tmp_path / "a.mp4", options=gop(10)), target_s=0.4)
    check_whole(plan, 50)
    assert starts(plan) == [0, 10, 20, 30, 40]


def test_animations_and_ambiguous_times_are_one_chunk(tmp_path: Path) -> None:
    gif = tmp_path / "a.gif"
    frames = [Image.fromarray(pattern(n)) for n in range(30)]
    frames[0].save(gif, save_all=True, append_images=frames[1:], duration=100)
    assert plan_chunks(gif, target_s=0.5) == ChunkPlan((Chunk(0, True, 0, 30),), 30)
    raw = write_clip(tmp_path / "a.h264", frames=50, options=gop(5))
    assert len(plan_chunks(raw, target_s=0.3).chunks) == 1
    avi = write_clip(tmp_path / "a.avi", frames=50, codec="mpeg4", options={"g": "5"}, b_frames=2)
    assert len(plan_chunks(avi, target_s=0.3).chunks) == 1


def test_planning_says_how_far_it_is_and_can_be_stopped(tmp_path: Path) -> None:
    clip = write_clip(tmp_path / "a.mp4", frames=60, options=gop(10))
    told: list[int] = []
    plan_chunks(clip, target_s=0.4, on_packet=told.append)
    assert told[:3] == [0, 1, 2]
    assert told[-1] == 60

    def enough(frames: int) -> None:
        if frames == 20:
            raise Canceled

    with pytest.raises(Canceled):
        plan_chunks(clip, target_s=0.4, on_packet=enough)


def test_a_plan_travels_as_json(tmp_path: Path) -> None:
    plan = plan_chunks(write_clip(tmp_path / "a.mp4", frames=60, options=gop(5)), target_s=0.4)
    assert ChunkPlan.from_json(json.loads(json.dumps(plan.to_json()))) == plan


@pytest.mark.parametrize(
    "broken",
    [
        {},
        {"chunks": None, "frames_total": 3},
        {"chunks": [{}], "frames_total": 3},
        {"chunks": [{"index": "0", "last": True, "first_frame": 0, "frames": 3}]},
        {"chunks": [], "frames_total": "many"},
    ],
)
def test_what_is_no_plan_is_refused(broken: Any) -> None:
    with pytest.raises(InvalidRequest, match="plan the video again"):
        ChunkPlan.from_json(broken)


@pytest.mark.parametrize("index", [-1, "0", 1.5, None, True])
def test_what_is_no_chunk_is_refused(index: Any) -> None:
    with pytest.raises(InvalidRequest, match="plan the video again"):
        Chunk.from_json({"index": index, "last": False, "first_frame": 0, "frames": 1})


def test_what_cannot_be_planned(tmp_path: Path) -> None:
    clip = write_clip(tmp_path / "a.mp4")
    for target_s in (0.0, -1.0, float("nan"), float("inf")):
        with pytest.raises(InvalidRequest, match="Chunks of"):
            plan_chunks(clip, target_s=target_s)
    with pytest.raises(InvalidRequest):
        plan_chunks(clip, start_s=100.0)
    picture = tmp_path / "a.png"
    Image.fromarray(pattern(0)).save(picture)
    with pytest.raises(MediaError):
        plan_chunks(picture)
    with pytest.raises(MediaError):
        plan_chunks(tmp_path / "missing.mp4")
