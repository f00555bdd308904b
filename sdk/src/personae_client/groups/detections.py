"""Searches for people that are there already; `client.detect` makes new ones."""

from __future__ import annotations

from typing import Literal

from personae_client.core import waiting
from personae_client.core.calling import Request, fresh_key
from personae_client.core.effects import Steps
from personae_client.core.side import M_co, Side, name_in_path, operation, stream
from personae_client.core.sources import OnUpload
from personae_client.groups import swaps
from personae_client.inputs import Consent, Media, scene_body
from personae_client.models import Detection


class Detections(Side[M_co]):
    """Who is in a picture or a video."""

    @operation
    def submit(
        self,
        scene: Media,
        *,
        media: Literal["image", "video"] | None = None,
        consent: Consent | None = None,
        on_upload: OnUpload | None = None,
    ) -> Steps[Detection]:
        """As `client.detect`, without waiting."""
        return submitted(self, scene, media, consent, on_upload)

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


def submitted(
    side: Side[M_co],
    scene: Media,
    media: str | None,
    consent: Consent | None,
    on_upload: OnUpload | None,
) -> Steps[Detection]:
    """Send the scene if need be, and have people looked for."""
    body = yield from scene_body(side.config, scene, media, on_upload)
    if consent is not None:
        body["consent"] = consent
    asked = Request("POST", "/detections", body=body, once=fresh_key())
    return (yield from side.ask(Detection, asked))


def _path(task_id: str) -> str:
    return f"/detections/{name_in_path(task_id)}"
