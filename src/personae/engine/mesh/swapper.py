"""The embedded engine behind the protocol that all engines share."""

from __future__ import annotations

from collections.abc import Sequence

from personae.engine.mesh.render import render_face
from personae.engine.mesh.topology import FaceMesh
from personae.engine.plans import EngineDonor, FacePlan, Rendered
from personae.engine.swapper import Portrait
from personae.engine.types import Canvas


class MeshSwapper:
    """Lays a donor's texture over the scene's face; see `personae.engine.swapper.Swapper`."""

    name = "mesh"
    needs_skin = True
    batch = 1

    def __init__(self, mesh: FaceMesh) -> None:
        self._mesh = mesh

    def prepare(self, embedded: EngineDonor, portraits: Sequence[Portrait]) -> EngineDonor:
        """What was prepared already."""
        return embedded

    def render(self, jobs: Sequence[tuple[Canvas, FacePlan]]) -> list[Rendered | None]:
        """As `render_face`, one after the other."""
        return [render_face(self._mesh, canvas, plan) for canvas, plan in jobs]
