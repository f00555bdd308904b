"""What is hashed of a line, and the words of the log."""

from __future__ import annotations

import hashlib
import re
from pathlib import Path

import pytest

from personae.domain.audit import ACTIONS, ACTORS, told
from personae.domain.audit_chain import (
    NO_HASH,
    Entry,
    Head,
    canonical,
    chained,
    entry,
    imported,
    moment,
    parsed,
)

DOCS = Path(__file__).parents[3] / "docs" / "16-audit-log.md"
# Written by hand from docs/16-audit-log.md, not by the code.
LINE = (
    '{"action":"task.submit","actor":"key_1","at":"2025-10-09T08:53:20.500000Z",'
    '"detail":{"credits":1,"kind":"swap_image"},"number":1,'
    f'"previous_hash":"{"0" * 64}","subject":"task_1","tenant_id":null}}'
)


def test_a_lines_hash_is_that_of_its_canonical_json() -> None:
    line = chained(
        Entry(
            None,
            "key_1",
            "task.submit",
            "task_1",
            {"kind": "swap_image", "credits": 1},
            1760000000.5,
        ),
        Head(),
    )
    assert canonical(line.members()) == LINE
    assert line.hash == hashlib.sha256(LINE.encode()).hexdigest()
    assert line.previous_hash == NO_HASH
    assert imported(line.exported()) == line


def test_the_canonical_form_is_that_of_rfc_8785() -> None:
    # The strings of the RFC's own example (section 3.2.3), and its literals.
    value = {
        "string": '\u20ac$\u000f\nA\'B"\\\\"/',
        "literals": [None, True, False],
        "numbers": [333333333, -5, 0, 2**53 - 1],
    }
    assert canonical(value) == (
        '{"literals":[null,true,false],"numbers":[333333333,-5,0,9007199254740991],'
        '"string":"\u20ac$\\u000f\\nA\'B\\"\\\\\\\\\\"/"}'
    )


@pytest.mark.parametrize(
    "text",
    ['{"a": 1, "a": 1}', '{"a": 0.5}', '{"a": 1e3}', '{"a": NaN}', f'{{"a": {2**53}}}', "[" * 9999],
)
def test_json_that_could_be_read_in_two_ways_is_no_line(text: str) -> None:
    with pytest.raises(ValueError, match=r".+"):
        parsed(text)


@pytest.mark.parametrize(
    "change",
    [
        ('"number":1', '"number":true'),
        ('"number":1', '"number":"1"'),
        ('"tenant_id":null', '"tenant_id":7'),
        ('"tenant_id":null', '"tenant_id":null,"more":1'),
        ('"actor":"key_1",', ""),
        ('{"credits":1,"kind":"swap_image"}', "[]"),
    ],
)
def test_what_is_not_a_line_is_not_imported(change: tuple[str, str]) -> None:
    line = chained(
        Entry(None, "key_1", "a", "b", {"credits": 1, "kind": "swap_image"}, 1.0), Head()
    )
    text = line.exported()
    assert change[0] in text
    with pytest.raises(ValueError, match=r".+"):
        imported(text.replace(*change))


@pytest.mark.parametrize("at", [0.0, 1.0, 0.000001, 1760000000.123456, 1795282392.444282, -1.5])
def test_times_come_back_to_the_microsecond(at: float) -> None:
    made = entry(None, "a", "b", "c", {}, at)
    assert made.at == at
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z", moment(made.at))


def test_a_time_is_cut_to_the_microsecond_before_it_is_hashed() -> None:
    at = 1760000000.1234567
    with pytest.raises(ValueError, match="microsecond"):
        moment(at)
    assert moment(entry(None, "a", "b", "c", {}, at).at) == "2025-10-09T08:53:20.123457Z"


@pytest.mark.parametrize(
    "text", ["", "1", "1:", f"x:{'0' * 64}", f"-1:{'0' * 64}", f"1:{'g' * 64}"]
)
def test_what_is_no_head_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r".+"):
        Head.parse(text)
    head = Head(12, "ab" * 32)
    assert Head.parse(f" {head}\n") == head


def test_the_page_of_the_docs_lists_every_action_and_actor() -> None:
    rows = [
        [cell.strip() for cell in line.strip("|").split("|")]
        for line in DOCS.read_text("utf-8").splitlines()
        if line.startswith("| `")
    ]
    actions = {row[0].strip("`"): row[1:] for row in rows if len(row) == 5}
    assert actions.keys() == ACTIONS.keys()
    for name, (meaning, subject, shown, kept) in actions.items():
        known = ACTIONS[name]
        assert (meaning, subject) == (known.meaning, known.subject)
        assert tuple(re.findall(r"`(\w+)`", shown)) == known.told
        assert tuple(re.findall(r"`(\w+)`", kept)) == known.kept
    assert {row[0].strip("`"): row[1] for row in rows if len(row) == 2} == ACTORS


def test_tenants_read_only_what_is_theirs() -> None:
    detail = {"role": "donor", "reason": "register", "facts": {"entry": "person_1"}}
    assert told("policy.refuse", detail) == {"role": "donor"}
    assert told("nobody.knows", detail) == {}
