"""Every published model has a card that hangs together."""

from __future__ import annotations

import re
import tomllib
from importlib import resources

import pytest

from personae.engine.card import Card
from personae.engine.card_roles import (
    ConverterContract,
    LandmarkerContract,
    Picture,
    RestorerContract,
    SwapperContract,
)
from personae.engine.cards import all_cards, card

PUBLISHED = [each for each in all_cards() if each.contract]
TEMPLATES = tomllib.loads(
    (resources.files("personae.engine") / "data" / "templates.toml").read_text("utf-8")
)
PERMISSIVE = {
    *("ghost_1_256", "ghost_2_256", "ghost_3_256", "yunet_2023_mar", "fan_2d_4", "peppa_wutz"),
    *("bisenet_resnet_18", "bisenet_resnet_34", "gfpgan_1_2", "gfpgan_1_3", "gfpgan_1_4"),
    *("restoreformer_plus_plus", "nsfw_1", "nsfw_2", "nsfw_3"),
}
"""As their authors state."""


def pictures(each: Card) -> list[Picture]:
    conditioning = getattr(each.contract, "conditioning", None)
    found = [getattr(each.contract, "picture", None), getattr(conditioning, "picture", None)]
    return [picture for picture in found if picture]


@pytest.mark.parametrize("each", PUBLISHED, ids=lambda each: each.name)
def test_a_contract_speaks_of_the_networks_own_inputs(each: Card) -> None:
    inputs = {tensor.name: tensor for tensor in each.part("graph").inputs}
    told: set[str] = set()
    for picture in pictures(each):
        told.add(picture.input)
        shape = inputs[picture.input].shape
        side = shape[1:3] if picture.layout == "nhwc" else shape[2:4]
        assert side == (picture.size_px, picture.size_px)
        assert not picture.template or picture.template in TEMPLATES
        low, high = inputs[picture.input].range or (0, 0)
        for mean, std in zip(picture.mean, picture.std, strict=True):
            assert low - 0.1 <= -mean / std <= (1 - mean) / std <= high + 0.1
    match each.contract:
        case SwapperContract():
            told.add(each.contract.conditioning.input)
        case ConverterContract() | LandmarkerContract(kind="lift"):
            told.add(each.contract.input)
        case RestorerContract(weight=weight) if weight:
            told.add(weight)
            assert inputs[weight].type == "float64"
        case _:
            pass
    assert told == set(inputs)


@pytest.mark.parametrize("each", PUBLISHED, ids=lambda each: each.name)
def test_what_a_swapper_is_conditioned_by_has_a_card(each: Card) -> None:
    if isinstance(each.contract, ConverterContract):
        assert card(each.contract.embedder).role == "embedder"
    if not isinstance(each.contract, SwapperContract):
        return
    conditioning = each.contract.conditioning
    if conditioning.kind == "embedding":
        assert card(conditioning.embedder).role == "embedder"
    if conditioning.converter:
        assert card(conditioning.converter).role == "converter"
    if conditioning.projection:
        assert each.part(conditioning.projection).file.endswith(".npy")


@pytest.mark.parametrize("each", PUBLISHED, ids=lambda each: each.name)
def test_where_a_model_comes_from(each: Card) -> None:
    source = each.source
    if not source.url:
        assert each.name.startswith("reswapper"), "Its publisher is not known."
        return
    release = re.search(r"/download/(models-3\.[0-4]\.0/[\w.]+\.onnx)$", source.url)
    assert release
    group, file = release[1].split("/")
    hosts = ("huggingface.co", "hf-mirror.com")
    assert source.mirrors == tuple(
        f"https://{host}/facefusion/{group}/resolve/main/{file}" for host in hosts
    )
    assert bool(source.crc32) != bool(source.crc32_url)


def test_which_licences_are_permissive() -> None:
    assert {each.name for each in PUBLISHED if each.licence.permissive} == PERMISSIVE
    assert all(each.licence.statement and each.licence.url for each in all_cards())
    assert not any(each.default for each in PUBLISHED), "A first swap needs none of them."
