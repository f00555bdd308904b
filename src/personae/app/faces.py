"""A tenant's library of saved donors."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from personae.app import audit, consents, retention
from personae.app.consents import Asserting
from personae.app.ports import Transaction
from personae.domain.ids import new_id
from personae.domain.media import Asset, SavedFace
from personae.domain.pages import Page
from personae.domain.retention import Retention
from personae.errors import Expired, InvalidRequest, NotFound

MAX_PHOTOS = 10
_LISTED = 200


@dataclass(frozen=True, slots=True)
class Origin:
    """Through which dialect a face came: its name there, and where its photo was."""

    dialect: str
    dialect_id: str
    url: str


def check(
    tx: Transaction, tenant_id: str, name: str, asset_ids: Sequence[str], now: float
) -> list[Asset]:
    """The photos, if by all that is known without looking at pixels they can be kept.

    Raises
    ------
    InvalidRequest
        If there are too few or too many photos, or one is not a picture.
    NotFound, Expired
        If one is not the tenant's, or no longer.
    """
    if not 1 <= len(asset_ids) <= MAX_PHOTOS or len(set(asset_ids)) != len(asset_ids):
        raise InvalidRequest(f"A saved face has 1 to {MAX_PHOTOS} different photos.")
    if not name.strip() or len(name) > 100:
        raise InvalidRequest("A face's name has 1 to 100 characters.")
    photos: list[Asset] = []
    for asset_id in asset_ids:
        asset = tx.assets.get(tenant_id, asset_id)
        if asset is None or asset.state != "ready":
            raise NotFound(f"There is no asset {asset_id}.")
        if asset.facts is None or asset.facts.kind != "picture":
            raise InvalidRequest(f"{asset_id} is not a picture; a donor photo must be one.")
        if asset.expires_at is not None and asset.expires_at <= now:
            raise Expired(f"The asset {asset_id} has expired; upload the file again.")
        photos.append(asset)
    return photos


def save(
    tx: Transaction,
    tenant_id: str,
    name: str,
    asset_ids: Sequence[str],
    now: float,
    *,
    photos_used: int,
    origin: Origin | None = None,
    asserting: Asserting | None = None,
) -> SavedFace:
    """Keep photos of one person under a name; they no longer expire.

    Parameters
    ----------
    photos_used : int
        What `AssetService.check_donor` found them good for, outside this transaction.
    asserting : Asserting, optional
        What is said of this person's consent; swaps with the face inherit the record.

    Raises
    ------
    InvalidRequest, NotFound, Expired
        As `check`.
    ConsentRequired
    """
    dialect = "native" if origin is None else origin.dialect
    consent = consents.record(tx, tenant_id, dialect, asserting or Asserting(), now)
    for asset in check(tx, tenant_id, name, asset_ids, now):
        tx.assets.update(replace(asset, expires_at=None))
    face = SavedFace(
        *(new_id("face", now), tenant_id, name, tuple(asset_ids), now),
        photos_used=photos_used,
        consent=consent,
    )
    if origin is not None:
        face = replace(
            face, dialect=origin.dialect, dialect_id=origin.dialect_id, source_url=origin.url
        )
    tx.faces.insert(face)
    audit.face_saved(tx, face, now)
    return face


def get(tx: Transaction, tenant_id: str, face_id: str) -> SavedFace:
    """A saved face.

    Raises
    ------
    NotFound
    """
    face = tx.faces.get(tenant_id, face_id)
    if face is None:
        raise NotFound(f"There is no face {face_id}.")
    return face


def called(tx: Transaction, tenant_id: str, dialect: str, dialect_id: str) -> SavedFace:
    """A saved face by its name in a dialect.

    Raises
    ------
    NotFound
    """
    face = tx.faces.by_dialect_id(tenant_id, dialect, dialect_id)
    if face is None:
        raise NotFound(f"There is no face {dialect_id}.")
    return face


def page(
    tx: Transaction, tenant_id: str, *, dialect: str | None = None, after: str | None, limit: int
) -> Page[SavedFace]:
    """Saved faces, newest first; without a dialect those of all of them."""
    return tx.faces.page(tenant_id, dialect=dialect, after=after, limit=limit)


def delete(tx: Transaction, tenant_id: str, face_id: str, now: float, default: Retention) -> None:
    """Forget a saved face; photos that no other face needs are kept as uploads are from now on.

    Raises
    ------
    NotFound
    """
    face = get(tx, tenant_id, face_id)
    _let_go(tx, face, now, retention.kept(tx, tenant_id, default).uploads)


def expire(tx: Transaction, face: SavedFace, now: float) -> None:
    """Forget a saved face whose time is over, and its photos, unless another face needs them."""
    _let_go(tx, face, now, 0.0)


def _let_go(tx: Transaction, face: SavedFace, now: float, photos_s: float) -> None:
    tenant_id, face_id = face.tenant_id, face.id
    tx.faces.delete(tenant_id, face_id, now)
    audit.face_deleted(tx, tenant_id, face_id, now)
    needed = _photos_of_all(tx, tenant_id)
    for asset_id in face.asset_ids:
        asset = tx.assets.get(tenant_id, asset_id)
        if asset is not None and asset.state == "ready" and asset_id not in needed:
            tx.assets.update(replace(asset, expires_at=now + photos_s, renewed_at=now))


def _photos_of_all(tx: Transaction, tenant_id: str) -> set[str]:
    """Assets that the tenant's saved faces need."""
    needed, after = set[str](), None
    while True:
        listed = tx.faces.page(tenant_id, after=after, limit=_LISTED)
        needed.update(asset_id for face in listed.items for asset_id in face.asset_ids)
        after = listed.next_after
        if after is None:
            return needed
