"""Who is put into which scene: chosen by a seed, or read from a list."""

from __future__ import annotations

import csv
import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

from personae.errors import InvalidRequest, MediaUnreachable
from personae.evaluating.people import Clip, People, Person, Photo
from personae.video.files import reason

MOST_PAIRS = 1_000_000
_T = TypeVar("_T", Person, Photo)
_Named = Photo | Clip


@dataclass(frozen=True, slots=True, eq=False)
class Pair:
    """One swap: the person who is put in, and the photo or the clip that receives the face."""

    donor: Person
    scene: Photo | Clip

    @property
    def key(self) -> tuple[str, str]:
        """The names of the donor's photo and of the scene."""
        return self.donor.donor.name, self.scene.name


def choose_pairs(people: People, count: int | None, seed: int) -> list[Pair]:
    """Pairs of different people, everybody about equally often; None takes all there are.

    Round after round, donors and scenes are brought into an order that depends on `seed`, the
    round and their names alone, and laid side by side. The same folder gives the same pairs on any
    machine. They come back by donor, so that one donor at a time need be prepared.

    Raises
    ------
    InvalidRequest
        If there are fewer than two people with photos, or more than `MOST_PAIRS` pairs.
    """
    donors, scenes = people.persons, people.photos
    if len(donors) < 2:
        raise InvalidRequest(
            f"{people.name} holds photos of {len(donors)} "
            f"{'person' if len(donors) == 1 else 'people'}; a swap needs two: one photo each "
            "beside each other, or a folder for each person."
        )
    possible = sum(len(scenes) - len(person.photos) for person in donors)
    wanted = possible if count is None else min(count, possible)
    if wanted > MOST_PAIRS:
        raise InvalidRequest(
            f"{wanted} pairs are too many; ask for at most {MOST_PAIRS} with --pairs."
        )
    if wanted * 4 > possible:  # Too many for rounds: the last ones would hardly be met.
        every = [Pair(one, scene) for one in donors for scene in scenes if _differ(one, scene)]
        every.sort(key=lambda pair: _place(seed, *pair.key))
        return _by_donor(every[:wanted], people)
    chosen: dict[tuple[str, str], Pair] = {}
    number = -1
    while True:
        number += 1
        left = _shuffled(donors, seed, number, "donor")
        right = _shuffled(scenes, seed, number, "scene")
        for at in range(max(len(left), len(right))):
            pair = Pair(left[at % len(left)], right[at % len(right)])
            if _differ(pair.donor, pair.scene):
                chosen.setdefault(pair.key, pair)
            if len(chosen) == wanted:
                return _by_donor(list(chosen.values()), people)


def choose_clip_pairs(people: People, clips: Sequence[Clip], seed: int) -> list[Pair]:
    """One donor for each clip, not the person in it; none where there is nobody else."""
    pairs: list[Pair] = []
    for number, clip in enumerate(clips):
        others = [person for person in people.persons if person.name != clip.person]
        if others:
            pairs.append(Pair(_shuffled(others, seed, number, "clip")[0], clip))
    return pairs


def read_pairs(path: Path, people: People, clips: Sequence[Clip] = ()) -> list[Pair]:
    """The pairs of a list: a donor and a scene a line, divided by a comma, a tab or a space.

    A donor is a person's name or one of their photos, which then makes the swap; a scene is a
    photo or a clip. Names are those of the tables; folders and endings may be left out where the
    rest is enough to tell them. Lines that are empty or begin with ``#`` are passed over, and so
    is a heading ``donor,scene``.

    Raises
    ------
    MediaUnreachable
        If the list cannot be read.
    InvalidRequest
        Naming the first line that means nothing here.
    """
    try:
        text = path.read_text("utf-8-sig")
    except OSError as error:
        raise MediaUnreachable(
            f"The pair list {path.name} cannot be read: {reason(error)}.", retryable=False
        ) from error
    except UnicodeDecodeError as error:
        raise InvalidRequest(f"The pair list {path.name} is no text in UTF-8.") from error
    photos: dict[str, _Named] = {photo.name: photo for photo in people.photos}
    donors: dict[str, Person | Photo | Clip] = {one.name: one for one in people.persons}
    everyone = {**_with_short_names(photos), **donors}
    named = _with_short_names({**photos, **{clip.name: clip for clip in clips}})
    pairs: list[Pair] = []
    for number, line in enumerate(text.splitlines(), 1):
        fields = _fields(line)
        if not fields or (not pairs and fields[:2] == ["donor", "scene"]):
            continue
        where = f"Line {number} of {path.name}"
        if len(fields) < 2:
            raise InvalidRequest(f"{where} names no scene; write donor,scene.")
        donor, scene = everyone.get(fields[0]), named.get(fields[1])
        if donor is None or isinstance(donor, Clip) or scene is None:
            unknown = fields[0] if donor is None else fields[1]
            raise InvalidRequest(f"{where} names {unknown}, which is not in {people.name}.")
        pairs.append(Pair(_as_donor(donor, people), scene))
    if not pairs:
        raise InvalidRequest(f"The pair list {path.name} holds no pair; write donor,scene lines.")
    return _by_donor(pairs, people)


def _as_donor(who: Person | Photo, people: People) -> Person:
    """A person, or the person of a photo with that photo first."""
    if isinstance(who, Person):
        return who
    owner = next(person for person in people.persons if person.name == who.person)
    others = tuple(photo for photo in owner.photos if photo is not who)
    return Person(owner.name, (who, *others))


def _fields(line: str) -> list[str]:
    if not line.strip() or line.lstrip().startswith("#"):
        return []
    if "," in line:
        return [field.strip() for field in next(csv.reader([line]))]
    return line.strip().split("\t") if "\t" in line else line.split()


def _with_short_names(named: Mapping[str, _Named]) -> dict[str, _Named]:
    """The same, also by names without folders and without endings where only one has that."""
    short: dict[str, list[_Named]] = {}
    for name, one in named.items():
        last = name.rpartition("/")[2]
        for shorter in {last, *(each.rpartition(".")[0] or each for each in (name, last))}:
            short.setdefault(shorter, []).append(one)
    unique = {name: ones[0] for name, ones in short.items() if len(ones) == 1}
    return {**unique, **named}


def _differ(donor: Person, scene: Photo | Clip) -> bool:
    return donor.name != scene.person


def _shuffled(things: Sequence[_T], seed: int, number: int, what: str) -> list[_T]:
    return sorted(things, key=lambda one: _place(seed, number, what, one.name))


def _place(*words: object) -> bytes:
    """Where something comes in an order that depends on words alone."""
    return hashlib.sha256("\0".join(map(str, words)).encode()).digest()


def _by_donor(pairs: list[Pair], people: People) -> list[Pair]:
    """By donor in the folder's order, and then by scene; repeated pairs once."""
    order = {person.name: number for number, person in enumerate(people.persons)}
    unique = {pair.key: pair for pair in pairs}
    return sorted(
        unique.values(),
        key=lambda pair: (order[pair.donor.name], pair.donor.donor.name, pair.scene.name),
    )
