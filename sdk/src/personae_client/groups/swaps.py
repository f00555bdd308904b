"""Swaps that are there already: look, list, watch, wait, cancel, try again, delete."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Any, Literal

from personae_client.core import waiting
from personae_client.core.calling import Request, fresh_key
from personae_client.core.effects import Steps
from personae_client.core.side import M_co, Side, name_in_path, operation, stream
from personae_client.errors import Conflict
from personae_client.groups.account import iso
from personae_client.models import Swap

Status = Literal["queued", "running", "succeeded", "failed", "canceled"]


class Swaps(Side[M_co]):
    """Swaps by their ids; `client.swap` and `client.submit` make new ones."""

    @operation
    def get(self, task_id: str) -> Steps[Swap]:
        """A swap as it is now."""
        return self.ask(Swap, Request("GET", path(task_id)))

    @stream(Swap)
    def list(
        self,
        *,
        status: Status | tuple[Status, ...] = (),
        words: str = "",
        media: Literal["image", "video"] | None = None,
        engine: str | None = None,
        since: datetime | None = None,
        until: datetime | None = None,
        page_size: int = 50,
    ) -> Steps[None]:
        """All swaps that fit, newest first.

        Parameters
        ----------
        words : str
            All of them have to be in the label or the scene's name, in whatever case; or one is
            the beginning of the task's own name.
        since, until : datetime with a time zone, optional
            Made from `since` up to, not including, `until`.
        """
        params: dict[str, object] = {
            "status": (status,) if isinstance(status, str) else status,
            "q": words or None,
            "media": media,
            "engine": engine,
            "since": iso(since),
            "until": iso(until),
            "limit": page_size,
        }
        return self.pages(Swap, "/swaps", params)

    @stream(Swap)
    def watch(self, task_id: str, *, timeout_s: float | None = None) -> Steps[None]:
        """The swap each time it has changed, until it has ended, however it ended.

        Raises
        ------
        TimedOut
            If it goes on after `timeout_s`.
        """
        yield from waiting.watch(self.config, task_id, timeout_s)

    @operation
    def wait(
        self,
        task_id: str,
        *,
        timeout_s: float | None = None,
        on_progress: Callable[[Swap], Any] | None = None,
    ) -> Steps[Swap]:
        """The swap when it has succeeded.

        Parameters
        ----------
        on_progress : callable, optional
            Called with the swap each time it has changed.

        Raises
        ------
        TimedOut
            If it goes on after `timeout_s`.
        ServiceProblem
            Of the kind that made it fail, with the swap as its `task`.
        """
        return waiting.to_end(self.config, task_id, timeout_s, on_progress)

    @operation
    def cancel(self, task_id: str) -> Steps[Swap]:
        """Stop a swap; its credits are given back. Of a canceled one, the same answer again.

        Raises
        ------
        Conflict
            If it has ended otherwise.
        """
        return cancel(self, Swap, path(task_id))

    @operation
    def retry(self, task_id: str, *, idempotency_key: str | None = None) -> Steps[Swap]:
        """A new swap that asks for what a failed or canceled one asked for, at today's price."""
        return self.ask(
            Swap,
            Request("POST", f"{path(task_id)}/retry", once=idempotency_key or fresh_key()),
        )

    @operation
    def delete(self, task_id: str) -> Steps[None]:
        """Delete a swap that has ended, and its outputs."""
        return self.tell(Request("DELETE", path(task_id)))


def cancel(side: Side[M_co], kind: type[Any], where: str) -> Steps[Any]:
    """Cancel a task; one that is canceled already is no conflict, since an answer may be lost."""
    try:
        return (yield from side.ask(kind, Request("POST", f"{where}/cancel", repeatable=True)))
    except Conflict:
        task = yield from side.ask(kind, Request("GET", where))
        if task.status != "canceled":
            raise
        return task


def path(task_id: str) -> str:
    """Where a swap is."""
    return f"/swaps/{name_in_path(task_id)}"
