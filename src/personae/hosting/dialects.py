"""Which dialects are served, with the operator's settings."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from personae.app.deliver import CallbackBody
from personae.app.links import Links
from personae.hosting.settings import Settings
from personae.wire.a2e.dialect import A2e
from personae.wire.a2e.views import webhook_body as a2e_body
from personae.wire.aifaceswap.dialect import Aifaceswap
from personae.wire.aifaceswap.views import callback_body as aifaceswap_body
from personae.wire.crun.dialect import Crun
from personae.wire.crun.views import callback_body as crun_body
from personae.wire.dialects import Dialect
from personae.wire.vidnoz.dialect import Vidnoz

_MAKERS: Mapping[str, Callable[[Settings], Dialect]] = {
    "a2e": lambda settings: A2e(settings.a2e),
    "aifaceswap": lambda settings: Aifaceswap(settings.aifaceswap),
    "crun": lambda settings: Crun(settings.crun),
    "vidnoz": lambda settings: Vidnoz(settings.vidnoz),
}
_BODIES: Mapping[str, Callable[[Settings, Links], CallbackBody]] = {
    "a2e": lambda settings, links: a2e_body(links, settings.a2e),
    "aifaceswap": lambda settings, links: aifaceswap_body(settings.aifaceswap, links),
    "crun": lambda settings, links: crun_body(settings.crun, links),
}


def dialects_of(settings: Settings) -> list[Dialect]:
    """Those besides the native one."""
    return [_MAKERS[name](settings) for name in settings.dialects if name in _MAKERS]


def callback_bodies(settings: Settings, links: Links) -> dict[str, CallbackBody]:
    """How each dialect tells clients of a task's end, by its name.

    Also of those that are no longer served: tasks may be left of them.
    """
    return {name: make(settings, links) for name, make in _BODIES.items()}
