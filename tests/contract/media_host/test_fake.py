"""What only the fake can: play misfortunes that its script, or a file, asks for."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from personae.adapters.media_host.fake import FakeMediaHost, fake_media
from personae.errors import Canceled, SeveralFaces, TaskFailed


def swap(folder: Path, **script: Any) -> dict[str, Any]:
    """A job on a video that says what befalls it."""
    (folder / "scene.mp4").write_bytes(fake_media("video/mp4", **script))
    (folder / "donor.png").write_bytes(fake_media())
    return {
        "op": "swap",
        "scene": str(folder / "scene.mp4"),
        "output": str(folder / "out.mp4"),
        "mappings": [{"donors": [str(folder / "donor.png")], "face": "largest"}],
    }


def test_a_file_can_name_the_error(tmp_path: Path) -> None:
    job = swap(tmp_path, error={"code": "several_faces", "message": "Two."})
    with pytest.raises(SeveralFaces, match="Two"):
        FakeMediaHost().run(job, timeout_s=5)


def test_a_child_that_dies_twice_then_does_its_work(tmp_path: Path) -> None:
    host, job = FakeMediaHost(), swap(tmp_path, crash=2)
    for _ in range(2):
        with pytest.raises(TaskFailed):
            host.run(job, timeout_s=5)
    assert host.run(job, timeout_s=5)["kind"] == "video"
    assert len(host.jobs) == 3


def test_misfortunes_befall_the_jobs_they_are_meant_for(tmp_path: Path) -> None:
    host, job = FakeMediaHost(), swap(tmp_path, crash=True, ops=["swap"])
    assert host.run({"op": "probe", "path": job["scene"]}, timeout_s=5)["kind"] == "video"
    with pytest.raises(TaskFailed):
        host.run(job, timeout_s=5)


def test_a_hang_ends_with_stall_or_stop(tmp_path: Path) -> None:
    host, job = FakeMediaHost(), swap(tmp_path, hang=True)
    with pytest.raises(TaskFailed, match="nothing"):
        host.run(job, timeout_s=60, stall_s=0.1)
    asked: list[int] = []

    def after_a_while() -> bool:
        asked.append(1)
        return len(asked) > 3

    with pytest.raises(Canceled):
        host.run(job, timeout_s=60, stall_s=60, should_stop=after_a_while)
    assert not Path(job["output"]).exists()


def test_a_job_that_takes_too_long_ends(tmp_path: Path) -> None:
    with pytest.raises(TaskFailed, match="too long"):
        FakeMediaHost().run(swap(tmp_path, sleep_s=60), timeout_s=0.1)


def test_the_script_of_the_host_is_for_files_without_one(tmp_path: Path) -> None:
    host = FakeMediaHost(script={"duration_s": 7.0, "faces": 3})
    (tmp_path / "plain.mp4").write_bytes(b"\0\0\0\x18ftypisom")
    facts = host.run({"op": "probe", "path": str(tmp_path / "plain.mp4")}, timeout_s=5)
    assert (facts["duration_s"], facts["frames"]) == (7.0, 175)
    job = swap(tmp_path, duration_s=1.0)
    assert host.run({"op": "probe", "path": job["scene"]}, timeout_s=5)["duration_s"] == 1.0


def test_pieces_joined_are_the_whole(tmp_path: Path) -> None:
    host, job = FakeMediaHost(), swap(tmp_path, duration_s=25)
    host.run(job, timeout_s=5)
    common = {"scene": job["scene"], "mappings": job["mappings"]}
    plan = host.run({"op": "plan_chunks", "scene": job["scene"], "target_s": 10.0}, timeout_s=5)
    assert [chunk["frames"] for chunk in plan["chunks"]] == [250, 250, 125]
    state: str | None = None
    for chunk in plan["chunks"]:
        name = tmp_path / str(chunk["index"])
        paths = {"state_in": state, "state_out": f"{name}.state", "plans_out": f"{name}.plans"}
        host.run({"op": "analyse_chunk", "chunk": chunk, **common, **paths}, timeout_s=5)
        state = paths["state_out"]
        render = {"plans": [f"{name}.plans"], "output": f"{name}.part"}
        host.run({"op": "render_chunk", "chunk": chunk, **common, **render}, timeout_s=5)
    parts = [str(tmp_path / f"{chunk['index']}.part") for chunk in plan["chunks"]]
    join = {"op": "join", "scene": job["scene"], "plan": plan, "output": str(tmp_path / "j.mp4")}
    report = host.run({**join, "chunks": parts}, timeout_s=5)
    assert report["frames"] == plan["frames_total"] == 625
    assert (tmp_path / "j.mp4").read_bytes() == Path(job["output"]).read_bytes()
    with pytest.raises(TaskFailed, match="missing"):
        host.run({**join, "chunks": parts[::2]}, timeout_s=5)
