"""The HTTP API's process: its parts, joined."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Mapping
from typing import Literal

from fastapi import FastAPI

from personae.adapters.blobs.signing import Permit, verify
from personae.adapters.fetch.guarded import GuardedFetcher
from personae.adapters.media_host.host import ChildMediaHost
from personae.adapters.provenance.keeper import Onlooker
from personae.app.inspecting import Inspector
from personae.app.links import Links
from personae.app.register import RegisterService
from personae.app.tokens import Tokens
from personae.domain.consent import Rules
from personae.domain.engine_menu import EngineMenu
from personae.hosting.dialects import dialects_of
from personae.hosting.first_key import FirstKey
from personae.hosting.refused import refused_files
from personae.hosting.scratch import ScratchFolder
from personae.hosting.settings import Settings
from personae.hosting.wiring import assets_of, notary, open_service, storage
from personae.version import __version__
from personae.wire.factory import create_app
from personae.wire.services import Services, WireSettings


def build_api(
    settings: Settings, engines: EngineMenu, first_key: FirstKey | None = None
) -> tuple[FastAPI, Callable[[], None]]:
    """The HTTP application, and what closes everything that it uses.

    `engines`: what tasks may use. `first_key`: what the studio may offer.
    """
    signs = notary(settings)
    opened = open_service(settings)
    scratch = ScratchFolder(settings.work_dir, "api")
    only = settings.permissive_only
    media = ChildMediaHost(
        settings.probe_slots, "probe", prewarm=True, notary=signs, permissive_only=only
    )
    fetcher = GuardedFetcher(allow=settings.fetch_allow)
    blobs = storage(settings)
    assets = assets_of(settings, opened.database, blobs, fetcher, media, scratch.path)
    register = RegisterService(
        *(opened.database, media, time.time, assets.snapshots),
        *(scratch.path / "register", assets.materialise),
    )
    secret = settings.signing_secret()
    onlookers = ChildMediaHost(1, "full", notary=Onlooker(settings.signing), permissive_only=only)
    inspector = None
    if settings.inspect:
        inspector = Inspector(
            *(opened.database, onlookers, scratch.path / "inspect"),
            limit_bytes=settings.inspect_limit_bytes,
        )

    def check_url(
        key: str, query: Mapping[str, str], *, op: Literal["get", "put"], now: float
    ) -> Permit:
        return verify(secret, key, query, op=op, now=now)

    async def cancel(task_id: str) -> None:
        await asyncio.to_thread(opened.work.cancel, [task_id])

    app = create_app(
        Services(
            database=opened.database,
            blobs=blobs,
            assets=assets,
            fetcher=fetcher,
            clock=time.time,
            settings=WireSettings(
                base_url=settings.public_url,
                json_limit_bytes=settings.json_limit_bytes,
                upload_limit_bytes=settings.upload_limit_bytes,
                inline_limit_bytes=settings.inline_limit_bytes,
                rate_per_s=settings.rate_per_s,
                wrong_keys_per_s=settings.wrong_keys_per_s,
                wrong_keys_burst=settings.wrong_keys_burst,
                rate_burst=settings.rate_burst,
                url_ttl_s=settings.url_ttl_s,
                cors_origins=tuple(settings.cors_origins),
                metrics_token=settings.metrics_token,
                hosts={host: name for name, host in settings.hosts.items()},
                maintenance=settings.maintenance,
                disabled=frozenset(settings.disabled_features),
                refused_files=refused_files(settings.refused_files),
                consent=Rules(settings.consent, settings.terms_version),
                any_letters=settings.label_font is not None,
                inspect_per_minute=settings.inspect_per_minute,
                retention=settings.kept,
                engines=engines,
                studio=settings.studio,
                version=__version__,
            ),
            links=Links(settings.public_url, secret, time.time),
            tokens=Tokens(secret),
            cancel_workflow=cancel,
            check_url=check_url if settings.storage.startswith("file:") else None,
            inspector=inspector,
            register=register,
            enroll=register.enroll,
            workload=opened.workload(),
            first_key=first_key,
            look_at_work=opened.backlog.look,
        ),
        dialects_of(settings),
    )

    def close() -> None:
        media.close()
        onlookers.close()
        opened.close()
        scratch.remove()

    return app, close
