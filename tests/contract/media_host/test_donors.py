"""A look at photos that are to be kept as a donor, by both media hosts."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from faces import Placed, compose, headshot
from personae.adapters.media_host.fake import FakeMediaHost, fake_media
from personae.adapters.media_host.host import ChildMediaHost
from personae.adapters.model_store import ModelStore
from personae.app.ports import MediaHost
from personae.errors import DonorUnusable, FaceNotFound, PersonaeError, SeveralFaces

Photos = Mapping[str, Path]
SCRIPTS = {
    "hopper": {"person": "hopper"},
    "again": {"person": "hopper"},
    "collins": {"person": "collins"},
    "nobody": {"faces": 0},
    "two": {"faces": 2},
    "poor": {"person": "hopper", "poor": True},
}


@pytest.fixture(scope="session")
def prober(store: ModelStore) -> Iterator[ChildMediaHost]:
    """What the API has: children that probe, and load models only for this."""
    with ChildMediaHost(1, "probe") as host:
        yield host


@pytest.fixture(params=["played", "real"])
def given(request: pytest.FixtureRequest, tmp_path: Path) -> tuple[MediaHost, Photos]:
    """A host and photos that it understands, by what they show."""
    photos = {name: tmp_path / f"{name}.png" for name in SCRIPTS}
    if request.param == "played":
        for name, script in SCRIPTS.items():
            photos[name].write_bytes(fake_media(**script))
        return FakeMediaHost(), photos
    hopper = headshot("hopper")
    small = Image.fromarray(hopper).resize((72, 84))
    both = compose([Placed("hopper", 85, 120, 100), Placed("collins", 235, 120, 100)])
    for name, rgb in (
        ("hopper", hopper),
        ("again", hopper[:, ::-1]),
        ("collins", headshot("collins")),
        ("nobody", np.full((200, 200, 3), 90, np.uint8)),
        ("two", both),
        ("poor", np.asarray(small)),
    ):
        Image.fromarray(np.ascontiguousarray(rgb)).save(photos[name])
    return request.getfixturevalue("prober"), photos


def look(given: tuple[MediaHost, Photos], *names: str) -> int:
    host, photos = given
    paths = [str(photos[name]) for name in names]
    called = {path: f"asset_{name}" for path, name in zip(paths, names, strict=True)}
    job = {"op": "check_donor", "donors": paths, "names": called}
    return host.run(job, timeout_s=120.0)["photos"]


def test_the_photos_that_a_swap_takes_are_counted(given: tuple[MediaHost, Photos]) -> None:
    assert look(given, "hopper") == 1
    assert look(given, "hopper", "again") == 2
    assert look(given, "poor", "hopper") == 1


@pytest.mark.parametrize(
    ("names", "error"),
    [
        (("nobody",), FaceNotFound),
        (("hopper", "nobody"), FaceNotFound),
        (("two",), SeveralFaces),
        (("poor",), DonorUnusable),
        (("hopper", "collins"), DonorUnusable),
    ],
)
def test_photos_that_no_swap_could_use_are_refused(
    given: tuple[MediaHost, Photos], names: tuple[str, ...], error: type[PersonaeError]
) -> None:
    with pytest.raises(error) as caught:
        look(given, *names)
    assert "/" not in caught.value.message
    if isinstance(given[0], ChildMediaHost):
        assert f"asset_{names[-1]}" in caught.value.message.lower()
