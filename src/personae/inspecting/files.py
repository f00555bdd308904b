"""What a file tells of where it comes from: its manifest and its invisible mark."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from personae.adapters.provenance.reading import read_manifest
from personae.errors import Canceled
from personae.inspecting.marks import MarkFound, find_mark
from personae.video import media

if TYPE_CHECKING:
    from personae.adapters.provenance.facts import ManifestFacts


@dataclass(frozen=True, slots=True)
class FileOrigin:
    """What was found in a file.

    Attributes
    ----------
    kind : str
        picture, animation, video or sound.
    manifest : ManifestFacts or None
        None where there is none.
    mark : MarkFound or None
        None where none can be read, which proves nothing.
    """

    kind: str
    manifest: ManifestFacts | None
    mark: MarkFound | None

    def to_json(self) -> dict[str, Any]:
        """Plain values for `json.dumps`; the mark's number is called ``number``.

        In the manifest, ``mark_id`` is written as people are shown marks: ten hexadecimal digits.
        """
        mark = None
        if self.mark is not None:
            told = self.mark.to_json()
            mark = {"number": told.pop("mark"), **told}
        manifest = None if self.manifest is None else self.manifest.to_json()
        if manifest is not None and manifest["mark_id"] is not None:
            manifest["mark_id"] = f"{manifest['mark_id']:010x}"
        return {"kind": self.kind, "manifest": manifest, "mark": mark}


def inspect_file(
    path: Path,
    anchors: Mapping[str, str] | None = None,
    should_stop: Callable[[], bool] | None = None,
) -> FileOrigin:
    """Look for a manifest, in the file or beside it, and for the invisible mark.

    Parameters
    ----------
    path : Path
        A picture, an animation, a video or sound, which has no mark.
    anchors : mapping, optional
        Whom to trust; see `personae.adapters.provenance.reading.read_manifest`.
    should_stop : callable, optional
        Asked many times a second; True ends the work with `Canceled`.

    Raises
    ------
    MediaError
        If it is no media.
    ModelError, Canceled
    """

    def beat() -> None:
        if should_stop is not None and should_stop():
            raise Canceled("The inspection was stopped on request.")

    info = media.probe(path)
    beat()
    manifest = read_manifest(path, anchors, beat=beat)
    kind = "sound" if info.kind == "audio" else info.kind
    mark = None if kind == "sound" else find_mark(path, should_stop)
    return FileOrigin(kind, manifest if manifest.present else None, mark)
