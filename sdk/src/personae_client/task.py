"""A swap that somebody follows."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

from personae_client.core import waiting
from personae_client.core.calling import Request, fresh_key
from personae_client.core.config import Config
from personae_client.core.effects import Steps
from personae_client.core.side import Driver, M_co, Side, operation, stream
from personae_client.core.transfers import OnDownload
from personae_client.errors import TransferFailed
from personae_client.groups import swaps as swap_calls
from personae_client.groups.assets import fetch
from personae_client.models import Swap

OnProgress = Callable[[Swap], Any]


class SwapTask(Side[M_co]):
    """A swap of yours and what can be done with it; `state` is what was last seen of it."""

    def __init__(self, config: Config, driver: Driver, state: Swap) -> None:
        super().__init__(config, driver)
        self.state = state

    def __repr__(self) -> str:
        """Which one, and how far."""
        return f"<SwapTask {self.id} {self.state.status} {self.state.progress.percent:g} %>"

    @property
    def id(self) -> str:
        """The task's id, to be kept: `client.resume` takes it up again."""
        return self.state.id

    @property
    def status(self) -> str:
        """What was last seen: queued, running, succeeded, failed or canceled."""
        return self.state.status

    @operation
    def refresh(self) -> Steps[Swap]:
        """Look again."""
        self.state = yield from self.ask(Swap, Request("GET", swap_calls.path(self.id)))
        return self.state

    @operation
    def wait(
        self, *, timeout_s: float | None = None, on_progress: OnProgress | None = None
    ) -> Steps[Swap]:
        """The swap when it has succeeded; see `Swaps.wait`."""
        return self.follow(timeout_s, on_progress)

    @stream(Swap)
    def watch(self, *, timeout_s: float | None = None) -> Steps[None]:
        """The swap each time it has changed, until it has ended; see `Swaps.watch`."""
        self.state = yield from waiting.watch(self.config, self.id, timeout_s)

    @operation
    def save(
        self,
        path: str | os.PathLike[str],
        *,
        timeout_s: float | None = None,
        on_download: OnDownload | None = None,
    ) -> Steps[Path]:
        """Wait for the output if need be, and fetch it to a path or into a folder.

        Raises
        ------
        TransferFailed
            If it does not arrive whole; what the path had is untouched.
        TimedOut, ServiceProblem
            As `wait`.
        """
        if not self.state.final:
            yield from self.follow(timeout_s, None)
        waiting.raise_if_failed(self.state)
        if self.state.result is None or not self.state.result.outputs:
            raise TransferFailed(f"The output of {self.id} is gone; it was kept for a while.")
        output = self.state.result.outputs[0]
        return (yield from fetch(self, output.asset_id, path, on_download, output.url))

    @operation
    def cancel(self) -> Steps[Swap]:
        """Stop it; its credits are given back."""
        self.state = yield from swap_calls.cancel(self, Swap, swap_calls.path(self.id))
        return self.state

    @operation
    def retry(self) -> Steps[SwapTask[M_co]]:
        """A new task that asks for the same, if this one failed or was canceled."""
        asked = Request("POST", f"{swap_calls.path(self.id)}/retry", once=fresh_key())
        state = yield from self.ask(Swap, asked)
        return SwapTask(self.config, self.driver, state)

    @operation
    def delete(self) -> Steps[None]:
        """Delete it with its outputs, if it has ended."""
        return self.tell(Request("DELETE", swap_calls.path(self.id)))

    def follow(self, timeout_s: float | None, on_progress: OnProgress | None) -> Steps[Swap]:
        """Steps that wait for success, and note what they see."""

        def note(state: Swap) -> None:
            self.state = state
            if on_progress is not None:
                on_progress(state)

        return waiting.to_end(self.config, self.id, timeout_s, note)
