"""Every place of the studio is usable by all, at both widths and in both themes, and is light.

Those of the account and of operators are looked at on a phone in `test_places`.
"""

from __future__ import annotations

import gzip
import re
from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe

from studio.browsing import DESKTOP, PHONE, Studio
from studio.conftest import Opener
from studio.media import Media
from studio.running import Running

FIRST_LOAD_BYTES = 150_000
_ALL: dict[str, Any] = {"resultTypes": ["violations"]}
# Only colours differ between the themes, and they are the same at every width.
_COLOURS: dict[str, Any] = {**_ALL, "runOnly": {"type": "rule", "values": ["color-contrast"]}}


@pytest.fixture(scope="module")
def places(service: Running, media: Media) -> list[str]:
    """Where to look: every place that the menu or a list leads to, with something to show."""
    api = service.api()
    scene = api.upload(media.photo("hopper"), "image/png")
    donor = api.upload(media.photo("collins"), "image/png")
    done = api.swap("image", scene, donor, label="Looked at")
    api.ended(done)
    face = {"by": "index", "index": 7}
    failed = api.swap("image", scene, donor, mapping={"scene_face": face}, label="Failed")
    api.ended(failed)
    film = api.swap("video", api.upload(media.clip, "video/mp4"), donor, label="A film", end_s=0.3)
    api.ended(film)
    found = ["/", "/swaps", "/swaps?q=nothing+like+it", "/faces", "/inspect", "/nowhere"]
    return [*found, f"/swaps/{done}", f"/swaps/{film}?view=side", f"/swaps/{failed}"]


@pytest.fixture(scope="module")
def more_places(service: Running) -> list[tuple[str, list[str]]]:
    """Keys, and the places that they open besides."""
    operators = ["tenants", "work", "register", "audit", "takedowns"]
    return [
        (service.key, ["/usage", "/keys", "/webhooks", "/account"]),
        (service.operator_key(), [f"/admin/{one}" for one in operators]),
    ]


@pytest.mark.parametrize("size_wh", [DESKTOP, PHONE], ids=["desktop", "phone"])
def test_no_place_shuts_anybody_out(
    opened: Opener,
    service: Running,
    places: list[str],
    more_places: list[tuple[str, list[str]]],
    size_wh: tuple[int, int],
) -> None:
    stranger = opened(size_wh, key=None)
    stranger.page.goto(stranger.url)
    stranger.heading("Personae").wait_for()
    told = findings(stranger, _ALL)
    for key, there in [(service.key, places), *(more_places if size_wh == DESKTOP else [])]:
        window = opened(size_wh, key=key)
        window.expect("404")
        told += look_at(window, there, dark=size_wh == DESKTOP)
    assert told == []


def look_at(window: Studio, places: list[str], *, dark: bool) -> list[str]:
    """What stands in somebody's way, as sentences."""
    told: list[str] = []
    window.go("/inspect")
    for place in places:
        window.walk(place)
        wide = window.page.evaluate("document.documentElement.scrollWidth - innerWidth")
        if wide > 0:
            told.append(f"{place}: {wide} px wider than the window")
        told += [f"{place}: {one}" for one in findings(window, _ALL)]
        if dark:
            window.page.emulate_media(color_scheme="dark")
            told += [f"{place}, dark: {one}" for one in findings(window, _COLOURS)]
            window.page.emulate_media(color_scheme="light")
    return told


def findings(window: Studio, rules: dict[str, Any]) -> list[str]:
    """Serious and critical findings of axe."""
    found: list[dict[str, Any]] = Axe().run(window.page, options=rules).response["violations"]
    return [
        f"{one['id']}: {one['help']}: {node['html'][:200]}"
        for one in found
        if one["impact"] in ("serious", "critical")
        for node in one["nodes"]
    ]


_NOTE_SHOWN = """
new MutationObserver((_, watcher) => {
  if (!document.querySelector("main h1")) return;
  window.shownAt = performance.now();
  watcher.disconnect();
}).observe(document, { childList: true, subtree: true });
"""


def test_the_first_load_is_light(opened: Opener, service: Running) -> None:
    window = opened()
    sent: dict[str, int] = {}

    def note(response: Any) -> None:
        path = response.url.removeprefix(service.url)
        if path == "/" or path.startswith("/studio/"):
            sent[path] = len(gzip.compress(response.body()))

    window.page.on("response", note)
    window.context.add_init_script(_NOTE_SHOWN)
    window.go("/", "New swap")
    window.page.wait_for_load_state("networkidle")
    navigation = "performance.getEntriesByType('navigation')[0].domInteractive"
    parsed, shown = window.page.evaluate(navigation), window.page.evaluate("window.shownAt")
    total = sum(sent.values())
    print(
        f"\n  first load: {len(sent)} files, {total / 1000:.1f} kB gzipped; page parsed after "
        f"{parsed:.0f} ms, the first place there after {shown:.0f} ms"
    )
    assert total <= FIRST_LOAD_BYTES
    assert all(re.fullmatch(r"/|/studio/[\w./-]+\.(js|css|svg)", one) for one in sent)
