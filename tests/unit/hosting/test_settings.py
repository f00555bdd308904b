"""Settings come from the caller, the environment, a file, in this order."""

from __future__ import annotations

import stat
from pathlib import Path

import pytest

from personae.errors import InvalidRequest
from personae.hosting.settings import load_settings


def test_the_caller_wins_over_the_environment_and_that_over_the_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "personae.toml").write_text('port = 1001\nhost = "::1"\nchunk_s = 4\n')
    monkeypatch.setenv("PERSONAE_DATA_DIR", str(tmp_path))
    monkeypatch.setenv("PERSONAE_PORT", "1002")
    settings = load_settings(port=1003)
    assert (settings.port, settings.host, settings.chunk_s) == (1003, "::1", 4)
    assert load_settings().port == 1002
    monkeypatch.delenv("PERSONAE_PORT")
    assert load_settings().port == 1001
    assert load_settings().public_url == "http://[::1]:1001"


def test_everything_lies_in_the_data_folder_unless_told(tmp_path: Path) -> None:
    settings = load_settings(data_dir=tmp_path)
    assert settings.database == f"sqlite:///{tmp_path.resolve()}/personae.db"
    assert settings.storage == (tmp_path.resolve() / "blobs").as_uri()


def test_a_relative_data_folder_is_made_absolute(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    settings = load_settings(data_dir="data")
    assert settings.data_dir == tmp_path / "data"
    assert settings.work_dir.is_absolute()
    monkeypatch.setenv("PERSONAE_DATA_DIR", "other")
    assert load_settings().work_dir == tmp_path / "other" / "work"


def test_lists_are_written_with_commas(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("PERSONAE_FETCH_ALLOW", "127.0.0.1, media.internal ,")
    assert load_settings(data_dir=tmp_path).fetch_allow == ["127.0.0.1", "media.internal"]


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("port", "70000"),
        ("database_url", "mysql://somewhere"),
        ("storage_url", "ftp://somewhere"),
        ("base_url", "somewhere"),
        ("worker_slots", "0"),
        ("log_format", "xml"),
    ],
)
def test_a_wrong_setting_is_named(tmp_path: Path, name: str, value: str) -> None:
    with pytest.raises(InvalidRequest, match=name):
        load_settings(data_dir=tmp_path, **{name: value})


def test_a_file_with_an_unknown_setting_is_refused(tmp_path: Path) -> None:
    (tmp_path / "personae.toml").write_text("prot = 1001\n")
    with pytest.raises(InvalidRequest, match="prot"):
        load_settings(data_dir=tmp_path)


def test_a_file_that_is_no_toml_is_named(tmp_path: Path) -> None:
    (tmp_path / "personae.toml").write_text("port = = 3\n")
    with pytest.raises(InvalidRequest, match=r"personae\.toml"):
        load_settings(data_dir=tmp_path)


def test_a_named_file_must_be_there(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PERSONAE_CONFIG", str(tmp_path / "none.toml"))
    with pytest.raises(InvalidRequest, match="PERSONAE_CONFIG"):
        load_settings(data_dir=tmp_path)


def test_the_signing_secret_is_made_once_and_kept_private(tmp_path: Path) -> None:
    first = load_settings(data_dir=tmp_path).signing_secret()
    assert load_settings(data_dir=tmp_path).signing_secret() == first
    assert len(first) == 64
    assert stat.S_IMODE((tmp_path / "secret").stat().st_mode) == 0o600
    assert load_settings(data_dir=tmp_path, secret="x" * 20).signing_secret() == b"x" * 20


def test_secrets_do_not_show(tmp_path: Path) -> None:
    assert "hush" not in repr(load_settings(data_dir=tmp_path, secret="hush" * 8))


def test_times_have_clear_names_and_the_older_ones_still_work(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    day = 86400.0
    assert load_settings(data_dir=tmp_path).kept.uploads == 7 * day
    monkeypatch.setenv("PERSONAE_ASSET_TTL_S", "3600")
    monkeypatch.setenv("PERSONAE_OUTPUT_TTL_S", "7200")
    kept = load_settings(data_dir=tmp_path).kept
    assert (kept.uploads, kept.imports) == (3600.0, 3600.0)
    assert (kept.outputs, kept.stills) == (7200.0, 7200.0)
    monkeypatch.setenv("PERSONAE_RETENTION__UPLOADS", "2d")
    monkeypatch.setenv("PERSONAE_RETENTION__FACES", "30d")
    kept = load_settings(data_dir=tmp_path).kept
    assert (kept.uploads, kept.imports, kept.faces) == (2 * day, 3600.0, 30 * day)
    monkeypatch.setenv("PERSONAE_RETENTION__CROPS", "soon")
    with pytest.raises(InvalidRequest, match="crops"):
        load_settings(data_dir=tmp_path)


@pytest.mark.parametrize("given", [None, ""])
def test_the_local_certificate_lies_in_the_data_folder_unless_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, given: str | None
) -> None:
    monkeypatch.delenv("PERSONAE_SIGNING_DIR")
    if given is not None:
        monkeypatch.setenv("PERSONAE_SIGNING_DIR", given)
    assert load_settings(data_dir=tmp_path).signing.folder == tmp_path / "signing"
    monkeypatch.setenv("PERSONAE_SIGNING_DIR", str(tmp_path / "elsewhere"))
    assert load_settings(data_dir=tmp_path).signing.folder == tmp_path / "elsewhere"


def test_settings_do_not_show_the_signing_key(tmp_path: Path) -> None:
    settings = load_settings(data_dir=tmp_path, signing_cert="x", signing_key="very secret")
    assert "very secret" not in repr(settings)
    assert "very secret" not in repr(settings.signing)


def test_the_default_engine_is_one_that_is_offered(tmp_path: Path) -> None:
    assert load_settings(data_dir=tmp_path).engine == "mesh"
    assert load_settings(data_dir=tmp_path, engines="a_1, mesh,a_1").engine == "mesh"
    assert load_settings(data_dir=tmp_path, engines="a_1,b_2").engine == "a_1"
    both = load_settings(data_dir=tmp_path, engines="a_1,b_2", default_engine="b_2")
    assert both.engine == "b_2"
    for wrong in ({"default_engine": "a_1"}, {"engines": ""}, {"default_quality": "good"}):
        with pytest.raises(InvalidRequest, match=next(iter(wrong))):
            load_settings(data_dir=tmp_path, **wrong)
