"""One set of blobs after another: in memory, in a folder, over S3's wire.

S3 is moto's server on loopback. It speaks the wire (objects, ranges, multipart, listings, presigned
requests, the ``response-*`` overrides) but checks no signature, no expiry, no header that was
signed, no checksum and no size of a part; `test_s3_links.py` compares the signatures with
botocore's instead.
"""

from __future__ import annotations

import os
import uuid
from collections.abc import Iterator
from pathlib import Path

import pytest

from personae.adapters.blobs import MemoryBlobs, blobs_from_url
from personae.app.ports import Blobs

SECRET = b"0123456789abcdef"
BASE_URL = "http://127.0.0.1:9"
AWS = {
    "AWS_ACCESS_KEY_ID": "AKIAIOSFODNN7EXAMPLE",
    "AWS_SECRET_ACCESS_KEY": "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY",
    "AWS_REGION": "us-east-1",
    "AWS_DEFAULT_REGION": "us-east-1",
    "AWS_ALLOW_HTTP": "true",
}


@pytest.fixture(scope="session")
def s3_endpoint() -> Iterator[str]:
    """A running S3 wire server with the bucket ``personae``."""
    import boto3
    from moto.server import ThreadedMotoServer

    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    endpoint = f"http://{host}:{port}"
    before = {name: os.environ.get(name) for name in (*AWS, "AWS_ENDPOINT_URL")}
    os.environ.update(AWS, AWS_ENDPOINT_URL=endpoint)
    try:
        boto3.client("s3").create_bucket(Bucket="personae")
        yield endpoint
    finally:
        for name, value in before.items():
            if value is None:
                del os.environ[name]
            else:
                os.environ[name] = value
        server.stop()


@pytest.fixture
def s3_blobs(s3_endpoint: str, tmp_path: Path) -> Blobs:
    """A fresh prefix of the bucket."""
    return blobs_from_url(
        f"s3://personae/{uuid.uuid4().hex}",
        base_url=BASE_URL,
        secret=SECRET,
        spool_folder=tmp_path,
    )


@pytest.fixture
def local_blobs(tmp_path: Path) -> Blobs:
    return blobs_from_url(
        (tmp_path / "blobs").as_uri(),
        base_url=BASE_URL,
        secret=SECRET,
    )


@pytest.fixture(params=["memory", "local", "s3"])
def blobs(request: pytest.FixtureRequest) -> Blobs:
    if request.param == "memory":
        return MemoryBlobs(BASE_URL, SECRET)
    return request.getfixturevalue(f"{request.param}_blobs")
