"""What only a folder can get wrong."""

from __future__ import annotations

import asyncio
import os
import signal
import threading
import time
from collections.abc import AsyncIterator
from pathlib import Path
from urllib.parse import parse_qsl, unquote, urlsplit

import pytest

from personae.adapters.blobs import blobs_from_url
from personae.adapters.blobs.local import LocalBlobs
from personae.adapters.blobs.signing import verify
from personae.app.ports import Blobs
from personae.errors import InvalidRequest, Unavailable

SECRET = b"0123456789abcdef"
MIB = 1 << 20


def everything(folder: Path) -> list[str]:
    return sorted(str(p.relative_to(folder)) for p in folder.rglob("*") if p.is_file())


def test_nothing_half_written_is_left_in_the_folder(local_blobs: LocalBlobs) -> None:
    async def breaking() -> AsyncIterator[bytes]:
        yield bytes(3 << 20)
        raise ConnectionResetError

    with pytest.raises(ConnectionResetError):
        asyncio.run(
            local_blobs.put_stream("a/b", breaking(), limit_bytes=1 << 30, content_type="x/y")
        )
    assert everything(local_blobs.root) == []


def test_a_reader_sees_the_old_blob_until_the_new_one_is_whole(local_blobs: LocalBlobs) -> None:
    local_blobs.put_bytes("a", b"old", "x/y")
    seen: list[bytes] = []

    async def looking() -> AsyncIterator[bytes]:
        yield b"n" * (2 << 20)
        seen.append(local_blobs.get_bytes("a"))
        yield b"ew"

    asyncio.run(local_blobs.put_stream("a", looking(), limit_bytes=1 << 30, content_type="x/y"))
    assert seen == [b"old"]
    assert local_blobs.size("a") == (2 << 20) + 2


def test_empty_folders_are_pruned_and_the_root_stays(local_blobs: LocalBlobs) -> None:
    local_blobs.put_bytes("t/one/a", b"x", "x/y")
    local_blobs.put_bytes("t/b", b"x", "x/y")
    local_blobs.delete(["t/one/a"])
    assert not (local_blobs.root / "t/one").exists()
    assert (local_blobs.root / "t").is_dir()
    local_blobs.delete(["t/b"])
    assert local_blobs.root.is_dir()


def test_what_a_killed_process_left_is_swept_after_a_day(tmp_path: Path) -> None:
    parts = tmp_path / ".parts"
    parts.mkdir()
    old, fresh = parts / "old", parts / "fresh"
    old.write_bytes(b"x")
    fresh.write_bytes(b"x")
    os.utime(old, (time.time() - 2 * 86400,) * 2)
    LocalBlobs(tmp_path, "http://x", SECRET)
    assert everything(parts) == ["fresh"]


def test_links_come_back_as_they_were_made(local_blobs: Blobs) -> None:
    url = local_blobs.download_url(
        "t/a.png", filename='Ol\u00e9 & "co".png', content_type="image/png", ttl_s=60
    )
    parts = urlsplit(url)
    assert url.startswith("http://127.0.0.1:9/blobs/t/a.png?op=get&exp=")
    key = unquote(parts.path.removeprefix("/blobs/"))
    permit = verify(SECRET, key, dict(parse_qsl(parts.query)), op="get", now=time.time())
    assert (permit.key, permit.filename, permit.content_type) == (
        "t/a.png", 'Ol\u00e9 & "co".png', "image/png",
    )  # fmt: skip
    url = local_blobs.upload_url("t/u", content_type="video/mp4", size_limit=77, ttl_s=60)
    query = dict(parse_qsl(urlsplit(url).query))
    permit = verify(SECRET, "t/u", query, op="put", now=time.time())
    assert (permit.size_limit, permit.content_type) == (77, "video/mp4")


@pytest.mark.parametrize(
    "url", ["file://host/x", "file:relative", "file:///x?y=1", "ftp://x/y", "x", "", "s3://"]
)
def test_storage_urls_that_mean_nothing_are_refused(url: str) -> None:
    with pytest.raises(InvalidRequest):
        blobs_from_url(url, base_url="http://x", secret=SECRET)


def test_a_short_secret_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InvalidRequest, match="16"):
        blobs_from_url(tmp_path.as_uri(), base_url="http://x", secret=b"short")


def test_a_folder_that_cannot_be_made_is_unavailable(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"")
    with pytest.raises(Unavailable):
        blobs_from_url((tmp_path / "file/x").as_uri(), base_url="http://x", secret=SECRET)


def test_no_secret_shows() -> None:
    from personae.adapters.blobs.s3_links import S3Keys
    from personae.adapters.blobs.signing import SignedLinks

    text = repr(SignedLinks("http://x", SECRET, time.time)) + repr(S3Keys("AKIA", "hush"))
    assert "0123456789abcdef" not in text
    assert "hush" not in text


def test_writing_and_pruning_one_folder_at_once_loses_nothing(local_blobs: LocalBlobs) -> None:
    failures: list[BaseException] = []

    def work(number: int) -> None:
        try:
            for _ in range(40):
                local_blobs.put_bytes(f"t/shared/{number}", b"x", "x/y")
                assert local_blobs.get_bytes(f"t/shared/{number}") == b"x"
                local_blobs.delete([f"t/shared/{number}"])
        except BaseException as error:
            failures.append(error)

    threads = [threading.Thread(target=work, args=(i,)) for i in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert failures == []


def test_a_full_disk_is_unavailable_and_leaves_nothing(local_blobs: LocalBlobs) -> None:
    resource = pytest.importorskip("resource")
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    handler = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (MIB, before[1]))
    try:
        with pytest.raises(Unavailable):
            local_blobs.put_bytes("a", bytes(2 * MIB), "x/y")
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
        signal.signal(signal.SIGXFSZ, handler)
    assert everything(local_blobs.root) == []
