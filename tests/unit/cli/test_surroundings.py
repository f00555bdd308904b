"""Files that settings come from, as commands find them: one order, and mistakes named."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

from personae.adapters.model_store import ModelStore
from personae.configuring.env_file import read_env_file
from personae.configuring.trust import doubt
from personae.hosting.settings import Settings
from personae.hosting.settings.showing import new_file, settings_table

DOCS = Path(__file__).parents[3] / "docs"


def run(folder: Path, *arguments: str, **variables: str) -> subprocess.CompletedProcess[str]:
    """A run of the command with these variables and none of ours that happen to be there."""
    plain = {name: value for name, value in os.environ.items() if "PERSONAE_" not in name}
    return subprocess.run(
        [sys.executable, "-m", "personae", *arguments],
        cwd=folder,
        env={**plain, "HOME": str(folder), "XDG_CONFIG_HOME": str(folder / "config"), **variables},
        capture_output=True,
        text=True,
        timeout=100,
        check=False,
    )


def origins(folder: Path, *names: str, **variables: str) -> dict[str, list[object]]:
    """What settings came to, and from where."""
    told = json.loads(run(folder, "config", "show", *names, "--json", **variables).stdout)
    return {name: [one["value"], one["from"]] for name, one in told["settings"].items()}


def test_the_environment_wins_over_the_folders_variables_and_those_over_its_file(
    tmp_path: Path,
) -> None:
    file = tmp_path / "personae.toml"
    file.write_text('port = 1\nhost = "::1"\nstall_s = 9\n[retention]\nuploads = "1d"\n')
    (tmp_path / ".env").write_text("PERSONAE_PORT=2\nPERSONAE_HOST='::2'\nOTHER=x\n")
    asked = ("port", "host", "stall_s", "grace_s", "retention.uploads")
    assert origins(tmp_path, *asked, PERSONAE_PORT="3") == {
        "port": [3, "environment: PERSONAE_PORT"],
        "host": ["::2", ".env: PERSONAE_HOST"],
        "stall_s": [9.0, str(file)],
        "grace_s": [20.0, "default"],
        "retention.uploads": [86400.0, str(file)],
    }


def test_the_file_is_looked_for_in_one_order(tmp_path: Path) -> None:
    users = tmp_path / "config" / "personae" / "personae.toml"
    users.parent.mkdir(parents=True)
    users.write_text("port = 4")
    assert origins(tmp_path, "port")["port"] == [4, str(users)]
    (tmp_path / "personae.toml").write_text("port = 3")
    assert origins(tmp_path, "port")["port"][0] == 3
    (tmp_path / "named.toml").write_text("port = 2")
    assert origins(tmp_path, "port", PERSONAE_CONFIG="named.toml")["port"][0] == 2
    (tmp_path / "asked.toml").write_text("port = 1")
    done = run(
        *(tmp_path, "--config", "asked.toml", "config", "show", "port"),
        PERSONAE_CONFIG="named.toml",
    )
    assert done.stdout.startswith("port = 1 ")
    assert run(tmp_path, "--config", "no.toml", "config", "show").returncode == 2


def test_secrets_are_masked_and_files_that_others_can_read_are_named(tmp_path: Path) -> None:
    file = tmp_path / "personae.toml"
    file.write_text('secret = "hush-hush-hush-hush"\n')
    file.chmod(0o644)
    (tmp_path / ".env").write_text("PERSONAE_DATABASE_URL=postgresql://a:hush@h/d\n")
    (tmp_path / ".env").chmod(0o600)
    shown = run(tmp_path, "config", "show", "--json").stdout
    assert "hush" not in shown
    assert json.loads(shown)["settings"]["secret"]["value"] == "********"
    (tmp_path / ".env").unlink()
    notes = json.loads(run(tmp_path, "config", "check", "--json").stdout)["notes"]
    assert [one for one in notes if "chmod 600" in one and "personae.toml" in one]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("prot = 1", "prot is no setting; did you mean port?"),
        ("[retention]\nupload = 1", "retention.upload is no setting; did you mean uploads?"),
        ("[models]\nprovider = 'cpu'", "models.provider is no setting; did you mean providers?"),
        ("port = = 1", "is no TOML"),
    ],
)
def test_a_mistake_in_the_file_is_named(tmp_path: Path, text: str, said: str) -> None:
    (tmp_path / "personae.toml").write_text(text)
    done = run(tmp_path, "config", "show", "port")
    assert (done.returncode, said in done.stderr) == (2, True), done.stderr


def test_defaults_of_a_command_come_from_the_file_and_the_environment(
    tmp_path: Path, store: ModelStore
) -> None:
    (tmp_path / "personae.toml").write_text('[swap]\nquality = "superb"\nmax-size = "720p"\n')
    swap = ("swap", "a.jpg", "b.jpg", "-o", "c.jpg")
    assert "not superb" in run(tmp_path, *swap).stderr
    assert "not lovely" in run(tmp_path, *swap, PERSONAE_SWAP_QUALITY="lovely").stderr
    there = {"PERSONAE_MODELS_DIR": str(store.folder)}  # Or they would be fetched first.
    assert "a.jpg does not exist" in run(tmp_path, *swap, "--quality", "best", **there).stderr
    wrong = run(tmp_path, *swap, PERSONAE_SWAP_QUALTY="best").stderr
    assert "PERSONAE_SWAP_QUALTY is no setting; did you mean QUALITY?" in wrong
    (tmp_path / "personae.toml").write_text('[swap]\noutput = "x.jpg"\n')  # Belongs to a call.
    assert "swap.output is no setting" in run(tmp_path, *swap).stderr


def test_a_strangers_file_in_the_folder_is_not_believed(tmp_path: Path) -> None:
    (tmp_path / "personae.toml").write_text("port = 1")
    (tmp_path / ".env").write_text("PERSONAE_HOST=::9")
    for name in ("personae.toml", ".env"):
        (tmp_path / name).chmod(0o666)
        assert doubt(tmp_path / name) == "everybody can write it"
    done = run(tmp_path, "config", "show", "port", "host")
    assert done.stdout.startswith("port = 8000 ")
    assert "host = 127.0.0.1 " in done.stdout
    assert done.stderr.count("is ignored: everybody can write it") == 2


def test_importing_the_library_reads_no_env_file(tmp_path: Path) -> None:
    (tmp_path / ".env").write_text("PERSONAE_MODELS_DIR=/elsewhere\n")
    code = "import os, personae, personae.library; print(os.environ.get('PERSONAE_MODELS_DIR'))"
    plain = {name: value for name, value in os.environ.items() if "PERSONAE_" not in name}
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=tmp_path, env=plain, capture_output=True, text=True
    )
    assert done.stdout.strip() == "None"
    assert run(tmp_path, "models", "where").stdout.strip() == "/elsewhere"


def test_only_variables_of_ours_and_of_storage_are_taken(tmp_path: Path) -> None:
    file = tmp_path / ".env"
    file.write_text("export PERSONAE_A='x y'\nLD_PRELOAD=/evil.so\nAWS_REGION=eu\nPERSONAE_B=${A}")
    assert read_env_file(file) == {
        "PERSONAE_A": "x y",
        "AWS_REGION": "eu",
        "PERSONAE_B": "${A}",
    }


def test_a_new_file_holds_every_default_and_only_its_owner_reads_it(tmp_path: Path) -> None:
    assert run(tmp_path, "config", "init").returncode == 0
    file = tmp_path / "personae.toml"
    assert file.stat().st_mode & 0o777 == 0o600
    assert file.read_text("utf-8") == run(tmp_path, "config", "init", "-o", "-").stdout
    assert "exists" in run(tmp_path, "config", "init").stderr
    assert tomllib.loads(file.read_text("utf-8")) == {}
    lines = [line.removeprefix("# ") for line in new_file().splitlines()]
    told = tomllib.loads("\n".join(one for one in lines if one[:1] == "[" or " = " in one))
    plain = Settings.model_construct().model_dump(mode="json")
    for name, value in told.items():
        if name in plain:
            assert plain[name] == value or isinstance(value, dict), name
            if isinstance(value, dict):
                assert value.items() <= plain[name].items()
    assert set(told) - set(plain) == {"swap", "models"}


def test_the_page_of_settings_is_current() -> None:
    page = (DOCS / "configuration.md").read_text("utf-8")
    assert settings_table() in page, (
        "Put what `python -m personae.hosting.settings.showing` prints into docs/configuration.md."
    )


def test_mistakes_say_where_they_stand(tmp_path: Path) -> None:
    file = tmp_path / "personae.toml"

    def told(**variables: str) -> str:
        done = run(tmp_path, "config", "show", "--data", str(tmp_path / "data"), **variables)
        assert done.returncode != 0
        return done.stderr.strip().removeprefix("Error: ")

    begun = "The settings are wrong:"
    file.write_text("[service]\nprot = 8000\n")
    above = "write settings of the service above all tables, without one."
    assert told() == f"{begun} {file}: service is no table of settings; {above}"
    file.write_text("[retentoin]\nuploads = 1\n")
    hint = "did you mean [retention]?"
    assert told() == f"{begun} {file}: retentoin is no table of settings; {hint}"
    file.write_text("quixotic = 1\n")
    assert told() == f"{begun} {file}: quixotic is no setting."
    file.write_text('port = "many"\nprot = 1\n')
    first, second = told().split("; ", 1)
    assert first.startswith(f"{begun} {file}: port: Input should be a valid integer")
    assert second == f"{file}: prot is no setting; did you mean port?"

    file.write_text("port = 1\n")
    whole = told(PERSONAE_RETENTION="never")
    assert "PERSONAE_RETENTION in the environment is no JSON; set its parts" in whole
    (tmp_path / ".env").write_text("PERSONAE_PORT=hush\nPERSONAE_RETENTION__UPLOADS=hush\n")
    both = told()
    assert "PERSONAE_PORT in .env: Input should be" in both
    assert "PERSONAE_RETENTION__UPLOADS in .env: " in both
    assert "PERSONAE_PORT in the environment: Input" in told(PERSONAE_PORT="x")
    assert "PERSONAE_RETENTION__UPLOAD in the environment is no setting; did you mean uploads?" in (
        told(PERSONAE_RETENTION__UPLOAD="1d")
    )
