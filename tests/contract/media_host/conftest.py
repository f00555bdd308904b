"""Both media hosts, each with media that it understands."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from clips import audio_only, write_clip
from faces import headshot, nodding
from host_media import CLIP_FRAMES, SIZE_WH, Media
from personae.adapters.media_host.fake import FakeMediaHost, fake_media
from personae.adapters.media_host.host import ChildMediaHost
from personae.adapters.model_store import ModelStore
from personae.adapters.provenance.keeper import Keeper, SigningConfig
from personae.app.ports import MediaHost


@pytest.fixture(scope="session")
def real_media(tmp_path_factory: pytest.TempPathFactory) -> Media:
    """Real faces; the clip shows one person for two seconds."""
    folder = tmp_path_factory.mktemp("media")
    Image.fromarray(headshot("hopper")).save(folder / "donor.png")
    Image.fromarray(headshot("collins")).save(folder / "scene.png")
    Image.fromarray(np.full((200, 200, 3), 90, np.uint8)).save(folder / "nobody.png")
    pictures = list(nodding("collins", CLIP_FRAMES, SIZE_WH))
    options = {"crf": "18", "preset": "ultrafast", "g": "10"}
    write_clip(
        folder / "clip.mp4",
        pictures=pictures,
        frames=CLIP_FRAMES,
        size_wh=SIZE_WH,
        options=options,
    )
    audio_only(folder / "sound.m4a")
    return _media(folder, "sound.m4a")


@pytest.fixture(scope="session")
def played_media(tmp_path_factory: pytest.TempPathFactory) -> Media:
    """The same for the fake."""
    folder = tmp_path_factory.mktemp("played")
    for name, people in (("donor", 1), ("scene", 1), ("nobody", 0)):
        (folder / f"{name}.png").write_bytes(fake_media(faces=people, filler=name.encode()))
    (folder / "clip.mp4").write_bytes(fake_media("video/mp4", frames=CLIP_FRAMES, sleep_s=0.1))
    (folder / "sound.mp3").write_bytes(fake_media("audio/mpeg"))
    return _media(folder, "sound.mp3")


def _media(folder: Path, sound: str) -> Media:
    names = ("donor.png", "scene.png", "nobody.png", "clip.mp4", sound)
    return Media(*(folder / name for name in names))


@pytest.fixture(scope="session")
def notary(tmp_path_factory: pytest.TempPathFactory) -> Keeper:
    """Who signs what children seal."""
    return Keeper(SigningConfig(tmp_path_factory.mktemp("signing")), time.time)


@pytest.fixture(scope="session")
def children(store: ModelStore, notary: Keeper) -> Iterator[ChildMediaHost]:
    """Two children that all tests share."""
    with ChildMediaHost(2, notary=notary) as host:
        yield host


@pytest.fixture(params=["fake", "children"])
def kind(request: pytest.FixtureRequest) -> str:
    """Which host a test of the contract runs on."""
    return request.param


@pytest.fixture
def host(kind: str, request: pytest.FixtureRequest) -> MediaHost:
    """The host of that kind, for two jobs at once."""
    return FakeMediaHost(size=2) if kind == "fake" else request.getfixturevalue("children")


@pytest.fixture
def media(kind: str, request: pytest.FixtureRequest) -> Media:
    """Media of that kind."""
    return request.getfixturevalue("played_media" if kind == "fake" else "real_media")
