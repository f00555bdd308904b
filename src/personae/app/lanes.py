"""Whose files may be looked at at once: no tenant's slow files hold up everybody else's."""

from __future__ import annotations

import asyncio
import time
from collections import OrderedDict
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager

SLOW_S = 2.0
"""A look that lasts longer than this makes its tenant slow; ordinary ones take milliseconds."""
_FOR_S = 600.0
_MOST_TENANTS = 1000


class Lanes:
    """Turns at looking at files.

    Tenants look at as many files at once as they like, until a look lasts long; from then on, for
    ten minutes, they look at one file at a time. So a tenant with hostile files takes one child of
    a process, not all of them.

    Parameters
    ----------
    slow_s : float, seconds
    """

    def __init__(self, slow_s: float = SLOW_S) -> None:
        self._slow_s = slow_s
        self._slow: OrderedDict[str, float] = OrderedDict()
        self._turns: dict[str, asyncio.Lock] = {}

    @asynccontextmanager
    async def turn(self, tenant_id: str) -> AsyncGenerator[None]:
        """Wait for one's turn; have it inside."""
        if time.monotonic() > self._slow.get(tenant_id, 0.0):
            async with self._timed(tenant_id):
                yield
            return
        async with self._turns.setdefault(tenant_id, asyncio.Lock()), self._timed(tenant_id):
            yield

    @asynccontextmanager
    async def _timed(self, tenant_id: str) -> AsyncGenerator[None]:
        started = time.monotonic()
        try:
            yield
        finally:
            if time.monotonic() - started > self._slow_s:
                self._note(tenant_id)

    def _note(self, tenant_id: str) -> None:
        self._slow[tenant_id] = time.monotonic() + _FOR_S
        self._slow.move_to_end(tenant_id)
        while len(self._slow) > _MOST_TENANTS:
            oldest, _ = self._slow.popitem(last=False)
            if not (turn := self._turns.get(oldest)) or not turn.locked():
                self._turns.pop(oldest, None)
