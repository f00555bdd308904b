"""Writing the audit log: one function for everything that leaves a line.

A line is written in the transaction that does what it tells of, so there is neither without the
other. Refusals are the exception: what was refused has been undone, so their line has a transaction
of its own. Where lines go, and how they are chained, is the database adapter's affair
(docs/16-audit-log.md).

Who acts is known from where a request, a command or a piece of work came in (`acting`), not handed
from call to call.
"""

from __future__ import annotations

from personae.app.audit.accounts import (
    credits_granted,
    delivery_repeated,
    endpoint_created,
    endpoint_deleted,
    endpoint_rotated,
    endpoint_tested,
    endpoint_updated,
    key_first_used,
    key_issued,
    key_revoked,
    tenant_created,
    tenant_settings_changed,
    tenant_suspended,
)
from personae.app.audit.safety import (
    consent_asserted,
    consent_exported,
    file_blocked,
    file_unblocked,
    person_added,
    person_changed,
    person_expired,
    person_removed,
    policy_bypassed,
    policy_refused,
    takedown_finished,
    takedown_requested,
)
from personae.app.audit.things import (
    asset_created,
    asset_deleted,
    asset_expired,
    asset_kept,
    asset_linked,
    asset_refused,
    asset_reserved,
    asset_taken_down,
    face_deleted,
    face_saved,
    face_taken_down,
    task_deleted,
    task_ended,
    task_expired,
    task_submitted,
)
from personae.app.audit.writing import (
    acting,
    current_actor,
    note,
    set_actor,
)

__all__ = [
    "acting",
    "asset_created",
    "asset_deleted",
    "asset_expired",
    "asset_kept",
    "asset_linked",
    "asset_refused",
    "asset_reserved",
    "asset_taken_down",
    "consent_asserted",
    "consent_exported",
    "credits_granted",
    "current_actor",
    "delivery_repeated",
    "endpoint_created",
    "endpoint_deleted",
    "endpoint_rotated",
    "endpoint_tested",
    "endpoint_updated",
    "face_deleted",
    "face_saved",
    "face_taken_down",
    "file_blocked",
    "file_unblocked",
    "key_first_used",
    "key_issued",
    "key_revoked",
    "note",
    "person_added",
    "person_changed",
    "person_expired",
    "person_removed",
    "policy_bypassed",
    "policy_refused",
    "set_actor",
    "takedown_finished",
    "takedown_requested",
    "task_deleted",
    "task_ended",
    "task_expired",
    "task_submitted",
    "tenant_created",
    "tenant_settings_changed",
    "tenant_suspended",
]
