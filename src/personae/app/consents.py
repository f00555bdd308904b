"""Writing down who asserts consent, and giving the records out again.

docs/18-consent-and-labels.md says what is recorded where, and for how long.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from typing import Any

from personae.app import audit
from personae.app.ports import Transaction
from personae.domain.consent import SETTING, Claim, Consent, Rules, Standing, digest
from personae.domain.tasks import Task
from personae.domain.tenants import ApiKey
from personae.errors import ConsentRequired, NotFound

_NATIVE = "native"
_LISTED = 200


@dataclass(frozen=True, slots=True)
class Asserting:
    """What is known, when a request comes, of who asserts consent.

    Attributes
    ----------
    rules : Rules
    claim : Claim, optional
        What the request itself says.
    key : ApiKey, optional
        Which it came with.
    retry_of, first_said
        The task whose claim is repeated, and when it was made.
    """

    rules: Rules = Rules()  # noqa: RUF009
    claim: Claim | None = None
    key: ApiKey | None = None
    retry_of: str | None = None
    first_said: float | None = None


def record(
    tx: Transaction,
    tenant_id: str,
    dialect: str,
    asserting: Asserting,
    now: float,
    face_ids: Iterable[str] = (),
) -> dict[str, Any]:
    """The record of a task or of a face that is about to be written.

    The strongest there is: what the request says, else what its tenant has said once, else the
    terms. With the record switched off, only that is written.

    Raises
    ------
    ConsentRequired
        If the deployment asks for more than there is.
    """
    rules = asserting.rules
    if rules.mode == "off":
        return Consent("off", now).to_json()
    key = asserting.key
    made = Consent(
        "terms",
        now,
        key_id=None if key is None else key.id,
        asserted_at=None if key is None else key.created_at,
        terms_version=rules.terms_version or None,
        faces=_of_faces(tx, tenant_id, face_ids),
    )
    if asserting.claim is not None:
        return _claimed(made, asserting.claim, asserting).to_json()
    if rules.mode == "required" and dialect == _NATIVE:
        raise ConsentRequired(
            "Say in `consent` who asserts that the people shown agree.", "consent"
        )
    standing = standing_of(tx, tenant_id)
    if standing is not None and standing.holds(now):
        return _stood(made, standing).to_json()
    if rules.mode == "required":
        raise ConsentRequired(
            "This account has not asserted that the people shown agree, or no longer does; its "
            "owner does so once, with PUT /native/v1/account/consent, or through the operator."
        )
    return made.to_json()


def _claimed(made: Consent, claim: Claim, asserting: Asserting) -> Consent:
    """A record by what the request says."""
    return replace(
        made,
        how="request",
        asserted_by=claim.asserted_by,
        statement=claim.statement,
        subjects=claim.subjects,
        evidence=claim.evidence,
        asserted_at=asserting.first_said or made.at,
        retry_of=asserting.retry_of,
    )


def _stood(made: Consent, standing: Standing) -> Consent:
    """A record by what the tenant has said once."""
    return replace(
        made,
        how="standing",
        asserted_by=standing.asserted_by,
        statement=standing.statement,
        evidence=standing.evidence,
        asserted_at=standing.at,
    )


def standing_of(tx: Transaction, tenant_id: str) -> Standing | None:
    """What a tenant has said once, whether or not it has ended."""
    tenant = tx.tenants.get(tenant_id)
    return None if tenant is None else Standing.of(tenant.settings)


def assert_standing(tx: Transaction, tenant_id: str, standing: Standing, now: float) -> None:
    """Let a tenant's requests rest on this from now on; it replaces an earlier one.

    Raises
    ------
    NotFound
    """
    if not tx.tenants.configure(tenant_id, SETTING, standing.to_json()):
        raise NotFound(f"There is no tenant {tenant_id}.")
    audit.consent_asserted(tx, tenant_id, "standing", now)


def withdraw(tx: Transaction, tenant_id: str, now: float) -> bool:
    """End a tenant's standing assertion; False if there is none. Records that rest on it stay."""
    if standing_of(tx, tenant_id) is None:
        return False
    tx.tenants.configure(tenant_id, SETTING, None)
    audit.consent_asserted(tx, tenant_id, "none", now)
    return True


def exported(task: Task) -> dict[str, Any]:
    """A task's record with what it is about: names only, nothing of the media."""
    return {
        "task_id": task.id,
        "tenant_id": task.tenant_id,
        "kind": task.kind,
        "dialect": task.dialect,
        "status": task.status,
        "created_at": task.created_at,
        "consent": task.consent,
        "sha256": None if task.consent is None else digest(task.consent),
    }


def every(tx: Transaction, tenant_id: str, since: float | None = None) -> Iterator[dict[str, Any]]:
    """All records of a tenant's, newest first, of deleted tasks too, as `exported`."""
    after = None
    while True:
        page = tx.tasks.consents(tenant_id, since=since, after=after, limit=_LISTED)
        yield from map(exported, page.items)
        after = page.next_after
        if after is None:
            return


def _of_faces(tx: Transaction, tenant_id: str, face_ids: Iterable[str]) -> dict[str, Any] | None:
    found: dict[str, Any] = {}
    for face_id in face_ids:
        face = tx.faces.get(tenant_id, face_id)
        if face is not None and face.consent is not None:
            found[face_id] = face.consent
    return found or None
