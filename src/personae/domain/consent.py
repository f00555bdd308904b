"""Consent: who said that the people shown agree, how, and when.

The service cannot know whether somebody agrees; it writes down who said so. Every task has such a
record, written in the transaction that takes it on, and every saved face has one.

    request     the request itself said so (a `Claim`)
    standing    the tenant has said so for all its requests (a `Standing`), until it withdraws
    terms       nobody said so in words: the tenant works under the operator's terms
    off         the operator has switched the record off, and answers for that elsewhere
"""

from __future__ import annotations

import hashlib
import json
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final, Literal

from personae.errors import InvalidRequest

How = Literal["request", "standing", "terms", "off"]
Mode = Literal["required", "terms", "off"]
SETTING: Final = "consent"
"""The name of a tenant's standing assertion among its settings."""
MOST_STATEMENT: Final = 1000
MOST_NAME: Final = 200
MOST_EVIDENCE: Final = 500
MOST_SUBJECTS: Final = 20


@dataclass(frozen=True, slots=True)
class Rules:
    """What the deployment asks for.

    Attributes
    ----------
    mode : "required", "terms" or "off"
        Required: requests of the native API must carry a claim, and tenants of dialects need a
        standing assertion.
    terms_version : str
        What the operator calls the terms that tenants work under; may be empty.
    """

    mode: Mode = "terms"
    terms_version: str = ""


@dataclass(frozen=True, slots=True)
class Claim:
    """What one request says of consent; valid once constructed.

    Attributes
    ----------
    statement : str
        What was said, or the name of a text that says it.
    asserted_by : str, optional
        Who said so, in the client's words: a user's id, a studio's release department.
    subjects : tuple of str
        What the client calls the people, for it to find them again.
    evidence : str, optional
        Where the proof is: a URL, or the number of a contract.
    """

    statement: str
    asserted_by: str | None = None
    subjects: tuple[str, ...] = ()
    evidence: str | None = None

    def __post_init__(self) -> None:
        _check("statement", self.statement, MOST_STATEMENT)
        for name, value, most in (
            ("asserted_by", self.asserted_by, MOST_NAME),
            ("evidence", self.evidence, MOST_EVIDENCE),
        ):
            if value is not None:
                _check(name, value, most)
        if len(self.subjects) > MOST_SUBJECTS:
            raise InvalidRequest(f"A consent names at most {MOST_SUBJECTS} subjects.")
        for subject in self.subjects:
            _check("subject", subject, MOST_NAME)


@dataclass(frozen=True, slots=True)
class Standing:
    """What a tenant has said once, for all its requests.

    Attributes
    ----------
    statement, asserted_by, evidence
        As of a `Claim`; somebody has to have said it.
    at : float, seconds since 1970, UTC
    via : str
        The key (``key_…``) that it came with, or ``operator``.
    until : float, optional
        When it ends by itself.
    """

    statement: str
    asserted_by: str
    at: float
    via: str
    until: float | None = None
    evidence: str | None = None

    def __post_init__(self) -> None:
        Claim(self.statement, self.asserted_by, evidence=self.evidence)
        if self.until is not None and self.until <= self.at:
            raise InvalidRequest("The assertion would have ended already; give a later date.")

    def holds(self, now: float) -> bool:
        """Whether it has not ended."""
        return self.until is None or now < self.until

    def to_json(self) -> dict[str, Any]:
        """Plain values for the tenant's settings."""
        return {
            "statement": self.statement,
            "asserted_by": self.asserted_by,
            "at": self.at,
            "via": self.via,
            "until": self.until,
            "evidence": self.evidence,
        }

    @classmethod
    def of(cls, settings: Mapping[str, Any]) -> Standing | None:
        """The assertion among a tenant's settings."""
        told: Mapping[str, Any] | None = settings.get(SETTING)
        return None if told is None else cls(**told)


@dataclass(frozen=True, slots=True)
class Consent:
    """The record of one task or one saved face.

    Attributes
    ----------
    how : "request", "standing", "terms" or "off"
    at : float, seconds since 1970, UTC
        When the record was written.
    key_id : str or None
        The key that the request came with.
    asserted_by, statement, subjects, evidence
        As of the `Claim` or the `Standing`.
    asserted_at : float or None
        When it was said: of a standing assertion, when it was made; under terms, when the key was;
        of a retry, when the first request came.
    terms_version : str or None
    faces : mapping
        Saved face to the record that was written when it was saved.
    retry_of : str or None
        The task whose claim this one repeats.
    """

    how: How
    at: float
    key_id: str | None = None
    asserted_by: str | None = None
    statement: str | None = None
    subjects: tuple[str, ...] = ()
    evidence: str | None = None
    asserted_at: float | None = None
    terms_version: str | None = None
    faces: Mapping[str, Any] | None = None
    retry_of: str | None = None

    def to_json(self) -> dict[str, Any]:
        """Plain values for a database column, without what is empty."""
        every = {
            "how": self.how,
            "at": self.at,
            "key_id": self.key_id,
            "asserted_by": self.asserted_by,
            "statement": self.statement,
            "subjects": list(self.subjects),
            "evidence": self.evidence,
            "asserted_at": self.asserted_at,
            "terms_version": self.terms_version,
            "faces": self.faces,
            "retry_of": self.retry_of,
        }
        return {name: value for name, value in every.items() if value not in (None, [], {}, "")}


def claim_of(record: Mapping[str, Any] | None) -> Claim | None:
    """The claim that a record was made of; None if the request made none."""
    if record is None or record.get("how") != "request":
        return None
    return Claim(
        record["statement"],
        record.get("asserted_by"),
        tuple(record.get("subjects", ())),
        record.get("evidence"),
    )


def digest(record: Mapping[str, Any]) -> str:
    """SHA-256 of a record in hex: the audit log keeps it when the record itself is gone.

    Of its JSON with sorted names, no spaces and no escapes, in UTF-8.
    """
    text = json.dumps(record, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()


def _check(name: str, text: str, most: int) -> None:
    if not text.strip() or len(text) > most:
        raise InvalidRequest(f"A consent's {name} has 1 to {most} characters.")
    if any(unicodedata.category(char) in ("Cc", "Cs") and char not in "\n\t" for char in text):
        raise InvalidRequest(f"A consent's {name} has a character that no text has.")
