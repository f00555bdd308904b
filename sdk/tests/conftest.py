"""One real service for all tests of the client in a process: real faces, real HTTP."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from PIL import Image

import clips
from e2e.test_service import Service, start
from faces import SIZE_WH, headshot, nodding
from personae.signing import SIGNING_DIR_VARIABLE
from personae_client import Client, Retries

QUICK = Retries(most=4, first_s=0.01, longest_s=0.05, patience_s=5.0)
"""Pauses that nobody has to wait for."""


@pytest.fixture(scope="session")
def service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    """A running `personae serve` that may call receivers on this machine."""
    data = tmp_path_factory.mktemp("sdk-service")
    environment = {
        **os.environ,
        SIGNING_DIR_VARIABLE: str(tmp_path_factory.mktemp("sdk-signing")),
        "PERSONAE_FETCH_ALLOW": "127.0.0.1",
        "PERSONAE_RATE_PER_S": "200",
        "PERSONAE_INSPECT_PER_MINUTE": "60",
    }
    running = start(data, environment)
    yield running
    running.process.terminate()
    running.process.wait(60)


@pytest.fixture(scope="session")
def media(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """A donor, a scene, and a short clip."""
    folder = tmp_path_factory.mktemp("sdk-media")
    Image.fromarray(headshot("hopper")).save(folder / "donor.jpg", quality=92)
    Image.fromarray(headshot("collins")).save(folder / "scene.png")
    clips.write_clip(
        folder / "scene.mp4", frames=12, size_wh=SIZE_WH, pictures=nodding("collins", 12)
    )
    return {one.name: one for one in folder.iterdir()}


@pytest.fixture
def client(service: Service) -> Iterator[Client]:
    """A client of the service."""
    with httpx.Client(timeout=60, trust_env=False) as http:
        yield Client(service.url, service.key, retries=QUICK, http=http)
