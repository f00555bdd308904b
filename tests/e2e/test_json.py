"""``--json``: exactly one object on stdout, with the fields that the documentation names."""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

import personae
from clips import Track, write_clip
from e2e.shell import Ended, personae_command, run
from faces import Name, headshot, nodding
from personae.engine.cards import all_cards, cards


@pytest.fixture
def folder(tmp_path: Path, photos: Mapping[Name, Path]) -> Path:
    os.link(photos["hopper"], tmp_path / "donor.png")
    Image.fromarray(headshot("collins", 110, (200, 240))).save(tmp_path / "scene.png")
    return tmp_path


def clip(folder: Path) -> str:
    pictures = list(nodding("collins", 12))
    write_clip(
        folder / "scene.mp4", pictures=pictures, frames=12, size_wh=(320, 240), audio=(Track(),)
    )
    return "scene.mp4"


def the_object(ended: Ended, code: int = 0) -> dict[str, Any]:
    """Stdout is one JSON object and nothing else, with names that are all known."""
    assert ended.code == code, ended.err
    value, end = json.JSONDecoder().raw_decode(ended.out)
    assert ended.out[end:] == "\n"
    assert isinstance(value, dict)
    return value


SWAP_FIELDS = {
    "output": str,
    "kind": str,
    "frames": int,
    "frames_lost": int,
    "faces_swapped": int,
    "elapsed_s": float,
    "engine": str,
    "restorer": type(None),
    "gate": dict,
    "manifest": str,
    "signed_by": str,
    "label": type(None),
    "warnings": list,
}


def test_swap_a_picture(folder: Path) -> None:
    report = the_object(run(folder, "swap", "donor.png", "scene.png", "-o", "out.png", "--json"))
    assert {name: type(value) for name, value in report.items()} == SWAP_FIELDS
    assert report["output"] == "out.png"
    assert (report["kind"], report["frames"], report["faces_swapped"]) == ("picture", 1, 1)


def test_swap_a_video(folder: Path) -> None:
    report = the_object(
        run(folder, "swap", "donor.png", clip(folder), "-o", "out.mp4", "--json", "--quiet")
    )
    assert {name: type(value) for name, value in report.items()} == SWAP_FIELDS
    assert (report["kind"], report["frames"], report["frames_lost"]) == ("video", 12, 0)
    assert report["faces_swapped"] == 12
    assert report["elapsed_s"] > 0


def test_detect(folder: Path) -> None:
    found = the_object(run(folder, "detect", "scene.png", "--json"))
    assert set(found) == {"file", "size_wh", "at_s", "faces"}
    assert (found["file"], found["size_wh"], found["at_s"]) == ("scene.png", [200, 240], None)
    (face,) = found["faces"]
    assert set(face) == {"index", "box_xyxy", "score", "points", "pose"}
    assert set(face["pose"]) == {"yaw", "pitch", "roll"}
    (known,) = personae.detect(folder / "scene.png")
    assert face["box_xyxy"] == pytest.approx(known.box_xyxy, abs=0.01)
    assert face["points"] == [pytest.approx(point, abs=0.01) for point in known.points.tolist()]
    assert face["score"] == pytest.approx(known.score, abs=1e-4)
    assert face["pose"]["yaw"] == pytest.approx(known.pose.yaw, abs=0.01)


def test_detect_in_a_video(folder: Path) -> None:
    found = the_object(run(folder, "detect", clip(folder), "--at", "0.2", "--json"))
    assert (found["size_wh"], found["at_s"], len(found["faces"])) == ([320, 240], 0.2, 1)


def test_detect_nobody(folder: Path) -> None:
    Image.new("RGB", (80, 60), (90, 120, 90)).save(folder / "lawn.png")
    assert the_object(run(folder, "detect", "lawn.png", "--json"))["faces"] == []


def test_probe(folder: Path) -> None:
    told = the_object(run(folder, "probe", clip(folder), "--json"))
    assert set(told) == {"file", *personae.probe(folder / "scene.mp4").to_json()}
    assert (told["kind"], told["size_wh"], told["frames"]) == ("video", [320, 240], 12)
    assert told["frame_rate"] == "25/1"
    assert told["codec"] == "h264"
    assert [track["codec"] for track in told["audio"]] == ["aac"]
    assert the_object(run(folder, "probe", "scene.png", "--json"))["kind"] == "picture"


def test_models(folder: Path) -> None:
    told = the_object(run(folder, "models", "list", "--json"))
    assert set(told) == {"folder", "models", "problems"}
    assert {model["name"] for model in told["models"]} == {card.name for card in all_cards()}
    needed = {card.name for card in cards()}
    for model in told["models"]:
        assert {
            "name",
            "role",
            "summary",
            "state",
            "licence",
            "source",
            "size_bytes",
            "sha256",
        } <= (set(model))
        if model["name"] in needed:
            assert (model["state"], len(model["sha256"])) == ("ready", 64)
    where = the_object(run(folder, "models", "where", "--json"))
    assert where == {"folder": told["folder"]}
    intact = the_object(run(folder, "models", "verify", "--json"))
    assert set(intact["intact"]) == needed


def test_doctor(folder: Path) -> None:
    told = the_object(run(folder, "doctor", "--json"))
    assert set(told) == {"ok", "findings"}
    assert told["ok"] is True
    for finding in told["findings"]:
        assert set(finding) == {"area", "name", "detail", "ok", "needed"}
        assert not (finding["needed"] and finding["ok"] is False)
    areas = {finding["area"] for finding in told["findings"]}
    assert {"system", "libraries", "video", "compute", "models", "self-test"} <= areas


@pytest.mark.parametrize(
    ("arguments", "code", "name", "role"),
    [
        (("swap", "gone.png", "scene.png", "-o", "out.png"), 3, "media_unreachable", None),
        (("swap", "lawn.png", "scene.png", "-o", "out.png"), 4, "face_not_found", "donor"),
        (("swap", "donor.png", "lawn.png", "-o", "out.png"), 4, "face_not_found", "scene"),
        (("swap", "donor.png", "scene.png", "-o", "out.xyz"), 2, "invalid_request", None),
        (("detect", "gone.png"), 3, "media_unreachable", None),
        (("probe", "empty.png"), 3, "media_unreadable", None),
        (("models", "where", "nosuch"), 2, "invalid_request", None),
    ],
)
def test_errors(
    arguments: tuple[str, ...], code: int, name: str, role: str | None, folder: Path
) -> None:
    Image.new("RGB", (80, 60), (90, 120, 90)).save(folder / "lawn.png")
    (folder / "empty.png").touch()
    ended = run(folder, *arguments, "--json")
    told = the_object(ended, code)
    assert set(told) == {"error", "exit_code"}
    assert told["exit_code"] == code
    assert told["error"]["code"] == name
    assert told["error"].get("role") == role
    assert told["error"]["message"] == ended.error
    assert isinstance(told["error"]["retryable"], bool)


SWAP = ("swap", "donor.png", "scene.png", "-o", "out.png")


@pytest.mark.parametrize(
    ("arguments", "named"),
    [
        ((*SWAP, "--crf", "99"), "--crf"),
        ((*SWAP, "--crf", "good"), "--crf"),
        ((*SWAP, "--strength", "7"), "--strength"),
        ((*SWAP, "--strength", "nan"), "strength"),
        ((*SWAP, "--quality", "0"), "--quality"),
        ((*SWAP, "--threads", "0"), "--threads"),
        ((*SWAP, "--threads", "1.5"), "--threads"),
        ((*SWAP, "--start", "soon"), "--start"),
        ((*SWAP, "--face", "-1"), "--face"),
        ((*SWAP, "--cfr", "9"), "--cfr"),
        (SWAP[:3], "--output"),
        (SWAP[:2], "--output"),
        (("swop",), "swop"),
        (("--swap",), "--swap"),
        (("models", "where", "one", "two"), "two"),
        (("models", "find"), "find"),
    ],
    ids=lambda value: " ".join(value[-2:]) if isinstance(value, tuple) else value,
)
def test_command_lines_that_cannot_be_taken_apart(
    arguments: tuple[str, ...], named: str, folder: Path
) -> None:
    """Refused before any command of ours has begun; whoever reads stdout need not know."""
    ended = run(folder, *arguments, "--json")
    told = the_object(ended, 2)
    assert told["error"]["code"] == "invalid_request"
    assert told["error"]["retryable"] is False
    assert told["exit_code"] == 2
    assert named in told["error"]["message"]
    assert told["error"]["message"] == ended.error
    plain = run(folder, *arguments)
    assert (plain.code, plain.out, plain.error) == (2, "", ended.error)
    assert not (folder / "out.png").exists()


def test_json_is_asked_for_anywhere_but_among_file_names(folder: Path) -> None:
    assert the_object(run(folder, "swap", "--json", "--crf", "x"), 2)["exit_code"] == 2
    assert the_object(run(folder, "swap", "--json"), 2)["exit_code"] == 2
    assert run(folder, "swap", "--crf", "x", "--", "--json").out == ""


@pytest.mark.skipif(os.name != "posix", reason="names are bytes only there")
def test_names_that_stdout_cannot_show(folder: Path) -> None:
    """An answer is never lost to the terminal's encoding, least of all after the work is done."""
    name = "cafe\u0301 \udcff.png"
    ended = run(folder, "swap", "donor.png", "scene.png", "-o", name, "--json", PYTHONUTF8="1")
    assert the_object(ended)["faces_swapped"] == 1
    ended = run(folder, "detect", name, "--json", PYTHONUTF8="0", PYTHONIOENCODING="ascii:strict")
    assert the_object(ended)["file"] == name
    assert ended.out.isascii()


def test_control_characters_in_names_stay_on_one_line(folder: Path) -> None:
    ended = run(folder, "swap", "donor.png", "no\nsuch\x1b[31m.png", "-o", "out.png")
    assert ended.code == 3
    assert ended.error.startswith(r"no\nsuch\x1b[31m.png does not exist")


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="no device that is always full")
def test_an_answer_that_cannot_be_written(folder: Path) -> None:
    with Path("/dev/full").open("w") as full:
        done = subprocess.run(
            personae_command("detect", "scene.png", "--json"),
            cwd=folder,
            stdout=full,
            stderr=subprocess.PIPE,
            text=True,
            timeout=60,
            check=False,
        )
    assert done.returncode == 1
    assert "Traceback" not in done.stderr
    assert done.stderr.count("\n") == 1
    assert "no room" in done.stderr
