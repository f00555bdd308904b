"""What may be done with an asset, and how large and old it may be."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

from personae.domain.media import Asset
from personae.domain.retention import USUAL, Retention
from personae.errors import (
    Conflict,
    Expired,
    MediaError,
    MediaTooLarge,
    MediaUnreadable,
    MediaUnsupported,
    NotFound,
    PolicyRefused,
)

_GIB = 1 << 30
_WEEK_S = 7 * 86400
_REFUSALS: dict[str, type[MediaError | PolicyRefused]] = {
    one.code: one
    for one in (MediaError, MediaTooLarge, MediaUnreadable, MediaUnsupported, PolicyRefused)
}


@dataclass(frozen=True, slots=True)
class AssetLimits:
    """How large files may be, and how long things last.

    Attributes
    ----------
    upload_bytes : int
        Of one file, however it comes.
    fetch_timeout_s : float, seconds
        Of a download, from the first lookup to the last byte.
    probe_timeout_s : float, seconds
        Of one look at a file; a file that a child dies over gets a second one.
    probe_stall_s : float, seconds
        How long a look may show no progress, which is a frame of an animation.
    donor_timeout_s : float, seconds
        Of one look at the photos of a donor that is to be kept.
    retention : Retention
        How long things are kept, of tenants for whom nothing else was said.
    reservation_s : int, seconds
        How long a presigned upload may take until it is completed.
    refused_ttl_s : float, seconds
        How long a client can see why a file was refused.
    link_ttl_s : int, seconds
        The longest life of an access URL; S3 signs none for longer than a week.
    """

    upload_bytes: int = 2 * _GIB
    fetch_timeout_s: float = 120.0
    probe_timeout_s: float = 30.0
    probe_stall_s: float = 10.0
    donor_timeout_s: float = 60.0
    retention: Retention = USUAL
    reservation_s: int = 3600
    refused_ttl_s: float = 86400.0
    link_ttl_s: int = _WEEK_S


def check_there(asset: Asset | None, asset_id: str, now: float) -> Asset:
    """An asset that was neither deleted nor has expired.

    Raises
    ------
    NotFound, Expired
    """
    if asset is None:
        raise NotFound(f"There is no asset {asset_id}.")
    if asset.expires_at is not None and asset.expires_at <= (asset.deleted_at or now):
        raise Expired(f"The asset {asset_id} has expired; upload the file again.")
    if asset.state == "deleted":
        raise NotFound(f"There is no asset {asset_id}.")
    return asset


def check_ready(asset: Asset) -> Asset:
    """An asset whose bytes can be had.

    Raises
    ------
    MediaError
        Why it was refused.
    Conflict
        If its upload is not complete.
    """
    if asset.state == "refused":
        raise refusal_of(asset)
    if asset.state != "ready":
        raise Conflict(f"The upload of {asset.id} is not complete; complete it first.")
    return asset


def check_fits(asset: Asset, content_types: Collection[str], limit_bytes: int) -> Asset:
    """An asset that a dialect takes, where a vendor takes less than we do.

    What the file was found to be decides, whatever it is called.

    Raises
    ------
    MediaUnsupported, MediaTooLarge
    """
    if asset.content_type not in content_types:
        kinds = ", ".join(sorted({one.partition("/")[2].upper() for one in content_types}))
        raise MediaUnsupported(
            f"{asset.filename or asset.id} is {asset.content_type}; this API takes {kinds} only."
        )
    if asset.size_bytes is not None and asset.size_bytes > limit_bytes:
        raise MediaTooLarge(
            f"{asset.filename or asset.id} has {asset.size_bytes} bytes; this API takes files of "
            f"at most {limit_bytes}."
        )
    return asset


def refusal_of(asset: Asset) -> MediaError | PolicyRefused:
    """The error that a refused asset was refused with."""
    refusal = asset.refusal or {}
    return _REFUSALS.get(str(refusal.get("code")), MediaError)(refusal.get("message"))
