"""One service and one Chromium for all tests of the studio."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from io import BytesIO
from pathlib import Path

import pytest
from PIL import Image
from playwright.sync_api import Browser, expect, sync_playwright

from personae.adapters.model_store import ModelStore
from studio import media as making
from studio.browsing import DESKTOP, MISSING, Studio, chromium, context_of, launch
from studio.media import Media
from studio.running import Running, start

expect.set_options(timeout=20_000)

Opener = Callable[..., Studio]
Shooter = Callable[[Studio, str], None]
SHOTS = Path(__file__).parents[2] / "docs" / "pictures" / "studio"


@pytest.fixture(scope="session")
def there_is_a_browser() -> None:
    """Nothing is made where there is nothing to look at it with."""
    if chromium() is None:
        pytest.skip(MISSING)


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """One Chromium for a module's tests.

    Playwright's loop runs in this thread for as long as it is open, and tests that start a loop of
    their own cannot do so meanwhile: it must not outlive the module.
    """
    program = chromium()
    if program is None:
        pytest.skip(MISSING)
    with sync_playwright() as playwright:
        running = launch(playwright, program)
        yield running
        running.close()


@pytest.fixture(scope="session")
def service(
    there_is_a_browser: None, store: ModelStore, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Running]:
    running = start(tmp_path_factory.mktemp("service"))
    yield running
    running.process.terminate()
    running.process.wait(60)


@pytest.fixture(scope="session")
def media(there_is_a_browser: None, tmp_path_factory: pytest.TempPathFactory) -> Media:
    return making.make(tmp_path_factory.mktemp("media"))


@pytest.fixture
def opened(browser: Browser, service: Running) -> Iterator[Opener]:
    """Opens windows; at the end none may have done what no page of the studio may do."""
    windows: list[Studio] = []

    def open_window(
        size_wh: tuple[int, int] = DESKTOP, key: str | None = "", theme: str = "light"
    ) -> Studio:
        signed = service.key if key == "" else key
        window = Studio(context_of(browser, size_wh, signed, theme), service.url)
        windows.append(window)
        return window

    yield open_window
    for window in windows:
        window.context.close()
    assert [one for window in windows for one in window.unexpected()] == []


@pytest.fixture(scope="session")
def shoot() -> Shooter:
    """Takes screenshots for the documentation, where PERSONAE_SCREENSHOTS=docs asks for them."""
    wanted = os.environ.get("PERSONAE_SCREENSHOTS") == "docs"

    def take(window: Studio, name: str) -> None:
        if not wanted:
            return
        SHOTS.mkdir(parents=True, exist_ok=True)
        tidy = "scrollTo(0, 0); document.getElementById('toasts').replaceChildren()"
        window.page.evaluate(tidy)
        window.page.wait_for_timeout(400)
        shown = Image.open(BytesIO(window.page.screenshot()))
        shown.convert("RGB").save(SHOTS / f"{name}.webp", quality=84, method=6)

    return take
