"""A task's inputs: from what the client named to files on this machine and a media job's terms."""

from __future__ import annotations

import threading
from collections.abc import Callable, Collection, Sequence
from concurrent.futures import Future
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

from personae.app import detections
from personae.app.policy import check_file
from personae.app.ports import Database, Transaction
from personae.app.receiving import fingerprint
from personae.domain.media import MediaFacts
from personae.domain.swap import MediaRef, SceneFace, SwapMapping, SwapRequest
from personae.domain.tasks import Task
from personae.errors import Canceled, InvalidRequest, NotFound, Role

_LOOK_S = 0.25


@dataclass(frozen=True, slots=True)
class LocalMedia:
    """Media on this machine.

    ``blob_key``: where the same bytes are stored for all; None if they were fetched from a URL.
    ``name``: what messages to the client call it. ``sha256``: known of stored files only.
    """

    path: Path
    facts: MediaFacts
    blob_key: str | None
    name: str
    sha256: str | None = None


class Sources(Protocol):
    """Gets media: `personae.app.assets` does it."""

    def materialise(self, tenant_id: str, ref: MediaRef, folder: Path) -> LocalMedia:
        """Put the media into a new file in `folder`; its facts are measured, not declared.

        Raises
        ------
        NotFound, Expired, AddressRefused, MediaError
        """
        ...


@dataclass(frozen=True, slots=True)
class JobMapping:
    """One mapping with its media at hand."""

    donors: tuple[LocalMedia, ...]
    face: str | int | None
    like: LocalMedia | None
    like_embedding: tuple[float, ...] | None
    alone: bool = False

    def to_job(self) -> dict[str, Any]:
        """As media jobs want it; paths are this machine's."""
        return {
            "donors": [str(donor.path) for donor in self.donors],
            "face": self.face,
            "like": None if self.like is None else str(self.like.path),
            "like_embedding": None if self.like_embedding is None else list(self.like_embedding),
            "allow_poor": False,
            "alone": self.alone,
        }

    def media(self) -> tuple[LocalMedia, ...]:
        """Every file of it."""
        return self.donors if self.like is None else (*self.donors, self.like)


def names_of(scene: LocalMedia, mappings: Sequence[JobMapping] = ()) -> dict[str, str]:
    """A media job's ``names``: what errors and warnings are to call its files."""
    files = (scene, *(one for mapping in mappings for one in mapping.media()))
    return {str(one.path): one.name for one in files}


class Inputs:
    """Gathers what a swap needs.

    Pictures that several mappings name are fetched once. ``should_stop`` says, asked often, whether
    the task is still wanted. ``refused_files``: SHA-256 hashes of what nobody may use.
    """

    def __init__(
        self, database: Database, sources: Sources, refused_files: Collection[str] = ()
    ) -> None:
        self._database = database
        self._sources = sources
        self._refused_files = refused_files

    def scene(self, task: Task, folder: Path, should_stop: Callable[[], bool]) -> LocalMedia:
        """The scene of a swap, a preview or a detection.

        Raises
        ------
        InvalidRequest
            If it is not what the client said it was.
        PolicyRefused, Canceled
        """
        ref = MediaRef(**task.request["scene"])
        scene = self._get(task, ref, "scene", folder / "scene", should_stop)
        check_kind(task.request["media"], scene.facts.kind)
        return scene

    def mappings(
        self, task: Task, request: SwapRequest, folder: Path, should_stop: Callable[[], bool]
    ) -> list[JobMapping]:
        """All donors and references, and the embeddings of detected faces.

        Raises
        ------
        NotFound, Expired, AddressRefused, MediaError, InvalidRequest, PolicyRefused, Canceled
        """
        known: dict[MediaRef, LocalMedia] = {}

        def picture(ref: MediaRef, role: Role) -> LocalMedia:
            if ref not in known:
                place = folder / f"picture_{len(known)}"
                known[ref] = self._get(task, ref, role, place, should_stop)
            return known[ref]

        gathered: list[JobMapping] = []
        for mapping in request.mappings:
            refs = self._database.read(lambda tx, m=mapping: donor_refs(tx, task, m))
            face = mapping.scene_face
            gathered.append(
                JobMapping(
                    tuple(picture(ref, "donor") for ref in refs),
                    face.choice if face.choice is not None else face.index,
                    None if face.reference is None else picture(face.reference, "reference"),
                    self._database.read(lambda tx, f=face: embedding_of(tx, task, request, f)),
                    mapping.alone,
                )
            )
        return gathered

    def _get(
        self,
        task: Task,
        ref: MediaRef,
        role: Role,
        folder: Path,
        should_stop: Callable[[], bool],
    ) -> LocalMedia:
        folder.mkdir(parents=True)

        def get() -> LocalMedia:
            media = self._sources.materialise(task.tenant_id, ref, folder)
            sha256 = media.sha256 or fingerprint(media.path).sha256
            refused = self._refused_files
            self._database.read(lambda tx: check_file(tx, sha256, role, refused))
            return media

        return get() if ref.url is None else _leaving(get, should_stop)


def _leaving(get: Callable[[], LocalMedia], should_stop: Callable[[], bool]) -> LocalMedia:
    """What `get` returns; a download that nobody wants any more is left to its own time limit."""
    done: Future[LocalMedia] = Future()

    def fetch() -> None:
        try:
            done.set_result(get())
        except BaseException as error:
            done.set_exception(error)

    threading.Thread(target=fetch, name="personae-fetch", daemon=True).start()
    while True:
        try:
            return done.result(timeout=_LOOK_S)
        except TimeoutError:
            if done.done():
                raise
            if should_stop():
                raise Canceled from None


def donor_refs(tx: Transaction, task: Task, mapping: SwapMapping) -> tuple[MediaRef, ...]:
    """The donor photos of a mapping, those of a saved face looked up."""
    if mapping.face_id is None:
        return mapping.donors
    face = tx.faces.get(task.tenant_id, mapping.face_id)
    if face is None:
        raise NotFound(f"There is no face {mapping.face_id}.")
    return tuple(MediaRef(asset_id=asset_id) for asset_id in face.asset_ids)


def embedding_of(
    tx: Transaction, task: Task, request: SwapRequest, face: SceneFace
) -> tuple[float, ...] | None:
    """What tells a detected person apart; None for a face chosen in another way.

    A detection that was fresh when the task was taken on stays good, however long the task waited.
    """
    if face.detection_id is None:
        return None
    detections.check_reference(tx, task.tenant_id, face, request.scene, task.created_at)
    detection = tx.tasks.get(task.tenant_id, face.detection_id)
    faces: list[dict[str, Any]] = (detection.result or {})["faces"] if detection else []
    for found in faces:
        if found["face_id"] == face.face_id:
            return tuple(found["embedding"])
    raise NotFound(f"The detection {face.detection_id} has no face {face.face_id}.")


def check_kind(media: str, kind: str) -> None:
    """Refuse a scene of another kind than the client asked for.

    Raises
    ------
    InvalidRequest
    """
    if kind == "sound":
        raise InvalidRequest("The scene has sound but no picture.")
    if media == "image" and kind == "video":
        raise InvalidRequest("The scene is a video, and this call takes pictures.")
    if media == "video" and kind == "picture":
        raise InvalidRequest("The scene is a picture, and this call takes videos.")
