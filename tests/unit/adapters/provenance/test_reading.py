"""Reading anybody's manifests: whom to believe, and files made to do harm."""

from __future__ import annotations

import dataclasses
import json
import time
from pathlib import Path

import numpy as np
import pytest
from certificates import Ca, key_pem, pem_of
from cryptography.hazmat.primitives.asymmetric import ec
from PIL import Image

from personae.adapters.provenance.facts import ManifestFacts
from personae.adapters.provenance.keeper import Keeper, SigningConfig
from personae.adapters.provenance.reading import read_manifest
from personae.adapters.provenance.sealing import Seal
from personae.adapters.provenance.statement import Statement
from personae.errors import MediaUnreachable, MediaUnreadable


@pytest.fixture
def picture(tmp_path: Path) -> Path:
    noise = np.random.default_rng(2).integers(0, 255, (40, 60, 3), np.uint8)
    Image.fromarray(noise).save(tmp_path / "a.png")
    return tmp_path / "a.png"


def sealed(config: SigningConfig, picture: Path) -> Keeper:
    keeper = Keeper(config, time.time)
    seal = Seal(keeper.signer.credential, keeper.sign)
    seal.put_on(picture, None, Statement(time.time()))
    return keeper


def test_a_local_signer_is_known_where_it_was_made_and_nowhere_else(
    picture: Path, tmp_path: Path
) -> None:
    keeper = sealed(SigningConfig(tmp_path / "signing"), picture)
    assert read_manifest(picture, keeper.anchors).trust == "local"
    elsewhere = Keeper(SigningConfig(tmp_path / "other"), time.time)
    for anchors in (elsewhere.anchors, {}, None):
        facts = read_manifest(picture, anchors)
        assert (facts.valid, facts.trust, facts.problems) == (True, "untrusted", ())
        assert facts.issuer == "Personae (local, unverified)"


def test_an_operators_chain_is_trusted_where_its_authority_is(
    picture: Path, tmp_path: Path
) -> None:
    import datetime

    ca, key = Ca(now=datetime.datetime.now(datetime.UTC)), ec.generate_private_key(ec.SECP256R1())
    authority = ca.cert
    config = SigningConfig(
        tmp_path / "signing",
        pem_of(ca.issue(key), authority),
        key_pem(key),
        anchors=pem_of(authority),
    )
    keeper = sealed(config, picture)
    facts = read_manifest(picture, keeper.anchors)
    assert (facts.trust, facts.signer, facts.issuer) == ("trusted", "Studio", "Example Studio")
    assert read_manifest(picture).trust == "untrusted"


def test_what_has_none(picture: Path) -> None:
    assert read_manifest(picture) == ManifestFacts(False)


def test_files_that_are_none(tmp_path: Path) -> None:
    with pytest.raises(MediaUnreachable):
        read_manifest(tmp_path / "none.png")
    (tmp_path / "empty.png").touch()
    with pytest.raises(MediaUnreadable):
        read_manifest(tmp_path / "empty.png")
    (tmp_path / "text.png").write_text("no picture")
    assert not read_manifest(tmp_path / "text.png").present


def test_a_file_that_was_changed_says_so(picture: Path, tmp_path: Path) -> None:
    keeper = sealed(SigningConfig(tmp_path / "signing"), picture)
    data = bytearray(picture.read_bytes())
    data[-60] ^= 1
    picture.write_bytes(data)
    facts = read_manifest(picture, keeper.anchors)
    assert (facts.present, facts.valid) == (True, False)
    assert facts.problems == ("assertion.dataHash.mismatch",)


def test_facts_are_plain(picture: Path, tmp_path: Path) -> None:
    keeper = sealed(SigningConfig(tmp_path / "signing"), picture)
    facts = read_manifest(picture, keeper.anchors)
    told = json.loads(json.dumps(facts.to_json()))
    assert set(told) == {one.name for one in dataclasses.fields(ManifestFacts)}
    assert told["actions"][1]["action"] == "c2pa.edited"


@pytest.mark.parametrize("place", ["manifest", "anywhere", "cut off"])
def test_files_made_to_do_harm(picture: Path, tmp_path: Path, place: str) -> None:
    keeper = sealed(SigningConfig(tmp_path / "signing"), picture)
    good, rng = picture.read_bytes(), np.random.default_rng(11)
    begin = good.find(b"jumb")
    for _ in range(60):
        data = bytearray(good)
        if place == "cut off":
            del data[int(rng.integers(12, len(data))) :]
        else:
            low, high = (begin, begin + 9000) if place == "manifest" else (8, len(data))
            for at in rng.integers(low, high, int(rng.integers(1, 12))):
                data[at] = int(rng.integers(256))
        picture.write_bytes(data)
        facts = read_manifest(picture, keeper.anchors)
        assert not (facts.valid and place != "anywhere" and facts.trust is None)
        json.dumps(facts.to_json())


def test_a_sidecar_that_is_nonsense(tmp_path: Path) -> None:
    Image.new("RGB", (8, 8)).save(tmp_path / "a.bmp")
    (tmp_path / "a.bmp.c2pa").write_bytes(b"nonsense")
    facts = read_manifest(tmp_path / "a.bmp")
    assert (facts.present, facts.valid, facts.place) == (True, False, "sidecar")
    assert facts.problems
