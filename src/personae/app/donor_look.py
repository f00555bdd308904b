"""Looking at a donor's photos before they are kept, in a child process."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import structlog

from personae.app.inputs import LocalMedia
from personae.app.policy import Refusal, log_refusal
from personae.app.ports import MediaHost
from personae.app.register_snapshots import RegisterSnapshots
from personae.app.threads import stop_in_thread
from personae.domain.swap import MediaRef
from personae.errors import (
    Canceled,
    MediaUnreadable,
    PolicyRefused,
    TaskFailed,
    TookTooLong,
    Unavailable,
)

_LOOKS = 2
_LOOKING = 2  # Threads: looks are long, and those who wait for one hold nothing up.
_log = structlog.get_logger("personae.assets")

Materialise = Callable[[str, MediaRef, Path], LocalMedia]


class DonorLook:
    """Finds out whether a swap could use some photos.

    Parameters
    ----------
    materialise : callable
        Puts a tenant's stored file into a folder; see `AssetService.materialise`.
    register : RegisterSnapshots
        Who may not be a donor.
    timeout_s : float, seconds
        Of one look; all in all, with the wait for a child, it takes at most three times as long.
    """

    def __init__(
        self,
        materialise: Materialise,
        media: MediaHost,
        register: RegisterSnapshots,
        timeout_s: float,
    ) -> None:
        self._materialise = materialise
        self._media = media
        self._register = register
        self._timeout_s = timeout_s
        self._threads = ThreadPoolExecutor(_LOOKING, thread_name_prefix="personae-donor")

    async def photos_used(
        self,
        tenant_id: str,
        asset_ids: Sequence[str],
        folder: Path,
        options: Mapping[str, float | None],
    ) -> int:
        """How many of the photos a swap would take; `options` are those of the content gate.

        Raises
        ------
        FaceNotFound
            With role donor, if a photo shows no face.
        SeveralFaces
            If a photo shows several people.
        DonorUnusable
            If every photo is too poor, or they seem to show different people.
        MediaUnreadable
            If a child died over them twice, or hung over them.
        PolicyRefused
            If a photo shows somebody who may not be a donor.
        NotFound, Expired, Conflict, ModelError
        Unavailable
            If there is no child free in time.
        """
        try:
            async with asyncio.timeout(3 * self._timeout_s):
                return await stop_in_thread(
                    lambda stop: self._look(tenant_id, asset_ids, folder, options, stop),
                    self._threads,
                )
        except PolicyRefused as error:
            refusal = Refusal(tenant_id, None, error.role, error.reason, error.facts)
            log_refusal(refusal)
            raise
        except (TimeoutError, Canceled) as error:
            raise Unavailable("Too many photos wait to be looked at; try again later.") from error

    def _look(
        self,
        tenant_id: str,
        asset_ids: Sequence[str],
        folder: Path,
        options: Mapping[str, float | None],
        should_stop: Callable[[], bool],
    ) -> int:
        names: dict[str, str] = {}
        for number, asset_id in enumerate(asset_ids):
            if should_stop():
                raise Canceled
            place = folder / str(number)
            place.mkdir()
            photo = self._materialise(tenant_id, MediaRef(asset_id=asset_id), place)
            names[str(photo.path)] = asset_id
        job = {
            "op": "check_donor",
            "donors": list(names),
            "options": dict(options),
            "names": names,
        }
        limit_s = self._timeout_s
        for _ in range(_LOOKS):
            try:
                with self._register.lent(tenant_id) as register:
                    answer = self._media.run(
                        {**job, "register": register},
                        timeout_s=limit_s,
                        stall_s=limit_s,
                        should_stop=should_stop,
                    )
                return int(answer["photos"])
            except TookTooLong:
                _log.warning("a look at a donor took too long", action="faces.look")
                break
            except TaskFailed:
                _log.warning("a look at a donor failed", action="faces.look")
        raise MediaUnreadable("The photos cannot be read within the limits of memory and time.")
