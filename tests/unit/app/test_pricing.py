"""What tasks cost."""

from __future__ import annotations

import pytest

from personae.app.pricing import PriceTable, price_table, quote
from personae.domain.media import MediaFacts
from personae.domain.swap import MediaRef, SceneFace, SwapMapping, SwapRequest
from personae.errors import InvalidRequest

TABLE = PriceTable(
    image=2,
    video_second=3,
    extra_mapping=0.5,
    restore=1.0,
    video_minimum=9,
    assumed_video_s=10.0,
)


def request(media: str, mappings: int = 1, **fields: object) -> SwapRequest:
    donor = (MediaRef(asset_id="asset_d"),)
    parts = tuple(SwapMapping(SceneFace(index=i), donor) for i in range(mappings))
    return SwapRequest(media, MediaRef(asset_id="asset_s"), parts, **fields)  # type: ignore[arg-type]


def video(duration_s: float | None) -> MediaFacts:
    return MediaFacts("video", "video/mp4", duration_s=duration_s)


def test_a_picture_costs_by_its_mappings() -> None:
    assert quote(request("image"), None, TABLE).credits == 2
    assert quote(request("image", 3), None, TABLE).credits == 4
    assert quote(request("image", restore=0.2), None, TABLE).credits == 4


@pytest.mark.parametrize(
    ("duration_s", "credits"), [(0.5, 9), (3.0, 9), (3.2, 12), (4.0, 12), (60.0, 180)]
)
def test_a_video_costs_by_started_seconds_above_a_minimum(duration_s: float, credits: int) -> None:
    told = quote(request("video"), video(duration_s), TABLE)
    assert (told.credits, told.assumed) == (credits, False)


def test_only_the_range_is_charged() -> None:
    assert quote(request("video", start_s=10.0, end_s=14.0), video(60.0), TABLE).credits == 12
    assert quote(request("video", start_s=50.0), video(60.0), TABLE).credits == 30
    assert quote(request("video", start_s=55.0, end_s=90.0), video(60.0), TABLE).credits == 15


def test_the_measured_length_decides_over_a_declared_one() -> None:
    told = quote(request("video", start_s=0.0, end_s=500.0), video(5.0), TABLE)
    assert told.credits == 15


def test_a_length_nobody_measured_is_assumed() -> None:
    told = quote(request("video"), None, TABLE)
    assert (told.credits, told.assumed) == (30, True)


def test_an_animation_costs_like_a_video() -> None:
    gif = MediaFacts("animation", "image/gif", duration_s=4.0)
    assert quote(request("image"), gif, TABLE).credits == 12


def test_a_range_after_the_end_is_refused() -> None:
    with pytest.raises(InvalidRequest, match="ends at 5 s"):
        quote(request("video", start_s=7.0), video(5.0), TABLE)


def test_tables_come_from_data() -> None:
    assert price_table("native").image >= 1
    with pytest.raises(InvalidRequest):
        price_table("../native")
