"""Links to assets: signed, dated, and known again."""

from __future__ import annotations

from urllib.parse import urlsplit

import pytest

from personae.app.links import Links
from personae.domain.ids import new_id
from personae.errors import Expired, Forbidden

ASSET = "asset_01m7zqf99tny833z1nznepn858"
BASE = "https://swap.example.com"


def links(now: float = 1000.0, secret: bytes = b"secret") -> Links:
    return Links(BASE, secret, lambda: now)


def parts_of(url: str) -> dict[str, str]:
    return dict(one.split("=", 1) for one in urlsplit(url).query.split("&"))


def test_a_link_is_known_again() -> None:
    url = links().url(ASSET, "holiday photo.jpg", 60)
    assert url.startswith(f"{BASE}/media/{ASSET}/holiday%20photo.jpg?")
    assert links().asset_of(url) == ASSET
    assert links(now=5000.0).asset_of(url) == ASSET, "its owner may use it after its end"


def test_the_host_does_not_matter_but_the_signature_does() -> None:
    url = links().url(ASSET, "a.jpg", 60)
    assert links().asset_of(url.replace(BASE, "http://10.0.0.7:8000")) == ASSET
    assert links(secret=b"another").asset_of(url) is None
    assert links().asset_of(url.replace("exp=1060", "exp=9999")) is None
    assert links().asset_of(url.replace(ASSET, new_id("asset"))) is None


@pytest.mark.parametrize(
    "url",
    [
        "https://example.com/a.jpg",
        f"{BASE}/media/{ASSET}/a.jpg",
        f"{BASE}/media/asset_short/a.jpg?exp=1&sig=x",
        f"ftp://swap.example.com/media/{ASSET}/a.jpg?exp=1&sig=x",
        "http://[::1",
        "",
    ],
)
def test_other_urls_are_nobodys_asset(url: str) -> None:
    assert links().asset_of(url) is None


def test_who_holds_a_link_is_let_in_until_its_end() -> None:
    told = parts_of(links().url(ASSET, "a.jpg", 60))
    links(now=1059.0).check(ASSET, told["exp"], told["sig"])
    with pytest.raises(Expired):
        links(now=1060.0).check(ASSET, told["exp"], told["sig"])
    with pytest.raises(Forbidden):
        links().check(ASSET, told["exp"], "")
    with pytest.raises(Forbidden):
        links().check(ASSET, "never", told["sig"])


def test_a_name_is_only_for_people() -> None:
    url = links().url(ASSET, "../../etc/passwd?x=1#y", 60)
    assert links().asset_of(url) == ASSET
