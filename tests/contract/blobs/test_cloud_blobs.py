"""What only an object store can get wrong."""

from __future__ import annotations

import asyncio
import subprocess
import sys
import threading
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import boto3
import pytest

from personae.adapters.blobs import blobs_from_url
from personae.app.ports import Blobs
from personae.errors import Unavailable

MIB = 1 << 20


def unfinished(s3_endpoint: str) -> list[Any]:
    """Multipart uploads that were begun and neither completed nor aborted: they cost money."""
    client = boto3.client("s3", endpoint_url=s3_endpoint)
    return client.list_multipart_uploads(Bucket="personae").get("Uploads", [])


async def blocks(count: int, block: bytes = bytes(MIB)) -> AsyncIterator[bytes]:
    for _ in range(count):
        yield block


def put(blobs: Blobs, chunks: AsyncIterator[bytes], limit_bytes: int = 1 << 30) -> object:
    return blobs.put_stream("k", chunks, limit_bytes=limit_bytes, content_type="video/mp4")


def test_the_store_knows_the_type(s3_endpoint: str, tmp_path: Path) -> None:
    blobs = blobs_from_url("s3://personae/types", base_url="http://x", secret=b"s" * 16)
    (tmp_path / "f").write_bytes(bytes(9 * MIB))
    blobs.put_file("f", tmp_path / "f", "video/mp4")
    blobs.put_bytes("b", b"x", "image/png")
    client = boto3.client("s3", endpoint_url=s3_endpoint)
    for key, kind in (("f", "video/mp4"), ("b", "image/png")):
        assert client.head_object(Bucket="personae", Key=f"types/{key}")["ContentType"] == kind


def test_no_upload_is_left_unfinished(s3_blobs: Blobs, s3_endpoint: str, tmp_path: Path) -> None:
    async def breaking() -> AsyncIterator[bytes]:
        async for block in blocks(20):
            yield block
        raise ConnectionResetError

    async def cancel() -> None:
        doing = asyncio.ensure_future(put(s3_blobs, blocks(40)))
        await asyncio.sleep(0.15)
        doing.cancel()
        await asyncio.wait({doing})

    with pytest.raises(ConnectionResetError):
        asyncio.run(put(s3_blobs, breaking()))
    asyncio.run(cancel())
    assert unfinished(s3_endpoint) == []
    assert [path.name for path in tmp_path.iterdir()] == []


STREAM = """
import asyncio, resource, sys
from personae.adapters.blobs import blobs_from_url

async def blocks(count):
    for _ in range(count):
        yield bytes(1 << 20)

blobs = blobs_from_url("s3://personae/long", base_url="http://x", secret=b"s" * 16)
for count in (40, 240):
    asyncio.run(blobs.put_stream("k", blocks(count), limit_bytes=1 << 30, content_type="x/y"))
    assert blobs.size("k") == count << 20
    print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024)
"""


@pytest.mark.skipif(sys.platform != "linux", reason="counts memory as Linux does")
def test_six_times_the_length_takes_no_more_memory(s3_endpoint: str) -> None:
    done = subprocess.run(
        [sys.executable, "-c", STREAM], capture_output=True, text=True, timeout=120, check=True
    )
    short_mib, long_mib = map(int, done.stdout.split())
    assert long_mib < short_mib + 60


def test_a_store_that_does_not_answer_is_unavailable(
    s3_endpoint: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:9")
    blobs = blobs_from_url("s3://personae/x", base_url="http://x", secret=b"s" * 16)
    (tmp_path / "f").write_bytes(b"x")
    for use in (
        lambda: blobs.put_bytes("k", b"x", "x/y"),
        lambda: blobs.put_file("k", tmp_path / "f", "x/y"),
        lambda: blobs.get_bytes("k"),
        lambda: blobs.size("k"),
        lambda: blobs.delete(["k"]),
        lambda: blobs.list_keys("", 1e12),
    ):
        with pytest.raises(Unavailable):
            use()


def test_a_missing_bucket_is_no_missing_file(s3_endpoint: str) -> None:
    blobs = blobs_from_url("s3://nobody-has-this", base_url="http://x", secret=b"s" * 16)
    with pytest.raises(Unavailable):
        blobs.put_bytes("k", b"x", "x/y")


def test_threads_can_share_one_store(s3_blobs: Blobs) -> None:
    failures: list[BaseException] = []

    def work(number: int) -> None:
        try:
            for i in range(5):
                key = f"t{number}/{i}"
                s3_blobs.put_bytes(key, key.encode(), "x/y")
                assert s3_blobs.get_bytes(key) == key.encode()
        except BaseException as error:
            failures.append(error)

    threads = [threading.Thread(target=work, args=(i,)) for i in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert failures == []


def test_a_spool_folder_that_is_gone_is_unavailable(s3_endpoint: str, tmp_path: Path) -> None:
    blobs = blobs_from_url(
        "s3://personae/x", base_url="http://x", secret=b"s" * 16, spool_folder=tmp_path / "no"
    )
    with pytest.raises(Unavailable):
        asyncio.run(put(blobs, blocks(1)))
