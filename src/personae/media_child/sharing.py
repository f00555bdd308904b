"""How much of a machine's memory the networks of one media child may take."""

from __future__ import annotations

import os

from personae import wiring
from personae.adapters.networks.machine import memory_bytes
from personae.errors import InvalidRequest

_SHARE_OF_LIMIT = 3
"""Networks get the third part of what a child may hold: with them it stays below the half beyond
which it is replaced after a job, and frames find room."""


def share_memory(children: int, limit_bytes: int) -> None:
    """Bound this process's networks by its share, unless the operator says how much they may take.

    Parameters
    ----------
    children : int
        How many processes like this one there may be at once, here or on the graphics card.
    limit_bytes : int
        What this process may hold. Networks on a graphics card do not count.
    """
    if os.environ.get(wiring.MODEL_MEMORY_VARIABLE, "").strip():
        return
    try:
        providers = wiring.providers()
    except InvalidRequest:  # Will be said about the first job that needs them.
        return
    share = memory_bytes(wiring.MODEL_MEMORY_VARIABLE, "", providers) // max(1, children)
    if not any(one.memory == "cuda" for one in providers):
        share = min(share, limit_bytes // _SHARE_OF_LIMIT)
    os.environ[wiring.MODEL_MEMORY_VARIABLE] = str(share)
