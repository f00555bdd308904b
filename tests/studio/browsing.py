"""A browser that signs in, and that notes whatever a page must not do."""

from __future__ import annotations

import os
import re
import shutil
from pathlib import Path
from urllib.parse import urlsplit

from playwright.sync_api import Browser, BrowserContext, Locator, Page, Playwright, expect

FLAGS = (
    *("--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run"),
    *("--disable-background-networking", "--disable-component-update", "--disable-sync"),
)
NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
DESKTOP = (1280, 800)
PHONE = (390, 844)
MISSING = (
    "Chromium is not installed: install the system's package, or name its program in "
    "PERSONAE_CHROMIUM, to run the tests of the studio"
)


def chromium() -> str | None:
    """Where the system's Chromium is."""
    named = os.environ.get("PERSONAE_CHROMIUM")
    return named or next(filter(None, map(shutil.which, NAMES)), None)


def launch(playwright: Playwright, program: str) -> Browser:
    return playwright.chromium.launch(executable_path=program, args=list(FLAGS))


class Studio:
    """A page of the studio, and what went wrong on it."""

    def __init__(self, context: BrowserContext, url: str) -> None:
        self.context, self.url = context, url
        self.problems: list[str] = []
        self._expected: list[str] = []
        self.page: Page = context.new_page()
        self.page.set_default_timeout(15_000)
        self.page.on("console", lambda said: self._said(said.type, said.text))
        self.page.on("pageerror", lambda error: self.problems.append(f"exception: {error}"))
        self.page.on("request", lambda request: self._asked(request.url))

    def expect(self, pattern: str) -> None:
        """Allow errors on the console that match, such as those of a service that is away."""
        self._expected.append(pattern)

    def unexpected(self) -> list[str]:
        """What no page of the studio may do."""
        return [one for one in self.problems if not any(re.search(p, one) for p in self._expected)]

    def go(self, place: str, heading: str | re.Pattern[str] | None = None) -> Locator:
        """Go to a place; its first heading, once it is there."""
        self.page.goto(f"{self.url}/#{place}")
        shown = self.heading(heading)
        shown.wait_for()
        return shown

    def walk(self, place: str) -> None:
        """Go to a place by a link, as within the studio, until it has all that it shows."""
        self.page.evaluate(
            """(place) => {
              document.querySelector("h1").dataset.left = "";
              location.hash = place;
            }""",
            place,
        )
        self.page.locator("h1:not([data-left])").wait_for()
        expect(self.page.locator(".spin")).to_have_count(0)

    def heading(self, name: str | re.Pattern[str] | None = None) -> Locator:
        if name is None:
            return self.page.get_by_role("heading", level=1)
        return self.page.get_by_role("heading", level=1, name=name)

    def button(self, name: str, exact: bool = True) -> Locator:
        return self.page.get_by_role("button", name=name, exact=exact)

    def picture(self, path: Path, full: bool = False) -> None:
        """A screenshot, to look at."""
        self.page.screenshot(path=path, full_page=full)

    def _said(self, kind: str, text: str) -> None:
        if kind in ("error", "warning"):
            self.problems.append(f"console {kind}: {text}")

    def _asked(self, url: str) -> None:
        told, own = urlsplit(url), urlsplit(self.url)
        if told.scheme not in ("data", "blob") and told[:2] != own[:2]:
            self.problems.append(f"request elsewhere: {url}")


def context_of(
    browser: Browser, size_wh: tuple[int, int], key: str | None, theme: str = "light"
) -> BrowserContext:
    """A window of its own, signed in if there is a key."""
    phone = size_wh == PHONE
    width, height = size_wh
    context = browser.new_context(
        viewport={"width": width, "height": height},
        color_scheme="dark" if theme == "dark" else "light",
        has_touch=phone,
        is_mobile=phone,
        accept_downloads=True,
        locale="en-GB",
        timezone_id="UTC",
    )
    if key:
        context.add_init_script(f"sessionStorage.setItem('personae.key', '{key}')")
    return context
