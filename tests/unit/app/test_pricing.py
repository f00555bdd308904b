"""What tasks cost."""

from __future__ import annotations

import pytest

from personae.app.pricing import PriceRow, PriceTable, detection_price, price_table, quote
from personae.domain.engines import EngineChoice
from personae.domain.media import MediaFacts
from personae.domain.swap import MediaRef, SceneFace, SwapMapping, SwapRequest
from personae.errors import InvalidRequest

TABLE = PriceTable(
    {
        "image": PriceRow(flat=2, extra_mapping=0.5, restore=1.0),
        "video": PriceRow(per_second=3, minimum=9, extra_mapping=0.5, restore=1.0),
    },
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
    assert price_table("native").rows["image"].flat >= 1
    with pytest.raises(InvalidRequest):
        price_table("../native")


@pytest.mark.parametrize(
    ("row", "mappings", "declared_s", "measured_s", "points"),
    [
        ("faceswap", 1, None, None, 2),
        ("multi_faceswap", 2, None, None, 5),
        ("video_faceswap_0", 1, 5.0, 5.0, 10),
        ("video_faceswap_1", 1, 5.0, 5.0, 20),
        ("video_faceswap_2", 1, 5.0, 5.0, 30),
        ("video_faceswap_0", 1, 5.0, None, 10),
        ("video_faceswap_0", 1, 1.0, 4.2, 10),
        ("video_faceswap_0", 1, 9.0, 4.2, 18),
        ("multi_video_faceswap_0", 1, 5.0, 5.0, 20),
        ("multi_video_faceswap_1", 2, 5.0, 5.0, 40),
        ("multi_video_faceswap_2", 3, 5.0, 5.0, 60),
    ],
)
def test_a_vendors_price_list(
    row: str, mappings: int, declared_s: float | None, measured_s: float | None, points: int
) -> None:
    media = "video" if "video" in row else "image"
    asked = request(media, mappings, tariff=row, declared_s=declared_s)
    facts = None if measured_s is None else video(measured_s)
    assert quote(asked, facts, price_table("aifaceswap")).credits == points


def test_a_picture_in_a_call_for_videos_is_a_second_long() -> None:
    picture = MediaFacts("picture", "image/png")
    asked = request("any", tariff="video_faceswap_1")
    assert quote(asked, picture, price_table("aifaceswap")).credits == 4


def test_what_may_be_a_video_is_held_as_a_picture_until_somebody_looks() -> None:
    told = quote(request("any"), None, TABLE)
    assert (told.credits, told.assumed) == (2, True)
    assert quote(request("any"), video(4.0), TABLE).credits == 12


def test_a_row_that_is_not_there_is_refused() -> None:
    with pytest.raises(InvalidRequest, match="no price"):
        quote(request("image", tariff="gold"), None, TABLE)


def test_searches_cost_what_the_table_says() -> None:
    assert detection_price("extract_face", price_table("aifaceswap")) == 2
    assert detection_price("extract_face", price_table("native")) == 0
    assert detection_price(None, price_table("aifaceswap")) == 0


def test_engines_and_qualities_have_factors() -> None:
    table = PriceTable(TABLE.rows, engine_factors={"swap_128": 3.0}, quality_factors={"best": 1.5})
    swapped = quote(request("image", setup=EngineChoice("swap_128", "best")), None, table)
    assert swapped.credits == 9
    assert swapped.breakdown == {"image": 2, "factor": 4.5, "engine": 3.0, "quality": 1.5}
    assert quote(request("video", setup=EngineChoice("swap_128")), video(4.0), table).credits == 36
    assert quote(request("image"), None, table).breakdown == {"image": 2, "factor": 1}


def test_what_a_quality_restores_is_paid_for() -> None:
    choice = EngineChoice(quality="best", restorer="fixer", restore=0.6)
    assert quote(request("image", quality="best", setup=choice), None, TABLE).credits == 4
    assert quote(request("image", setup=choice), None, TABLE).credits == 2  # The operator's choice.
