"""What people write on the command line, understood or refused in one sentence."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from personae.domain.swap import LEAST_SIDE_PX, SIZES
from personae.engine.choosing import LEVELS
from personae.errors import InvalidRequest
from personae.video.files import missing

FaceChoice = Literal["largest", "all"] | int

_CLOCK = re.compile(r"(?:(?:(\d+):)?(\d+):)?(\d+(?:\.\d*)?|\.\d+)")


def parse_time(text: str, option: str) -> float:
    """Seconds from ``90``, ``1:30``, ``1:30.5`` or ``0:01:30``.

    Raises
    ------
    InvalidRequest
        Naming `option`, if the text is no time.
    """
    match = _CLOCK.fullmatch(text.strip())
    if match is None:
        raise InvalidRequest(
            f"{option} {text} is no time; write seconds (90, 90.5), m:ss or h:mm:ss."
        )
    hours, minutes, seconds = (float(part or 0) for part in match.groups())
    if match[2] is not None and seconds >= 60:
        raise InvalidRequest(f"{option} {text} has more than 59 seconds after a colon.")
    if match[1] is not None and minutes >= 60:
        raise InvalidRequest(f"{option} {text} has more than 59 minutes after a colon.")
    return hours * 3600 + minutes * 60 + seconds


def parse_span(start: str | None, end: str | None) -> tuple[float | None, float | None]:
    """Start and end in seconds.

    Raises
    ------
    InvalidRequest
        If one of them is no time, or the end does not lie after the start.
    """
    start_s = None if start is None else parse_time(start, "--start")
    end_s = None if end is None else parse_time(end, "--end")
    if end_s is not None and end_s <= (start_s or 0.0):
        raise InvalidRequest(f"--end {end} must lie after --start {start or 0}.")
    return start_s, end_s


def parse_size(text: str) -> tuple[int, int]:
    """Most pixels of the longer and of the shorter side, from ``1080p`` or ``1920x1080``.

    Raises
    ------
    InvalidRequest
        If it is neither a name of `SIZES` nor two numbers, or too small for faces.
    """
    word = text.strip().lower()
    if word in SIZES:
        return SIZES[word]
    match = re.fullmatch(r"(\d{1,6})[x\u00d7](\d{1,6})", word)
    if match is None:
        raise InvalidRequest(
            f"--max-size {text} is not known; write {', '.join(SIZES)}, or width x height such as "
            "1920x1080."
        )
    sides = int(match[1]), int(match[2])
    if min(sides) < LEAST_SIDE_PX:
        raise InvalidRequest(
            f"--max-size {text} leaves too little of a face; neither side may be below "
            f"{LEAST_SIDE_PX} pixels."
        )
    return max(sides), min(sides)


def parse_face(text: str, option: str = "--face") -> FaceChoice:
    """``largest``, ``all``, or the number of a face as `personae detect` counts them.

    Raises
    ------
    InvalidRequest
        If it is none of these.
    """
    word = text.strip().lower()
    if word == "largest":
        return "largest"
    if word == "all":
        return "all"
    if re.fullmatch(r"\d{1,4}", word):
        return int(word)
    raise InvalidRequest(
        f"{option} {text} is not known; write largest, all, or the number of a face "
        "(0 is the leftmost; see `personae detect`)."
    )


@dataclass(frozen=True, slots=True)
class MapArgument:
    """One ``--map``: photos of a donor, and the person who gets that face.

    Exactly one of `like` (a photo of that person) and `face` (a number in the scene) is given.
    """

    donors: tuple[Path, ...]
    like: Path | None = None
    face: int | None = None


def parse_map(text: str) -> MapArgument:
    """Understand ``DONOR=REFERENCE_FACE``, where both names may contain ``=``.

    The text is divided at the ``=`` that leaves an existing file on both sides (or a face's
    number on the right). The left side may list several photos, separated by commas.

    Raises
    ------
    InvalidRequest
        If there is no ``=``, or several places to divide would do.
    MediaUnreachable
        If a file does not exist.
    """
    places = [at for at, letter in enumerate(text) if letter == "="]
    if not places or text.strip() == "=":
        raise InvalidRequest(
            f"--map {text} must read DONOR=REFERENCE_FACE: a photo of the new face, an equals "
            "sign, and a photo of the person who gets it."
        )
    found = [one for at in places if (one := _divided(text[:at], text[at + 1 :]))]
    if len(found) > 1:
        raise InvalidRequest(
            f"--map {text} can be divided in several ways; rename a file so that its name has "
            "no equals sign."
        )
    if found:
        return found[0]
    left, _, right = text.partition("=")
    name = next(name for name in (*left.split(","), right) if not Path(name).is_file())
    raise missing(name, f"--map {text}: {name or 'a name'}")


def _divided(left: str, right: str) -> MapArgument | None:
    """The map, if these are existing files (or a face's number on the right)."""
    whole = Path(left)
    donors = (whole,) if whole.is_file() else tuple(Path(name) for name in left.split(","))
    if not left or not all(path.is_file() for path in donors):
        return None
    if right and Path(right).is_file():
        return MapArgument(donors, like=Path(right))
    if re.fullmatch(r"\d{1,4}", right):
        return MapArgument(donors, face=int(right))
    return None


@dataclass(frozen=True, slots=True)
class Inputs:
    """Who goes where: the scene, and either photos of one donor or several maps."""

    scene: Path
    donors: tuple[Path, ...]
    maps: tuple[MapArgument, ...]


def sort_inputs(positional: Sequence[Path], donors: Sequence[Path], maps: Sequence[str]) -> Inputs:
    """Tell donor and scene apart.

    ``DONOR SCENE``; ``SCENE --donor A --donor B``; ``DONOR SCENE --donor B`` (more photos of the
    same person); ``SCENE --map D=R --map D=R``.

    Raises
    ------
    InvalidRequest
        If something is missing or too much.
    MediaUnreachable
        If a file that a map names does not exist.
    """
    if len(positional) > 2:
        extra = positional[-1]
        raise InvalidRequest(
            f"{extra} is one path too many: give DONOR SCENE, and further photos of the donor "
            "with --donor."
        )
    if maps and donors:
        raise InvalidRequest("Use either --donor or --map: a map names its own donor.")
    if maps:
        if len(positional) != 1:
            raise InvalidRequest("With --map give just the SCENE: each map names its own donor.")
        return Inputs(positional[0], (), tuple(parse_map(text) for text in maps))
    if len(positional) == 2:
        return Inputs(positional[1], (positional[0], *donors), ())
    if len(positional) == 1 and donors:
        return Inputs(positional[0], tuple(donors), ())
    raise InvalidRequest("Give a DONOR and a SCENE: personae swap face.jpg scene.mp4 -o out.mp4")


def check_output(output: Path, inputs: Sequence[Path]) -> None:
    """Refuse to write over something that is read.

    Raises
    ------
    InvalidRequest
        If `output` is the same file as one of `inputs`, also by another name.
    """
    for path in inputs:
        try:
            same = output.samefile(path)
        except OSError:  # One of them does not exist; whoever opens it will say so.
            same = False
        if same:
            raise InvalidRequest(
                f"The output {output} is also an input; choose another name, so that the "
                "original is kept."
            )


def parse_quality(given: Sequence[str]) -> tuple[str, int | None]:
    """The level and the number that ``--quality`` gives, each at most once.

    Raises
    ------
    InvalidRequest
    """
    words = [one for one in given if not one.isdigit()]
    numbers = [int(one) for one in given if one.isdigit()]
    if any(one not in LEVELS for one in words) or any(not 1 <= one <= 100 for one in numbers):
        raise InvalidRequest(
            f"--quality is one of {', '.join(LEVELS)}, or a number from 1 to 100, not "
            f"{' and '.join(given)}."
        )
    if len(words) > 1 or len(numbers) > 1:
        raise InvalidRequest("Give --quality one word, one number, or one of each.")
    return words[0] if words else "standard", numbers[0] if numbers else None


def parse_models(given: Sequence[str] | None) -> tuple[str, ...] | None:
    """Models by name; None leaves them to the level, and ``off`` is none at all.

    Raises
    ------
    InvalidRequest
    """
    if given is None:
        return None
    if "off" in given and len(given) > 1:
        raise InvalidRequest("Give either off or names of models.")
    return () if "off" in given else tuple(given)
