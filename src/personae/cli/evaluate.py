"""``personae evaluate``: how well engines swap, over a folder of people, as tables and a page."""

from __future__ import annotations

from collections.abc import Generator, Iterable
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING

from personae.cli import evaluate_options as ask
from personae.cli import swap_options as swapping
from personae.cli.arguments import parse_models
from personae.cli.interrupts import Interruptible
from personae.cli.output import Talk
from personae.cli.progress import ShownProgress
from personae.domain.gate import LIMIT
from personae.engine.choosing import LEVELS
from personae.engine.setup import MESH
from personae.errors import InvalidRequest

if TYPE_CHECKING:
    from personae.evaluating.engines import Contender, Further
    from personae.evaluating.pairs import Pair
    from personae.evaluating.people import Clip, People
    from personae.evaluating.report import Baseline
    from personae.evaluating.run import Evaluation, Settings


def evaluate(
    folder: ask.Folder = None,
    built_in: ask.BuiltIn = False,
    clip: ask.Clips = None,
    engine: ask.Engines = None,
    outputs: ask.Outputs = None,
    pairs: ask.Pairs = "100",
    seed: ask.Seed = 0,
    pair_list: ask.PairList = None,
    quality: ask.Level = None,
    restore: swapping.Restore = 0.0,
    boost: swapping.BoostPx = None,
    likeness: swapping.Likeness = 0.5,
    restorer: swapping.RestorerName = None,
    occluder: swapping.Occluders = None,
    parser: swapping.ParserName = None,
    regions: swapping.Regions = None,
    detector: swapping.Detector = None,
    landmarker: swapping.Landmarkers = None,
    out: ask.Out = Path("evaluation"),
    baseline: ask.BaselineFile = None,
    clip_seconds: ask.ClipSeconds = 10.0,
    rows: ask.Rows = 24,
    allow_poor_donor: ask.AllowPoor = False,
    content_gate: ask.ContentGate = True,
    features: ask.Features = None,
    as_json: ask.AsJson = False,
    progress: swapping.Progress = True,
    quiet: ask.Quiet = False,
) -> None:
    """Measure how well engines swap, and write a table and a page with pictures."""
    with Talk(as_json=as_json, quiet=quiet) as talk:
        count = parse_pairs(pairs)
        if quality not in (None, *LEVELS):
            known = ", ".join(LEVELS)
            raise InvalidRequest(f"--quality is one of {known}, not {quality}.")
        if (folder is None) != built_in:
            raise InvalidRequest("Give a FOLDER of people, or --built-in.")
        from personae.cli.fetching import fetch_models
        from personae.evaluating.report import as_json as to_json
        from personae.evaluating.report import read_baseline, write_report
        from personae.evaluating.run import Settings

        before = None if baseline is None else read_baseline(baseline)
        fetch_models(talk)
        further: Further = {
            "boost_px": boost,
            "likeness": likeness,
            "restorer": restorer,
            "occluders": parse_models(occluder),
            "parser": parser,
            "regions": () if regions is None else tuple(regions.split(",")),
            "detector": detector,
            "landmarkers": tuple(landmarker or ()),
        }
        contenders = _contenders(engine or [], outputs or [], quality, restore, further)
        people, clips = _people(folder, clip or [])
        chosen = _pairs(people, clips, pair_list, count, seed)
        settings = Settings(
            seed=seed,
            allow_poor=allow_poor_donor,
            gate=LIMIT if content_gate else None,
            clip_seconds=clip_seconds,
            worst=rows,
            best=(rows + 2) // 3,
        )
        with _report_folder(out):
            evaluation = _run(
                people, chosen, contenders, settings, features, quiet=quiet or not progress
            )
            written = write_report(out, evaluation, before)
        _tell(talk, evaluation, before, contenders)
        data = {**to_json(evaluation), "files": [str(path) for path in written]}
        talk.result(_text(evaluation, before, written), data)


def _run(
    people: People,
    pairs: list[Pair],
    contenders: list[Contender],
    settings: Settings,
    features: str | None,
    *,
    quiet: bool,
) -> Evaluation:
    """All pairs of all engines, in sight, until somebody stops it."""
    from personae.evaluating.features import installed_features
    from personae.evaluating.run import Evaluator

    with (
        Interruptible() as interrupt,
        ShownProgress("Evaluating", quiet=quiet, unit="pairs") as progress,
    ):
        return Evaluator(
            people,
            pairs,
            contenders,
            settings,
            features=installed_features(features),
            progress=progress,
            should_stop=interrupt.should_stop,
        ).run()


def _contenders(
    engines: list[str],
    outputs: list[Path],
    level: str | None,
    restore: float,
    further: Further,
) -> list[Contender]:
    """Engines by name and outputs by folder.

    Where nothing is named it is the level's engine, and without a level the mesh engine.
    """
    from personae.evaluating.engines import contender
    from personae.evaluating.stored import stored

    made_elsewhere = [stored(path) for path in outputs]
    names: list[str | None] = [*dict.fromkeys(engines)]
    if level is not None:
        further = {**further, "level": level}
        names = names or [None]
    elif not names and not made_elsewhere:
        names = [MESH]
    contenders = [*(contender(name, restore, **further) for name in names), *made_elsewhere]
    check_names(one.name for one in contenders)
    return contenders


def parse_pairs(text: str) -> int | None:
    """How many pairs; None for ``all``.

    Raises
    ------
    InvalidRequest
    """
    word = text.strip().lower()
    if word == "all":
        return None
    if word.isascii() and word.isdigit() and int(word) > 0:
        return int(word)
    raise InvalidRequest(f"--pairs {text} is no number of pairs; write a number from 1 on, or all.")


def check_names(names: Iterable[str]) -> None:
    """Refuse two engines of one name, which no table could tell apart.

    Raises
    ------
    InvalidRequest
    """
    seen: set[str] = set()
    for name in names:
        if name in seen:
            raise InvalidRequest(f"Two engines are called {name}; rename the folder of outputs.")
        seen.add(name)


def _people(folder: Path | None, clips: list[Path]) -> tuple[People, list[Clip]]:
    """Everybody, and all clips."""
    from personae.evaluating.built_in import built_in_people
    from personae.evaluating.people import read_clip, read_people

    people = built_in_people() if folder is None else read_people(folder)
    return people, [*people.clips, *map(read_clip, clips)]


def _pairs(
    people: People, clips: list[Clip], pair_list: Path | None, count: int | None, seed: int
) -> list[Pair]:
    from personae.evaluating.pairs import choose_clip_pairs, choose_pairs, read_pairs

    if pair_list is not None:
        return read_pairs(pair_list, people, clips)
    return [*choose_pairs(people, count, seed), *choose_clip_pairs(people, clips, seed)]


@contextmanager
def _report_folder(folder: Path) -> Generator[None]:
    """A folder for the report; if it was missing and there is no report, it goes again.

    Raises
    ------
    MediaUnreachable
        Before any work, if there cannot be one.
    """
    from personae.video.files import output_errors

    there = folder.is_dir()
    with output_errors(folder):
        folder.mkdir(parents=True, exist_ok=True)
    try:
        yield
    except BaseException:
        if not there:
            with suppress(OSError):  # Only if nothing lies in it.
                folder.rmdir()
        raise


def _tell(
    talk: Talk, evaluation: Evaluation, before: Baseline | None, contenders: list[Contender]
) -> None:
    for problem in evaluation.problems[:20]:
        talk.warn(problem.message)
    if len(evaluation.problems) > 20:
        talk.warn(f"{len(evaluation.problems) - 20} further files could not be used; see the page.")
    if before is not None and (told := before.differs(evaluation)) is not None:
        talk.warn(told)
    if before is None:
        return
    for one in contenders:
        if one.name not in before.pictures:
            talk.warn(f"{before.name} holds no engine {one.name}; it has no differences.")


def _text(evaluation: Evaluation, before: Baseline | None, written: list[Path]) -> str:
    from personae.evaluating.report import lines_for_people

    return "\n".join([lines_for_people(evaluation, before), *map(str, written)])
