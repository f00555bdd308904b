"""What a takedown is about: from a name that somebody gave to all that hangs on it.

One file leads to others: an output to what it was made of, a photo to the saved face that it is
part of, a scene to the searches and previews of it. `gather` follows these threads and changes
nothing.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from urllib.parse import unquote, urlsplit

from personae.app.named import ID, inputs_of
from personae.app.ports import Transaction
from personae.domain.media import Asset, SavedFace
from personae.domain.takedowns import Order
from personae.domain.tasks import Task
from personae.errors import Conflict, InvalidRequest, NotFound

_SHA256 = re.compile(r"(?:sha256:)?([0-9a-f]{64})", re.ASCII | re.IGNORECASE)
_MARK = re.compile(r"mark:([0-9a-f]{10})", re.ASCII | re.IGNORECASE)
"""As an inspection writes it."""
_LISTED = 200
_DERIVED = ("preview", "detect_image", "detect_video")
"""Kinds of task that only look at inputs: nobody paid for what they made."""


@dataclass(slots=True)
class Found:
    """What a takedown will remove.

    Attributes
    ----------
    people : dict
        The photos of donors among the files.
    left : dict
        Finished swaps of the same inputs that stay.
    words : list of str
        What the subject was found to name: ids and hashes.
    unstored : set of str
        URLs that inputs came from.
    """

    tasks: dict[str, Task] = field(default_factory=dict[str, Task])
    assets: dict[str, Asset] = field(default_factory=dict[str, Asset])
    faces: dict[str, SavedFace] = field(default_factory=dict[str, SavedFace])
    people: dict[str, Asset] = field(default_factory=dict[str, Asset])
    left: dict[str, Task] = field(default_factory=dict[str, Task])
    words: list[str] = field(default_factory=list[str])
    sha256: set[str] = field(default_factory=set[str])
    unstored: set[str] = field(default_factory=set[str])

    @property
    def empty(self) -> bool:
        """Whether there is nothing to remove."""
        return not (self.tasks or self.assets or self.faces)

    @property
    def tenants(self) -> tuple[str, ...]:
        """Whose things these are."""
        groups = (self.tasks, self.assets, self.faces)
        return tuple(sorted({one.tenant_id for group in groups for one in group.values()}))


def gather(tx: Transaction, order: Order) -> Found:
    """All that a takedown is to remove.

    Raises
    ------
    InvalidRequest
        If the subject is no name of anything.
    NotFound
        If there is nothing of that name, or not of the tenant's.
    Conflict
        If it names several tasks that have nothing to do with each other.
    """
    return _Gathering(tx, order).all()


class _Gathering:
    """One walk from a subject to all that hangs on it."""

    def __init__(self, tx: Transaction, order: Order) -> None:
        self._tx = tx
        self._order = order
        self._found = Found()
        self._faces_of: dict[str, list[SavedFace]] = {}

    def all(self) -> Found:
        self._start(self._order.subject.strip())
        while self._follow_users():
            pass
        found = self._found
        found.left = {name: one for name, one in found.left.items() if name not in found.tasks}
        found.sha256 |= {one.sha256 for one in found.assets.values() if one.sha256 is not None}
        return found

    def _start(self, subject: str) -> None:
        sha256, mark = _SHA256.fullmatch(subject), _MARK.fullmatch(subject)
        if self._order.dialect is not None:
            self._start_at_dialect(subject)
        elif ID.fullmatch(subject):
            self._start_at_name(subject)
        elif sha256 is not None:
            self._start_at_bytes(sha256[1].lower())
        elif mark is not None:
            self._start_at_mark(int(mark[1], 16))
        elif "/" in subject:
            self._start_at_address(subject)
        else:
            raise InvalidRequest(
                "Name a task, a file or a face by its id, a link to a file, sha256:… or mark:…; "
                "for a task's name in a dialect also give the dialect and the tenant."
            )

    def _start_at_name(self, name: str) -> None:
        tx, scope = self._tx, self._order.tenant_id
        self._found.words.append(name)
        kind = name.partition("_")[0]
        if kind == "task":
            task = tx.tasks.get(scope, name)
            if task is not None:
                self._take_task(task, whole=True)
        elif kind == "face":
            face = tx.faces.get(scope, name)
            if face is not None:
                self._take_face(face)
        else:
            asset = tx.assets.get(scope, name)
            if asset is not None:
                self._take_subject(asset)

    def _start_at_bytes(self, sha256: str) -> None:
        self._found.words.append(sha256)
        self._found.sha256.add(sha256)
        for asset in self._tx.assets.with_bytes(self._order.tenant_id, [sha256]):
            self._take_subject(asset)

    def _start_at_mark(self, mark: int) -> None:
        scope = self._order.tenant_id
        self._found.words.append(f"mark:{mark:010x}")
        marked = [
            one
            for one in self._tx.tasks.by_mark(mark)
            if one.deleted_at is None and scope in (None, one.tenant_id)
        ]
        if len(marked) > 1:
            names = ", ".join(one.id for one in marked)
            raise Conflict(f"Several tasks have this mark; name the one that is meant: {names}.")
        for task in marked:
            self._take_task(task, whole=True)

    def _start_at_dialect(self, name: str) -> None:
        order = self._order
        owner = order.tenant_id or order.owner
        if owner is None:
            raise InvalidRequest("Say whose task it is: names of dialects are a tenant's own.")
        self._found.words.append(name)
        task = self._tx.tasks.by_dialect_id(owner, str(order.dialect), name)
        if task is not None:
            self._found.words.append(task.id)
            self._take_task(task, whole=True)

    def _start_at_address(self, url: str) -> None:
        """By what is written in a link; whoever holds one that has expired may still show it."""
        try:
            path = unquote(urlsplit(url).path)
        except ValueError as error:
            raise InvalidRequest("The address cannot be read.") from error
        named = [one for one in ID.findall(path) if not one.startswith("task_")]
        named = named or ID.findall(path)
        if named:
            self._start_at_name(named[-1])
            return
        parts = [part for part in path.split("/") if part]
        keys = ["/".join(parts[at:]) for at in range(len(parts))]
        for asset in self._tx.assets.at_keys(keys):
            if self._order.tenant_id in (None, asset.tenant_id):
                self._found.words.append(asset.id)
                self._take_subject(asset)

    def _take_subject(self, asset: Asset) -> None:
        """A file that was named: with the task that made it, or as an input."""
        if asset.sha256 is not None:
            self._found.words.append(asset.sha256)
        if asset.state == "deleted":
            return
        maker = self._maker(asset)
        if maker is not None:
            self._found.words.append(maker.id)
            self._take_task(maker, whole=True)
        elif asset.facts is not None and asset.facts.kind == "picture":
            self._found.people[asset.id] = asset
        self._take_file(asset)

    def _take_task(self, task: Task, *, whole: bool) -> None:
        """A task with what it made and, if `whole`, what it was made of."""
        found = self._found
        if task.id in found.tasks:
            return
        found.tasks[task.id] = task
        for made in self._tx.assets.of_task(task.id):
            found.assets[made.id] = made
            if made.role == "output":
                self._take_twins(made)
        if not whole:
            return
        wanted = inputs_of(task.request)
        donors = inputs_of({"donors": [one["donors"] for one in task.request.get("mappings", ())]})
        found.unstored |= wanted.urls
        for name in sorted(wanted.names):
            if name.startswith("asset_"):
                asset = self._tx.assets.get(task.tenant_id, name)
                if asset is not None and asset.state != "deleted":
                    if name in donors.names:
                        found.people[name] = asset
                    self._take_file(asset)
            elif name.startswith("face_"):
                face = self._tx.faces.get(task.tenant_id, name)
                if face is not None:
                    self._take_face(face)

    def _take_file(self, asset: Asset) -> None:
        """An input, its twins, and the saved faces that it is part of."""
        known = asset.id in self._found.assets
        self._found.assets[asset.id] = asset
        if known:
            return
        maker = self._maker(asset)
        if maker is not None:  # An output that became an input: it goes, its own inputs stay.
            self._take_task(maker, whole=False)
        self._take_twins(asset)
        for face in self._faces(asset.tenant_id):
            if asset.id in face.asset_ids:
                self._take_face(face)

    def _take_twins(self, asset: Asset) -> None:
        if asset.sha256 is None:
            return
        whose = None if self._order.everywhere else asset.tenant_id
        for twin in self._tx.assets.with_bytes(whose, [asset.sha256]):
            if twin.role != "crop":  # The same as in the search that it comes from.
                self._take_file(twin)

    def _take_face(self, face: SavedFace) -> None:
        """A saved face with all its photos: they show the same person."""
        if face.id in self._found.faces:
            return
        self._found.faces[face.id] = face
        for name in face.asset_ids:
            photo = self._tx.assets.get(face.tenant_id, name)
            if photo is not None and photo.state != "deleted":
                self._found.people[photo.id] = photo
                self._take_file(photo)

    def _follow_users(self) -> bool:
        """Take the tasks that use what is taken so far; whether there were new ones."""
        found, before = self._found, len(self._found.tasks)
        made = {name for name, one in found.assets.items() if one.task_id in found.tasks}
        for tenant_id in found.tenants:
            mine = [name for name, one in found.assets.items() if one.tenant_id == tenant_id]
            mine += [name for name, one in found.faces.items() if one.tenant_id == tenant_id]
            mine += sorted(found.unstored)
            for task in self._tx.tasks.naming(tenant_id, mine):
                if task.id in found.tasks:
                    continue
                wanted = inputs_of(task.request)
                used = wanted.names | wanted.urls
                if used.isdisjoint(mine):  # It only says so in its dialect's words.
                    continue
                if self._goes_along(task, used, made):
                    self._take_task(task, whole=False)
                else:
                    found.left[task.id] = task
        return len(found.tasks) > before

    def _goes_along(self, task: Task, used: frozenset[str], made: set[str]) -> bool:
        return (
            self._order.all_of_inputs
            or not task.final
            or task.kind in _DERIVED
            or not used.isdisjoint(made)
        )

    def _maker(self, asset: Asset) -> Task | None:
        return None if asset.task_id is None else self._tx.tasks.get(asset.tenant_id, asset.task_id)

    def _faces(self, tenant_id: str) -> Sequence[SavedFace]:
        """All saved faces of a tenant."""
        if tenant_id not in self._faces_of:
            kept, after = list[SavedFace](), None
            while True:
                page = self._tx.faces.page(tenant_id, after=after, limit=_LISTED)
                kept += page.items
                after = page.next_after
                if after is None:
                    break
            self._faces_of[tenant_id] = kept
        return self._faces_of[tenant_id]


def missing(found: Found, subject: str) -> NotFound:
    """What to say where there is nothing to take down."""
    gone = "It has been deleted before, or" if len(found.words) > 1 else "Check the name, or"
    return NotFound(f"There is nothing left called {subject[:120]}. {gone} it is not yours.")
