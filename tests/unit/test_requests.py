"""How a swap is asked for: checked once, kept as plain values, passed on whole."""

from __future__ import annotations

import json
import re
from dataclasses import FrozenInstanceError, asdict, fields
from pathlib import Path
from typing import Any, get_type_hints

import numpy as np
import pytest

from personae import library
from personae.errors import InvalidRequest
from personae.requests.checks import refuse_options
from personae.requests.mappings import Mapping, parts_of
from personae.requests.options import SwapOptions, SwapSettings, options_of
from personae.video.codecs import EncodeSettings

FULL: dict[str, Any] = {
    "strength": 0.5,
    "restore": 0.25,
    "max_long_px": 1920,
    "max_short_px": 1080,
    "start_s": 1.0,
    "end_s": 2.5,
    "codec": "vp9",
    "crf": 60,
    "preset": "slow",
    "quality": 80,
    "threads": 3,
    "mark": 987_654_321_012,
    "allow_poor": True,
    "manifest": False,
    "label": "AI-generated",
    "label_place": "top",
    "label_size": 0.1,
    "label_font": "fonts/some.ttf",
    "gate_donor": 0.5,
    "gate_scene": None,
    "gate_output": 1,
    "gate_every_s": 2.0,
    "level": "best",
    "engine": "inswapper_128",
    "boost_px": 256,
    "likeness": 0.75,
    "restorer": "off",
    "occluders": ("xseg_1",),
    "parser": "bisenet_resnet_18",
    "regions": ("skin", "nose"),
    "detector": "yunet_2023_mar",
    "landmarkers": ("fan_2d_4",),
}


def test_options_survive_being_stored_as_json() -> None:
    options = SwapOptions(**FULL)
    assert SwapOptions(**json.loads(json.dumps(asdict(options)))) == options
    assert asdict(options) == FULL


def test_options_cannot_be_changed_behind_their_check() -> None:
    with pytest.raises(FrozenInstanceError):
        SwapOptions().strength = 7  # pyright: ignore[reportAttributeAccessIssue] - the point


def test_every_field_is_a_keyword_and_the_reverse() -> None:
    keywords = get_type_hints(SwapSettings)
    assert {field.name for field in fields(SwapOptions)} == set(keywords)


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ({"strength": 7}, "strength"),
        ({"level": "superb"}, "draft, standard, best"),
        ({"likeness": 2}, "likeness"),
        ({"boost_px": 0}, "crops"),
        ({"engine": 3}, "engine"),
        ({"occluders": "xseg_1"}, "occluders"),
        ({"regions": ["skin", ""]}, "regions"),
        ({"gate_donor": 1.1}, "limit for the donor"),
        ({"gate_scene": "0.5"}, "limit for the scene"),
        ({"gate_output": float("nan")}, "limit for the output"),
        ({"gate_every_s": 0}, "every 0.1 to 60 seconds"),
        ({"strength": -0.1}, "strength"),
        ({"strength": float("nan")}, "strength"),
        ({"strength": "1"}, "strength"),
        ({"restore": 1.5}, "restoring strength"),
        ({"restore": float("nan")}, "restoring strength"),
        ({"max_long_px": 63}, "longest side"),
        ({"max_short_px": 1080.5}, "shortest side"),
        ({"max_short_px": 63}, "from 64 to"),
        ({"start_s": -1}, "start"),
        ({"start_s": "1:00"}, "start"),
        ({"end_s": float("inf")}, "end"),
        ({"start_s": 2, "end_s": 2}, "range"),
        ({"codec": "divx"}, "h264, hevc, vp9, av1"),
        ({"mark": -1}, "mark"),
        ({"mark": 2**40}, "0 to 1099511627775"),
        ({"mark": 1.5}, "mark"),
        ({"mark": True}, "mark"),
        ({"crf": 64}, "0 to 63"),
        ({"crf": 18.5}, "crf"),
        ({"codec": "h264", "crf": 52}, "0 to 51"),
        ({"codec": "av1", "crf": 0}, "lossless"),
        ({"preset": "warp"}, "medium"),
        ({"quality": 0}, "1 to 100"),
        ({"quality": True}, "1 to 100"),
        ({"threads": -1}, "threads"),
    ],
    ids=str,
)
def test_what_fits_no_media_is_refused_at_once(wrong: dict[str, Any], said: str) -> None:
    with pytest.raises(InvalidRequest, match=said):
        SwapOptions(**wrong)


def test_either_an_object_or_keywords() -> None:
    options = SwapOptions(crf=20)
    assert options_of(options, {}) is options
    assert options_of(None, {"crf": 20}) == options
    with pytest.raises(InvalidRequest, match="either options or crf, preset"):
        options_of(options, {"crf": 20, "preset": "slow"})


def test_what_the_encoder_is_told() -> None:
    assert SwapOptions(**FULL).encode == EncodeSettings("vp9", 60, "slow", 3)
    assert SwapOptions().encode == EncodeSettings()


ABSENT: Any = object()


@pytest.mark.parametrize(
    ("order", "said"),
    [
        ({"donor": [Mapping(ABSENT)]}, "mappings=[...]"),
        ({"donor": Mapping(ABSENT)}, "mappings=[...]"),
        ({"donor": ["a.jpg", "b.jpg"]}, "prepare_donor"),
        ({"donor": 7}, "donor must be a file name or pixels, not a int"),
        ({"donor": b"bytes"}, "not a bytes"),
        ({"mappings": Mapping(ABSENT)}, "must be a list, not a Mapping"),
        ({"mappings": ["a.jpg"]}, "must be of Mapping, not a str"),
        ({"mappings": [Mapping("a.jpg")]}, "from prepare_donor"),  # pyright: ignore[reportArgumentType] - the point
        ({}, "either a donor or mappings"),
    ],
)
def test_what_is_no_donor_is_said_in_words(order: dict[str, Any], said: str) -> None:
    wanted = {"donor": None, "face": "largest", "mappings": None, **order}
    with pytest.raises(InvalidRequest, match=re.escape(said)):
        parts_of(**wanted)


def test_files_are_named_and_not_given_as_pixels(tmp_path: Path) -> None:
    pixels: Any = np.zeros((8, 8, 3), np.uint8)
    for function in (library.swap_file, library.swap_video):
        with pytest.raises(InvalidRequest, match="scene must be a file name"):
            function(pixels, tmp_path / "out.png", "donor.jpg")
        with pytest.raises(InvalidRequest, match="output must be a file name"):
            function(tmp_path / "in.png", pixels, "donor.jpg")
    with pytest.raises(InvalidRequest, match="file name"):
        library.probe(pixels)


def test_options_are_named_as_every_caller_may_read_them() -> None:
    with pytest.raises(InvalidRequest) as refused:
        refuse_options(Path("a.png"), "a picture", start_s=1.0, crf=20, codec=None)
    assert refused.value.message == "a.png is a picture; leave out start, crf."
