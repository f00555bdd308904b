"""Why a file cannot be reached, what to do, and whether trying again can help."""

from __future__ import annotations

import errno
import os
from pathlib import Path

import pytest

from personae.cli.arguments import parse_map
from personae.errors import MediaUnreachable
from personae.video.files import FileAside, check_readable, is_address, output_errors
from personae.video.sniffing import sniff
from personae.video.stills import load_picture

ADDRESS = "https://example.org/clip.mp4"


def test_what_is_missing_stays_missing(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    for path in (tmp_path / "gone.mp4", tmp_path, tmp_path / "nul\0", tmp_path / ("x" * 300)):
        with pytest.raises(MediaUnreachable) as caught:
            check_readable(path, str(path))
        assert not caught.value.retryable
    for path in (tmp_path / "no" / "out.png", tmp_path, tmp_path / "file" / "out.png"):
        with pytest.raises(MediaUnreachable) as caught, FileAside(path):
            pass
        assert not caught.value.retryable


@pytest.mark.parametrize(
    ("number", "retryable"),
    [
        (errno.ENOSPC, True),
        (errno.EDQUOT, True),
        (errno.EMFILE, True),
        (errno.EIO, True),
        (errno.ESTALE, True),
        (errno.EACCES, False),
        (errno.EROFS, False),
        (errno.ENOENT, False),
    ],
)
def test_a_full_disk_may_have_room_later(number: int, retryable: bool) -> None:
    with pytest.raises(MediaUnreachable) as caught, output_errors(Path("out.png")):
        raise OSError(number, os.strerror(number))
    assert caught.value.retryable is retryable


def test_retryable_unless_said_otherwise() -> None:
    assert MediaUnreachable("x").retryable
    assert MediaUnreachable.retryable


@pytest.mark.parametrize("given", [ADDRESS, Path(ADDRESS)], ids=["text", "path"])
def test_an_address_as_input_is_to_be_downloaded_first(given: str | Path) -> None:
    with pytest.raises(MediaUnreachable) as caught:
        load_picture(given, "donor")
    message = caught.value.message
    assert message.startswith(f"The donor {ADDRESS} is an address")
    assert "download it first" in message
    assert not caught.value.retryable
    with pytest.raises(MediaUnreachable, match="download it first"):
        sniff(Path(given))
    with pytest.raises(MediaUnreachable, match="download it first"):
        parse_map(f"{given}=0")


def test_an_address_as_output_is_to_be_uploaded_afterwards() -> None:
    with pytest.raises(MediaUnreachable, match=r"s3://bucket/out\.mp4 is an address.*upload"):
        FileAside(Path("s3://bucket/out.mp4")).__enter__()


def test_paths_are_no_addresses(tmp_path: Path) -> None:
    for name in (
        "C:/out.mp4",
        "a/https:/x",
        "out: 1/x.mp4",
        "/https:/x",
        "file:///tmp/x",
        "https:",
    ):
        assert not is_address(name), name
    (tmp_path / "https:").mkdir()
    (tmp_path / "https:" / "a.mp4").write_bytes(b"x")
    before = Path.cwd()
    os.chdir(tmp_path)
    try:
        assert check_readable(Path("https://a.mp4"), "a folder of that name") == 1
    finally:
        os.chdir(before)
