"""A service for each test."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from wire.service import QUICK, Service, open_service

Opener = Callable[..., Service]


@pytest.fixture
def opened(tmp_path: Path) -> Iterator[Opener]:
    """Opens services with settings of a test's own, and closes them."""
    with ExitStack() as stack:

        def open_one(dialects: Any = (), *, serve_files: bool = True, **settings: Any) -> Service:
            service = open_service(
                tmp_path, replace(QUICK, **settings), dialects, serve_files=serve_files
            )
            stack.callback(service.database.close)
            stack.enter_context(service.client)
            return service

        yield open_one


@pytest.fixture
def service(opened: Opener) -> Service:
    """A service with nothing in it; its clients ask for what they need."""
    return opened()
