"""Services that speak every dialect, for attacks on all their calls."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from attacks.routes import every_dialect
from wire.conftest import opened as opened
from wire.service import Service


@pytest.fixture
def service(opened: Callable[..., Service]) -> Service:
    """One where nothing waits and nobody calls too often."""
    return opened(every_dialect(), **PATIENT)


PATIENT = {
    "preview_wait_s": 0.05,
    "stream_s": 1.0,
    "rate_burst": 10_000_000,
    "inspect_per_minute": 10_000_000,
}
