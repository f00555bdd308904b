"""The do-not-swap register: adding people by their photos, and finding them again.

Embeddings are personal data: they are made in a media child and kept without the photos.
"""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from personae.app import audit
from personae.app.donor_look import Materialise
from personae.app.ports import Clock, Database, MediaHost, Transaction
from personae.app.register_entries import Entry, check, reason_of
from personae.app.register_snapshots import RegisterSnapshots
from personae.app.scratch import Scratch
from personae.domain.ids import new_id
from personae.domain.media import Asset
from personae.domain.register import (
    DISTANCE,
    EMBEDDING,
    MAX_PHOTOS,
    AppliesTo,
    ProtectedPerson,
)
from personae.domain.swap import MediaRef
from personae.domain.takedowns import Order
from personae.errors import InvalidRequest, MediaUnreadable, TaskFailed

_LOOKS = 2


@dataclass(frozen=True, slots=True)
class Near:
    """An entry that a photo was compared with.

    ``refused``: whether a swap would be refused over it.
    """

    person: ProtectedPerson
    distance: float
    refused: bool


class RegisterService:
    """The rules of the register, on ports. Everything blocks: never call it on an event loop.

    Parameters
    ----------
    media : MediaHost
        Makes embeddings of photos.
    snapshots : RegisterSnapshots
        For looking people up.
    work_dir : Path
        Where photos wait while they are looked at; made if it is missing.
    materialise : callable, optional
        Puts a stored file into a folder; without it nobody is added by stored photos.
    timeout_s : float, seconds
        Of one look at an entry's photos.
    """

    def __init__(
        self,
        database: Database,
        media: MediaHost,
        clock: Clock,
        snapshots: RegisterSnapshots,
        work_dir: Path,
        materialise: Materialise | None = None,
        timeout_s: float = 60.0,
    ) -> None:
        self._database = database
        self._media = media
        self._clock = clock
        self._snapshots = snapshots
        self._materialise = materialise
        self._work_dir = work_dir
        self.scratch = Scratch(work_dir)
        self._timeout_s = timeout_s

    def add(
        self,
        entry: Entry,
        photos: Sequence[Path],
        *,
        added_by: str,
        tenant_id: str | None = None,
        names: Sequence[str] = (),
        should_stop: Callable[[], bool] | None = None,
    ) -> tuple[ProtectedPerson, list[str]]:
        """Protect somebody from now on; the entry, and what is not ideal about the photos.

        Parameters
        ----------
        photos : sequence of Path
            Of one person alone; not kept.
        tenant_id : str, optional
            Whose tasks it holds for; without it everybody's.
        names : sequence of str
            What messages call the photos; by default their file names.

        Raises
        ------
        InvalidRequest
            If the entry makes no sense, or there are too few or too many photos.
        FaceNotFound, SeveralFaces, MediaError
            If a photo does not show exactly one face.
        TaskFailed, Unavailable, ModelError
        """
        check(entry, self._clock())
        if not 1 <= len(photos) <= MAX_PHOTOS:
            raise InvalidRequest(f"An entry is made of 1 to {MAX_PHOTOS} photos of one person.")
        answer = self._ask({"op": "embed", "photos": _paths(photos)}, photos, names, should_stop)
        embeddings = [EMBEDDING.pack(*one) for one in answer["embeddings"]]
        person = self.write(entry, embeddings, added_by=added_by, tenant_id=tenant_id)
        return person, list(answer["warnings"])

    def add_stored(
        self,
        entry: Entry,
        asset_ids: Sequence[str],
        folder: Path,
        tenant_id: str,
        *,
        added_by: str,
        should_stop: Callable[[], bool] | None = None,
    ) -> tuple[ProtectedPerson, list[str]]:
        """As `add`, by a tenant's stored photos and for its tasks.

        Parameters
        ----------
        folder : Path
            Empty; where copies of the photos may lie meanwhile.

        Raises
        ------
        NotFound, Expired, Conflict
            If one of the photos is not there.
        """
        if self._materialise is None:
            raise InvalidRequest("People cannot be registered by stored photos here.")
        check(entry, self._clock())
        paths: list[Path] = []
        names: list[str] = []
        for number, asset_id in enumerate(asset_ids):
            place = folder / str(number)
            place.mkdir()
            photo = self._materialise(tenant_id, MediaRef(asset_id=asset_id), place)
            paths.append(photo.path)
            names.append(photo.name)
        return self.add(
            entry,
            paths,
            added_by=added_by,
            tenant_id=tenant_id,
            names=names,
            should_stop=should_stop,
        )

    def write(
        self,
        entry: Entry,
        embeddings: Sequence[bytes],
        *,
        added_by: str,
        tenant_id: str | None = None,
    ) -> ProtectedPerson:
        """Protect somebody by embeddings that were made before, `EMBEDDING` each.

        Raises
        ------
        InvalidRequest
        """
        check(entry, self._clock())
        if not 1 <= len(embeddings) <= MAX_PHOTOS:
            raise InvalidRequest(f"An entry has 1 to {MAX_PHOTOS} embeddings.")
        if not all(map(_is_unit, embeddings)):
            raise InvalidRequest("An embedding is 128 numbers of 4 bytes, with length 1.")
        return self._write(entry, [embeddings], added_by=added_by, tenant_id=tenant_id)[0]

    def _write(
        self,
        entry: Entry,
        people: Sequence[Sequence[bytes]],
        *,
        added_by: str,
        tenant_id: str | None,
    ) -> list[ProtectedPerson]:
        now = self._clock()
        made = [
            ProtectedPerson(
                id=new_id("person", now),
                tenant_id=tenant_id,
                name=entry.name.strip(),
                applies_to=entry.applies_to,
                reason=entry.reason.strip(),
                origin=entry.origin.strip(),
                added_by=added_by,
                created_at=now,
                expires_at=entry.expires_at,
                faces=len(embeddings),
            )
            for embeddings in people
        ]

        def insert(tx: Transaction) -> None:
            for person, embeddings in zip(made, people, strict=True):
                tx.register.insert(person, embeddings)
                facts = {"faces": person.faces}
                audit.person_added(
                    tx, person.id, person.applies_to, now, tenant_id=tenant_id, facts=facts
                )

        self._database.write(insert)
        return made

    def enroll(
        self, photos: Sequence[Asset], *, applies_to: AppliesTo, reason: str, order: Order
    ) -> tuple[str, ...]:
        """Protect everybody on stored photos; of a photo with several faces the largest.

        Photos of one person, as far as their embeddings tell, make one entry.

        Returns
        -------
        tuple of str
            The names of the new entries.

        Raises
        ------
        FaceNotFound
            If a photo shows nobody.
        NotFound, Expired, MediaError, TaskFailed, Unavailable, ModelError
        """
        if self._materialise is None:
            raise InvalidRequest("People cannot be registered by stored photos here.")
        groups: list[list[Sequence[float]]] = []
        self._work_dir.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(prefix="enroll-", dir=self._work_dir) as folder:
            for number, asset in enumerate(photos):
                place = Path(folder) / str(number)
                place.mkdir()
                ref = MediaRef(asset_id=asset.id)
                photo = self._materialise(asset.tenant_id, ref, place)
                job = {"op": "embed", "photos": [str(photo.path)], "alone": False}
                answer = self._ask(job, [photo.path], [photo.name], None)
                _group(answer["embeddings"][0], groups)
        entry = Entry(applies_to=applies_to, reason=reason_of(reason), origin="takedown")
        # All of them or nobody: the takedown is begun only if this succeeds.
        packed = [[EMBEDDING.pack(*one) for one in group[:MAX_PHOTOS]] for group in groups]
        people = self._write(entry, packed, added_by=order.requested_by, tenant_id=None)
        return tuple(person.id for person in people)

    def look_up(
        self,
        photo: Path,
        *,
        count: int = 5,
        name: str = "",
        should_stop: Callable[[], bool] | None = None,
    ) -> tuple[list[Near], list[str]]:
        """The entries nearest to the one face of a photo, and what is not ideal about it.

        Raises
        ------
        FaceNotFound, SeveralFaces, MediaError, TaskFailed, Unavailable, ModelError
        """
        with self._snapshots.lent("") as register:
            job = {"op": "look_up", "photo": str(photo), "register": register, "count": count}
            answer = self._ask(job, [photo], [name] if name else [], should_stop)
        found: list[Near] = []
        for told in answer["found"]:
            person = self._database.read(lambda tx, told=told: tx.register.get(told["person_id"]))
            if person is not None and person.removed_at is None:
                far = float(told["distance"])
                found.append(Near(person, far, far <= self._snapshots.distance))
        return found, list(answer["warnings"])

    def _ask(
        self,
        job: dict[str, Any],
        photos: Sequence[Path],
        names: Sequence[str],
        should_stop: Callable[[], bool] | None,
    ) -> dict[str, Any]:
        called = names or [photo.name for photo in photos]
        job = {**job, "names": dict(zip(_paths(photos), called, strict=True))}
        limit_s = self._timeout_s
        for _ in range(_LOOKS):
            try:
                return self._media.run(
                    job, timeout_s=limit_s, stall_s=limit_s, should_stop=should_stop
                )
            except TaskFailed:
                continue
        raise MediaUnreadable("The photos cannot be read within the limits of memory and time.")


def _is_unit(embedding: bytes) -> bool:
    if len(embedding) != EMBEDDING.size:
        return False
    return abs(sum(one * one for one in EMBEDDING.unpack(embedding)) - 1) < 1e-3


def _group(embedding: Sequence[float], groups: list[list[Sequence[float]]]) -> None:
    """Put an embedding to the first group that shows the same person, or to one of its own."""
    for group in groups:
        if 1 - sum(a * b for a, b in zip(embedding, group[0], strict=True)) <= DISTANCE:
            group.append(embedding)
            return
    groups.append([embedding])


def _paths(photos: Sequence[Path]) -> list[str]:
    return [str(photo) for photo in photos]
