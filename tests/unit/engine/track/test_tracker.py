"""Faces keep their track through motion, gaps and crossings, and lose it at a cut."""

from __future__ import annotations

import numpy as np
from portraits import middle
from scripts import Person, ScriptedEmbedder, ScriptedFinder, frames, still, walk, who

from personae.engine.faces.embedder import SAME_PERSON_DISTANCE, distance
from personae.engine.track.people import People
from personae.engine.track.tracker import (
    DETECT_EVERY,
    REVIVE_FRAMES,
    VERIFY_EVERY,
    Sighting,
    Tracker,
)


def run(
    script: list[Person],
    count: int,
    *,
    cuts: tuple[int, ...] = (),
    tell_apart: bool = True,
    known: tuple[np.ndarray, ...] = (),
) -> tuple[list[Sighting], Tracker, ScriptedFinder]:
    finder, embedder = ScriptedFinder(script), ScriptedEmbedder(script)
    people = People(distance, SAME_PERSON_DISTANCE, known)
    tracker = Tracker(finder, embedder.embed if tell_apart else None, people)
    seen = [tracker.see(frame.scene.number, frame.scene.canvas) for frame in frames(count, cuts)]
    return seen, tracker, finder


def test_a_face_is_detected_once_and_then_followed() -> None:
    seen, _, finder = run([Person(walk(0, 19, (60, 90), (6, 1)))], 20)
    assert [list(one.faces) for one in seen] == [[0]] * 20
    assert finder.searches == [0, DETECT_EVERY, 2 * DETECT_EVERY]
    assert seen[0].fresh == (0,)
    assert not any(one.fresh or one.cut for one in seen[1:])
    np.testing.assert_allclose(middle(seen[19].faces[0]), [60 + 6 * 19, 90 + 19], atol=0.01)


def test_newcomers_are_found_within_a_search_and_can_be_traced_back() -> None:
    script = [Person(still(0, 29, 80, 90)), Person(still(11, 29, 240, 90))]
    seen, tracker, _ = run(script, 30)
    start = next(i for i, one in enumerate(seen) if one.fresh and i > 0)
    assert 11 <= start <= 11 + DETECT_EVERY
    clip = frames(30)
    face = seen[start].faces[1]
    for number in range(start - 1, 10, -1):
        face = tracker.trace_back(clip[number].scene.canvas, face)
        assert face is not None
    assert tracker.trace_back(clip[10].scene.canvas, face) is None


def test_an_empty_scene_is_searched_less_and_less() -> None:
    _, _, finder = run([], 40)
    gaps = np.diff(finder.searches)
    assert gaps.max() == DETECT_EVERY
    assert len(finder.searches) <= 8


def test_a_face_that_comes_back_soon_keeps_its_track() -> None:
    at = {**walk(0, 9, (80, 90), (2, 0)), **walk(13, 25, (106, 90), (2, 0))}
    seen, tracker, _ = run([Person(at)], 26)
    assert len(tracker.tracks) == 1
    found = [i for i, one in enumerate(seen) if one.faces]
    assert found[:10] == list(range(10))
    back = found[10]
    assert 13 <= back <= 16
    assert found[10:] == list(range(back, 26))
    # It may have been there for a few frames: those are traced back, like a newcomer's.
    assert seen[back].fresh == (0,)


def test_a_face_that_comes_back_late_starts_a_track_of_the_same_person() -> None:
    back = 10 + REVIVE_FRAMES + 2
    seen, tracker, _ = run([Person({**still(0, 9, 80, 90), **still(back, 40, 80, 90)})], 41)
    assert list(seen[40].faces) == [1]
    assert tracker.person_of(0) == tracker.person_of(1) == 0


def test_somebody_else_in_the_same_place_gets_a_track_of_their_own() -> None:
    script = [
        Person(still(0, 9, 80, 90)),
        Person(still(12, 30, 80, 90)),
        Person(still(0, 30, 240, 90)),
    ]
    seen, tracker, _ = run(script, 31)
    newcomer = next(track for track in seen[30].faces if track > 1)
    assert tracker.person_of(newcomer) not in {tracker.person_of(0), tracker.person_of(1)}


def test_a_jump_ends_a_track() -> None:
    at = {**still(0, 9, 80, 90), **still(10, 20, 130, 90)}
    seen, _, _ = run([Person(at)], 21, tell_apart=False)
    assert list(seen[20].faces) == [1]


def test_a_cut_ends_all_tracks_and_people_are_recognised() -> None:
    script = [
        Person({**still(0, 14, 80, 90), **still(15, 25, 250, 90)}),
        Person({**still(0, 14, 240, 90), **still(15, 25, 90, 90)}),
    ]
    seen, tracker, finder = run(script, 26, cuts=(15,))
    assert [i for i, one in enumerate(seen) if one.cut] == [15]
    assert 15 in finder.searches
    assert sorted(seen[15].faces) == [2, 3]
    left, right = sorted(seen[25].faces, key=lambda track: middle(seen[25].faces[track])[0])
    assert tracker.person_of(left) == tracker.person_of(1) == 1
    assert tracker.person_of(right) == tracker.person_of(0) == 0


def test_people_keep_their_tracks_through_a_crossing() -> None:
    # They meet in the middle; for some frames only the one in front can be seen.
    left = walk(0, 39, (60, 90), (5, 0))
    right = {n: p for n, p in walk(0, 39, (260, 90), (-5, 0)).items() if not 17 <= n <= 23}
    seen, tracker, _ = run([Person(left), Person(right)], 40)
    for number in (10, 39):
        for track, face in seen[number].faces.items():
            truth = left if tracker.person_of(track) == 0 else right
            np.testing.assert_allclose(middle(face), truth[number], atol=1)
    assert len(seen[39].faces) == 2
    assert sorted(tracker.person_of(track) for track in seen[39].faces) == [0, 1]
    for one in seen[17:24]:
        assert len(one.faces) == 1


def test_whoever_is_on_the_face_keeps_it_in_a_collision() -> None:
    # The first person is hidden by the second: both tracks see the second one's face.
    script = [Person(walk(0, 9, (80, 90), (5, 0))), Person(still(0, 30, 150, 90))]
    seen, tracker, _ = run(script, 31)
    (track,) = seen[30].faces
    assert tracker.person_of(track) == tracker.person_of(1)
    assert track == 1


def test_known_people_are_recognised_whenever_they_come() -> None:
    script = [Person(still(0, 20, 80, 90)), Person(still(6, 20, 240, 90))]
    _, tracker, _ = run(script, 21, known=(who(1), who(7)))
    assert tracker.person_of(0) == 2
    assert tracker.person_of(1) == 0


def test_nobody_is_looked_at_when_nobody_needs_to_be_told_apart() -> None:
    _, tracker, _ = run([Person(still(0, 9, 80, 90))], 10, tell_apart=False)
    assert tracker.person_of(0) is None


def test_a_known_person_is_not_looked_at_in_every_frame() -> None:
    script = [Person(still(0, 99, 80, 90))]
    embedder = ScriptedEmbedder(script)
    tracker = Tracker(ScriptedFinder(script), embedder.embed, People(distance, 0.08, [who(0)]))
    for frame in frames(100):
        tracker.see(frame.scene.number, frame.scene.canvas)
    assert embedder.asked == 1, "with nobody else known there is nobody to slip onto"


def test_a_person_among_others_is_looked_at_now_and_then() -> None:
    script = [Person(still(0, 99, 80, 90))]
    embedder = ScriptedEmbedder(script)
    known = [who(0), who(7)]
    tracker = Tracker(ScriptedFinder(script), embedder.embed, People(distance, 0.08, known))
    for frame in frames(100):
        tracker.see(frame.scene.number, frame.scene.canvas)
    assert embedder.asked == 1 + 99 // VERIFY_EVERY


def test_a_track_that_slipped_onto_somebody_known_changes_hands() -> None:
    # One stands still; at frame 30 another, known one, is where the first was.
    first, second = still(0, 29, 80, 90), still(30, 79, 80, 90)
    finder = ScriptedFinder([Person({**first, **second})])
    embedder = ScriptedEmbedder([Person(first), Person(second)])
    tracker = Tracker(finder, embedder.embed, People(distance, 0.08, [who(0), who(1)]))
    for frame in frames(80):
        tracker.see(frame.scene.number, frame.scene.canvas)
        if frame.scene.number == 29:
            assert tracker.person_of(0) == 0
    assert tracker.person_of(0) == 1
