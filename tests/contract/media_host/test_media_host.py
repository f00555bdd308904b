"""What every media host does, the fake as well as the children."""

from __future__ import annotations

import json
import threading
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from abstract import blots
from host_media import CLIP_FRAMES, LONG_S
from personae.adapters.media_host.fake import fake_media
from personae.app.ports import MediaHost
from personae.domain.media import MediaFacts
from personae.errors import (
    Canceled,
    FaceNotFound,
    InvalidRequest,
    MediaUnreachable,
    MediaUnreadable,
    MediaUnsupported,
    PolicyRefused,
    TaskFailed,
)


def do(host: MediaHost, op: str, **fields: Any) -> dict[str, Any]:
    """Run one job; paths may be `Path`."""
    plain = {k: str(v) if isinstance(v, Path) else v for k, v in fields.items()}
    return host.run({"op": op, **plain}, timeout_s=LONG_S)


def test_probe_tells_the_facts(host: MediaHost, media: Any) -> None:
    facts = {
        path.name: MediaFacts(**do(host, "probe", path=path))
        for path in (media.scene, media.clip, media.sound)
    }
    picture, clip, sound = facts.values()
    assert (picture.kind, picture.content_type, picture.frames) == ("picture", "image/png", 1)
    assert (clip.kind, clip.content_type) == ("video", "video/mp4")
    assert (clip.width, clip.height, clip.frames, clip.fps) == (320, 240, CLIP_FRAMES, 25.0)
    assert clip.duration_s == pytest.approx(2.0)
    assert sound.kind == "sound"
    assert sound.content_type.startswith("audio/")
    assert sound.width is None
    assert sound.audio_streams == 1
    assert len(sound.audio_codecs) == 1
    assert clip.audio_codecs == ()


def test_files_that_cannot_be_used_are_refused_by_name_without_folder(
    host: MediaHost, tmp_path: Path
) -> None:
    (tmp_path / "empty.png").touch()
    (tmp_path / "letter.mp4").write_text("Dear Madam or Sir, " * 50)
    for name, kind in (
        ("missing.png", MediaUnreachable),
        ("empty.png", MediaUnreadable),
        ("letter.mp4", MediaUnsupported),
    ):
        with pytest.raises(kind) as caught:
            do(host, "probe", path=tmp_path / name)
        assert name in caught.value.message
        assert str(tmp_path) not in caught.value.message


def test_an_unknown_job_is_refused(host: MediaHost) -> None:
    with pytest.raises(InvalidRequest):
        do(host, "paint")


def test_a_swap_writes_its_output_and_says_what_it_did(
    host: MediaHost, media: Any, tmp_path: Path
) -> None:
    output = tmp_path / "out.png"
    report = do(host, "swap", scene=media.scene, output=output, mappings=media.mappings())
    assert output.stat().st_size > 0
    assert output.read_bytes() != media.scene.read_bytes()
    assert report.pop("elapsed_s") >= 0
    seen = report.pop("gate")
    assert {role: (one["looked"], one["limit"]) for role, one in seen.items()} == dict.fromkeys(
        ("donor", "scene", "output"), (1, 0.7)
    )
    assert all(0 <= one["highest"] < 0.2 for one in seen.values())
    assert report == {
        "kind": "picture",
        "frames": 1,
        "frames_lost": 0,
        "faces_swapped": 1,
        "engine": "mesh",
        "restorer": None,
        "label": None,
        "warnings": [],
    }


def test_a_video_swap_tells_its_progress(host: MediaHost, media: Any, tmp_path: Path) -> None:
    told: list[dict[str, Any]] = []
    report = host.run(
        {
            "op": "swap",
            "scene": str(media.clip),
            "output": str(tmp_path / "out.mp4"),
            "mappings": media.mappings(),
            "options": {"strength": 1.0, "start_s": None},
        },
        timeout_s=LONG_S,
        progress=told.append,
    )
    assert report["kind"] == "video"
    assert report["frames"] == report["faces_swapped"] == CLIP_FRAMES
    assert told
    for one in told:
        assert set(one) == {"phase", "frames_done", "frames_total", "fps", "remaining_s"}
    assert told[-1]["frames_total"] == CLIP_FRAMES
    done = [one["frames_done"] for one in told if one["frames_done"] is not None]
    assert done == sorted(done)


def test_the_same_swap_gives_the_same_bytes(host: MediaHost, media: Any, tmp_path: Path) -> None:
    outputs = [tmp_path / f"{i}.png" for i in range(2)]
    for output in outputs:
        do(host, "swap", scene=media.scene, output=output, mappings=media.mappings())
    first, second = (output.read_bytes() for output in outputs)
    assert first == second


@pytest.mark.parametrize("role", ["donor", "scene", "reference"])
def test_who_is_missing_is_said_by_role(
    host: MediaHost, media: Any, tmp_path: Path, role: str
) -> None:
    nobody = str(media.nobody)
    scene = nobody if role == "scene" else str(media.scene)
    changes: dict[str, Any] = {"donor": {"donors": [nobody]}, "reference": {"like": nobody}}
    with pytest.raises(FaceNotFound) as caught:
        do(
            host,
            "swap",
            scene=scene,
            output=tmp_path / "out.png",
            mappings=media.mappings(**changes.get(role, {})),
        )
    assert caught.value.role == role
    assert not list(tmp_path.iterdir())


def test_a_swap_without_mappings_is_refused(host: MediaHost, media: Any, tmp_path: Path) -> None:
    with pytest.raises(InvalidRequest):
        do(host, "swap", scene=media.scene, output=tmp_path / "out.png", mappings=[])


@pytest.mark.parametrize("which", ["scene", "clip"])
def test_detect_lists_faces_with_crops(
    host: MediaHost, media: Any, tmp_path: Path, which: str
) -> None:
    path: Path = getattr(media, which)
    crops = tmp_path / "crops"
    faces = do(host, "detect", path=path, crops_dir=crops, kind="image")["faces"]
    assert len(faces) == 1
    [face] = faces
    assert face["face_id"] == 0
    assert len(face["box_xyxy"]) == 4
    assert len(face["points"]) == 5
    assert set(face["pose"]) == {"yaw", "pitch", "roll"}
    assert face["first_s"] <= face["last_s"]
    assert (face["last_s"] > 0) == (which == "clip")
    assert [path.name for path in crops.iterdir()] == [face["crop"]]
    embedding: list[float] = face["embedding"]
    assert len(embedding) == 128
    assert sum(v * v for v in embedding) == pytest.approx(1, abs=1e-4)


def test_detect_of_nobody_is_an_empty_list(host: MediaHost, media: Any, tmp_path: Path) -> None:
    answer = do(host, "detect", path=media.nobody, crops_dir=tmp_path / "crops", kind="image")
    assert answer["faces"] == []
    assert answer["gate"]["scene"]["looked"] == 1


def test_a_face_that_was_detected_can_be_mapped(
    host: MediaHost, media: Any, tmp_path: Path
) -> None:
    faces = do(host, "detect", path=media.clip, crops_dir=tmp_path / "c", kind="video")["faces"]
    like = json.loads(json.dumps(faces[0]["embedding"]))
    mappings = media.mappings(face=None, like_embedding=like)
    output = tmp_path / "out.mp4"
    report = do(host, "swap", scene=media.clip, output=output, mappings=mappings)
    assert report["faces_swapped"] == CLIP_FRAMES


@pytest.mark.parametrize("ending", ["jpg", "png"])
@pytest.mark.parametrize("time_s", [None, 1.0])
def test_preview_writes_one_picture(
    host: MediaHost, media: Any, tmp_path: Path, ending: str, time_s: float | None
) -> None:
    output = tmp_path / f"preview.{ending}"
    report = do(
        host, "preview", scene=media.clip, time_s=time_s, output=output, mappings=media.mappings()
    )
    assert (report["kind"], report["frames"], report["faces_swapped"]) == ("picture", 1, 1)
    content_type = "image/png" if ending == "png" else "image/jpeg"
    assert do(host, "probe", path=output)["content_type"] == content_type


def test_ping_says_who_is_there(host: MediaHost) -> None:
    answer = do(host, "ping")
    assert answer["ready"] is True
    assert answer["pid"] > 0


def test_a_job_that_nobody_wants_any_more_does_not_start(
    host: MediaHost, media: Any, tmp_path: Path
) -> None:
    job = {"op": "swap", "scene": str(media.scene), "output": str(tmp_path / "out.png")}
    with pytest.raises(Canceled):
        host.run({**job, "mappings": media.mappings()}, timeout_s=LONG_S, should_stop=lambda: True)
    assert not list(tmp_path.iterdir())


def test_a_job_that_waits_for_a_place_can_be_canceled(host: MediaHost, media: Any) -> None:
    release = threading.Event()
    begun = threading.Semaphore(0)

    def hold(_: Mapping[str, Any]) -> None:
        begun.release()
        release.wait(LONG_S)

    job = {"op": "detect", "path": str(media.clip), "crops_dir": str(media.clip.parent / "held")}
    with ThreadPoolExecutor(2) as threads:
        both = [threads.submit(host.run, job, timeout_s=2 * LONG_S, progress=hold) for _ in "12"]
        try:
            for _ in both:
                assert begun.acquire(timeout=LONG_S)
            stop = threading.Timer(0.2, lambda: None)
            stop.start()
            with pytest.raises(Canceled):
                host.run({"op": "ping"}, timeout_s=1, should_stop=lambda: not stop.is_alive())
        finally:
            release.set()
        assert all(one.result()["faces"] for one in both)
    assert do(host, "ping")["ready"]


def chunks_of(host: MediaHost, media: Any) -> dict[str, Any]:
    """The clip in several pieces: its key frames lie 10 frames apart."""
    plan = do(host, "plan_chunks", scene=media.clip, target_s=0.4)
    assert len(plan["chunks"]) > 2
    return plan


def analysed(
    host: MediaHost, media: Any, plan: dict[str, Any], folder: Path, **changes: Any
) -> list[str]:
    """The plans of all chunks, made one after the other."""
    state: Path | None = None
    plans: list[str] = []
    for chunk in plan["chunks"]:
        after = folder / f"{chunk['index']}.state"
        plans.append(str(folder / f"{chunk['index']}.plans"))
        answer = do(
            host,
            "analyse_chunk",
            scene=media.clip,
            chunk=chunk,
            mappings=media.mappings(**changes),
            options={"preset": "ultrafast"},
            state_in=state,
            state_out=after,
            plans_out=plans[-1],
        )
        assert answer["frames"] == answer["faces_swapped"] == chunk["frames"]
        assert answer["decided_to"] == chunk["first_frame"] + chunk["frames"]
        state = after
    return plans


def rendered(
    host: MediaHost, media: Any, chunk: dict[str, Any], plans: list[str], output: Path
) -> str:
    answer = do(
        host,
        "render_chunk",
        scene=media.clip,
        chunk=chunk,
        mappings=media.mappings(),
        options={"preset": "ultrafast"},
        plans=plans,
        output=output,
    )
    assert answer == {"frames": chunk["frames"]}
    return str(output)


def joined(
    host: MediaHost, media: Any, plan: dict[str, Any], parts: list[str], output: Path
) -> dict[str, Any]:
    return do(
        host,
        "join",
        scene=media.clip,
        chunks=parts,
        plan=plan,
        options={"preset": "ultrafast"},
        output=output,
    )


def test_a_plan_covers_the_clip(host: MediaHost, media: Any) -> None:
    plan = chunks_of(host, media)
    assert plan["frames_total"] == CLIP_FRAMES
    expected = 0
    for index, chunk in enumerate(plan["chunks"]):
        assert (chunk["index"], chunk["first_frame"]) == (index, expected)
        expected += chunk["frames"]
    assert expected == CLIP_FRAMES
    assert json.loads(json.dumps(plan)) == plan
    assert do(host, "plan_chunks", scene=media.clip, target_s=0.4) == plan
    assert len(do(host, "plan_chunks", scene=media.clip, target_s=60.0)["chunks"]) == 1


def test_a_clip_in_pieces_is_the_same_whoever_made_them_in_which_order(
    host: MediaHost, media: Any, tmp_path: Path
) -> None:
    plan = chunks_of(host, media)
    plans = analysed(host, media, plan, tmp_path)
    outputs: list[bytes] = []
    for turn, order in enumerate((plan["chunks"], plan["chunks"][::-1])):

        def part(chunk: dict[str, Any], turn: int = turn) -> Path:
            return tmp_path / f"{turn}-{chunk['index']}.mp4"

        with ThreadPoolExecutor(2) as threads:
            made = [
                threads.submit(rendered, host, media, chunk, plans, part(chunk)) for chunk in order
            ]
            for one in made:
                one.result()
        parts = [str(part(chunk)) for chunk in plan["chunks"]]
        report = joined(host, media, plan, parts, tmp_path / f"{turn}.mp4")
        assert report["frames"] == report["faces_swapped"] == CLIP_FRAMES
        assert (report["frames_lost"], report["warnings"]) == (0, [])
        outputs.append((tmp_path / f"{turn}.mp4").read_bytes())
    assert outputs[0] == outputs[1]
    facts = do(host, "probe", path=tmp_path / "0.mp4")
    assert (facts["kind"], facts["frames"]) == ("video", CLIP_FRAMES)


def test_pieces_that_do_not_belong_together_are_refused(
    host: MediaHost, media: Any, tmp_path: Path
) -> None:
    plan = chunks_of(host, media)
    plans = analysed(host, media, plan, tmp_path)
    first, second = plan["chunks"][:2]
    with pytest.raises((InvalidRequest, TaskFailed)):
        rendered(host, media, second, plans[:1], tmp_path / "o.mp4")
    with pytest.raises((InvalidRequest, TaskFailed)):
        do(
            host,
            "analyse_chunk",
            scene=media.clip,
            chunk=second,
            mappings=media.mappings(),
            options={},
            state_in=None,
            state_out=tmp_path / "s",
            plans_out=tmp_path / "p",
        )
    part = rendered(host, media, first, plans, tmp_path / "first.mp4")
    with pytest.raises((InvalidRequest, TaskFailed)):
        joined(host, media, plan, [part, part, part], tmp_path / "o.mp4")
    assert not {"o.mp4", "s", "p"} & {path.name for path in tmp_path.iterdir()}


@pytest.mark.parametrize("role", ["donor", "scene"])
def test_what_the_content_gate_does_not_let_through(
    host: MediaHost, media: Any, tmp_path: Path, kind: str, role: str
) -> None:
    hot, output = tmp_path / "hot.png", tmp_path / "out.png"
    if kind == "fake":
        hot.write_bytes(fake_media(unsafe=0.9))
    else:
        Image.fromarray(blots()).save(hot)
    donor, scene = (hot, media.scene) if role == "donor" else (media.donor, hot)
    mappings = [{"donors": [str(donor)], "face": "largest"}]
    with pytest.raises(PolicyRefused) as refused:
        do(host, "swap", scene=scene, output=output, mappings=mappings)
    assert (refused.value.role, refused.value.reason) == (role, "nsfw")
    assert refused.value.facts["score"] > refused.value.facts["limit"] == 0.7
    assert not output.exists()


def test_without_limits_nothing_is_looked_at(host: MediaHost, media: Any, tmp_path: Path) -> None:
    output, off = tmp_path / "out.png", ("gate_donor", "gate_scene", "gate_output")
    job = {"scene": media.scene, "output": output, "mappings": media.mappings()}
    assert do(host, "swap", **job, options=dict.fromkeys(off))["gate"] is None
