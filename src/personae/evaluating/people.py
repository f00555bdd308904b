"""Who is in a folder: one sub-folder a person, or one photo a person; clips beside them."""

from __future__ import annotations

import os
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from personae.errors import InvalidRequest, MediaError, MediaUnreachable
from personae.photos import ImageLike
from personae.video.files import reason
from personae.video.sniffing import sniff


@dataclass(frozen=True, slots=True, eq=False)
class Photo:
    """One picture of a person.

    ``name``: how tables call it, the path below the folder; ``image``: its file, or its pixels.
    """

    name: str
    person: str
    image: ImageLike


@dataclass(frozen=True, slots=True, eq=False)
class Person:
    """Somebody with one photo or several, in the order of their names.

    The first photo is the donor's; the others tell who it is. Where there is only one, it has to
    do both.
    """

    name: str
    photos: tuple[Photo, ...]

    @property
    def donor(self) -> Photo:
        """The photo that makes swaps."""
        return self.photos[0]

    @property
    def references(self) -> tuple[Photo, ...]:
        """The photos by which an output is told to be this person."""
        return self.photos[1:] or self.photos


@dataclass(frozen=True, slots=True)
class Clip:
    """A video or an animation as a scene; ``person`` is empty where nobody says who is in it."""

    name: str
    person: str
    path: Path


@dataclass(frozen=True, slots=True)
class Problem:
    """One file that could not be used, and why: a code of `personae.errors`, and a sentence."""

    name: str
    code: str
    message: str


@dataclass(frozen=True, slots=True)
class People:
    """What a folder holds.

    ``problems``: files that look like media and are none. ``ignored``: how many files were
    something else altogether, such as notes.
    """

    name: str
    persons: tuple[Person, ...]
    clips: tuple[Clip, ...] = ()
    problems: tuple[Problem, ...] = ()
    ignored: int = 0

    @property
    def photos(self) -> tuple[Photo, ...]:
        """Every photo of everybody."""
        return tuple(photo for person in self.persons for photo in person.photos)


MEDIA_ENDINGS = frozenset(
    (
        *(".jpg", ".jpeg", ".jpe", ".jfif", ".png", ".webp", ".avif", ".heic", ".tif", ".tiff"),
        *(".bmp", ".gif", ".apng", ".mp4", ".m4v", ".mov", ".mkv", ".webm", ".avi", ".mpg", ".ts"),
    )
)
"""Endings of files that are meant as media: when they hold something else, that is a problem."""


def read_people(folder: Path) -> People:
    """Look at the content of every file in `folder`; none is decoded.

    Files directly in it are one person each. Each sub-folder is one person; what lies deeper
    belongs to it too. Hidden files are left alone.

    Raises
    ------
    MediaUnreachable
        If there is no such folder or it cannot be read.
    """
    if not folder.is_dir():
        what = "is a file" if folder.exists() else "does not exist"
        raise MediaUnreachable(
            f"{folder} {what}; name a folder with photos, or with a folder for each person.",
            retryable=False,
        )
    found = _Found()
    for path in _listed(folder):
        if path.is_dir():
            for inner in _walked(path):
                found.take(inner, inner.relative_to(folder).as_posix(), path.name)
        else:
            found.take(path, path.name, path.name)
    name = folder.resolve().name or "folder"
    persons = tuple(Person(person, tuple(photos)) for person, photos in found.photos.items())
    return People(name, persons, tuple(found.clips), tuple(found.problems), found.ignored)


def read_clip(path: Path) -> Clip:
    """A clip that was named on its own.

    Raises
    ------
    MediaError
        If it is no video and no animation.
    """
    if sniff(path) not in ("video", "animation"):
        raise InvalidRequest(f"{path} is neither a video nor an animation; name a clip.")
    return Clip(path.name, "", path)


class _Found:
    """What has been seen so far."""

    def __init__(self) -> None:
        self.photos: dict[str, list[Photo]] = {}
        self.clips: list[Clip] = []
        self.problems: list[Problem] = []
        self.ignored = 0

    def take(self, path: Path, name: str, person: str) -> None:
        """Sort one file in."""
        meant = path.suffix.lower() in MEDIA_ENDINGS
        try:
            kind = sniff(path)
        except MediaError as error:
            if meant:
                self.problems.append(Problem(name, error.code, sentence(error.message, path, name)))
            else:
                self.ignored += 1
            return
        if kind == "picture":
            self.photos.setdefault(person, []).append(Photo(name, person, path))
        elif kind in ("video", "animation") and meant:
            self.clips.append(Clip(name, person, path))
        elif meant:
            text = f"{name} is no picture and no clip, whatever its name says."
            self.problems.append(Problem(name, "media_unsupported", text))
        else:
            self.ignored += 1


def sentence(message: str, path: object, name: str) -> str:
    """A message with the short name of a file in the place of its path."""
    return message.replace(os.fspath(path), name) if isinstance(path, str | Path) else message


def _listed(folder: Path) -> list[Path]:
    """What lies in a folder, by name, without what is hidden.

    Raises
    ------
    MediaUnreachable
    """
    try:
        paths = list(folder.iterdir())
    except OSError as error:
        raise MediaUnreachable(
            f"{folder} cannot be read: {reason(error)}.", retryable=False
        ) from error
    return sorted((path for path in paths if not path.name.startswith(".")), key=_order)


def _walked(folder: Path) -> Iterable[Path]:
    """All files below a folder, by their paths; links to folders are not followed."""
    for top, folders, files in os.walk(folder):
        folders[:] = sorted(name for name in folders if not name.startswith("."))
        for name in sorted(files):
            if not name.startswith("."):
                yield Path(top) / name


def _order(path: Path) -> str:
    return path.name
