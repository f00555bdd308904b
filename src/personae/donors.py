"""Donors: photos of one person, judged and prepared for any number of scenes."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass

import numpy as np

from personae import wiring
from personae.domain.gate import LIMIT, check_limit
from personae.engine.canvas import RgbCanvas
from personae.engine.faces.embedder import SAME_PERSON_DISTANCE, distance
from personae.engine.gate import NOTHING, Seen, check_picture
from personae.engine.mesh.donor import MeshDonor
from personae.engine.mesh.quality import Finding
from personae.engine.mesh.unrolling import Unrolled
from personae.engine.pipeline import Engine
from personae.engine.plans import EngineDonor
from personae.engine.register import Screen
from personae.engine.swapper import Portrait, portrait_of
from personae.engine.types import Float32
from personae.errors import DonorUnusable, InvalidRequest
from personae.photos import ImageLike, Pixels, called, load_pixels, sentence, single_face


@dataclass(frozen=True, slots=True, eq=False)
class Donor:
    """A person whose face is put in, ready for any number of scenes.

    Attributes
    ----------
    embedding : float32 (128,), unit norm
        Of the best photo.
    photos : int
        How many photos were used.
    warnings : tuple of str
        What is not ideal, one sentence each.
    digests : tuple of bytes
        SHA-256 of each photo that is a file, for manifests; see `docs/12-provenance.md`.
    faces : tuple of float32 (128,), unit norm
        The embeddings of all photos that were given.
    seen : Seen
        What the content gate saw of the photos, if it was asked.
    portraits : tuple of Portrait
        The photos that were used, the best first, for engines other than the embedded one.
    """

    mesh: MeshDonor
    embedding: Float32
    photos: int
    warnings: tuple[str, ...]
    digests: tuple[bytes, ...] = ()
    faces: tuple[Float32, ...] = ()
    seen: Seen = NOTHING
    portraits: tuple[Portrait, ...] = ()

    def for_engine(self, engine: Engine) -> EngineDonor:
        """This donor as an engine takes it.

        Raises
        ------
        InvalidRequest, ModelError
        """
        return engine.cast(self.mesh, self.portraits)

    def __repr__(self) -> str:
        return f"Donor({self.photos} photo{'s' if self.photos != 1 else ''})"


@dataclass(frozen=True, slots=True, eq=False)
class _Studied:
    name: str
    photo: Unrolled
    embedding: Float32
    findings: tuple[Finding, ...]
    warnings: tuple[str, ...]
    portrait: Portrait

    @property
    def worth(self) -> tuple[float, float]:
        """How good a likeness it is."""
        return self.photo.frontal, self.photo.pixels_per_texel

    @property
    def fatal(self) -> bool:
        return any(finding.fatal for finding in self.findings)


def prepare_donor(
    *photos: ImageLike,
    allow_poor: bool = False,
    alone: bool = False,
    gate_donor: float | None = LIMIT,
) -> Donor:
    """Prepare one person's face from one photo or several.

    Several photos are fused: every part of the face is taken from where it is seen best, eyes
    from where they are open and the mouth from where it is closed.

    Parameters
    ----------
    *photos : file or uint8 (H, W, 3) RGB
        The largest face of each is taken.
    allow_poor : bool
        Use photos that the quality gate refuses; what is wrong becomes a warning.
    alone : bool
        Refuse photos that show several people.
    gate_donor : float, range [0, 1], optional
        The highest score of the content gate that passes; None does not look.

    Raises
    ------
    FaceNotFound
        With role "donor", if a photo shows no face.
    SeveralFaces
        If a photo shows several, and should show one `alone`.
    DonorUnusable
        If no photo passes the gate; the message says what is wrong.
    MediaError
        If a photo cannot be read.
    PolicyRefused
        If the content gate takes a photo for nudity or sex.
    """
    if not photos:
        raise InvalidRequest("Give at least one photo of the donor.")
    # All photos are read before a model is: what is missing is said at once.
    read = [load_pixels(photo, "donor") for photo in photos]
    seen = _let_in(read, gate_donor)
    engine = wiring.engine()
    studied = [_study(engine, pixels, alone=alone) for pixels in read]
    warnings = [text for one in studied for text in one.warnings]
    used = studied if allow_poor else _passing(studied)
    warnings += [
        f"{one.name} was left out: {_reasons(one.findings, fatal=True)}."
        for one in studied
        if one not in used
    ]
    warnings += [
        f"{one.name} is not ideal: {_reasons(one.findings, fatal=False)}."
        for one in used
        if one.findings
    ]
    warnings += _strangers(used)
    mesh = engine.prepare([one.photo for one in used])
    ranked = sorted(used, key=lambda one: one.worth, reverse=True)
    return Donor(
        mesh,
        ranked[0].embedding,
        len(used),
        tuple(warnings),
        _digests(photos),
        tuple(one.embedding for one in studied),
        seen,
        tuple(one.portrait for one in ranked),
    )


def _digests(photos: Sequence[ImageLike]) -> tuple[bytes, ...]:
    digests: list[bytes] = []
    for photo in photos:
        # One that has gone since it was read gives none: it is no reason to fail.
        if not isinstance(photo, np.ndarray):
            with suppress(OSError), open(photo, "rb") as file:
                digests.append(hashlib.file_digest(file, "sha256").digest())
    return tuple(digests)


def _let_in(photos: Sequence[Pixels], limit: float | None) -> Seen:
    """What the content gate sees of photos.

    Raises
    ------
    PolicyRefused
    """
    seen = NOTHING
    if limit is None:
        return seen
    check_limit("donor", limit)
    scorer = wiring.scorer()
    for photo in photos:
        seen = seen.plus(scorer.score(RgbCanvas(photo.rgb)), limit)
        check_picture("donor", seen.highest, limit)
    return seen


def check_donor(
    *photos: ImageLike, screen: Screen | None = None, gate_donor: float | None = LIMIT
) -> int:
    """Whether photos can be kept as one person's: how many of them a swap takes.

    Stricter than `prepare_donor`, because whoever keeps photos for later is not there to read
    warnings: each must show one person alone, and all of them the same one.

    Raises
    ------
    FaceNotFound, SeveralFaces, MediaError
    PolicyRefused
        If a photo shows somebody who may not be a donor, by `screen`.
    DonorUnusable
        If no photo passes the gate, or two seem to show different people.
    PolicyRefused
        As `prepare_donor`.
    """
    read = [load_pixels(photo, "donor") for photo in photos]
    _let_in(read, gate_donor)
    engine = wiring.engine()
    studied = [_study(engine, pixels, alone=True) for pixels in read]
    if screen is not None:
        screen.check_all([one.embedding for one in studied], "donor")
    used = _passing(studied)
    strangers = _strangers(used)
    if strangers:
        raise DonorUnusable(
            f"{' '.join(map(sentence, strangers))} Keep each person as a face of their own."
        )
    return len(used)


def _passing(studied: Sequence[_Studied]) -> list[_Studied]:
    """Those that pass the quality gate.

    Raises
    ------
    DonorUnusable
        If none does.
    """
    used = [one for one in studied if not one.fatal]
    if not used:
        raise DonorUnusable(
            " ".join(
                f"{sentence(called(one.name, 'donor'))} cannot be used: "
                f"{_reasons(one.findings, fatal=True)}; give another photo."
                for one in studied
            )
        )
    return used


def _study(engine: Engine, pixels: Pixels, *, alone: bool = False) -> _Studied:
    face, warnings = single_face(engine, pixels, "donor", alone=alone)
    canvas = RgbCanvas(pixels.rgb)
    photo, findings = engine.study(canvas, face)
    embedding = engine.embed(canvas, face.landmarks)
    warnings = (*pixels.notes, *warnings)
    return _Studied(
        pixels.name, photo, embedding, tuple(findings), warnings, portrait_of(canvas, face)
    )


def _reasons(findings: Sequence[Finding], *, fatal: bool) -> str:
    return ", ".join(finding.text for finding in findings if finding.fatal or not fatal)


def _strangers(used: Sequence[_Studied]) -> list[str]:
    """Warn when photos that should show one person seem to show several."""
    first = used[0]
    return [
        f"{one.name} seems to show another person than {first.name}."
        for one in used[1:]
        if distance(one.embedding, first.embedding) > SAME_PERSON_DISTANCE
    ]
