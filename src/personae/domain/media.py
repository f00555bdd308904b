"""Stored files and what is known of them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

AssetState = Literal["awaiting_upload", "ready", "refused", "deleted"]
StillRole = Literal["cover", "thumbnail"]
"""Pictures that stand for an output in lists."""
AssetRole = Literal["upload", "import", "output", "crop", "working", "manifest"] | StillRole
"""``manifest``: of an output whose format has no place for one."""


@dataclass(frozen=True, slots=True)
class MediaFacts:
    """What a probe found.

    Attributes
    ----------
    kind : str
        picture, animation, video, sound.
    audio_codecs : tuple of str
        One of each stream of sound, as FFmpeg calls them; empty of files that were probed before
        this was noted.
    """

    kind: str
    content_type: str
    width: int | None = None
    height: int | None = None
    duration_s: float | None = None
    frames: int | None = None
    fps: float | None = None
    codec: str | None = None
    rotation: int | None = None
    audio_streams: int = 0
    audio_codecs: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        # JSON makes lists of tuples, and facts go through it on their way from a probe or a row.
        object.__setattr__(self, "audio_codecs", tuple(self.audio_codecs))


@dataclass(frozen=True, slots=True)
class Asset:
    """A stored file with an owner, a checksum and an expiry.

    Attributes
    ----------
    id : str, ``asset_…``
    blob_key : str
        Where the bytes lie. Assets of one tenant with the same bytes share them.
    sha256 : str or None, 64 lower-case hex digits; None while awaiting the upload
    refusal : dict or None
        The error that made it ``refused``: code and message.
    renewed_at : float or None, seconds since 1970, UTC
        From when its time is counted, if not from `created_at`: the same bytes came again, or a
        saved face has let go of it.
    """

    id: str
    tenant_id: str
    role: AssetRole
    state: AssetState
    blob_key: str
    content_type: str
    filename: str | None
    size_bytes: int | None
    sha256: str | None
    facts: MediaFacts | None
    refusal: dict[str, Any] | None
    task_id: str | None
    created_at: float
    expires_at: float | None
    deleted_at: float | None = None
    renewed_at: float | None = None


@dataclass(frozen=True, slots=True)
class SavedFace:
    """A donor kept for later: one person's photos, ``face_…``.

    Attributes
    ----------
    photos_used : int or None
        How many of the photos a swap takes; the others are too poor. None if they were not looked
        at.
    dialect, dialect_id : str or None
        Through which dialect it came, and its name there; None for the native API.
    source_url : str or None
        Where that client said that the photo is.
    consent : dict or None
        As `personae.domain.tasks.Task.consent`, written when it was saved.
    """

    id: str
    tenant_id: str
    name: str
    asset_ids: tuple[str, ...]
    created_at: float
    deleted_at: float | None = None
    photos_used: int | None = None
    dialect: str | None = None
    dialect_id: str | None = None
    source_url: str | None = None
    consent: dict[str, Any] | None = None
