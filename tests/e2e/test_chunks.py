"""Swaps in chunks: the same frames as without, whoever does which chunk, whatever happens."""

from __future__ import annotations

import functools
import subprocess
import sys
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

import personae
from chunking import Job, picture_bytes
from clips import Track, rich_clip, rotated_clip, ten_bit_clip, vfr_clip, write_clip
from e2e.look import frames, times
from faces import SIZE_WH, Name, Placed, Rgb, backdrop, compose, crossing, nodding
from passes import leftovers, packets
from personae import chunked
from personae.errors import Canceled, FaceNotFound, InvalidRequest, MediaError, TaskFailed
from personae.requests.mappings import Parts, parts_of
from personae.requests.options import SwapOptions
from personae.video.chunk_encoding import packets_of_chunk

Donors = Mapping[Name, personae.Donor]
LOSSLESS = SwapOptions(codec="h264", crf=0, preset="ultrafast")
GOP = {"crf": "12", "preset": "ultrafast", "g": "10", "sc_threshold": "0"}
OPEN = {**GOP, "x264-params": "open-gop=1:bframes=3:b-adapt=0:keyint=10:min-keyint=10"}


@functools.cache
def one_person(count: int = 50) -> tuple[Rgb, ...]:
    return tuple(nodding("collins", count))


@functools.cache
def two_people_cross() -> tuple[Rgb, ...]:
    return tuple(compose(placed) for placed in crossing(60))


@functools.cache
def comings_and_goings() -> tuple[Rgb, ...]:
    """Two cuts, one of them at a border; somebody comes in with the first frame of a chunk."""
    left = Placed("collins", 90, 120, 90)
    shots = [compose([left], SIZE_WH, 90)] * 20
    shots += [compose([left, Placed("hopper", 230, 120, 80)], SIZE_WH, 90)] * 14
    shots += [compose([Placed("hopper", 100 + i, 120, 95)], SIZE_WH, 150) for i in range(6)]
    shots += [compose([Placed("collins", 160 - i, 125, 85)], SIZE_WH, 60) for i in range(20)]
    return tuple(shots)


def clip(pictures: Sequence[Rgb], **changes: object) -> Callable[[Path], Path]:
    def write(folder: Path) -> Path:
        filled = {"pictures": pictures, "size_wh": SIZE_WH, "options": GOP, **changes}
        return write_clip(folder / "scene.mp4", **filled)

    return write


def turned(folder: Path) -> Path:
    stored = [np.rot90(picture).copy() for picture in one_person()]
    size_wh = (SIZE_WH[1], SIZE_WH[0])
    path = folder / "scene.mp4"
    return rotated_clip(path, 90, pictures=stored, size_wh=size_wh, options=GOP)


def irregular(folder: Path) -> Path:
    more = {"pictures": one_person(17), "size_wh": SIZE_WH, "options": {**GOP, "g": "3"}}
    return vfr_clip(folder / "scene.mp4", **more)


def ten_bits(folder: Path) -> Path:
    x265 = "log-level=none:keyint=10:min-keyint=10:scenecut=0:open-gop=1:bframes=3"
    options = {"crf": "12", "preset": "ultrafast", "x265-params": x265}
    more = {"pictures": one_person(), "size_wh": SIZE_WH, "options": options}
    return ten_bit_clip(folder / "scene.mp4", **more)


def with_sound(folder: Path) -> Path:
    more = {"pictures": one_person(), "size_wh": SIZE_WH, "options": GOP}
    return rich_clip(folder / "scene.mp4", frames=50, **more)


SCENES: dict[str, Callable[[Path], Path]] = {
    "one person": clip(one_person()),
    "two people cross": clip(two_people_cross()),
    "comings and goings": clip(comings_and_goings()),
    "open gop": clip(one_person(), options=OPEN, b_frames=3),
    "no key frames": clip(one_person(), options={**GOP, "g": "500"}),
    "irregular": irregular,
    "turned": turned,
    "10 bit": ten_bits,
    "two sound tracks": with_sound,
}


def everyone(donors: Donors) -> Parts:
    return parts_of(donors["hopper"], "all", None)


def whole(job: Job, output: Path, parts: Parts) -> personae.SwapReport:
    mappings = [
        personae.Mapping(personae.Donor(r.donor, np.zeros(128, np.float32), 1, ()), r.choice)
        for r in parts.roles
    ]
    return personae.swap_video(job.scene, output, mappings=mappings, options=job.options)


def check_same_frames(one: Path, other: Path) -> None:
    """Same samples, same times."""
    a, b = frames(one), frames(other)
    assert [shown.time for shown in a] == [shown.time for shown in b]
    for x, y in zip(a, b, strict=True):
        for p, q in zip(x.planes, y.planes, strict=True):
            np.testing.assert_array_equal(p, q)


def target_of(name: str) -> float:
    """Chunks shorter than what is looked ahead, and longer ones."""
    return {"no key frames": 0.1, "irregular": 0.15, "one person": 0.3}.get(name, 0.7)


@pytest.mark.parametrize("name", SCENES)
def test_the_frames_are_those_of_a_whole_run(tmp_path: Path, name: str, donors: Donors) -> None:
    scene = SCENES[name](tmp_path)
    parts = everyone(donors)
    job = Job(scene, tmp_path / "job", lambda: parts, LOSSLESS, target_s=target_of(name))
    assert len(job.plan.chunks) > 2
    report = job.run(tmp_path / "joined.mp4")
    expected = whole(job, tmp_path / "whole.mp4", parts)
    check_same_frames(tmp_path / "joined.mp4", tmp_path / "whole.mp4")
    assert times(tmp_path / "joined.mp4") == times(scene)
    assert report.frames == expected.frames
    assert report.faces_swapped == expected.faces_swapped > 0
    assert report.frames_lost == 0
    assert report.notes == expected.warnings
    assert leftovers(tmp_path) == ["job", "joined.mp4", "scene.mp4", "whole.mp4"]


@pytest.mark.parametrize("name", ["two people cross", "comings and goings"])
def test_everyone_keeps_their_face_over_borders(
    tmp_path: Path, name: str, donors: Donors, photos: Mapping[Name, Path]
) -> None:
    scene = SCENES[name](tmp_path)
    mappings = [
        personae.Mapping(donors["hopper"], like=photos["collins"]),
        personae.Mapping(donors["collins"], 1),
    ]
    parts = parts_of(None, "largest", mappings)
    job = Job(scene, tmp_path / "job", lambda: parts, LOSSLESS, target_s=0.4)
    report = job.run(tmp_path / "joined.mp4")
    expected = personae.swap_video(
        scene, tmp_path / "whole.mp4", mappings=mappings, options=LOSSLESS
    )
    check_same_frames(tmp_path / "joined.mp4", tmp_path / "whole.mp4")
    assert (report.faces_swapped, report.notes) == (expected.faces_swapped, expected.warnings)


def test_a_part_with_sound(tmp_path: Path, donors: Donors) -> None:
    scene = with_sound(tmp_path)
    parts = everyone(donors)
    options = SwapOptions(codec="h264", crf=0, preset="ultrafast", start_s=0.5, end_s=1.7)
    job = Job(scene, tmp_path / "job", lambda: parts, options, target_s=0.3)
    job.run(tmp_path / "joined.mp4")
    whole(job, tmp_path / "whole.mp4", parts)
    check_same_frames(tmp_path / "joined.mp4", tmp_path / "whole.mp4")
    for kind, which in (("audio", 0), ("audio", 1), ("subtitles", 0)):
        joined = packets(tmp_path / "joined.mp4", kind, which)
        assert joined == packets(tmp_path / "whole.mp4", kind, which) != []


def test_bytes_depend_neither_on_order_nor_on_who_does_it(tmp_path: Path, donors: Donors) -> None:
    """Twice, rendering backwards, in one go with analysing, and with other files' names."""
    scene = clip(comings_and_goings(), audio=(Track(),))(tmp_path)
    parts = everyone(donors)
    options = SwapOptions(crf=24)
    first = Job(scene, tmp_path / "one", lambda: parts, options)
    first.run(tmp_path / "one.mp4")

    elsewhere = tmp_path / "elsewhere.mp4"
    elsewhere.write_bytes(scene.read_bytes())
    second = Job(elsewhere, tmp_path / "two", lambda: parts, SwapOptions(crf=24, threads=1))
    count = len(second.plan.chunks)
    second.analyse(0)
    second.analyse(0)
    second.render(0)
    second.analyse(1, render=True)
    for index in range(2, count):
        second.analyse(index)
    for index in reversed(range(2, count)):
        second.render(index)
    second.render(0)
    second.join(tmp_path / "two.mp4")
    assert (tmp_path / "one.mp4").read_bytes() == (tmp_path / "two.mp4").read_bytes()
    assert len(picture_bytes(tmp_path / "one.mp4")) > 10_000


@pytest.mark.parametrize("name", ["comings and goings", "open gop", "10 bit"])
def test_one_go_gives_the_bytes_of_two(tmp_path: Path, name: str, donors: Donors) -> None:
    scene = SCENES[name](tmp_path)
    parts = everyone(donors)
    # The content gate notes in working files in which of two goes it saw what.
    options = SwapOptions(crf=24, gate_scene=None, gate_output=None)
    apart = Job(scene, tmp_path / "apart", lambda: parts, options)
    both = Job(scene, tmp_path / "both", lambda: parts, options)
    apart.run(tmp_path / "apart.mp4")
    for chunk in both.plan.chunks:
        both.analyse(chunk.index, render=True)
        for kind in ("state", "plans"):
            expected = apart.path(kind, chunk.index).read_bytes()
            assert both.path(kind, chunk.index).read_bytes() == expected
        one, two = (list(packets_of_chunk(job.path("chunk", chunk.index))) for job in (apart, both))
        assert one
        assert one == two
    both.join(tmp_path / "both.mp4")
    assert (tmp_path / "both.mp4").read_bytes() == (tmp_path / "apart.mp4").read_bytes()


_CHILD = """
import sys
from pathlib import Path
from chunking import Job
import personae
from personae.requests.mappings import parts_of
from personae.requests.options import SwapOptions
scene, folder, photo, step, index = sys.argv[1:]
parts = parts_of(personae.prepare_donor(photo), "all", None)
job = Job(Path(scene), Path(folder), lambda: parts, SwapOptions(crf=24, threads=1))
getattr(job, step)(int(index))
"""


def test_every_step_may_be_done_by_another_process(
    tmp_path: Path, donors: Donors, photos: Mapping[Name, Path]
) -> None:
    scene = clip(one_person())(tmp_path)
    parts = everyone(donors)
    here = Job(scene, tmp_path / "here", lambda: parts, SwapOptions(crf=24))
    here.run(tmp_path / "here.mp4")
    there = Job(scene, tmp_path / "there", lambda: parts, SwapOptions(crf=24))
    tests = str(Path(__file__).parent.parent)
    for step, index in (("analyse", 0), ("analyse", 1), ("analyse", 2), ("render", 1)):
        subprocess.run(
            [sys.executable, "-c", _CHILD, scene, there.folder, photos["hopper"], step, str(index)],
            check=True,
            timeout=120,
            cwd=tests,
        )
    for index in (0, 2):
        there.render(index)
    there.join(tmp_path / "there.mp4")
    assert (tmp_path / "here.mp4").read_bytes() == (tmp_path / "there.mp4").read_bytes()


def test_a_face_in_the_last_chunk_only_is_enough(tmp_path: Path, donors: Donors) -> None:
    empty = [backdrop(SIZE_WH, 90)] * 50
    parts = everyone(donors)
    scene = clip([*empty, *one_person(10)])(tmp_path)
    job = Job(scene, tmp_path / "job", lambda: parts, LOSSLESS)
    assert [job.analyse(c.index).faces_swapped for c in job.plan.chunks[:-1]] == [0] * (
        len(job.plan.chunks) - 1
    )
    report = job.run(tmp_path / "joined.mp4")
    assert report.faces_swapped == 10
    whole(job, tmp_path / "whole.mp4", parts)
    check_same_frames(tmp_path / "joined.mp4", tmp_path / "whole.mp4")


def test_what_is_wrong_with_the_whole_is_said_over_the_last_chunk(
    tmp_path: Path, donors: Donors, photos: Mapping[Name, Path]
) -> None:
    scene = clip(one_person(30))(tmp_path)

    def analysed(parts: Parts, folder: str) -> None:
        job = Job(scene, tmp_path / folder, lambda: parts, LOSSLESS)
        for chunk in job.plan.chunks[:-1]:
            job.analyse(chunk.index)
        job.analyse(job.plan.chunks[-1].index)

    with pytest.raises(InvalidRequest, match="no face number 1"):
        analysed(parts_of(donors["hopper"], 1, None), "a")
    mapping = personae.Mapping(donors["hopper"], like=photos["hopper"])
    with pytest.raises(FaceNotFound, match="looks like"):
        analysed(parts_of(None, "largest", [mapping]), "b")
    both = [mapping, personae.Mapping(donors["hopper"], like=photos["collins"])]
    parts = parts_of(None, "largest", both)
    job = Job(scene, tmp_path / "c", lambda: parts, LOSSLESS)
    report = job.run(tmp_path / "joined.mp4")
    assert report.notes == (f"Nobody in the scene looks like {photos['hopper']}.",)
    bare = clip([backdrop(SIZE_WH, 90)] * 30)(tmp_path / "c")
    job = Job(bare, tmp_path / "d", lambda: everyone(donors), LOSSLESS)
    job.analyse(0)
    before = leftovers(job.folder)
    with pytest.raises(FaceNotFound, match="No face was found"):
        job.run(tmp_path / "nothing.mp4")
    assert "nothing.mp4" not in leftovers(tmp_path)
    assert set(before) <= set(leftovers(job.folder))


def test_working_files_that_do_not_fit_are_refused(tmp_path: Path, donors: Donors) -> None:
    scene = clip(one_person())(tmp_path)
    parts = everyone(donors)
    job = Job(scene, tmp_path / "job", lambda: parts, LOSSLESS)
    assert len(job.plan.chunks) == 3
    for chunk in job.plan.chunks:
        job.analyse(chunk.index)
    state, plans = job.path("state", 1), job.path("plans", 1)
    sound = state.read_bytes(), plans.read_bytes()

    for spoilt in (b"", sound[0][:-9], sound[0][:200] + b"?" + sound[0][201:], sound[1]):
        state.write_bytes(spoilt)
        with pytest.raises(TaskFailed, match="working file state1"):
            job.analyse(2)
    state.write_bytes(job.path("state", 0).read_bytes())
    with pytest.raises(TaskFailed, match="not the state before chunk 2"):
        job.analyse(2)
    state.unlink()
    with pytest.raises(TaskFailed, match="cannot be opened"):
        job.analyse(2)

    for spoilt in (b"", sound[1][:-9], sound[1][:-40] + b"?" + sound[1][-39:], sound[0]):
        plans.write_bytes(spoilt)
        with pytest.raises(TaskFailed, match="working file plans1"):
            job.render(1)
    plans.write_bytes(job.path("plans", 0).read_bytes())
    with pytest.raises(TaskFailed, match="no plans for chunk 1"):
        job.render(1)
    assert not job.path("chunk", 1).exists()

    state.write_bytes(sound[0])
    plans.write_bytes(sound[1])
    with pytest.raises(InvalidRequest, match="only the first from none"):
        chunked.analyse_chunk(
            scene,
            job.plan.chunks[1],
            parts,
            LOSSLESS,
            state_in=None,
            state_out=tmp_path / "x",
            plans_out=tmp_path / "y",
        )
    two = parts_of(None, "largest", [personae.Mapping(donors[n], i) for i, n in enumerate(donors)])
    job.parts = lambda: two
    with pytest.raises(TaskFailed, match="not the state before"):
        job.analyse(2)
    with pytest.raises(TaskFailed, match="no plans for chunk"):
        job.render(1)


def test_every_step_can_be_stopped(tmp_path: Path, donors: Donors) -> None:
    scene = clip(one_person())(tmp_path)
    parts = everyone(donors)
    job = Job(scene, tmp_path / "job", lambda: parts, LOSSLESS)
    job.analyse(0)
    before = leftovers(job.folder)
    chunk = job.plan.chunks[1]
    for output in (None, job.path("chunk", 1)):
        with pytest.raises(Canceled):
            chunked.analyse_chunk(
                scene,
                chunk,
                parts,
                LOSSLESS,
                state_in=job.path("state", 0),
                state_out=job.path("state", 1),
                plans_out=job.path("plans", 1),
                output=output,
                should_stop=lambda: True,
            )
    with pytest.raises(Canceled):
        chunked.render_chunk(
            scene,
            job.plan.chunks[0],
            parts,
            LOSSLESS,
            plans=[job.path("plans", 0)],
            output=job.path("chunk", 0),
            should_stop=lambda: True,
        )
    assert leftovers(job.folder) == before


def test_progress_is_told_by_chunk(tmp_path: Path, donors: Donors) -> None:
    scene = clip(one_person())(tmp_path)
    parts = everyone(donors)
    job = Job(scene, tmp_path / "job", lambda: parts, LOSSLESS)
    told: list[personae.Progress] = []
    chunk = job.plan.chunks[0]
    answer = chunked.analyse_chunk(
        scene,
        chunk,
        parts,
        LOSSLESS,
        state_in=None,
        state_out=job.path("state", 0),
        plans_out=job.path("plans", 0),
        progress=told.append,
    )
    assert [one.frames_done for one in told] == list(range(1, chunk.frames + 1))
    assert told[0].frames_total == chunk.frames == answer.frames == answer.decided_to


def test_animations_and_pictures_are_not_for_chunks(tmp_path: Path, donors: Donors) -> None:
    gif, png = tmp_path / "a.gif", tmp_path / "a.png"
    pictures = [Image.fromarray(one) for one in one_person(5)]
    pictures[0].save(png)
    pictures[0].save(gif, save_all=True, append_images=pictures[1:], duration=80)
    plan = chunked.plan_chunks(gif)
    assert len(plan.chunks) == 1
    with pytest.raises(InvalidRequest, match="as a whole"):
        chunked.render_chunk(
            gif, plan.chunks[0], everyone(donors), LOSSLESS, plans=[], output=tmp_path / "b.mp4"
        )
    with pytest.raises(MediaError):
        chunked.plan_chunks(png)
