"""The content gate: what it looks at, what it lets through, and how it says no."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pytest

from abstract import blots
from faces import NAMES, Name, headshot, portrait
from personae import wiring
from personae.adapters.model_store import ModelStore
from personae.engine.canvas import RgbCanvas
from personae.engine.gate import (
    NOTHING,
    Gate,
    GateRole,
    Scorer,
    Seen,
    check_clip,
    check_picture,
    prepared,
    views,
)
from personae.engine.types import Float32, UInt8
from personae.errors import PolicyRefused


@dataclass
class Brightness:
    """Stands in for the network: the mean of what it is shown, 0 for black and 1 for white."""

    calls: int = 0

    def __call__(self, *arrays: Float32) -> list[Float32]:
        self.calls += 1
        (given,) = arrays
        assert (given.shape, given.dtype) == ((1, 224, 224, 3), np.float32)
        score = float(given.mean() + np.mean([104, 117, 123])) / 255
        return [np.array([[1 - score, score]], np.float32)]


def plain(shade: int, size_wh: tuple[int, int] = (300, 200)) -> UInt8:
    return np.full((size_wh[1], size_wh[0], 3), shade, np.uint8)


def score(rgb: UInt8) -> float:
    return Scorer(Brightness()).score(RgbCanvas(rgb))


@pytest.mark.parametrize("size_wh", [(1, 1), (40, 30), (256, 256), (1280, 720), (90, 3000)])
def test_pictures_of_any_size_are_scored(size_wh: tuple[int, int]) -> None:
    assert score(plain(255, size_wh)) == pytest.approx(1, abs=0.01)
    assert score(plain(0, size_wh)) == pytest.approx(0, abs=0.01)


def test_the_network_gets_the_middle_in_bgr_less_the_mean() -> None:
    rgb = np.zeros((256, 256, 3), np.uint8)
    rgb[..., 0], rgb[:16], rgb[240:] = 200, 255, 255
    given = prepared(rgb)[0]
    assert np.abs(given[8:-8, :, 2] - (200 - 123)).max() < 3
    assert np.abs(given[8:-8, :, 0] + 104).max() < 3


def test_elongated_pictures_are_looked_at_from_end_to_end() -> None:
    assert len(list(views(plain(0, (500, 200))))) == 1
    for size_wh in ((600, 200), (200, 600), (4000, 7), (7, 4000)):
        width, height = size_wh
        rgb = np.zeros((height, width, 3), np.uint8)
        places = np.arange(max(size_wh))
        along = rgb if height > width else rgb.transpose(1, 0, 2)
        along[..., 0], along[..., 1] = (places // 256)[:, None], (places % 256)[:, None]
        whole, *squares = views(rgb)
        assert whole.shape == rgb.shape
        assert 3 <= len(squares) <= 24
        covered = [one[..., 0].astype(int) * 256 + one[..., 1] for one in squares]
        assert set(places.tolist()) == set(np.unique(np.concatenate([c.ravel() for c in covered])))


def test_what_fills_one_end_of_a_strip_is_seen() -> None:
    strip = plain(0, (2000, 100))
    strip[:, -150:] = 255
    assert score(strip) > 0.9


def test_a_limit_lets_its_own_score_through() -> None:
    check_picture("scene", 0.7, 0.7)
    check_picture("scene", 1.0, 1.0)
    with pytest.raises(PolicyRefused) as refused:
        check_picture("scene", 0.75, 0.7)
    assert (refused.value.role, refused.value.reason) == ("scene", "nsfw")
    assert refused.value.facts == {"score": 0.75, "limit": 0.7, "looked": 1}


@pytest.mark.parametrize("role", ["donor", "scene", "output"])
def test_a_refusal_names_the_role_and_what_to_do(role: GateRole) -> None:
    with pytest.raises(
        PolicyRefused, match=f"(?i){role}.* nudity or sex.*; use another"
    ) as refused:
        check_picture(role, 1.0, 0.5)
    assert refused.value.fault == "caller"
    assert not refused.value.retryable


@pytest.mark.parametrize(
    ("seen", "refused"),
    [
        (Seen(10, 0.7, 0), False),
        (Seen(10, 0.8, 1), False),
        (Seen(10, 0.86, 1), True),
        (Seen(10, 0.71, 2), True),
        (Seen(1, 1.0, 1), True),
    ],
)
def test_of_a_clip_two_frames_or_a_glaring_one_are_too_much(seen: Seen, refused: bool) -> None:
    if not refused:
        check_clip("scene", seen, 0.7, 3.0)
        return
    with pytest.raises(PolicyRefused) as error:
        check_clip("scene", seen, 0.7, 3.0)
    assert error.value.facts["time_s"] == 3.0


def test_what_was_seen_adds_up() -> None:
    seen = NOTHING.plus(0.2, 0.5).plus(0.9, 0.5)
    assert seen == Seen(2, 0.9, 1)
    assert seen.joined(Seen(3, 0.1, 0)) == Seen(5, 0.9, 1)
    assert Seen.from_plain(seen.to_plain()) == seen
    assert Seen.from_plain(None) == NOTHING


def test_a_gate_reports_what_it_looked_at_and_nothing_else() -> None:
    network = Brightness()
    gate = Gate(Scorer(network), 0.9, None, 1.0, Seen(2, 0.1, 0), 0.5)
    canvas = RgbCanvas(plain(128))
    seen = gate.look("scene", canvas)
    assert gate.look("output", canvas) == NOTHING
    assert network.calls == 1
    told = gate.report({"scene": seen, "output": NOTHING})
    assert told["donor"] == {"looked": 2, "highest": 0.1, "limit": 0.5}
    assert told["scene"]["highest"] == pytest.approx(0.5, abs=0.01)
    assert set(told) == {"donor", "scene"}
    with pytest.raises(PolicyRefused):
        gate.look("scene", RgbCanvas(plain(255)))


# --- The real network


@pytest.fixture(scope="module")
def scorer(store: ModelStore) -> Scorer:
    del store
    return wiring.scorer()


@pytest.mark.parametrize("name", NAMES)
def test_portraits_pass(scorer: Scorer, name: Name) -> None:
    assert scorer.score(RgbCanvas(portrait(name).copy())) < 0.1
    assert scorer.score(RgbCanvas(headshot(name))) < 0.1


@pytest.mark.parametrize("size_wh", [(320, 320), (640, 360), (1280, 720), (120, 160)])
def test_the_drawing_does_not(scorer: Scorer, size_wh: tuple[int, int]) -> None:
    assert scorer.score(RgbCanvas(blots(size_wh))) > 0.85


@pytest.mark.parametrize("left", range(0, 961, 160))
def test_the_drawing_is_found_anywhere_in_a_strip(scorer: Scorer, left: int) -> None:
    strip = plain(128, (1280, 320))
    strip[:, left : left + 320] = blots()
    assert scorer.score(RgbCanvas(strip)) > 0.85
    (whole, *_) = views(strip)
    assert scorer.score(RgbCanvas(np.asarray(whole[:, ::4]))) < 0.7


def test_the_same_picture_has_the_same_score(scorer: Scorer) -> None:
    picture = headshot("collins")
    kept = picture.copy()
    first = scorer.score(RgbCanvas(picture))
    assert wiring.scorer().score(RgbCanvas(picture)) == first
    assert np.array_equal(picture, kept)
