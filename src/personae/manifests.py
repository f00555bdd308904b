"""Manifests of the library's outputs: sealing them, and reading anybody's."""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from personae import signing
from personae.engine.setup import MESH
from personae.requests.mappings import Parts
from personae.results import SwapReport
from personae.video.files import unwritable

if TYPE_CHECKING:
    from personae.adapters.provenance.facts import ManifestFacts
    from personae.adapters.provenance.sealing import Sealed


class Finisher:
    """The last step on an output: its manifest, before it gets its name.

    Parameters
    ----------
    scene, output : Path
    mark_id : int or None
        What the invisible mark in the output says.
    engine : str
        What makes the new faces.

    Raises
    ------
    InvalidRequest
        If there is nothing to sign with; said before any work is done.
    """

    def __init__(
        self, scene: Path, output: Path, mark_id: int | None = None, engine: str = MESH
    ) -> None:
        self._scene = scene
        self._output = output
        self._mark_id = mark_id
        self._engine = engine
        self._keeper = signing.keeper()
        self._donors: tuple[tuple[bytes, ...], ...] = ()
        self._sealed: Sealed | None = None

    def noting(self, who: Callable[[], Parts]) -> Callable[[], Parts]:
        """`who`, whose donors the manifest is going to name."""

        def ask() -> Parts:
            parts = who()
            self._donors = parts.donors
            return parts

        return ask

    def __call__(self, part: Path) -> None:
        """Seal the complete output, which is still called `part`.

        Raises
        ------
        MediaUnreachable, TaskFailed
        """
        from personae.adapters.provenance.sealing import Seal
        from personae.adapters.provenance.statement import Statement

        told = Statement(signing.now(), self._donors, self._mark_id, self._engine)
        seal = Seal(self._keeper.signer.credential, self._keeper.sign)
        try:
            self._sealed = seal.put_on(part, self._scene, told, shown=self._output)
        except OSError as error:
            raise unwritable(self._output, error) from error

    def completed(self, report: SwapReport) -> SwapReport:
        """The report, with what is to be said of the manifest."""
        if self._sealed is None:
            return report
        origin = self._keeper.signer.credential.origin
        return replace(report, manifest=self._sealed.how, signed_by=origin)


def read_manifest(path: str | os.PathLike[str]) -> ManifestFacts:
    """What the manifest of a file, or of the sidecar beside it, says; and whether it holds.

    Raises
    ------
    MediaUnreachable
        If there is no such file.
    """
    from personae.adapters.provenance.reading import read_manifest as read

    return read(Path(path), signing.trust_anchors())
