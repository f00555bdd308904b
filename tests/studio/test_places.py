"""Every place of the studio, at both widths and in both themes: usable by all, and light."""

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
_LOOKS = [(DESKTOP, "light"), (DESKTOP, "dark"), (PHONE, "light"), (PHONE, "dark")]
_RULES = {"resultTypes": ["violations"]}


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
    found += ["/usage", "/keys", "/webhooks", "/account"]
    return [*found, f"/swaps/{done}", f"/swaps/{film}?view=side", f"/swaps/{failed}"]


@pytest.fixture(scope="module")
def operator_places() -> list[str]:
    return [
        *("/admin/tenants", "/admin/work", "/admin/register", "/admin/audit", "/admin/takedowns")
    ]


@pytest.mark.parametrize(("size_wh", "theme"), _LOOKS)
def test_no_place_shuts_anybody_out(
    opened: Opener,
    service: Running,
    places: list[str],
    operator_places: list[str],
    size_wh: tuple[int, int],
    theme: str,
) -> None:
    window = opened(size_wh, theme=theme)
    window.expect("404")
    told = look_at(window, places)
    operator = opened(size_wh, key=service.operator_key(), theme=theme)
    operator.expect("404")
    told += look_at(operator, operator_places)
    stranger = opened(size_wh, key=None, theme=theme)
    told += look_at(stranger, ["/"])
    assert told == []


def look_at(window: Studio, places: list[str]) -> list[str]:
    """What stands in somebody's way, as sentences."""
    told: list[str] = []
    for place in places:
        window.page.goto("about:blank")
        window.go(place)
        window.page.wait_for_load_state("networkidle")
        wide = window.page.evaluate("document.documentElement.scrollWidth - innerWidth")
        if wide > 0:
            told.append(f"{place}: {wide} px wider than the window")
        told += [f"{place}: {one}" for one in findings(window)]
    return told


def findings(window: Studio) -> list[str]:
    """Serious and critical findings of axe."""
    found: list[dict[str, Any]] = Axe().run(window.page, options=_RULES).response["violations"]
    return [
        f"{one['id']}: {one['help']}: {node['html'][:200]}"
        for one in found
        if one["impact"] in ("serious", "critical")
        for node in one["nodes"]
    ]


def test_the_first_load_is_light(opened: Opener, service: Running) -> None:
    window = opened()
    sent: dict[str, int] = {}

    def note(response: Any) -> None:
        path = response.url.removeprefix(service.url)
        if path == "/" or path.startswith("/studio/"):
            sent[path] = len(gzip.compress(response.body()))

    window.page.on("response", note)
    window.go("/")
    window.page.wait_for_load_state("networkidle")
    ready = window.page.evaluate("performance.getEntriesByType('navigation')[0].domInteractive")
    shown = window.page.evaluate("performance.getEntriesByName('shown')[0]?.startTime ?? null")
    total = sum(sent.values())
    print(
        f"\n  first load: {len(sent)} files, {total / 1000:.1f} kB gzipped; "
        f"interactive after {ready:.0f} ms, the first place shown after {shown} ms"
    )
    assert total <= FIRST_LOAD_BYTES
    assert all(re.fullmatch(r"/|/studio/[\w./-]+\.(js|css|svg)", one) for one in sent)
