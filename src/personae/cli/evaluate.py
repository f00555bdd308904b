"""``personae evaluate``: how well engines swap, over a folder of people, as tables and a page."""

from __future__ import annotations

from collections.abc import Generator, Iterable
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from personae.cli.interrupts import Interruptible
from personae.cli.output import Talk
from personae.cli.progress import ShownProgress
from personae.domain.gate import LIMIT
from personae.errors import InvalidRequest

if TYPE_CHECKING:
    from personae.evaluating.engines import Contender
    from personae.evaluating.pairs import Pair
    from personae.evaluating.people import Clip, People
    from personae.evaluating.report import Baseline
    from personae.evaluating.run import Evaluation, Settings

Folder = Annotated[
    Path | None,
    typer.Argument(
        metavar="[FOLDER]",
        help="A folder of photos, one a person, or of folders, one a person with several photos; "
        "clips in it are used as scenes as well.",
    ),
]
BuiltIn = Annotated[
    bool,
    typer.Option(
        "--built-in",
        help="Use the two public-domain portraits of matplotlib and scikit-image instead, under "
        "several conditions.",
    ),
]
Clips = Annotated[
    list[Path] | None,
    typer.Option("--clip", metavar="FILE", help="A further clip as a scene; repeat it."),
]
Engines = Annotated[
    list[str] | None,
    typer.Option("--engine", metavar="NAME", help="Which engine; repeat it to compare several."),
]
Outputs = Annotated[
    list[Path] | None,
    typer.Option(
        "--outputs",
        metavar="DIR",
        help="Measure outputs made elsewhere as well, called DONOR-SCENE after both photos.",
    ),
]
Pairs = Annotated[
    str, typer.Option("--pairs", metavar="N", help="How many pairs of pictures, or all.")
]
Seed = Annotated[int, typer.Option("--seed", help="Which pairs; the same number, the same pairs.")]
PairList = Annotated[
    Path | None,
    typer.Option(metavar="FILE", help="Use the pairs of this list: donor,scene lines."),
]
Restore = Annotated[
    float, typer.Option("--restore", min=0, max=1, help="As for swap.", show_default=True)
]
Out = Annotated[
    Path,
    typer.Option("--out", "-o", metavar="DIR", help="Where the report goes; made if missing."),
]
BaselineFile = Annotated[
    Path | None,
    typer.Option(
        "--baseline", metavar="FILE", help="An earlier evaluation.json to show differences to."
    ),
]
ClipSeconds = Annotated[
    float, typer.Option(min=0.2, max=3600, help="How much of each clip is used, in seconds.")
]
Rows = Annotated[int, typer.Option(min=0, max=500, help="Worst rows with pictures on the page.")]
AllowPoor = Annotated[
    bool,
    typer.Option("--allow-poor-donor", help="Swap donor photos that would be refused as well."),
]
ContentGate = Annotated[
    bool, typer.Option("--content-gate/--no-content-gate", help="As for swap: donors and scenes.")
]
Features = Annotated[
    str | None,
    typer.Option("--features", metavar="NAME", help="Which feature network makes the FID."),
]
AsJson = Annotated[bool, typer.Option("--json", help="Print one JSON object on stdout.")]
Quiet = Annotated[bool, typer.Option("--quiet", "-q", help="Nothing on stderr but errors.")]


def evaluate(
    folder: Folder = None,
    built_in: BuiltIn = False,
    clip: Clips = None,
    engine: Engines = None,
    outputs: Outputs = None,
    pairs: Pairs = "100",
    seed: Seed = 0,
    pair_list: PairList = None,
    restore: Restore = 0.0,
    out: Out = Path("evaluation"),
    baseline: BaselineFile = None,
    clip_seconds: ClipSeconds = 10.0,
    rows: Rows = 24,
    allow_poor_donor: AllowPoor = False,
    content_gate: ContentGate = True,
    features: Features = None,
    as_json: AsJson = False,
    quiet: Quiet = False,
) -> None:
    """Measure how well engines swap, and write a table and a page with pictures.

    personae evaluate people/

    personae evaluate people/ --pairs 300 --baseline before/evaluation.json -o after
    """
    with Talk(as_json=as_json, quiet=quiet) as talk:
        count = parse_pairs(pairs)
        if (folder is None) != built_in:
            raise InvalidRequest("Give a FOLDER of people, or --built-in.")
        from personae.cli.fetching import fetch_models
        from personae.evaluating.report import as_json as to_json
        from personae.evaluating.report import read_baseline, write_report
        from personae.evaluating.run import Settings

        before = None if baseline is None else read_baseline(baseline)
        fetch_models(talk)
        contenders = _contenders(engine or [], outputs or [], restore)
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
            evaluation = _run(people, chosen, contenders, settings, features, quiet=quiet)
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


def _contenders(engines: list[str], outputs: list[Path], restore: float) -> list[Contender]:
    """Engines by name and outputs by folder; the mesh engine where nothing is named."""
    from personae.evaluating.engines import contender
    from personae.evaluating.stored import stored

    made_elsewhere = [stored(path) for path in outputs]
    names = dict.fromkeys(engines or ([] if made_elsewhere else ["mesh"]))
    contenders = [*(contender(name, restore) for name in names), *made_elsewhere]
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
