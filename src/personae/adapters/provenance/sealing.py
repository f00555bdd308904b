"""Puts the manifest, and IPTC's fields, into a finished file; nothing touches it afterwards."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Generator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO, Literal, cast

from personae.adapters.provenance import toolkit, xmp
from personae.adapters.provenance.credentials import Credential
from personae.adapters.provenance.scene_manifest import KeptScene, keep_scene
from personae.adapters.provenance.statement import (
    BROKEN_SCENE,
    LEFT_OUT_SCENE,
    Statement,
    definition,
    scene_ingredient,
)
from personae.errors import TaskFailed
from personae.video.files import FileAside, output_errors

How = Literal["embedded", "sidecar"]
SIDECAR_SUFFIX = ".c2pa"
_LARGEST_MANIFEST_BYTES = 16 << 20


def sidecar_of(path: Path) -> Path:
    """Where the manifest of a file lies that cannot hold it itself."""
    return path.with_name(path.name + SIDECAR_SUFFIX)


@dataclass(frozen=True, slots=True)
class Sealed:
    """What sealing did.

    Attributes
    ----------
    how : "embedded" or "sidecar"
    content_sha256 : str, 64 lower-case hex digits
        Of the file before: signing adds the time and random numbers, so that no two sealed files
        are alike, but what was sealed may be.
    scene_manifest : "kept", "none", "broken" or "skipped"
        What became of the scene's own manifest.
    """

    how: How
    content_sha256: str
    scene_manifest: Literal["kept", "none", "broken", "skipped"]


@dataclass(frozen=True, slots=True)
class Seal:
    """Seals files in the name of one signer.

    Parameters
    ----------
    credential : Credential
    sign : callable
        Signs bytes; see `credentials.Signer.sign`.
    beat : callable
        Called at every access to a file. What it raises ends the work.
    """

    credential: Credential
    sign: Callable[[bytes], bytes]
    beat: Callable[[], None] = lambda: None

    def put_on(
        self,
        path: Path,
        scene: Path | None,
        told: Statement,
        *,
        shown: Path | None = None,
        look_at_scene: bool = True,
    ) -> Sealed:
        """Seal a file, in place, complete or not at all.

        Parameters
        ----------
        path : Path
            Not yet under its final name, if that matters.
        scene : Path, optional
            What it was made from; its manifests are kept.
        shown : Path, optional
            Its final name, for messages and for the sidecar.
        look_at_scene : bool
            False leaves the scene's own manifest out, unread.

        Raises
        ------
        MediaUnreachable
            If the disk does not take it.
        TaskFailed
            If there is no way to seal it.
        """
        with path.open("rb") as file:
            content = hashlib.file_digest(file, "sha256").hexdigest()
        kept = keep_scene(scene if look_at_scene else None, self.beat)
        broken = BROKEN_SCENE if kept.state == "broken" else None
        if scene is not None and not look_at_scene:
            broken, kept = LEFT_OUT_SCENE, KeptScene("skipped")
        attempts = [(kept, broken)]
        if kept.state == "kept":  # It was read, and may still not fit into a new manifest.
            attempts.append((KeptScene("broken"), BROKEN_SCENE))
        media = toolkit.media_type(path)
        ways: tuple[How, ...] = ("embedded", "sidecar")
        shown = shown or path
        refused: Exception | None = None
        for how in ways if media in toolkit.EMBEDDING else ways[1:]:
            for one, why in attempts:
                maker = _Maker(self, told, scene, one, why)
                try:
                    if how == "embedded":
                        maker.embed(path, media, shown)
                    else:
                        maker.put_beside(path, media, sidecar_of(shown))
                except toolkit.Error as error:
                    refused = error
                else:
                    return Sealed(how, content, one.state)
        raise TaskFailed("The output could not be given its manifest.") from refused


@dataclass(frozen=True, slots=True)
class _Maker:
    """One try at making a manifest."""

    seal: Seal
    told: Statement
    scene: Path | None
    kept: KeptScene
    description: str | None

    def embed(self, path: Path, media: str, shown: Path) -> None:
        aside = FileAside(shown, onto=path)
        with aside, path.open("rb") as file, output_errors(shown):
            fields = xmp.with_fields(file, media, self.told.engine)
            with _watching(self.seal.beat, fields or file, aside.file) as (source, made):
                self._sign(media, source, made, large=toolkit.is_large(path))

    def put_beside(self, path: Path, media: str, target: Path) -> None:
        with path.open("rb") as file, _watching(self.seal.beat, file) as (source,):
            manifest = self._sign(media, source, toolkit.Nowhere(), large=False, embed=False)
        with FileAside(target) as aside, output_errors(target):
            aside.file.write(manifest)

    def _sign(
        self, media: str, source: Any, made: Any, *, large: bool, embed: bool = True
    ) -> bytes:
        """Write the signed file; its manifest."""
        how = toolkit.context(large=large)
        scene: dict[str, Any] | None = None
        if self.kept.state != "kept":
            scene_type = "application/octet-stream" if self.scene is None else self._scene_type()
            scene = scene_ingredient(scene_type, self.description)
        wanted = definition(self.told, scene=scene, redacted=self.kept.thumbnails)
        with toolkit.builder(wanted, how) as builder:
            if not embed:
                builder.set_no_embed()
            if self.scene is not None and scene is None:
                self._add_scene(builder, self.scene)
            signer = toolkit.signer(self.seal.credential, self.seal.sign)
            with signer:
                manifest = cast("bytes", builder.sign(signer, media, source, made))
        if self.kept.state == "kept" and len(manifest) > _LARGEST_MANIFEST_BYTES:
            raise toolkit.Error("The scene's manifests are too large.")
        return manifest

    def _add_scene(self, builder: Any, scene: Path) -> None:
        media = self._scene_type()
        with scene.open("rb") as file, _watching(self.seal.beat, file) as (watched,):
            builder.add_ingredient(scene_ingredient(media), media, watched)

    def _scene_type(self) -> str:
        return "" if self.scene is None else toolkit.media_type(self.scene)


@contextmanager
def _watching(beat: Callable[[], None], *files: BinaryIO) -> Generator[tuple[toolkit.Watched, ...]]:
    """Streams for c2pa; what went wrong with one of them is raised instead of what c2pa says."""
    watched = tuple(toolkit.Watched(file, beat) for file in files)
    try:
        yield watched
    except toolkit.Error as error:
        for one in watched:
            if one.error is not None:
                raise one.error from error
        raise
