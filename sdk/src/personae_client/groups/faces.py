"""Donors that are kept for later."""

from __future__ import annotations

from collections.abc import Sequence

from personae_client.core.calling import Request, fresh_key
from personae_client.core.effects import Steps
from personae_client.core.side import M_co, Side, name_in_path, operation, stream
from personae_client.inputs import Consent, Media, stored
from personae_client.models import SavedFace


class Faces(Side[M_co]):
    """Saved donors; `client.swap` takes them as they are."""

    @operation
    def save(
        self, name: str, photos: Media | Sequence[Media], *, consent: Consent | None = None
    ) -> Steps[SavedFace]:
        """Keep photos of one person as a donor; what is not at the service yet is uploaded.

        Raises
        ------
        FaceNotFound, SeveralFaces, DonorUnusable, PolicyRefused
        """
        assets = yield from stored(self.config, photos)
        body: dict[str, object] = {"name": name, "asset_ids": assets}
        if consent is not None:
            body["consent"] = consent
        return (
            yield from self.ask(SavedFace, Request("POST", "/faces", body=body, once=fresh_key()))
        )

    @operation
    def get(self, face_id: str) -> Steps[SavedFace]:
        """A saved donor."""
        return self.ask(SavedFace, Request("GET", f"/faces/{name_in_path(face_id)}"))

    @stream(SavedFace)
    def list(self, *, page_size: int = 50) -> Steps[None]:
        """All saved donors, newest first."""
        return self.pages(SavedFace, "/faces", {"limit": page_size})

    @operation
    def delete(self, face_id: str) -> Steps[None]:
        """Forget a saved donor; its photos stay as long as uploads do."""
        return self.tell(Request("DELETE", f"/faces/{name_in_path(face_id)}"))
