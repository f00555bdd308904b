"""A sample of the hostile files of `make attack`, given to real children."""

from __future__ import annotations

import os
from collections import Counter
from itertools import islice
from pathlib import Path

import pytest
from PIL import Image

from attacks.decoding import STALL_S, Decoder
from attacks.hostile import FORMATS, MUTATIONS, Hostile, lies, mutations, seeds
from faces import headshot
from personae.adapters.media_host.host import FULL_BYTES, ChildMediaHost
from personae.adapters.model_store import ModelStore

SAMPLE = 90


@pytest.fixture(scope="session")
def whole(tmp_path_factory: pytest.TempPathFactory) -> dict[str, bytes]:
    return seeds(tmp_path_factory.mktemp("seeds"))


def sample(whole: dict[str, bytes]) -> list[Hostile]:
    """Some lies that are small, and mutations of every kind and format."""
    few = [one for one in lies(whole) if len(one.data) < 2_000_000 and one.how not in LONG]
    return [*few[::5], *islice(mutations(whole), 0, 12 * SAMPLE, 12)]


LONG = (
    *("8000x8000, 200 frames", "16000x4000, 249 frames", "20000 frames", "no time", "no end"),
    "absurd 4000x16000",
)
"""Files that are much work and no harm; `make attack` has them."""


def test_the_same_seed_makes_the_same_files(whole: dict[str, bytes]) -> None:
    one, other = (list(islice(mutations(whole, seed=7), 150)) for _ in range(2))
    assert one == other
    assert {file.form for file in one} == set(FORMATS)
    assert {file.how for file in one} >= set(MUTATIONS)


def test_hostile_files_kill_no_service_and_hang_no_child(
    whole: dict[str, bytes], store: ModelStore, tmp_path: Path
) -> None:
    donor = tmp_path / "donor.png"
    Image.fromarray(headshot("hopper", 90, (160, 192))).save(donor)
    with ChildMediaHost(1) as host:
        decoder = Decoder(host, tmp_path, donor, donor, swap_every=10)
        ended = Counter(one.ended for one in decoder.take(sample(whole)))
        assert host.run({"op": "ping"}, timeout_s=60.0)["ready"]
    report = decoder.report
    assert report.lost == []
    assert not report.ended("timed out"), [one.file.name for one in report.ended("timed out")]
    # A file's damage is the file's: the platform is at fault only where a child died of it.
    assert "refused: task_failed" not in ended
    assert ended["ok"] > 20
    assert sum(ended.values()) - ended["ok"] > 20
    if os.path.exists("/proc/self/status"):
        assert 0 < report.peak_bytes < FULL_BYTES
    assert STALL_S <= 10
