"""A tenant's library of saved donors."""

from __future__ import annotations

from collections.abc import Sequence

from personae.app.ports import Transaction
from personae.domain.ids import new_id
from personae.domain.media import SavedFace
from personae.domain.pages import Page
from personae.errors import InvalidRequest, NotFound

MAX_PHOTOS = 10


def save(
    tx: Transaction, tenant_id: str, name: str, asset_ids: Sequence[str], now: float
) -> SavedFace:
    """Keep photos of one person under a name.

    The photos no longer expire; whether they show a usable face is found when they are used.

    Raises
    ------
    InvalidRequest
        If there are too few or too many photos, or one is not a picture.
    NotFound
        If one is not the tenant's.
    """
    if not 1 <= len(asset_ids) <= MAX_PHOTOS or len(set(asset_ids)) != len(asset_ids):
        raise InvalidRequest(f"A saved face has 1 to {MAX_PHOTOS} different photos.")
    if not name.strip() or len(name) > 100:
        raise InvalidRequest("A face's name has 1 to 100 characters.")
    for asset_id in asset_ids:
        asset = tx.assets.get(tenant_id, asset_id)
        if asset is None or asset.state != "ready":
            raise NotFound(f"There is no asset {asset_id}.")
        if asset.facts is None or asset.facts.kind != "picture":
            raise InvalidRequest(f"{asset_id} is not a picture; a donor photo must be one.")
    face = SavedFace(new_id("face", now), tenant_id, name, tuple(asset_ids), now)
    tx.faces.insert(face)
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


def page(tx: Transaction, tenant_id: str, *, after: str | None, limit: int) -> Page[SavedFace]:
    """Saved faces, newest first."""
    return tx.faces.page(tenant_id, after=after, limit=limit)


def delete(tx: Transaction, tenant_id: str, face_id: str, now: float) -> None:
    """Forget a saved face; its photos stay until they expire or are deleted.

    Raises
    ------
    NotFound
    """
    if not tx.faces.delete(tenant_id, face_id, now):
        raise NotFound(f"There is no face {face_id}.")
