"""From a local file to an asset: looked at, stored once, written down."""

from __future__ import annotations

import secrets
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from pathlib import Path

import structlog

from personae.app import audit, retention
from personae.app.asset_rules import AssetLimits
from personae.app.filenames import suffix_for
from personae.app.lanes import Lanes
from personae.app.policy import check_file
from personae.app.ports import Blobs, Clock, Database, MediaHost, StoredBlob, Transaction
from personae.app.threads import finish_in_thread, stop_in_thread
from personae.domain.ids import new_id
from personae.domain.media import Asset, AssetRole, MediaFacts
from personae.errors import (
    MediaError,
    MediaUnreadable,
    NotFound,
    PersonaeError,
    PolicyRefused,
    TaskFailed,
    TookTooLong,
)

_PROBES = 2
_PROBING = 8  # Threads; how many children there are is the media host's affair.
_REUSED: tuple[AssetRole, ...] = ("upload", "import")
_log = structlog.get_logger("personae.assets")


@dataclass(frozen=True, slots=True)
class Arrival:
    """A file that is here, but not yet an asset.

    ``stored``: its size and SHA-256. ``reserved``: the asset that waits for it, if one does.
    """

    tenant_id: str
    role: AssetRole
    filename: str | None
    path: Path
    stored: StoredBlob
    reserved: Asset | None = None


class Intake:
    """Makes assets of files; see `AssetService` for the parameters."""

    def __init__(
        self,
        database: Database,
        blobs: Blobs,
        media: MediaHost,
        clock: Clock,
        limits: AssetLimits,
    ) -> None:
        self._database = database
        self._blobs = blobs
        self._media = media
        self._clock = clock
        self._limits = limits
        self._lanes = Lanes()
        self._probing = ThreadPoolExecutor(_PROBING, thread_name_prefix="personae-probe")

    async def take(self, arrival: Arrival) -> Asset:
        """The asset of a file: a known one with the same bytes, or a new one.

        Should writing it down fail, the bytes stay for the sweep of orphans: they must not go
        while it is open whether the transaction was committed.

        Raises
        ------
        MediaError
            If the file is refused; nothing is written down.
        PolicyRefused
            If nobody may use these bytes; nothing is written down either.
        Unavailable
        """
        sha256 = arrival.stored.sha256

        def look(tx: Transaction) -> Asset | None:
            check_file(tx, sha256, None)
            return tx.assets.by_sha256(arrival.tenant_id, sha256)

        known = await self._database.aread(look)
        if known is not None:
            asset = await self._database.awrite(lambda tx: self._settle(tx, arrival, None))
            if asset is not None:
                return asset
        async with self._lanes.turn(arrival.tenant_id):
            facts = await stop_in_thread(lambda stop: self.probe(arrival.path, stop), self._probing)
        ending = suffix_for(facts.content_type)
        key = f"assets/{arrival.tenant_id}/{secrets.token_hex(16)}{ending}"
        await finish_in_thread(self._blobs.put_file, key, arrival.path, facts.content_type)
        try:
            asset = await self._database.awrite(lambda tx: self._settle(tx, arrival, (key, facts)))
        except PolicyRefused:  # Taken down while it was being looked at; nothing was written.
            await self.drop(key)
            raise
        if asset is None:  # For the type checker: with bytes at hand there always is one.
            raise TaskFailed
        if asset.blob_key != key:  # Somebody brought the same bytes in the meantime.
            await self.drop(key)
        return asset

    def probe(
        self,
        path: Path,
        should_stop: Callable[[], bool] | None = None,
        name: str = "The file",
    ) -> MediaFacts:
        """What a file is; blocks. Errors call it `name`.

        Raises
        ------
        MediaError
            Also if a child died over it twice, or hung over it once: a file that does that is
            hostile, and the time it takes is other people's.
        """
        job = {"op": "probe", "path": str(path), "names": {str(path): name}}
        limit_s = self._limits.probe_timeout_s
        stall_s = min(limit_s, self._limits.probe_stall_s)
        for _ in range(_PROBES):
            try:
                answer = self._media.run(
                    job, timeout_s=limit_s, stall_s=stall_s, should_stop=should_stop
                )
                return MediaFacts(**answer)
            except TookTooLong:
                _log.warning("a probe took too long", action="assets.probe")
                break
            except TaskFailed:
                _log.warning("a probe failed", action="assets.probe")
        raise MediaUnreadable(f"{name} cannot be read within the limits of memory and time.")

    async def refuse(
        self, tenant_id: str, role: AssetRole, filename: str | None, error: MediaError
    ) -> None:
        """Write down that a file was refused, for the client to see for a while."""
        now = self._clock()
        asset_id = new_id("asset", now)
        refused = _new_asset(asset_id, tenant_id, role, filename, f"refused/{asset_id}", now)
        refused = replace(refused, **self._refusal(error, now))

        def write(tx: Transaction) -> None:
            tx.assets.insert(refused)
            audit.asset_refused(tx, refused, error.code, now)

        await self._database.awrite(write)

    async def refuse_reserved(self, reserved: Asset, error: MediaError | PolicyRefused) -> None:
        """Turn a reservation into a refusal, and remove what was uploaded."""
        now = self._clock()
        values = self._refusal(error, now)

        def refuse(tx: Transaction) -> None:
            current = tx.assets.get(reserved.tenant_id, reserved.id)
            if current is not None and current.state == "awaiting_upload":
                tx.assets.update(replace(current, **values))
                audit.asset_refused(tx, current, error.code, now)

        await self._database.awrite(refuse)
        await self.drop(reserved.blob_key)

    async def drop(self, key: str) -> None:
        """Delete bytes that nobody needs; what cannot be deleted now is left to the sweep."""
        try:
            await finish_in_thread(self._blobs.delete, [key])
        except PersonaeError:
            _log.warning("bytes are left to the sweep", action="assets.drop", key=key)

    def _settle(
        self, tx: Transaction, arrival: Arrival, fresh: tuple[str, MediaFacts] | None
    ) -> Asset | None:
        """Write an arrival down, on bytes that the tenant has already or on `fresh` ones.

        None if there are neither. Keeping the known asset locks its row, so that nobody deletes
        the bytes between finding and sharing them.
        """
        check_file(tx, arrival.stored.sha256, None)
        now, tenant_id = self._clock(), arrival.tenant_id
        times = retention.kept(tx, tenant_id, self._limits.retention)
        until = now + times.of_role(arrival.role)
        reserved = arrival.reserved and still_reserved(tx, arrival.reserved)
        if reserved is not None and reserved.state != "awaiting_upload":
            return reserved
        known = tx.assets.by_sha256(tenant_id, arrival.stored.sha256)
        if known is not None and known.facts is not None:
            reuse = arrival.reserved is None and known.role in _REUSED
            since = now if reuse else None
            if tx.assets.keep(tenant_id, known.id, until if reuse else now, renewed_at=since):
                if reuse:
                    audit.asset_kept(tx, known, now)
                    return tx.assets.get(tenant_id, known.id)
                fresh = (known.blob_key, known.facts)
        if fresh is None:
            return None
        key, facts = fresh
        asset = reserved or _new_asset(
            new_id("asset", now), tenant_id, arrival.role, arrival.filename, key, now
        )
        asset = replace(
            asset,
            state="ready",
            blob_key=key,
            content_type=facts.content_type,
            size_bytes=arrival.stored.size_bytes,
            sha256=arrival.stored.sha256,
            facts=facts,
            expires_at=until,
            renewed_at=None if reserved is None else now,
        )
        if reserved is None:
            tx.assets.insert(asset)
        else:
            tx.assets.update(asset)
        audit.asset_created(tx, asset, now)
        return asset

    def _refusal(self, error: MediaError | PolicyRefused, now: float) -> dict[str, object]:
        return {
            "state": "refused",
            "refusal": {"code": error.code, "message": error.message},
            "expires_at": now + self._limits.refused_ttl_s,
        }


def still_reserved(tx: Transaction, reserved: Asset) -> Asset:
    """What has become of a reservation.

    Raises
    ------
    NotFound
        If it was deleted in the meantime.
    """
    current = tx.assets.get(reserved.tenant_id, reserved.id)
    if current is None or current.state == "deleted":
        raise NotFound(f"There is no asset {reserved.id}.")
    return current


def _new_asset(
    asset_id: str, tenant_id: str, role: AssetRole, filename: str | None, key: str, now: float
) -> Asset:
    return Asset(
        id=asset_id,
        tenant_id=tenant_id,
        role=role,
        state="ready",
        blob_key=key,
        content_type="application/octet-stream",
        filename=filename,
        size_bytes=None,
        sha256=None,
        facts=None,
        refusal=None,
        task_id=None,
        created_at=now,
        expires_at=None,
    )
