"""A clip, swapped and measured frame by frame."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from clips import write_clip
from faces import SIZE_WH, headshot, nodding
from personae.adapters.model_store import ModelStore
from personae.errors import Canceled
from personae.evaluating.engines import contender
from personae.evaluating.pairs import choose_clip_pairs
from personae.evaluating.people import Clip, People, Person, Photo
from personae.evaluating.run import Evaluation, Evaluator, Settings

pytestmark = pytest.mark.usefixtures("store")
SETTINGS = Settings(gate=None, worst=4, best=0, clip_seconds=0.8)


def people() -> People:
    persons = [Person(name, (Photo(name, name, headshot(name)),)) for name in ("hopper", "collins")]
    return People("two people", tuple(persons))


def measured(clip: Clip) -> Evaluation:
    everybody = people()
    pairs = choose_clip_pairs(everybody, [clip], 0)
    return Evaluator(everybody, pairs, [contender("mesh")], SETTINGS).run()


def test_a_video_is_measured_without_what_an_encoder_adds(
    tmp_path: Path, store: ModelStore
) -> None:
    path = tmp_path / "nodding.mp4"
    write_clip(path, pictures=nodding("hopper", 30), frames=30, size_wh=SIZE_WH)
    result = measured(Clip("nodding.mp4", "hopper", path)).results[0]
    assert result.pictures["pairs"] == 0
    clips = result.clips
    assert (clips["pairs"], clips["frames"], clips["lost"]) == (1, 20, 0)
    assert clips["id_retrieval"] == 100
    assert clips["outside"] == 0  # far from the face not one sample changed
    assert 0.3 < (clips["jitter"] or 0) < 3
    assert 0.3 < (clips["flicker"] or 0) < 3
    assert 0 < (clips["pose_error"] or 0) < 12
    assert len(result.showcase.worst) == 1
    assert result.showcase.worst[0].shots.output


def test_an_animation(tmp_path: Path, store: ModelStore) -> None:
    frames = [Image.fromarray(np.asarray(frame)) for frame in nodding("collins", 8)]
    path = tmp_path / "nodding.gif"
    frames[0].save(path, save_all=True, append_images=frames[1:], duration=60)
    clips = measured(Clip("nodding.gif", "collins", path)).results[0].clips
    assert (clips["pairs"], clips["frames"]) == (1, 8)
    assert clips["outside"] == 0


def test_clips_that_cannot_be_swapped_are_counted(tmp_path: Path, store: ModelStore) -> None:
    path = tmp_path / "pattern.mp4"
    write_clip(path, frames=5)
    result = measured(Clip("pattern.mp4", "", path))
    row = result.results[0].rows[0]
    assert (row.kind, row.outcome) == ("clip", "scene_without_face")
    assert str(tmp_path) not in row.message
    damaged = tmp_path / "damaged.mp4"
    damaged.write_bytes(path.read_bytes()[:300])
    assert measured(Clip("damaged.mp4", "", damaged)).results[0].rows[0].outcome == "unreadable"


def test_a_clip_can_be_stopped(tmp_path: Path, store: ModelStore) -> None:
    path = tmp_path / "nodding.mp4"
    write_clip(path, pictures=nodding("hopper", 20), frames=20, size_wh=SIZE_WH)
    everybody = people()
    pairs = choose_clip_pairs(everybody, [Clip("nodding.mp4", "hopper", path)], 0)
    asked = 0

    def should_stop() -> bool:
        nonlocal asked
        asked += 1
        return asked > 5  # two people, the donor and the pair have been looked at: in the clip

    evaluator = Evaluator(everybody, pairs, [contender("mesh")], SETTINGS, should_stop=should_stop)
    with pytest.raises(Canceled):
        evaluator.run()
