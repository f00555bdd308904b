"""Variables that mean nothing are named, and settings that fit ill together."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from personae.hosting.environment import notes_on, unknown_variables
from personae.hosting.settings import load_settings


def test_variables_that_mean_nothing_are_named() -> None:
    wrong = {"PERSONAE_PROT": "1", "personae_elsewhere": "2", "PERSONAE_PORT__X": "3"}
    assert unknown_variables({**wrong, "PATH": "/bin", "PERSON": "me"}) == [
        "PERSONAE_PORT__X is no setting; did you mean PERSONAE_PORT?",
        "PERSONAE_PROT is no setting; did you mean PERSONAE_PORT?",
        "personae_elsewhere is no setting.",
    ]


@pytest.mark.parametrize(
    "name",
    [
        *("PERSONAE_PORT", "personae_port", "PERSONAE_A2E", "PERSONAE_A2E__ADD_FACE_REPLY"),
        *("PERSONAE_HOSTS__CRUN", "PERSONAE_CONFIG", "PERSONAE_MODELS_DIR", "PERSONAE_DEBUG"),
        *("PERSONAE_KEY", "PERSONAE_PUBLISH", "PERSONAE_SECRET", "PERSONAE_METRICS_TOKEN"),
        *("PERSONAE_URL", "PERSONAE_API_KEY", "PERSONAE_WEBHOOK_SECRET"),
    ],
)
def test_variables_that_are_read_are_known(name: str) -> None:
    assert unknown_variables({name: "x"}) == []


@pytest.mark.parametrize(
    ("host", "base_url", "noted"),
    [
        ("0.0.0.0", "", True),
        ("::", "", True),
        ("0.0.0.0", "https://swap.example.com", False),
        ("127.0.0.1", "", False),
    ],
)
def test_links_that_lead_nowhere_are_noted(
    tmp_path: Path, host: str, base_url: str, noted: bool
) -> None:
    notes = notes_on(load_settings(data_dir=tmp_path, host=host, base_url=base_url))
    assert [("http://127.0.0.1:8000" in one, "BASE_URL" in one) for one in notes] == (
        [(True, True)] if noted else []
    )


def personae(*arguments: str, **variables: str) -> subprocess.CompletedProcess[str]:
    """A run of the command with these variables and none of ours that happen to be there."""
    plain = {name: value for name, value in os.environ.items() if "PERSONAE_" not in name}
    return subprocess.run(
        [sys.executable, "-m", "personae", *arguments],
        env={**plain, **variables},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def test_the_check_names_them_and_gives_typed_values(tmp_path: Path) -> None:
    command = ("config", "check", "--json", "--data", str(tmp_path))
    good = personae(*command, PERSONAE_HOST="0.0.0.0", PERSONAE_FETCH_ALLOW="a.lan,b.lan")
    told = json.loads(good.stdout)
    assert (good.returncode, told["problems"]) == (0, [])
    assert told["answered"] == ["database", "storage"]
    assert len(told["notes"]) == 1
    settings = told["settings"]
    assert (settings["port"], settings["chunk_s"], settings["maintenance"]) == (8000, 10.0, False)
    assert settings["fetch_allow"] == ["a.lan", "b.lan"]
    assert settings["data_dir"] == str(tmp_path)
    assert settings["a2e"]["add_face_reply"] == "library"
    bad = personae(*command, PERSONAE_PROT="1")
    [problem] = json.loads(bad.stdout)["problems"]
    assert problem == "environment: PERSONAE_PROT is no setting; did you mean PERSONAE_PORT?"
    assert bad.returncode != 0
    plain = personae(*command[:2], *command[3:], PERSONAE_STORAGE_URL="file:///dev/null/none")
    lines = plain.stdout.splitlines()
    assert "database: it answered" in lines
    assert "storage: it answered" not in lines
    assert any(line.startswith("storage: ") for line in lines)


@pytest.mark.parametrize("command", ["serve", "api", "worker"])
def test_what_runs_warns_of_them(tmp_path: Path, command: str) -> None:
    (tmp_path / "file").touch()  # So that it ends at once.
    done = personae(command, "--data", str(tmp_path / "file"), PERSONAE_PROT="1", PERSONAE_PORT="0")
    lines = [json.loads(one) for one in done.stderr.splitlines() if one.startswith("{")]
    [warning] = [one for one in lines if one.get("action") == "settings"]
    assert (warning["level"], warning["role"]) == ("warning", command)
    assert warning["event"].startswith("PERSONAE_PROT is no setting")
