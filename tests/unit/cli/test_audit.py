"""`personae audit`: read, checked, given out; what was done to the log decides the exit code."""

from __future__ import annotations

import json
import sqlite3
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner, Result

from personae.cli.app import app

run = CliRunner()


@pytest.fixture
def data(tmp_path: Path) -> Path:
    """The folder of a service with a tenant, a key and credits: four lines."""
    folder = tmp_path / "data"
    made = run.invoke(
        app, ["keys", "create", "--tenant", "acme", "--credits", "5", "--data", str(folder)]
    )
    assert made.exit_code == 0, made.output
    return folder


def audit(data: Path, *arguments: str) -> Result:
    return run.invoke(app, ["audit", *arguments, "--data", str(data)])


def shown(data: Path, *arguments: str) -> Any:
    return json.loads(audit(data, *arguments, "--json").stdout)


def forge(data: Path, *statements: str) -> None:
    connection = sqlite3.connect(data / "personae.db")
    for (name,) in connection.execute("SELECT name FROM sqlite_master WHERE type = 'trigger'"):
        connection.execute(f"DROP TRIGGER {name}")
    for statement in statements:
        connection.execute(statement)
    connection.commit()
    connection.close()


def test_the_lines_of_a_command_are_the_operators(data: Path) -> None:
    lines = shown(data, "list")["lines"]
    assert [one["action"] for one in lines] == [
        "credits.grant",
        "key.issue",
        "tenant.create",
        "audit.begin",
    ]
    assert {one["actor"] for one in lines[:3]} == {"operator"}
    assert "acme" not in json.dumps(lines)
    text = audit(data, "list").stdout
    assert len(text.splitlines()) == 4


@pytest.mark.parametrize(
    ("arguments", "count"),
    [
        (["--tenant", "acme"], 3),
        (["--action", "key.*"], 1),
        (["--actor", "service"], 1),
        (["--limit", "2"], 2),
        (["--since", "2020-01-01"], 4),
        (["--until", "2020-01-01T00:00:00+02:00"], 0),
        (["--subject", "key_none"], 0),
    ],
)
def test_lines_are_filtered(data: Path, arguments: list[str], count: int) -> None:
    assert len(shown(data, "list", *arguments)["lines"]) == count


def test_a_whole_log_ends_with_0_and_its_head(data: Path) -> None:
    told = shown(data, "verify")
    assert (told["whole"], told["lines"], told["faults"]) == (True, 4, [])
    again = audit(data, "verify", "--head", told["head"])
    assert again.exit_code == 0
    assert f"Head: {told['head']}" in again.stdout


def test_a_damaged_log_ends_with_8_and_names_the_lines(data: Path) -> None:
    noted = shown(data, "verify")["head"]
    forge(
        data,
        "UPDATE audit SET actor = 'nobody' WHERE number = 2",
        "DELETE FROM audit WHERE number = 4",
    )
    told = audit(data, "verify")
    assert told.exit_code == 8
    assert told.stdout.splitlines()[:3] == [
        "Line 2 was changed.",
        "Line 4 is missing.",
        "The audit log is damaged: 3 lines.",
    ]
    assert shown(data, "verify", "--head", noted)["found"] == 3


def test_an_export_is_checked_without_the_database(data: Path, tmp_path: Path) -> None:
    file = tmp_path / "log.jsonl"
    made = audit(data, "export", "-o", str(file))
    assert made.exit_code == 0
    assert shown(data, "verify")["head"] in made.stderr
    lines = file.read_text("utf-8").splitlines()
    assert len(lines) == 4
    assert audit(data, "export").stdout.splitlines() == lines
    assert run.invoke(app, ["audit", "verify", "--file", str(file)]).exit_code == 0
    file.write_text("\n".join([lines[0], lines[1].replace("operator", "worker"), *lines[2:]]))
    told = run.invoke(app, ["audit", "verify", "--file", str(file), "--json"])
    assert told.exit_code == 8
    assert json.loads(told.stdout)["faults"] == ["Line 2 was changed."]


def test_a_damaged_log_is_not_exported_over_a_good_export(data: Path, tmp_path: Path) -> None:
    file = tmp_path / "log.jsonl"
    audit(data, "export", "-o", str(file))
    before = file.read_bytes()
    forge(data, "UPDATE audit SET detail = '[]' WHERE number = 3")
    told = audit(data, "export", "-o", str(file))
    assert told.exit_code == 8
    assert "Line 3" in told.stderr
    assert [one.name for one in tmp_path.iterdir() if one.is_file()] == ["log.jsonl"]
    assert file.read_bytes() == before


@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        (["verify", "--head", "4"], 2),
        (["verify", "--head", f"4:{'g' * 64}"], 2),
        (["verify", "--file", "missing.jsonl"], 3),
        (["list", "--since", "yesterday"], 2),
        (["list", "--tenant", "nobody"], 8),
        (["export", "--format", "csv"], 2),
        (["export", "-o", "missing/log.jsonl"], 3),
    ],
)
def test_what_makes_no_sense_is_one_sentence(data: Path, arguments: list[str], code: int) -> None:
    told = audit(data, *arguments)
    assert told.exit_code == code
    assert len(told.stderr.splitlines()) == 1
