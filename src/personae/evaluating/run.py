"""A whole evaluation: every engine over the same pairs, one pair in memory at a time."""

from __future__ import annotations

import itertools
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any

from personae import wiring
from personae.domain.gate import LIMIT
from personae.donors import Donor
from personae.engine.canvas import RgbCanvas
from personae.engine.gate import check_picture
from personae.engine.types import UInt8
from personae.errors import Canceled, FaceNotFound, ModelError, PersonaeError
from personae.evaluating.clips import measure_clip
from personae.evaluating.engines import JUDGE, Contender, Prepare, preparing
from personae.evaluating.features import Features
from personae.evaluating.looks import Gallery, Judge, Look, references_of
from personae.evaluating.pairs import Pair
from personae.evaluating.people import Clip, People, Photo, Problem, sentence
from personae.evaluating.rows import WRONG_FILE, Row
from personae.evaluating.shots import shot
from personae.evaluating.stills import Context, Scenes, Seen, failed, measure_still
from personae.evaluating.tally import Result, Tally
from personae.photos import load_pixels


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """How an evaluation is run.

    Attributes
    ----------
    seed : int
        Told in the report; the pairs are given.
    allow_poor : bool
        Swap donor photos that the quality gate refuses.
    gate : float or None
        The highest score of the content gate that passes, of donors and of scenes.
    clip_seconds : float
        How much of each clip is used.
    worst, best : int
        Rows with pictures, for each engine.
    """

    seed: int = 0
    allow_poor: bool = False
    gate: float | None = LIMIT
    clip_seconds: float = 10.0
    worst: int = 24
    best: int = 8


@dataclass(frozen=True, slots=True)
class Step:
    """How far it is, as `personae.cli.progress.Step` wants it; one unit is a pair of an engine."""

    frames_done: int
    frames_total: int
    elapsed_s: float

    @property
    def fps(self) -> float:
        return self.frames_done / self.elapsed_s if self.elapsed_s > 0 else 0.0

    @property
    def remaining_s(self) -> float | None:
        left = self.frames_total - self.frames_done
        return left / self.fps if self.fps else None


@dataclass(frozen=True, slots=True, eq=False)
class Evaluation:
    """What came of all engines.

    ``gallery``: how many people an output could be taken for. ``features``: the network of the
    FID, if there was one.
    """

    people: People
    pairs: tuple[Pair, ...]
    settings: Settings
    results: tuple[Result, ...]
    problems: tuple[Problem, ...]
    gallery: int
    features: str | None
    judge: str = JUDGE


class Evaluator:
    """Runs engines over pairs.

    Parameters
    ----------
    people : People
        Everybody in the folder; those who are in no pair are still people to be taken for.
    pairs : sequence of Pair
    contenders : sequence of Contender
    settings : Settings
    features : Features, optional
    progress : callable, optional
    should_stop : callable, optional
        Asked before every pair.
    """

    def __init__(
        self,
        people: People,
        pairs: Sequence[Pair],
        contenders: Sequence[Contender],
        settings: Settings,
        *,
        features: Features | None = None,
        progress: Callable[[Step], None] | None = None,
        should_stop: Callable[[], bool] | None = None,
    ) -> None:
        self._people = people
        self._pairs = tuple(pairs)
        self._contenders = tuple(contenders)
        self._settings = settings
        self._features = features
        self._progress = progress
        self._should_stop = should_stop
        self._problems: list[Problem] = list(people.problems)
        self._prepare: Prepare = preparing(allow_poor=settings.allow_poor, gate_donor=settings.gate)
        self._started = time.monotonic()
        self._done = 0

    def run(self) -> Evaluation:
        """All pairs of all engines.

        Raises
        ------
        Canceled
        ModelError
        """
        engine = wiring.engine()
        judge = Judge(engine)
        gallery = self._know_everybody(judge)
        donors = frozenset(pair.donor.name for pair in self._pairs)
        context = Context(judge, gallery, {}, donors, self._check_scene)
        scenes = Scenes(engine, context)
        settings = self._settings
        tallies = [
            Tally(one.name, settings.worst, settings.best, self._features)
            for one in self._contenders
        ]
        self._started = time.monotonic()
        for photo, pairs in itertools.groupby(self._pairs, key=lambda pair: pair.donor.donor):
            self._one_donor(photo, list(pairs), scenes, context, tallies)
        features = None if self._features is None else self._features.name
        return Evaluation(
            self._people,
            self._pairs,
            settings,
            tuple(
                replace(tally.result(), setup=one.setup)
                for one, tally in zip(self._contenders, tallies, strict=True)
            ),
            tuple(self._problems),
            len(gallery),
            features,
        )

    def _know_everybody(self, judge: Judge) -> Gallery:
        gallery = Gallery()
        for person in self._people.persons:
            vectors = [
                look.embedding
                for photo in references_of(person)
                if (look := self._look(judge, photo)) is not None
            ]
            if vectors:
                gallery.add(person.name, vectors)
        return gallery

    def _look(self, judge: Judge, photo: Photo) -> Look | None:
        """What a photo shows; a photo that shows nothing is a problem, and told once."""
        self._pause()
        try:
            return judge.photo(photo.image)
        except PersonaeError as error:
            message = sentence(error.message, photo.image, photo.name)
            if isinstance(error, FaceNotFound):
                message = f"No face was found in {photo.name}."
            self._note(Problem(photo.name, error.code, message))
            return None

    def _note(self, problem: Problem) -> None:
        """Remember what is wrong with a file; it is told once."""
        if problem.name not in {one.name for one in self._problems}:
            self._problems.append(problem)

    def _one_donor(
        self,
        photo: Photo,
        pairs: Sequence[Pair],
        scenes: Scenes,
        context: Context,
        tallies: Sequence[Tally],
    ) -> None:
        """All pairs of one donor, who is forgotten afterwards."""
        donor: Donor | None = None
        refused: Exception | None = None
        self._pause()
        known = self._look(context.judge, photo)
        if known is not None:
            context.known[photo.name] = known
        try:
            donor = self._prepare(photo.image)
        except Exception as error:  # One bad photo must not end the run.
            refused = error
        portrait = _portrait(photo, known)
        for pair, (one, tally) in itertools.product(
            pairs, list(zip(self._contenders, tallies, strict=True))
        ):
            self._pause()
            if donor is None and one.stored is None:
                row, seen = _refused(one, pair, photo, refused or FaceNotFound("donor")), None
            else:
                row, seen = self._measure(one, pair, donor, scenes, context, tally)
            self._keep(tally, row, seen, portrait)
        context.known.pop(photo.name, None)

    def _measure(
        self,
        one: Contender,
        pair: Pair,
        donor: Donor | None,
        scenes: Scenes,
        context: Context,
        tally: Tally,
    ) -> tuple[Row, Seen | None]:
        try:
            if isinstance(pair.scene, Photo):
                return measure_still(one, pair, donor, scenes, context)
            settings = self._settings
            return measure_clip(
                one,
                pair,
                donor,
                context,
                seconds=settings.clip_seconds,
                gate_scene=settings.gate,
                should_stop=self._should_stop,
            )
        except ModelError as error:
            if not tally.has_output:  # It will not do better with the next pair.
                raise
            return _refused(one, pair, pair.donor.donor, error), None

    def _keep(self, tally: Tally, row: Row, seen: Seen | None, portrait: bytes) -> None:
        tally.add(row, seen, portrait)
        if row.outcome in WRONG_FILE:
            name = row.donor if row.outcome.startswith("donor") else row.scene
            self._note(Problem(name, row.outcome, row.message))
        self._done += 1
        if self._progress is not None:
            total = len(self._pairs) * len(self._contenders)
            self._progress(Step(self._done, total, time.monotonic() - self._started))

    def _check_scene(self, rgb: UInt8) -> None:
        """Raise `PolicyRefused` for a scene that the content gate refuses."""
        limit = self._settings.gate
        if limit is not None:
            check_picture("scene", wiring.scorer().score(RgbCanvas(rgb)), limit)

    def _pause(self) -> None:
        if self._should_stop is not None and self._should_stop():
            raise Canceled("The evaluation was stopped on request; no report was written.")


def _refused(one: Contender, pair: Pair, photo: Photo, error: Exception) -> Row:
    """A row for a pair whose donor could not be prepared."""
    kind: Any = "clip" if isinstance(pair.scene, Clip) else "picture"
    row = Row(
        engine=one.name,
        donor=photo.name,
        person=pair.donor.name,
        scene=pair.scene.name,
        kind=kind,
    )
    return failed(row, error, photo)


def _portrait(photo: Photo, known: Look | None) -> bytes:
    """The donor's picture for the page; empty where the photo cannot be read."""
    try:
        return shot(load_pixels(photo.image, "donor").rgb, None if known is None else known.face)
    except PersonaeError:
        return b""
