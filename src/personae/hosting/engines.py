"""What tasks may use, as the settings say and the models' cards tell."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from personae.adapters.media_host.host import ChildMediaHost
from personae.app.ports import MediaHost
from personae.domain.engine_menu import EngineMenu, Level
from personae.domain.engines import (
    CLASSICAL,
    MESH,
    OFF,
    EngineFacts,
    StepFacts,
    with_tuples,
)
from personae.hosting.settings import Settings

_PATIENCE_S = 60.0


def engine_menu(settings: Settings, *, installed: bool) -> EngineMenu:
    """What tasks may use; a media child reads the models' cards, if there are any.

    Parameters
    ----------
    installed : bool
        Whether every model has to be ready to be used on this machine.

    Raises
    ------
    InvalidRequest, ModelError
        In one sentence, with the command or the setting that mends it.
    """
    if settings.engines == [MESH] and not settings.engine_steps:
        return EngineMenu(default_quality=settings.default_quality)
    with ChildMediaHost(1, "probe", permissive_only=settings.permissive_only) as media:
        return read_menu(settings, media, installed=installed)


def read_menu(settings: Settings, media: MediaHost, *, installed: bool) -> EngineMenu:
    """As `engine_menu`, by a media host."""
    told = media.run(
        {
            "op": "engines",
            "engines": settings.engines,
            "steps": settings.engine_steps,
            "installed": installed,
        },
        timeout_s=_PATIENCE_S,
    )
    default = settings.engine
    return EngineMenu(
        tuple(EngineFacts(**with_tuples(one)) for one in told["engines"]),
        tuple(StepFacts(**with_tuples(one)) for one in told["steps"]),
        default,
        settings.default_quality,
        {name: _level(level, default) for name, level in told["levels"].items()},
    )


def _level(told: Mapping[str, Any], default: str) -> Level:
    return Level(
        told["engine"] or default,
        told["boost_px"],
        told["restorer"] or CLASSICAL,
        told["restore"],
        tuple(told["occluders"]),
        told["parser"] or OFF,
    )
