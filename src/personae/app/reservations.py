"""Uploads past the API: an address to PUT a file to, and taking over what lies there."""

from __future__ import annotations

import re
from pathlib import Path

from personae.app import audit, retention
from personae.app.asset_rules import AssetLimits, check_there, refusal_of
from personae.app.filenames import clean_filename
from personae.app.intake import Arrival, Intake
from personae.app.ports import Blobs, Clock, Database, Transaction
from personae.app.receiving import Receiver, too_large
from personae.app.scratch import LOCAL_NAME, Scratch
from personae.app.threads import finish_in_thread
from personae.domain.ids import new_id
from personae.domain.media import Asset
from personae.errors import Conflict, InvalidRequest, MediaError, NotFound, PolicyRefused

_CONTENT_TYPE = re.compile(r"[a-z0-9][a-z0-9!#$&^_.+-]{0,63}/[a-z0-9][a-z0-9!#$&^_.+-]{0,63}")


class Reservations:
    """Assets that wait for their bytes; `AssetService` says what it is made of."""

    def __init__(
        self,
        database: Database,
        blobs: Blobs,
        intake: Intake,
        scratch: Scratch,
        clock: Clock,
        limits: AssetLimits,
    ) -> None:
        self._database = database
        self._blobs = blobs
        self._intake = intake
        self._scratch = scratch
        self._clock = clock
        self._limits = limits

    async def reserve(
        self,
        tenant_id: str,
        *,
        filename: str | None,
        content_type: str | None,
        size_bytes: int | None,
        ttl_s: int | None = None,
        keep_s: float = 0.0,
    ) -> tuple[Asset, str, float]:
        """Prepare an upload past the API: the asset, where to PUT its bytes, and until when.

        `complete` then takes the file over.

        Parameters
        ----------
        content_type : str or None
            What the PUT must declare; None lets it declare anything.
        size_bytes : int or None
            How many bytes it must have; None allows any number up to the limit.
        ttl_s : int, seconds, optional
            How long the address is good; `AssetLimits.reservation_s` if omitted, which is also
            the most.
        keep_s : float, seconds
            How long the asset waits to be completed, if that is longer; never longer than uploads
            are kept.

        Raises
        ------
        InvalidRequest, MediaTooLarge, Unavailable
        """
        kind = _kind_of(content_type)
        self._check_size(size_bytes)
        times = await self._database.aread(
            lambda tx: retention.kept(tx, tenant_id, self._limits.retention)
        )
        now, longest_s = self._clock(), self._limits.reservation_s
        ttl_s = longest_s if ttl_s is None else min(ttl_s, longest_s)
        asset_id = new_id("asset", now)
        # Not where the file will stay: whoever holds the URL could change it there later on.
        key = f"uploads/{tenant_id}/{asset_id}"
        asset = Asset(
            id=asset_id,
            tenant_id=tenant_id,
            role="upload",
            state="awaiting_upload",
            blob_key=key,
            content_type=kind,
            filename=clean_filename(filename),
            size_bytes=size_bytes,
            sha256=None,
            facts=None,
            refusal=None,
            task_id=None,
            created_at=now,
            expires_at=now + max(ttl_s, min(keep_s, times.uploads)),
        )
        url = await finish_in_thread(
            self._blobs.upload_url,
            key,
            content_type=kind,
            size_limit=size_bytes or self._limits.upload_bytes,
            ttl_s=ttl_s,
        )

        def write(tx: Transaction) -> None:
            tx.assets.insert(asset)
            audit.asset_reserved(tx, asset, now)

        await self._database.awrite(write)
        return asset, url, now + ttl_s

    def _check_size(self, size_bytes: int | None) -> None:
        if size_bytes is not None and size_bytes < 1:
            raise InvalidRequest("Say how many bytes the file will have: at least one.")
        if size_bytes is not None and size_bytes > self._limits.upload_bytes:
            raise too_large(self._limits.upload_bytes)

    async def complete(self, tenant_id: str, asset_id: str) -> Asset:
        """Take over what was PUT to a reserved URL; the ready asset, also when asked again.

        Raises
        ------
        NotFound, Expired
        Conflict
            If nothing was uploaded, or not as many bytes as announced; upload again, then ask
            again.
        MediaUnreadable, MediaUnsupported, MediaTooLarge
            Why the file was refused; also when asked again.
        Unavailable
        """
        found = await self._database.aread(lambda tx: tx.assets.get(tenant_id, asset_id))
        asset = check_there(found, asset_id, self._clock())
        if asset.state == "refused":
            raise refusal_of(asset)
        if asset.state != "awaiting_upload":
            return asset
        async with self._scratch.folder() as folder:
            try:
                arrival = await self._collect(asset, folder / LOCAL_NAME)
                done = await self._intake.take(arrival)
            except (MediaError, PolicyRefused) as error:
                await self._intake.refuse_reserved(asset, error)
                raise
        await self._intake.drop(asset.blob_key)
        return done

    async def _collect(self, asset: Asset, path: Path) -> Arrival:
        """Copy what was uploaded to a local file, where nobody changes it any more."""
        size = await finish_in_thread(self._blobs.size, asset.blob_key)
        announced = asset.size_bytes
        if size is None:
            raise Conflict(f"Nothing has been uploaded for {asset.id} yet; PUT the file first.")
        if announced is None and size > self._limits.upload_bytes:
            await self._intake.drop(asset.blob_key)
            raise too_large(self._limits.upload_bytes)
        if announced is not None and size != announced:
            await self._intake.drop(asset.blob_key)
            raise Conflict(
                f"{size} bytes were uploaded for {asset.id}, but {announced} announced; PUT the "
                "file again."
            )
        try:
            chunks = await self._blobs.stream(asset.blob_key)
            stored = await Receiver(path, size).receive(chunks)
        except NotFound as error:
            raise Conflict(f"The upload of {asset.id} was being completed already.") from error
        return Arrival(asset.tenant_id, asset.role, asset.filename, path, stored, asset)


def _kind_of(content_type: str | None) -> str:
    """A content type as it is kept; empty for none."""
    kind = "" if content_type is None else content_type.lower()
    if content_type is not None and _CONTENT_TYPE.fullmatch(kind) is None:
        raise InvalidRequest(f"{content_type[:80]!r} is not a content type such as video/mp4.")
    return kind
