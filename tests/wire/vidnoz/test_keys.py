"""Keys are our assets' names in other clothes."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import Any

import pytest

from personae.domain.media import Asset
from personae.errors import NotFound
from personae.wire.vidnoz.keys import asset_of, ending_of, key_of, user_number

WHEN = 1723807527.474  # 2024-08-16
ASSET = Asset(
    id="asset_01j5deywhjwg59qsgmxkhc0ff4",
    tenant_id="tenant_a",
    role="upload",
    state="ready",
    blob_key="somewhere",
    content_type="image/jpeg",
    filename="demo.jpg",
    size_bytes=1,
    sha256=None,
    facts=None,
    refusal=None,
    task_id=None,
    created_at=WHEN,
    expires_at=None,
)
_UUID = r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}"
FULL = "01915b3a-b92b-4339-8bee-76365268665a"


def made(role: Any, ending: str = ".jpg") -> str:
    return key_of(replace(ASSET, role=role), ending)


def test_keys_look_like_the_vendors() -> None:
    user = user_number("tenant_a")
    for role in ("upload", "import", "crop"):
        pattern = rf"temporary/20240816/{user}/1723807527474-{_UUID}\.jpg"
        assert re.fullmatch(pattern, made(role))
    for role in ("output", "cover", "thumbnail"):
        assert re.fullmatch(rf"{user}/asset/202408/1723807527474-{_UUID}\.png", made(role, ".png"))
    assert re.fullmatch(r"\d{6,8}", str(user))
    assert user != user_number("tenant_b")


@pytest.mark.parametrize("role", ["upload", "crop", "output", "thumbnail"])
def test_a_key_leads_back(role: Any) -> None:
    assert asset_of(made(role)) == ASSET.id
    assert asset_of(made(role, "")) == ASSET.id


def test_only_the_uuid_counts() -> None:
    expected = asset_of(FULL)
    for key in (
        f"{FULL}.png",
        FULL.upper(),
        f" {FULL}\n",
        f"1-{FULL}.jpeg",
        f"temporary/20240816/3620/1723807527474-{FULL}.mp4",
        f"anything/at/all/{FULL}",
        f"../../{FULL}.jpg",
    ):
        assert asset_of(key) == expected
    assert re.fullmatch(r"asset_[0-7][0-9a-hjkmnp-tv-z]{25}", expected)


@pytest.mark.parametrize("uuid", ["0" * 32, "f" * 32])
def test_every_uuid_is_some_name(uuid: str) -> None:
    text = f"{uuid[:8]}-{uuid[8:12]}-{uuid[12:16]}-{uuid[16:20]}-{uuid[20:]}"
    name = asset_of(text)
    assert asset_of(key_of(replace(ASSET, id=name), "")) == name


@pytest.mark.parametrize(
    "key",
    [
        "",
        "demo.jpg",
        ASSET.id,
        FULL[:-1],
        f"{FULL}0",
        f"{FULL}.",
        f"{FULL}.jpg/more",
        f"0{FULL}",
        FULL.replace("-", ""),
        FULL.replace("a", "g"),
        "x" * 1024 + FULL,
        "/" * 100_000,
    ],
)
def test_other_words_are_no_keys(key: str) -> None:
    with pytest.raises(NotFound) as caught:
        asset_of(key)
    assert len(caught.value.message) < 200


@pytest.mark.parametrize(
    ("name", "ending"),
    [
        ("demo.jpg", ".jpg"),
        ("Clip.MP4", ".mp4"),
        ("archive.tar.gz", ".gz"),
        ("none", ""),
        (".hidden", ""),
        (None, ""),
        ("a.b c", ""),
        ("a.jpg\n", ""),
        ("a." + "x" * 11, ""),
    ],
)
def test_endings_are_plain_or_left_out(name: str | None, ending: str) -> None:
    assert ending_of(name) == ending
