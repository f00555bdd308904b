"""The two clients: what `Client` does by blocking, `AsyncClient` does by awaiting."""

from __future__ import annotations

import os
from collections.abc import Sequence
from types import TracebackType
from typing import Any, Literal, Self, Unpack

import httpx

from personae_client.core import transfers, waiting
from personae_client.core.calling import Request, call_of, fresh_key, json_of, repeated
from personae_client.core.config import Config, Retries, config_from
from personae_client.core.drivers import AsyncDriver, SyncDriver
from personae_client.core.effects import Answer, Blocking, Steps
from personae_client.core.side import Async, Driver, M_co, Side, Sync, operation
from personae_client.core.sources import File, OnUpload, Opened, open_source
from personae_client.groups.account import Accounts
from personae_client.groups.assets import Assets, fetch
from personae_client.groups.detections import Detections, submitted
from personae_client.groups.faces import Faces
from personae_client.groups.keys import Keys
from personae_client.groups.protection import Register, Takedowns
from personae_client.groups.swaps import Swaps
from personae_client.groups.swaps import path as swap_path
from personae_client.groups.webhooks import Webhooks
from personae_client.inputs import (
    Consent,
    Donor,
    Media,
    SceneOptions,
    SwapMapping,
    SwapOptions,
    request_body,
)
from personae_client.models import Asset, Detection, Engines, Estimate, Inspection, Preview, Swap
from personae_client.task import OnProgress, SwapTask

_TIMEOUT = httpx.Timeout(60.0, connect=10.0)


class BaseClient(Side[M_co]):
    """Everything that both clients do."""

    def __init__(self, config: Config, driver: Driver) -> None:
        super().__init__(config, driver)
        self.assets: Assets[M_co] = Assets(config, driver)
        self.swaps: Swaps[M_co] = Swaps(config, driver)
        self.detections: Detections[M_co] = Detections(config, driver)
        self.faces: Faces[M_co] = Faces(config, driver)
        self.account: Accounts[M_co] = Accounts(config, driver)
        self.keys: Keys[M_co] = Keys(config, driver)
        self.webhooks: Webhooks[M_co] = Webhooks(config, driver)
        self.takedowns: Takedowns[M_co] = Takedowns(config, driver)
        self.register: Register[M_co] = Register(config, driver)

    def __repr__(self) -> str:
        """Where to; never the key."""
        return f"<{type(self).__name__} {self.config.url}>"

    @operation
    def swap(
        self,
        scene: Media,
        donor: Donor | None = None,
        *,
        mappings: Sequence[SwapMapping] | None = None,
        timeout_s: float | None = None,
        on_progress: OnProgress | None = None,
        **options: Unpack[SwapOptions],
    ) -> Steps[SwapTask[M_co]]:
        """Send what has to be sent, swap, and wait: ``client.swap(scene, donor).save(path)``.

        Parameters
        ----------
        scene : Media
            The picture or video that receives the face.
        donor : Donor
            Whose face is put on the largest face of the scene. For other faces, and for several
            people, give `mappings` instead.
        timeout_s : float, seconds, optional
            How long to wait after submitting; without end unless told.
        on_progress : callable, optional
            Called with the `Swap` each time it has changed.
        **options
            See `SwapOptions`.

        Raises
        ------
        ServiceProblem
            Of the kind that made it fail: `FaceNotFound`, `InsufficientCredits`, …
        TimedOut, ConnectionFailed, TransferFailed, ConfigurationError
        """
        task = yield from self._submitted(scene, donor, mappings, options)
        yield from task.follow(timeout_s, on_progress)
        return task

    @operation
    def submit(
        self,
        scene: Media,
        donor: Donor | None = None,
        *,
        mappings: Sequence[SwapMapping] | None = None,
        **options: Unpack[SwapOptions],
    ) -> Steps[SwapTask[M_co]]:
        """As `swap`, without waiting. The credits are held; keep the task's `id`."""
        return self._submitted(scene, donor, mappings, options)

    @operation
    def resume(self, task_id: str) -> Steps[SwapTask[M_co]]:
        """Take up a swap that was submitted before, perhaps by another process."""
        state = yield from self.ask(Swap, Request("GET", swap_path(task_id)))
        return SwapTask(self.config, self.driver, state)

    @operation
    def estimate(
        self,
        scene: Media,
        donor: Donor | None = None,
        *,
        mappings: Sequence[SwapMapping] | None = None,
        **options: Unpack[SwapOptions],
    ) -> Steps[Estimate]:
        """What a swap would cost now; nothing is held. Files are uploaded to be measured."""
        body = yield from request_body(self.config, scene, donor, mappings, options)
        asked = Request("POST", "/swaps/estimate", body=body, repeatable=True)
        return (yield from self.ask(Estimate, asked))

    @operation
    def preview(
        self,
        scene: Media,
        donor: Donor | None = None,
        *,
        mappings: Sequence[SwapMapping] | None = None,
        time_s: float | None = None,
        save_to: str | os.PathLike[str] | None = None,
        timeout_s: float | None = None,
        **options: Unpack[SceneOptions],
    ) -> Steps[Preview]:
        """One frame of a swap, free of charge.

        Parameters
        ----------
        time_s : float, seconds, optional
            Which moment of a video; where the range begins unless told.
        save_to : path, optional
            Where to put the picture, which is also an asset for an hour.

        Raises
        ------
        ServiceProblem, TimedOut, TransferFailed
        """
        body = yield from request_body(self.config, scene, donor, mappings, options)
        if time_s is not None:
            body["time_s"] = time_s
        asked = Request("POST", "/swaps/preview", body=body, once=fresh_key())
        call = call_of(self.config, asked)
        answer: Answer = yield from repeated(self.config, call, asked.may_repeat, asked.method)
        told = json_of(answer)
        if answer.status == 202:
            swap = Swap.from_json(told)
            swap = yield from waiting.to_end(self.config, swap.id, timeout_s, None)
            told = _as_preview(swap)
        shown = Preview.from_json(told)
        if save_to is not None:
            yield from fetch(self, shown.asset_id, save_to, None, shown.url)
        return shown

    @operation
    def detect(
        self,
        scene: Media,
        *,
        media: Literal["image", "video"] | None = None,
        consent: Consent | None = None,
        timeout_s: float | None = None,
        on_upload: OnUpload | None = None,
    ) -> Steps[Detection]:
        """Who is in a picture or a video, left to right; free of charge.

        For an hour, mappings of swaps of the same scene can refer to its faces: give the scene as
        ``detection.scene`` then, so that it is not sent twice.

        Raises
        ------
        ServiceProblem, TimedOut
        """
        found = yield from submitted(self, scene, media, consent, on_upload)
        return (yield from waiting.detection_to_end(self.config, found.id, timeout_s))

    @operation
    def upload(
        self,
        file: File,
        *,
        filename: str | None = None,
        on_upload: OnUpload | None = None,
        direct: bool = True,
    ) -> Steps[Asset]:
        """Store a file, to be used several times; see `Assets.upload`."""
        return transfers.upload(self.config, file, filename, on_upload, direct=direct)

    @operation
    def engines(self) -> Steps[Engines]:
        """What swaps can be done with here, under which licences."""
        return self.ask(Engines, Request("GET", "/engines"))

    @operation
    def inspect(self, file: File) -> Steps[Inspection]:
        """Whether a file was made by this service, and of what; needs no key and keeps nothing."""
        opened: Opened = yield Blocking(lambda: open_source(file, None, None))
        try:
            source = opened.source
            asked = Request(
                "POST",
                "/inspect",
                upload=source,
                content_type=source.content_type,
                repeatable=True,
            )
            return (yield from self.ask(Inspection, asked))
        finally:
            opened.close()

    def _submitted(
        self,
        scene: Media,
        donor: Donor | None,
        mappings: Sequence[SwapMapping] | None,
        options: SwapOptions,
    ) -> Steps[SwapTask[M_co]]:
        body = yield from request_body(self.config, scene, donor, mappings, options)
        # One name for however many tries: the service does it once, and charges once.
        once = options.get("idempotency_key") or fresh_key()
        state = yield from self.ask(Swap, Request("POST", "/swaps", body=body, once=once))
        return SwapTask(self.config, self.driver, state)


def _as_preview(swap: Swap) -> dict[str, Any]:
    """A preview that took longer, as it would have been answered at once."""
    result = swap.result
    made: dict[str, Any] = dict(result.raw) if result is not None else {}
    output: dict[str, Any] = dict(result.outputs[0].raw) if result and result.outputs else {}
    return {**made, **output, "id": swap.id}


class Client(BaseClient[Sync]):
    """The service, blocking.

    Parameters
    ----------
    url : str, optional
        Where the service is; the environment's ``PERSONAE_URL``, or this machine, unless given.
    api_key : str, optional
        The environment's ``PERSONAE_API_KEY`` unless given; "" for calls that need none.
    retries : Retries, optional
        How patiently requests are repeated.
    http : httpx.Client, optional
        With proxies, certificates or timeouts of your own. It is left open.

    Raises
    ------
    ConfigurationError
        Without a key, or with an address or a key that cannot be one.
    """

    def __init__(
        self,
        url: str | None = None,
        api_key: str | None = None,
        *,
        retries: Retries | None = None,
        http: httpx.Client | None = None,
    ) -> None:
        config = config_from(url, api_key, retries)
        self._own = http is None
        self._http = http or httpx.Client(timeout=_TIMEOUT)
        super().__init__(config, SyncDriver(self._http))

    def close(self) -> None:
        """Let go of the connections."""
        if self._own:
            self._http.close()

    def __enter__(self) -> Self:
        """Itself."""
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Close."""
        self.close()


class AsyncClient(BaseClient[Async]):
    """The service, for asyncio; takes and does what `Client` does.

    Parameters
    ----------
    http : httpx.AsyncClient, optional
        With proxies, certificates or timeouts of your own. It is left open.

    Raises
    ------
    ConfigurationError
    """

    def __init__(
        self,
        url: str | None = None,
        api_key: str | None = None,
        *,
        retries: Retries | None = None,
        http: httpx.AsyncClient | None = None,
    ) -> None:
        config = config_from(url, api_key, retries)
        self._own = http is None
        self._http = http or httpx.AsyncClient(timeout=_TIMEOUT)
        super().__init__(config, AsyncDriver(self._http))

    async def close(self) -> None:
        """Let go of the connections."""
        if self._own:
            await self._http.aclose()

    async def __aenter__(self) -> Self:
        """Itself."""
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Close."""
        await self.close()
