"""Labels and consent at the operator's command line, on a real database."""

from __future__ import annotations

import csv
import io
import json
import os
import subprocess
import time
from pathlib import Path
from typing import Any

import pytest

from personae.adapters.database import RecordingQueue, database_from_url
from personae.app import accounts, consents, submit
from personae.domain.consent import Claim, digest
from personae.domain.labels import TenantLabels
from personae.domain.swap import MediaRef, SceneFace, SwapMapping, SwapRequest
from warm import run_warm


def run(data: Path, *arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    return run_warm([*arguments, "--data", data], env={**os.environ, **environment})


def told(data: Path, *arguments: str, **environment: str) -> Any:
    done = run(data, *arguments, "--json", **environment)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


@pytest.fixture
def data(tmp_path: Path) -> Path:
    told(tmp_path, "tenants", "create", "studio")
    return tmp_path


def open_database(data: Path) -> Any:
    url = f"sqlite:///{data / 'personae.db'}"
    return database_from_url(url, queue_factory=RecordingQueue().factory)


def test_a_tenants_labels_are_set_one_by_one_and_shown(data: Path) -> None:
    told(data, "tenants", "label", "studio", "--videos", "AI-generated", "--place", "top")
    told(data, "tenants", "label", "studio", "--pictures", "KI", "--enforced")
    shown = told(data, "tenants", "label", "studio")
    assert shown["videos"] == {"text": "AI-generated", "place": "top", "size": 0.04}
    assert (shown["pictures"]["text"], shown["enforced"]) == ("KI", True)
    database = open_database(data)
    tenant = database.read(lambda tx: tx.tenants.by_name("studio"))
    database.close()
    assert TenantLabels.of(tenant.settings).enforced
    assert told(data, "tenants", "label", "studio", "--videos", "")["videos"] is None


@pytest.mark.parametrize(
    ("text", "why"), [("שלום", "U+05E9"), ("two\nlines", "U+000A"), ("x" * 81, "1 to 80")]
)
def test_a_label_that_cannot_be_written_is_refused(data: Path, text: str, why: str) -> None:
    done = run(data, "tenants", "label", "studio", "--pictures", text)
    assert done.returncode != 0
    assert why in done.stderr
    assert told(data, "tenants", "label", "studio")["pictures"] is None


def test_a_standing_assertion_is_made_shown_and_withdrawn(data: Path) -> None:
    assert told(data, "tenants", "consent", "studio") == {"standing": None, "holds": False}
    said = ("--statement", "Form v3.", "--by", "Legal", "--until", "2999-01-01")
    made = told(data, "tenants", "consent", "studio", *said)
    assert (made["standing"]["via"], made["holds"]) == ("operator", True)
    for wrong in (("--statement", "x"), ("--by", "x"), (*said, "--withdraw")):
        assert run(data, "tenants", "consent", "studio", *wrong).returncode == 2
    assert run(data, "tenants", "consent", "studio", *said[:5], "soon").returncode == 2
    assert told(data, "tenants", "consent", "studio", "--withdraw")["standing"] is None


def test_records_are_given_out_whole_and_harmless(data: Path) -> None:
    database = open_database(data)
    now = time.time()
    claim = Claim('=HYPERLINK("http://x")', "+user", ("a, b", "ж"), "line one\nline two")
    photo = MediaRef(url="https://media.example.com/a.jpg")
    asked = SwapRequest("image", photo, (SwapMapping(SceneFace("largest"), (photo,)),))

    def work(tx: Any) -> Any:
        owner = tx.tenants.by_name("studio").id
        accounts.grant(tx, owner, 9, key="k", note=None, now=now)
        context = submit.Context(owner, now, asserting=consents.Asserting(claim=claim))
        return submit.submit_swap(tx, context, asked)[0]

    task = database.write(work)
    database.close()
    lines = run(data, "consents", "export", "--tenant", "studio").stdout
    [line] = [json.loads(one) for one in lines.splitlines()]
    assert (line["task_id"], line["consent"]) == (task.id, task.consent)
    assert line["sha256"] == digest(line["consent"])
    table = run(data, "consents", "export", "--tenant", "studio", "--format", "csv").stdout
    [row] = list(csv.DictReader(io.StringIO(table)))
    assert row["statement"] == """'=HYPERLINK("http://x")"""
    assert row["asserted_by"] == "'+user"
    assert json.loads(row["subjects"]) == ["a, b", "ж"]
    assert row["evidence"] == "line one\nline two"
    later = run(data, "consents", "export", "--tenant", "studio", "--since", "2999-01-01")
    assert (later.returncode, later.stdout) == (0, "")
    assert run(data, "consents", "export", "--tenant", "nobody").returncode != 0
    assert run(data, "consents", "export", "--tenant", "studio", "--format", "pdf").returncode == 2
