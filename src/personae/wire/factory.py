"""The application: dialects, operations and files under one set of middlewares."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Sequence
from contextlib import asynccontextmanager

from fastapi import FastAPI
from starlette.middleware import Middleware
from starlette.middleware.cors import CORSMiddleware

from personae.wire import blobs, describe, media, operations, refusals, register_desk, studio
from personae.wire.dialects import Dialect, Registry
from personae.wire.envelope import REQUEST_ID, Envelope
from personae.wire.figures import FigureReader
from personae.wire.gate import Gate
from personae.wire.guard import Guarded
from personae.wire.metrics import Metrics
from personae.wire.native.dialect import Native
from personae.wire.services import Services

_FLUSH_S = 15.0
"""Between two looks at which keys were used."""
_EXPOSED = (
    REQUEST_ID,
    "ETag",
    "Idempotency-Replayed",
    "Link",
    "Location",
    "RateLimit",
    "RateLimit-Policy",
    "Retry-After",
    "X-RateLimit-Limit",
    "X-RateLimit-Remaining",
    "X-RateLimit-Reset",
)


def create_app(services: Services, dialects: Sequence[Dialect] = ()) -> FastAPI:
    """The HTTP side of the service.

    Parameters
    ----------
    services : Services
    dialects : sequence of Dialect
        Those besides the native one, which is always there and always first.

    Raises
    ------
    ValueError
        If two dialects are in each other's way, or `WireSettings.hosts` names an unknown one.
    """
    settings = services.settings
    registry = Registry((Native(), *dialects), settings.hosts)
    gate, metrics = Gate(services), Metrics(settings.version)
    middleware = [Middleware(Envelope, gate=gate, registry=registry, observe=metrics.observe)]
    if settings.cors_origins:
        # Outside the envelope, so that what the envelope answers can be read as well.
        middleware.insert(
            0,
            Middleware(
                CORSMiddleware,
                allow_origins=list(settings.cors_origins),
                allow_methods=["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE"],
                allow_headers=["*"],
                expose_headers=list(_EXPOSED),
                max_age=600,
            ),
        )

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncGenerator[None]:
        async with (
            gate.uses.flushing(services.database, _FLUSH_S),
            gate.accesses.flushing(services.database),
        ):
            yield

    app = FastAPI(
        title="Personae",
        version=settings.version,
        lifespan=lifespan,
        openapi_url=None,
        docs_url=None,
        redoc_url=None,
        redirect_slashes=False,
        middleware=middleware,
    )
    app.router.route_class = Guarded
    app.state.gate, app.state.metrics = gate, metrics
    app.state.figures = FigureReader(settings.figures_s, settings.totals_s)
    for router in (
        *(dialect.router() for dialect in registry.all),
        blobs.router,
        media.router,
        operations.router,
        register_desk.router,
        studio.router,
    ):
        app.router.routes.extend(router.routes)
    describe.install(app, registry)
    refusals.install(app)
    return app
