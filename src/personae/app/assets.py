"""Clients' files: how they come in, what is known of them, how they go.

    upload, import ──────► probe ──► ready ──► deleted
    reserve ─► awaiting ─► probe ──┘   │
                             └────► refused

Every file is looked at in a child process before it becomes an asset; what a client says that it
is counts for nothing. A tenant's files with the same bytes are stored once.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path

from personae.app import audit, tasks
from personae.app.asset_rules import AssetLimits, check_ready, check_there
from personae.app.donor_look import DonorLook
from personae.app.filenames import (
    clean_filename,
    filename_of_url,
    shown_asset,
    shown_url,
    suffix_for,
)
from personae.app.inputs import LocalMedia
from personae.app.intake import Arrival, Intake
from personae.app.policy import gate_of
from personae.app.ports import Blobs, Clock, Database, Fetcher, MediaHost, Transaction
from personae.app.receiving import Receiver, fingerprint
from personae.app.register_snapshots import RegisterSnapshots
from personae.app.reservations import Reservations
from personae.app.scratch import LOCAL_NAME, Scratch
from personae.app.threads import finish_in_thread
from personae.domain.gate import GatePolicy
from personae.domain.media import Asset, AssetRole
from personae.domain.pages import Page
from personae.domain.register import DISTANCE
from personae.domain.swap import MediaRef
from personae.errors import (
    Conflict,
    MediaError,
    MediaUnreachable,
    NotFound,
    TaskFailed,
)

__all__ = ["AssetLimits", "AssetService"]


class AssetService:
    """The rules of assets, on ports.

    Parameters
    ----------
    database, blobs, fetcher, media, clock
        See `personae.app.ports`.
    limits : AssetLimits
    work_dir : Path
        Where files wait while they are looked at; made if it is missing.
    register_distance : float, range [0, 2]
        How near a donor has to be to a protected person, as 1 - cosine, to be refused.
    gate : GatePolicy
        For tenants whose settings say nothing else.
    """

    def __init__(
        self,
        database: Database,
        blobs: Blobs,
        fetcher: Fetcher,
        media: MediaHost,
        clock: Clock,
        limits: AssetLimits,
        work_dir: Path,
        register_distance: float = DISTANCE,
        gate: GatePolicy | None = None,
    ) -> None:
        self._database = database
        self._blobs = blobs
        self._fetcher = fetcher
        self._clock = clock
        self._limits = limits
        self._gate = gate or GatePolicy()
        self._scratch = Scratch(work_dir)
        self._intake = Intake(database, blobs, media, clock, limits)
        self._reservations = Reservations(
            database, blobs, self._intake, self._scratch, clock, limits
        )
        self.snapshots = RegisterSnapshots(
            database, clock, work_dir / "register", register_distance
        )
        self._donors = DonorLook(self.materialise, media, self.snapshots, limits.donor_timeout_s)

    async def upload(
        self,
        tenant_id: str,
        chunks: AsyncIterator[bytes],
        *,
        filename: str | None,
        content_type: str | None,
    ) -> Asset:
        """Take a file as it arrives; the asset that has these bytes, new or known.

        A known one lasts as long as a new one would. A file that is refused is written down as
        such, without its bytes.

        Parameters
        ----------
        content_type : str, optional
            Not believed: what the file is decides.

        Raises
        ------
        MediaTooLarge, MediaUnreadable, MediaUnsupported
            Why the file was refused.
        Unavailable
        """
        name = clean_filename(filename)
        async with self._scratch.folder() as folder, self._refusals(tenant_id, "upload", name):
            path = folder / LOCAL_NAME
            stored = await Receiver(path, self._limits.upload_bytes).receive(chunks)
            return await self._intake.take(Arrival(tenant_id, "upload", name, path, stored))

    async def import_url(self, tenant_id: str, url: str) -> Asset:
        """As `upload`, from a public URL.

        Raises
        ------
        InvalidRequest, AddressRefused, MediaUnreachable
        MediaTooLarge, MediaUnreadable, MediaUnsupported
            Why the file was refused.
        Unavailable
        """
        self._fetcher.check(url)
        name = filename_of_url(url)
        async with self._scratch.folder() as folder, self._refusals(tenant_id, "import", name):
            path = folder / LOCAL_NAME
            await self._fetch(url, path)
            stored = await finish_in_thread(fingerprint, path)
            return await self._intake.take(Arrival(tenant_id, "import", name, path, stored))

    async def reserve(
        self,
        tenant_id: str,
        *,
        filename: str | None,
        content_type: str | None = None,
        size_bytes: int | None = None,
        ttl_s: int | None = None,
        keep_s: float = 0.0,
    ) -> tuple[Asset, str, float]:
        """Prepare an upload past the API; see `Reservations.reserve`."""
        return await self._reservations.reserve(
            tenant_id,
            filename=filename,
            content_type=content_type,
            size_bytes=size_bytes,
            ttl_s=ttl_s,
            keep_s=keep_s,
        )

    async def complete(self, tenant_id: str, asset_id: str) -> Asset:
        """Take over what was PUT to a reserved URL; see `Reservations.complete`."""
        return await self._reservations.complete(tenant_id, asset_id)

    async def check_donor(self, tenant_id: str, asset_ids: Sequence[str]) -> int:
        """Look at photos that are to be kept as one donor; see `DonorLook.photos_used`."""
        gate = await self._database.aread(lambda tx: gate_of(tx, tenant_id, self._gate))
        async with self._scratch.folder() as folder:
            return await self._donors.photos_used(tenant_id, asset_ids, folder, gate.options())

    async def get(self, tenant_id: str, asset_id: str) -> Asset:
        """An asset, in whatever state.

        Raises
        ------
        NotFound
            If the tenant has none of that name, or has deleted it.
        Expired
        """
        found = await self._database.aread(lambda tx: tx.assets.get(tenant_id, asset_id))
        return check_there(found, asset_id, self._clock())

    async def page(
        self, tenant_id: str, *, role: str | None, after: str | None, limit: int
    ) -> Page[Asset]:
        """A tenant's assets, newest first."""
        return await self._database.aread(
            lambda tx: tx.assets.page(tenant_id, role=role, after=after, limit=limit)
        )

    async def access_url(self, tenant_id: str, asset_id: str, ttl_s: int) -> tuple[str, float]:
        """Where anybody can fetch the file for a while, and until when.

        Never longer than the asset lasts, or than `AssetLimits.link_ttl_s`.

        Raises
        ------
        NotFound, Expired
        Conflict, MediaError
            If it is not ready, or was refused.
        """
        asset = check_ready(await self.get(tenant_id, asset_id))
        now = self._clock()
        life_s = min(ttl_s, self._limits.link_ttl_s)
        if asset.expires_at is not None:
            life_s = min(life_s, int(asset.expires_at - now))
        life_s = max(life_s, 1)
        url = await finish_in_thread(
            self._blobs.download_url,
            asset.blob_key,
            filename=asset.filename or f"{asset.id}{suffix_for(asset.content_type)}",
            content_type=asset.content_type,
            ttl_s=life_s,
        )
        return url, now + life_s

    async def delete(self, tenant_id: str, asset_id: str) -> None:
        """Delete an asset, and its bytes unless another of the tenant's assets has the same.

        What searches for people found in it goes as well.

        Raises
        ------
        NotFound
        """
        now = self._clock()

        def remove(tx: Transaction) -> list[str]:
            asset = tx.assets.get(tenant_id, asset_id)
            if asset is None or not tx.assets.remove(tenant_id, asset_id, now):
                raise NotFound(f"There is no asset {asset_id}.")
            audit.asset_deleted(tx, asset, now)
            unused = [] if tx.assets.blob_in_use(asset.blob_key) else [asset.blob_key]
            return unused + tasks.forget_detections(tx, asset, now)

        for key in await self._database.awrite(remove):
            await self._intake.drop(key)

    def materialise(self, tenant_id: str, ref: MediaRef, folder: Path) -> LocalMedia:
        """Put media into a new file in `folder`, for a worker; blocks, so never on an event loop.

        What is behind a URL is measured here, what an asset is was measured when it came.

        Raises
        ------
        NotFound, Expired, Conflict
        InvalidRequest, AddressRefused
        MediaError
        Unavailable
        """
        if ref.url is not None:
            return self._download(ref.url, folder)
        asset_id = ref.asset_id or ""
        found = self._database.read(lambda tx: tx.assets.get(tenant_id, asset_id))
        asset = check_ready(check_there(found, asset_id, self._clock()))
        if asset.facts is None:
            raise Conflict(f"The asset {asset_id} is not media.")
        path = folder / f"media{suffix_for(asset.content_type)}"
        try:
            stored = self._blobs.get_file(asset.blob_key, path)
        except NotFound as error:  # Deleted a moment ago; the key is nobody's business.
            raise NotFound(f"There is no asset {asset_id}.") from error
        if stored.sha256 != asset.sha256:
            raise TaskFailed(f"The stored bytes of {asset_id} have changed.")
        name = shown_asset(asset.id, asset.filename)
        return LocalMedia(path, asset.facts, asset.blob_key, name, asset.sha256)

    def _download(self, url: str, folder: Path) -> LocalMedia:
        path = folder / LOCAL_NAME
        asyncio.run(self._fetch(url, path))
        name = shown_url(url)
        facts = self._intake.probe(path, name=name)
        path = path.rename(folder / f"media{suffix_for(facts.content_type)}")
        return LocalMedia(path, facts, None, name)

    async def _fetch(self, url: str, path: Path) -> None:
        await self._fetcher.fetch_into(
            url,
            path,
            limit_bytes=self._limits.upload_bytes,
            timeout_s=self._limits.fetch_timeout_s,
        )

    @asynccontextmanager
    async def _refusals(
        self, tenant_id: str, role: AssetRole, filename: str | None
    ) -> AsyncGenerator[None]:
        """Write down why a file that did come was refused."""
        try:
            yield
        except MediaUnreachable:
            raise
        except MediaError as error:
            await self._intake.refuse(tenant_id, role, filename, error)
            raise
