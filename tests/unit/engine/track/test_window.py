"""Looking ahead and back: what is shown of a track in the frame that is decided on."""

from __future__ import annotations

import numpy as np
import pytest
from portraits import head

from personae.engine.track.window import LOOKAHEAD, MAX_GAP, Entry, Window


def window(present: dict[int, list[int]], count: int, cuts: tuple[int, ...] = ()) -> Window:
    """Frames 0, 1, ... in which the tracks were seen as told; each moves right by its frame."""
    out: Window[int, str] = Window()
    for number in range(count):
        seen = {
            track: head(100 + number, 100).astype(np.float64)
            for track, when in present.items()
            if number in when
        }
        sights = {track: f"{track}@{number}" for track in seen}
        out.push(Entry(number, seen, sights, number in cuts))
    return out


def at(out: Window, number: int) -> Window:
    """Decide on frames up to `number`."""
    for expected in range(number + 1):
        entry = out.pop(flush=True)
        assert entry is not None
        assert entry.frame == expected
    return out


def test_nothing_is_decided_before_enough_is_seen() -> None:
    out = window({}, LOOKAHEAD)
    assert out.pop(flush=False) is None
    out.push(Entry(LOOKAHEAD, {}, {}, False))
    first = out.pop(flush=False)
    assert first is not None
    assert first.frame == 0
    assert out.pop(flush=False) is None
    assert [out.pop(flush=True).frame for _ in range(LOOKAHEAD)] == list(range(1, LOOKAHEAD + 1))
    assert out.pop(flush=True) is None


@pytest.mark.parametrize("gap", [1, MAX_GAP])
def test_a_gap_is_bridged(gap: int) -> None:
    when = [n for n in range(20) if not 8 <= n < 8 + gap]
    out = at(window({0: when}, 20), 8)
    assert out.tracks() == [0]
    x = out.steady(0)[:468, 0]
    assert (x.min() + x.max()) / 2 == pytest.approx(108, abs=0.01)


def test_a_cut_within_a_gap_is_not_bridged() -> None:
    when = [n for n in range(20) if not 8 <= n < 11]
    for cut in (8, 9, 10, 11):
        assert at(window({0: when}, 20, cuts=(cut,)), 9).tracks() == []
    assert at(window({0: when}, 20, cuts=(7,)), 9).tracks() == [0]
    assert at(window({0: when}, 20, cuts=(12,)), 9).tracks() == [0]


def test_a_long_gap_and_the_ends_are_not_bridged() -> None:
    when = [n for n in range(30) if not 8 <= n < 9 + MAX_GAP]
    assert at(window({0: when}, 30), 10).tracks() == []
    assert at(window({0: [5, 6, 7]}, 20), 4).tracks() == []
    assert at(window({0: [5, 6, 7]}, 20), 8).tracks() == []


def test_newcomers_may_be_traced_back_to_the_last_cut() -> None:
    out = at(window({}, 12, cuts=(5,)), 2)
    assert [entry.frame for entry in out.earlier()] == [10, 9, 8, 7, 6, 5]
    assert [entry.frame for entry in at(window({}, 12), 2).earlier()] == list(range(10, 2, -1))


def test_what_was_seen_nearest_counts() -> None:
    out = at(window({0: list(range(20))}, 20), 10)
    sights = out.sights(0)
    assert sights[0] == "0@10"
    assert set(sights[1:3]) == {"0@9", "0@11"}
    assert out.sights(1) == []


def test_old_frames_are_let_go() -> None:
    out: Window[int, str] = Window()
    held = []
    for number in range(100):
        out.push(Entry(number, {}, {}, False))
        if out.pop(flush=False) is not None:
            out.forget()
        held.append(len(out._entries))
    assert max(held) <= 2 * LOOKAHEAD + 2
