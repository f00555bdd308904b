"""What every kind of blobs must do; see the conftest for what S3's stand-in does not check."""

from __future__ import annotations

import asyncio
import hashlib
import time
from collections.abc import AsyncIterator, Callable
from functools import cache
from pathlib import Path

import pytest

from personae.app.ports import Blobs, StoredBlob
from personae.errors import InvalidRequest, MediaTooLarge, NotFound

MIB = 1 << 20
SIZES = [0, 1, MIB + 7, 8 * MIB, 19 * MIB + 3]  # Parts are 8 MiB where there are parts.


@cache
def pattern(size: int) -> bytes:
    """Bytes in which every exchange and every gap shows."""
    return (b"".join(i.to_bytes(4, "big") for i in range(size // 4 + 1)))[:size]


def facts(data: bytes) -> StoredBlob:
    return StoredBlob(len(data), hashlib.sha256(data).hexdigest())


async def in_pieces(data: bytes, step: int = 300_007) -> AsyncIterator[bytes]:
    for at in range(0, len(data), step):
        yield data[at : at + step]


def put_stream(
    blobs: Blobs, key: str, chunks: AsyncIterator[bytes], limit_bytes: int = 1 << 30
) -> StoredBlob:
    return asyncio.run(
        blobs.put_stream(key, chunks, limit_bytes=limit_bytes, content_type="video/mp4")
    )


async def read_stream(blobs: Blobs, key: str, **bounds: int) -> bytes:
    return b"".join([bytes(piece) async for piece in await blobs.stream(key, **bounds)])


@pytest.mark.parametrize("size", SIZES)
def test_what_is_streamed_in_comes_out_of_every_door(
    blobs: Blobs, tmp_path: Path, size: int
) -> None:
    data = pattern(size)
    assert put_stream(blobs, "a/b.mp4", in_pieces(data)) == facts(data)
    assert blobs.get_bytes("a/b.mp4") == data
    assert blobs.get_file("a/b.mp4", tmp_path / "copy") == facts(data)
    assert (tmp_path / "copy").read_bytes() == data
    assert asyncio.run(read_stream(blobs, "a/b.mp4")) == data
    assert blobs.size("a/b.mp4") == size


@pytest.mark.parametrize("size", SIZES)
def test_a_file_is_stored_as_it_is(blobs: Blobs, tmp_path: Path, size: int) -> None:
    path = tmp_path / "in"
    path.write_bytes(pattern(size))
    assert blobs.put_file("a/file", path, "image/png") == facts(pattern(size))
    assert blobs.get_bytes("a/file") == pattern(size)


def test_bytes_are_stored_and_overwritten_whole(blobs: Blobs) -> None:
    assert blobs.put_bytes("k", b"first and longer", "text/plain") == facts(b"first and longer")
    assert blobs.put_bytes("k", b"second", "text/plain") == facts(b"second")
    assert blobs.get_bytes("k") == b"second"


@pytest.mark.parametrize(
    ("start", "end"), [(0, 1), (5, 5), (7, 9 * MIB), (9 * MIB, None), (10 * MIB, 99 * MIB)]
)
def test_a_part_can_be_read(blobs: Blobs, start: int, end: int | None) -> None:
    data = pattern(10 * MIB)
    blobs.put_bytes("clip", data, "video/mp4")
    bounds = {"start": start} if end is None else {"start": start, "end": end}
    assert asyncio.run(read_stream(blobs, "clip", **bounds)) == data[start:end]


def test_what_is_missing_is_not_found(blobs: Blobs, tmp_path: Path) -> None:
    reads: list[Callable[[], object]] = [
        lambda: blobs.get_bytes("no/such"),
        lambda: blobs.get_file("no/such", tmp_path / "copy"),
        lambda: asyncio.run(read_stream(blobs, "no/such")),
    ]
    for read in reads:
        with pytest.raises(NotFound, match="no/such"):
            read()
    assert not (tmp_path / "copy").exists()
    assert blobs.size("no/such") is None


def test_a_copy_never_overwrites(blobs: Blobs, tmp_path: Path) -> None:
    blobs.put_bytes("k", b"data", "image/png")
    (tmp_path / "copy").write_bytes(b"mine")
    with pytest.raises(FileExistsError):
        blobs.get_file("k", tmp_path / "copy")
    assert (tmp_path / "copy").read_bytes() == b"mine"


def test_deleting_is_quiet_about_what_is_gone(blobs: Blobs) -> None:
    blobs.put_bytes("t/a", b"1", "image/png")
    blobs.put_bytes("t/b", b"2", "image/png")
    blobs.delete(["t/a", "t/never", "deep/er/never"])
    blobs.delete(["t/a"])
    blobs.delete([])
    assert blobs.size("t/a") is None
    assert blobs.get_bytes("t/b") == b"2"


def test_listing_takes_folders_not_beginnings_of_names(blobs: Blobs) -> None:
    for key in ("t/one/a", "t/one/b/c", "t/oneself", "other"):
        blobs.put_bytes(key, b"x", "image/png")
    soon = time.time() + 60
    assert blobs.list_keys("t/one", soon) == ["t/one/a", "t/one/b/c"]
    assert blobs.list_keys("t/one/", soon) == ["t/one/a", "t/one/b/c"]
    assert blobs.list_keys("", soon) == ["other", "t/one/a", "t/one/b/c", "t/oneself"]
    assert blobs.list_keys("t", time.time() - 3600) == []
    assert blobs.list_keys("nobody", soon) == []


def test_a_stream_that_is_too_long_leaves_nothing(blobs: Blobs) -> None:
    with pytest.raises(MediaTooLarge):
        put_stream(blobs, "big", in_pieces(pattern(10 * MIB)), limit_bytes=9 * MIB)
    assert_empty(blobs)


def test_a_stream_of_exactly_the_limit_is_taken(blobs: Blobs) -> None:
    put_stream(blobs, "big", in_pieces(pattern(MIB)), limit_bytes=MIB)
    assert blobs.size("big") == MIB


def test_a_stream_that_breaks_leaves_nothing(blobs: Blobs) -> None:
    async def breaking() -> AsyncIterator[bytes]:
        async for piece in in_pieces(pattern(10 * MIB)):
            yield piece
        raise ConnectionResetError("the client went away")

    with pytest.raises(ConnectionResetError):
        put_stream(blobs, "half", breaking())
    assert_empty(blobs)


@pytest.mark.parametrize("wait_s", [0.0, 0.02, 0.1])
def test_a_canceled_upload_leaves_nothing(blobs: Blobs, wait_s: float) -> None:
    """Canceled while bytes arrive (the last piece never does), and while they are stored."""

    async def endless() -> AsyncIterator[bytes]:
        async for piece in in_pieces(pattern(20 * MIB)):
            yield piece
        if wait_s == 0.0:
            await asyncio.Event().wait()

    async def run() -> bool:
        putting = asyncio.ensure_future(
            blobs.put_stream("gone", endless(), limit_bytes=1 << 30, content_type="video/mp4")
        )
        await asyncio.sleep(wait_s or 0.2)
        putting.cancel()
        await asyncio.wait({putting})
        return putting.cancelled()

    if asyncio.run(run()):
        assert_empty(blobs)
    else:  # It was faster than we were.
        assert blobs.size("gone") == 20 * MIB


@pytest.mark.parametrize(
    "key",
    ["", "/etc/passwd", "../up", "a/../../up", "a//b", "a/", ".hidden", "a/.parts", "a\\b", "é",
     "a b", "a\n", "a\x00", "C:/x", "a?b", "a%2fb", "x" * 513],
)  # fmt: skip
def test_keys_stay_inside(blobs: Blobs, tmp_path: Path, key: str) -> None:
    uses: list[Callable[[], object]] = [
        lambda: blobs.put_bytes(key, b"x", "image/png"),
        lambda: put_stream(blobs, key, in_pieces(b"x")),
        lambda: blobs.get_bytes(key),
        lambda: blobs.size(key),
        lambda: blobs.delete([key]),
        lambda: blobs.upload_url(key, content_type="image/png", size_limit=1, ttl_s=60),
        lambda: blobs.download_url(key, filename="x", content_type="image/png", ttl_s=60),
    ]
    for use in uses:
        with pytest.raises(InvalidRequest):
            use()


def test_many_writers_of_one_key_leave_one_whole_blob(blobs: Blobs) -> None:
    bodies = [bytes([i]) * (MIB + i) for i in range(6)]

    async def run() -> None:
        await asyncio.gather(
            *(
                blobs.put_stream("k", in_pieces(one), limit_bytes=1 << 30, content_type="x/y")
                for one in bodies
            )
        )

    asyncio.run(run())
    assert blobs.get_bytes("k") in bodies


def assert_empty(blobs: Blobs) -> None:
    assert blobs.list_keys("", time.time() + 60) == []
