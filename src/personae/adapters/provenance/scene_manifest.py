"""What of a scene's own manifests goes into the output's: all but the pictures."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from personae.adapters.provenance import toolkit

_THUMBNAIL = "c2pa.thumbnail."
_ADDRESS = "self#jumbf=/c2pa/{manifest}/c2pa.assertions/{assertion}"


@dataclass(frozen=True, slots=True)
class KeptScene:
    """Whether a scene's manifests are kept.

    Attributes
    ----------
    state : "kept", "none", "broken" or "skipped"
    thumbnails : tuple of str
        Addresses of the small pictures in them, which show the face that was replaced.
    """

    state: Literal["kept", "none", "broken", "skipped"]
    thumbnails: tuple[str, ...] = ()


def keep_scene(scene: Path | None, beat: Callable[[], None]) -> KeptScene:
    """Look at a scene's manifests, without checking them.

    Raises
    ------
    OSError, or what `beat` raises
    """
    if scene is None:
        return KeptScene("none")
    media = toolkit.media_type(scene)
    if media not in toolkit.EMBEDDING:
        return KeptScene("none")
    with scene.open("rb") as file:
        watched = toolkit.Watched(file, beat)
        try:
            with toolkit.reader(media, watched, toolkit.context(validate=False)) as reader:
                told = json.loads(reader.detailed_json())
        except toolkit.NotThere:
            return KeptScene("none")
        except (toolkit.Error, ValueError, RecursionError):
            if watched.error is not None:
                raise watched.error from None
            return KeptScene("broken")
    return KeptScene("kept", tuple(thumbnails(told)))


def thumbnails(told: Any) -> list[str]:
    """Addresses of all small pictures in a manifest store, as `Reader.detailed_json` tells it."""
    return [
        _ADDRESS.format(manifest=label, assertion=name)
        for label, manifest in told.get("manifests", {}).items()
        for name in manifest.get("assertion_store", {})
        if name.startswith(_THUMBNAIL)
    ]
