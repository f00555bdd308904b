"""Donors and portraits, made once for all end-to-end tests."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import pytest
from PIL import Image

import personae
from faces import NAMES, Name, headshot
from personae.adapters.model_store import ModelStore


@pytest.fixture(scope="session", autouse=True)
def models(store: ModelStore) -> None:
    """Nothing here works without the models."""


@pytest.fixture(scope="session")
def photos(tmp_path_factory: pytest.TempPathFactory) -> Mapping[Name, Path]:
    """A photo file of each person, 240 x 280."""
    folder = tmp_path_factory.mktemp("photos")
    paths: dict[Name, Path] = {}
    for name in NAMES:
        paths[name] = folder / f"{name}.png"
        Image.fromarray(headshot(name)).save(paths[name])
    return paths


@pytest.fixture(scope="session")
def donors(photos: Mapping[Name, Path]) -> Mapping[Name, personae.Donor]:
    """Both people as donors."""
    return {name: personae.prepare_donor(path) for name, path in photos.items()}
