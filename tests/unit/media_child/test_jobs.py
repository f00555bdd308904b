"""What errors and warnings may say about files."""

from __future__ import annotations

import errno
from pathlib import Path

import av.error
import pytest

from personae.errors import MediaUnreadable, PersonaeError
from personae.media_child.jobs import call_files, plain_error
from personae.video.files import output_errors


def test_paths_become_names() -> None:
    job = {
        "scene": "/srv/t1/scene.mp4",
        "mappings": [{"donors": ["/srv/t1/donor_0.png"], "like": "/srv/t1/like.png"}],
        "names": {"/srv/t1/donor_0.png": "me at the beach.png"},
    }
    text = "/srv/t1/donor_0.png is not ideal; /srv/t1/scene.mp4 is like /srv/t1/like.png."
    assert call_files(text, job) == "me at the beach.png is not ideal; scene.mp4 is like like.png."


def test_a_path_that_begins_like_another_is_not_torn_apart() -> None:
    job = {"scene": "/srv/a", "output": "/srv/a.png"}
    assert call_files("/srv/a.png and /srv/a", job) == "a.png and a"


def test_a_named_file_is_recognised_by_its_last_part_alone() -> None:
    job = {"state_in": "/srv/4f2a.state", "names": {"/srv/4f2a.state": "chunk 2"}}
    assert call_files("The working file 4f2a.state is cut off.", job) == (
        "The working file chunk 2 is cut off."
    )


def test_what_a_client_calls_a_file_is_not_renamed_itself() -> None:
    job = {
        "scene": "/srv/a/media.jpg",
        "mappings": [{"donors": ["/srv/b/media.jpg"]}],
        "names": {"/srv/a/media.jpg": "media.jpg (asset_1)", "/srv/b/media.jpg": "asset_2"},
    }
    text = "/srv/a/media.jpg shows nobody like /srv/b/media.jpg"
    assert call_files(text, job) == "media.jpg (asset_1) shows nobody like asset_2"


@pytest.mark.parametrize("value", ["largest", "", 3, None])
def test_what_is_no_path_is_left_alone(value: object) -> None:
    assert call_files("The largest face is at 3.", {"face": value}) == "The largest face is at 3."


@pytest.mark.parametrize(
    ("number", "code", "fault"),
    [(errno.ENOSPC, "task_failed", "platform"), (errno.ENOENT, "media_unreachable", "caller")],
)
def test_a_full_disk_of_ours_is_no_clients_fault(number: int, code: str, fault: str) -> None:
    path = Path("/srv/t1/output.mp4")
    with pytest.raises(PersonaeError) as caught, output_errors(path):
        raise OSError(number, "whatever")
    told = plain_error(caught.value, {"output": str(path)})
    assert (told["code"], told["fault"], told["retryable"]) == (code, fault, number == errno.ENOSPC)
    assert "/srv" not in told["message"]


def test_a_file_that_ends_too_early_is_not_the_disks_fault(tmp_path: Path) -> None:
    path = tmp_path / "short.webm"
    path.write_bytes(b"\x1a\x45\xdf\xa3 and no more")
    error = MediaUnreadable("It does not decode.")
    error.__cause__ = av.error.OSError(errno.EIO, "Input/output error")
    assert plain_error(error, {"path": str(path)})["code"] == "media_unreadable"
    error.__cause__ = OSError(errno.EIO, "Input/output error")
    assert plain_error(error, {"path": str(path)})["code"] == "task_failed"
