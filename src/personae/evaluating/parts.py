"""What the measured engines were put together of, for whoever reads their numbers."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from personae.engine.setup import MESH, EngineSetup
from personae.evaluating.tally import Result


def told_of_parts(results: Sequence[Result]) -> list[str]:
    """A line for each engine: its models and how they were used."""
    return [
        f"{one.engine}: {', '.join(_parts(one.setup)) if one.setup else 'made elsewhere'}."
        for one in results
    ]


def _parts(setup: EngineSetup) -> Iterator[str]:
    yield "the embedded engine" if setup.engine == MESH else f"the swapper {setup.engine}"
    if setup.boost > 1:
        yield f"boosted {setup.boost} times"
    if setup.engine != MESH and setup.likeness != 0.5:
        yield f"likeness {setup.likeness:g}"
    yield (
        f"restored by {setup.restorer} at {setup.restore:g}" if setup.restore else "not restored"
    )
    if setup.occluders:
        yield f"occluders {' and '.join(setup.occluders)}"
    if setup.parser:
        regions = f" for {' and '.join(setup.regions)}" if setup.regions else ""
        yield f"the parser {setup.parser}{regions}"
    if setup.detector:
        yield f"the detector {setup.detector}"
    if setup.landmarkers:
        yield f"landmarks by {' and '.join(setup.landmarkers)}"
