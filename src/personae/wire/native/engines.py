"""Engines: what swaps can be done with."""

from __future__ import annotations

from typing import Any

from fastapi import Request
from starlette.responses import Response

from personae.app.pricing import PriceTable, price_table
from personae.domain.engine_menu import EngineMenu
from personae.domain.engines import EngineFacts, StepFacts
from personae.wire.dialects import call_of
from personae.wire.guard import access
from personae.wire.native.models import engines as models
from personae.wire.native.routing import NAME_OF_DIALECT, group
from personae.wire.replies import reply

router = group("/engines", "engines")


@router.get(
    "",
    response_model=models.Engines,
    operation_id="listEngines",
    summary="See what swaps can be done with",
)
@access("swaps:read")
async def list_engines(request: Request) -> Response:
    """The operator's engines, the models beside them, and what each `quality` stands for."""
    menu, prices = call_of(request).services.settings.engines, price_table(NAME_OF_DIALECT)
    return reply(
        models.Engines(
            engines=[_engine(one, menu, prices) for one in menu.engines],
            steps=[_step(one) for one in menu.steps],
            qualities=[_quality(name, menu, prices) for name in menu.levels],
        )
    )


def _engine(facts: EngineFacts, menu: EngineMenu, prices: PriceTable) -> models.EngineShown:
    return models.EngineShown(
        name=facts.name,
        summary=facts.summary,
        licence=_licence(facts),
        default=facts.name == menu.default_engine,
        sizes_px=list(facts.sizes_px),
        has_likeness=facts.has_likeness,
        price_factor=prices.engine_factors.get(facts.name, 1.0),
    )


def _step(facts: StepFacts) -> models.StepShown:
    role: Any = facts.role
    return models.StepShown(
        name=facts.name,
        role=role,
        summary=facts.summary,
        licence=_licence(facts),
        regions=list(facts.regions),
    )


def _quality(name: str, menu: EngineMenu, prices: PriceTable) -> models.QualityShown:
    word: Any = name
    choice = menu.choose(quality=name)
    return models.QualityShown(
        name=word,
        default=name == menu.default_quality,
        engine=choice.engine,
        restorer=choice.restorer,
        restore=choice.restore,
        occluders=list(choice.occluders),
        parser=choice.parser,
        price_factor=prices.quality_factors.get(name, 1.0),
    )


def _licence(facts: EngineFacts | StepFacts) -> models.LicenceShown:
    return models.LicenceShown(
        name=facts.licence, url=facts.licence_url or None, permissive=facts.permissive
    )
