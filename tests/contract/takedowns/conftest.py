"""A lab for each kind of database, and storages of each kind."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from pathlib import Path

import pytest

from contract.blobs.conftest import s3_endpoint as s3_endpoint
from personae.adapters.blobs import MemoryBlobs, blobs_from_url
from personae.app.ports import Blobs
from service_lab import Lab, lab


@pytest.fixture
def service(database_url: str, tmp_path: Path) -> Iterator[Lab]:
    """A service without workers, on an empty database."""
    with lab(database_url, tmp_path) as made:
        yield made


@pytest.fixture(params=["memory", "local", "s3"])
def blobs(request: pytest.FixtureRequest, tmp_path: Path) -> Blobs:
    """An empty storage of each kind."""
    if request.param == "memory":
        return MemoryBlobs()
    url = (tmp_path / "blobs").as_uri()
    if request.param == "s3":
        request.getfixturevalue("s3_endpoint")
        url = f"s3://personae/{uuid.uuid4().hex}"
    return blobs_from_url(url, base_url="http://127.0.0.1:9", secret=b"0123456789abcdef")
