"""The signer of those who have none: made once, whoever comes, and renewed in time."""

from __future__ import annotations

import datetime
import os
import stat
import subprocess
import sys
from pathlib import Path

import pytest
from certificates import DAY, NOW, Ca, key_pem, pem_of
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec

from personae.adapters.provenance import local_authority as local
from personae.adapters.provenance.credentials import check_chain, load_chain, load_key
from personae.adapters.provenance.keeper import Keeper, SigningConfig
from personae.errors import InvalidRequest, Unavailable

RACER = """
import sys, datetime
from pathlib import Path
from personae.adapters.provenance.local_authority import local_signer
sys.stdin.readline()
now = datetime.datetime.now(datetime.UTC)
print(hash(local_signer(Path(sys.argv[1]), now).credential.chain_pem))
"""


def test_it_is_what_an_operators_would_have_to_be(tmp_path: Path) -> None:
    made = local.local_signer(tmp_path / "signing", NOW)
    text = (tmp_path / "signing" / local.SIGNER).read_text()
    check_chain(load_chain(text, "it"), load_key(text, "it"), NOW)
    assert made.credential.origin == "local"
    assert "unverified" in made.credential.subject


def test_it_is_made_once(tmp_path: Path) -> None:
    first = local.local_signer(tmp_path, NOW)
    again = local.local_signer(tmp_path, NOW + 100 * DAY)
    assert first.credential == again.credential


@pytest.mark.skipif(os.name == "nt", reason="no modes")
def test_only_its_user_reads_it(tmp_path: Path) -> None:
    old = os.umask(0)
    try:
        local.local_signer(tmp_path / "signing", NOW)
    finally:
        os.umask(old)
    files = list((tmp_path / "signing").iterdir())
    assert {one.name for one in files} == {local.AUTHORITY, local.SIGNER}
    assert {stat.S_IMODE(one.stat().st_mode) for one in files} == {0o600}


def test_processes_that_come_at_once_get_the_same(tmp_path: Path) -> None:
    racers = [
        subprocess.Popen(
            [sys.executable, "-c", RACER, str(tmp_path / "signing")],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            env={**os.environ, "PYTHONHASHSEED": "1"},
        )
        for _ in range(4)
    ]
    told = {racer.communicate(b"go\n", timeout=120)[0] for racer in racers}
    assert len(told) == 1
    assert told != {b""}
    assert len(list((tmp_path / "signing").iterdir())) == 2


def test_it_is_renewed_before_it_expires_by_the_same_authority(tmp_path: Path) -> None:
    first = local.local_signer(tmp_path, NOW)
    authority = local.authority_pem(tmp_path)
    later = NOW + 380 * DAY
    second = local.local_signer(tmp_path, later)
    assert second.credential.expires_at > first.credential.expires_at
    assert local.authority_pem(tmp_path) == authority
    text = (tmp_path / local.SIGNER).read_text()
    check_chain(load_chain(text, "it"), load_key(text, "it"), later)


def test_the_authority_is_told_without_its_key(tmp_path: Path) -> None:
    assert local.authority_pem(tmp_path) == ""
    local.local_signer(tmp_path, NOW)
    assert "PRIVATE" not in local.authority_pem(tmp_path)
    x509.load_pem_x509_certificate(local.authority_pem(tmp_path).encode())


@pytest.mark.skipif(os.name == "nt" or os.geteuid() == 0, reason="root writes everywhere")
def test_a_folder_that_is_read_only(tmp_path: Path) -> None:
    tmp_path.chmod(0o500)
    with pytest.raises(InvalidRequest, match="PERSONAE_SIGNING_DIR"):
        local.local_signer(tmp_path / "signing", NOW)


def test_a_folder_that_is_a_file(tmp_path: Path) -> None:
    (tmp_path / "signing").touch()
    with pytest.raises(InvalidRequest, match="cannot hold the certificate"):
        local.local_signer(tmp_path / "signing", NOW)


def test_a_file_that_holds_something_else(tmp_path: Path) -> None:
    local.local_signer(tmp_path, NOW)
    (tmp_path / local.SIGNER).write_text("half a file")
    with pytest.raises(InvalidRequest, match="delete it"):
        local.local_signer(tmp_path, NOW)


class Clock:
    """Says what it is told to."""

    def __init__(self, now: datetime.datetime) -> None:
        self.now = now

    def __call__(self) -> float:
        return self.now.timestamp()


def test_a_keeper_renews_while_it_runs(tmp_path: Path) -> None:
    clock = Clock(NOW)
    keeper = Keeper(SigningConfig(tmp_path), clock)
    first = keeper.signer.credential
    clock.now += 396.5 * DAY
    assert keeper.signer.credential.expires_at > first.expires_at


def test_an_operators_certificate_that_expires_holds_the_work_up(tmp_path: Path) -> None:
    ca, key, clock = Ca(), ec.generate_private_key(ec.SECP256R1()), Clock(NOW)
    cert, secret = tmp_path / "cert.pem", tmp_path / "key.pem"
    cert.write_text(pem_of(ca.issue(key), ca.cert))
    secret.write_text(key_pem(key))
    keeper = Keeper(SigningConfig(tmp_path / "none", str(cert), str(secret)), clock)
    assert keeper.furnish("seal")["credential"]["origin"] == "operator"
    clock.now += 101 * DAY
    with pytest.raises(Unavailable, match="expired"):
        keeper.furnish("seal")
    ca.now = clock.now
    cert.write_text(pem_of(ca.issue(key), ca.cert))
    assert keeper.furnish("seal")["credential"]["expires_at"] > clock()
    assert not (tmp_path / "none").exists()


def test_what_an_operator_gives_may_be_text(tmp_path: Path) -> None:
    ca, key = Ca(), ec.generate_private_key(ec.SECP256R1())
    config = SigningConfig(tmp_path, pem_of(ca.issue(key), ca.cert), key_pem(key))
    assert Keeper(config, Clock(NOW)).signer.credential.origin == "operator"
    assert "PRIVATE" not in repr(config)


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"cert": "/nowhere/cert.pem", "key": "x"}, "PERSONAE_SIGNING_CERT names"),
        ({"cert": "x"}, "PERSONAE_SIGNING_CERT is set without PERSONAE_SIGNING_KEY"),
        ({"key": "x"}, "PERSONAE_SIGNING_KEY is set without PERSONAE_SIGNING_CERT"),
        ({"anchors": "/nowhere/anchors.pem"}, "PERSONAE_TRUST_ANCHORS names"),
    ],
)
def test_settings_that_make_no_signer(tmp_path: Path, given: dict[str, str], said: str) -> None:
    with pytest.raises(InvalidRequest, match=said):
        Keeper(SigningConfig(tmp_path, **given), Clock(NOW))
