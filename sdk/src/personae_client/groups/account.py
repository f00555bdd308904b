"""The account: what there is to spend, what was spent, what is kept, what was asserted."""

from __future__ import annotations

from datetime import datetime
from typing import TypedDict

from personae_client.core.calling import Request
from personae_client.core.effects import Steps
from personae_client.core.side import M_co, Side, operation, stream
from personae_client.models import (
    Account,
    AuditLine,
    ConsentRecord,
    LedgerEntry,
    Retention,
    StandingConsent,
    Usage,
)


class RetentionChange(TypedDict, total=False):
    """Seconds that each kind is kept, never longer than the operator allows; None takes it back."""

    uploads: float | None
    imports: float | None
    outputs: float | None
    previews: float | None
    stills: float | None
    crops: float | None
    detections: float | None
    faces: float | None


class Accounts(Side[M_co]):
    """Balance, books, usage, retention, standing consent, and the audit log of one's own things."""

    @operation
    def get(self) -> Steps[Account]:
        """Whose key this is, and the balance."""
        return self.ask(Account, Request("GET", "/account"))

    @stream(LedgerEntry)
    def ledger(self, *, page_size: int = 100) -> Steps[None]:
        """Every transfer in two entries that sum to 0, newest first."""
        return self.pages(LedgerEntry, "/account/ledger", {"limit": page_size})

    @operation
    def usage(
        self,
        *,
        since: datetime | None = None,
        until: datetime | None = None,
        utc_offset_minutes: int = 0,
    ) -> Steps[Usage]:
        """What was spent by day and kind; the last 30 days unless told.

        Parameters
        ----------
        since, until : datetime with a time zone, optional
            A year apart at most.
        utc_offset_minutes : int
            Where days begin: minutes that your clocks are ahead of UTC.
        """
        params: dict[str, object] = {"since": iso(since), "until": iso(until)}
        if utc_offset_minutes:
            params["utc_offset_minutes"] = utc_offset_minutes
        return self.ask(Usage, Request("GET", "/account/usage", params=params))

    @operation
    def retention(self) -> Steps[Retention]:
        """How long things are kept, in seconds, and the most that is allowed."""
        return self.ask(Retention, Request("GET", "/account/retention"))

    @operation
    def change_retention(self, change: RetentionChange) -> Steps[Retention]:
        """Have things kept for less; it holds for what is there within a minute."""
        return self.ask(Retention, Request("PATCH", "/account/retention", body=change))

    @operation
    def standing_consent(self) -> Steps[StandingConsent]:
        """What the account asserts for all its requests; `NotFound` if nothing."""
        return self.ask(StandingConsent, Request("GET", "/account/consent"))

    @operation
    def assert_consent(
        self,
        statement: str,
        asserted_by: str,
        *,
        evidence: str | None = None,
        until: datetime | None = None,
    ) -> Steps[StandingConsent]:
        """Assert for all requests of the account that the people shown agree."""
        body = {
            "statement": statement,
            "asserted_by": asserted_by,
            "evidence": evidence,
            "until": iso(until),
        }
        return self.ask(StandingConsent, Request("PUT", "/account/consent", body=body))

    @operation
    def withdraw_consent(self) -> Steps[None]:
        """Assert it no longer."""
        return self.tell(Request("DELETE", "/account/consent"))

    @stream(ConsentRecord)
    def consents(self, *, since: datetime | None = None, page_size: int = 50) -> Steps[None]:
        """Who asserted consent for each task, how and when, newest first."""
        return self.pages(ConsentRecord, "/consents", {"since": iso(since), "limit": page_size})

    @stream(AuditLine)
    def audit(
        self, *, action: str | None = None, subject: str | None = None, page_size: int = 50
    ) -> Steps[None]:
        """What happened to the account's things, newest first."""
        params: dict[str, object] = {"action": action, "subject": subject, "limit": page_size}
        return self.pages(AuditLine, "/audit", params)


def iso(moment: datetime | None) -> str | None:
    """A moment as the API reads it; local time if it has no zone."""
    if moment is None:
        return None
    return (moment.astimezone() if moment.tzinfo is None else moment).isoformat()
