"""Searches for people that are there already; `client.detect` makes new ones."""

from __future__ import annotations

from personae_client.core import waiting
from personae_client.core.calling import Request
from personae_client.core.effects import Steps
from personae_client.core.side import M_co, Side, name_in_path, operation, stream
from personae_client.groups import swaps
from personae_client.models import Detection


class Detections(Side[M_co]):
    """Who is in a picture or a video."""

    @operation
    def get(self, task_id: str, *, landmarks: bool = False) -> Steps[Detection]:
        """A detection as it is now; with 478 points of each face, if `landmarks`."""
        return self.ask(Detection, Request("GET", _path(task_id), params={"landmarks": landmarks}))

    @stream(Detection)
    def list(self, *, page_size: int = 50) -> Steps[None]:
        """All detections, newest first."""
        return self.pages(Detection, "/detections", {"limit": page_size})

    @operation
    def wait(self, task_id: str, *, timeout_s: float | None = None) -> Steps[Detection]:
        """The detection when it has succeeded.

        Raises
        ------
        TimedOut, ServiceProblem
        """
        return waiting.detection_to_end(self.config, task_id, timeout_s)

    @operation
    def cancel(self, task_id: str) -> Steps[Detection]:
        """Stop a detection."""
        return swaps.cancel(self, Detection, _path(task_id))

    @operation
    def delete(self, task_id: str) -> Steps[None]:
        """Delete a detection that has ended, and its crops."""
        return self.tell(Request("DELETE", _path(task_id)))


def _path(task_id: str) -> str:
    return f"/detections/{name_in_path(task_id)}"
