"""The engine with its models, and two donors, made once."""

from __future__ import annotations

import pytest
from portraits import astronaut, hopper, largest

from personae import wiring
from personae.adapters.model_store import ModelStore
from personae.engine.canvas import RgbCanvas
from personae.engine.mesh.donor import MeshDonor
from personae.engine.mesh.topology import FaceMesh, face_mesh
from personae.engine.pipeline import Engine
from personae.engine.types import Face


@pytest.fixture(scope="session")
def engine(store: ModelStore) -> Engine:
    return wiring.engine()


@pytest.fixture(scope="session")
def mesh() -> FaceMesh:
    return face_mesh()


@pytest.fixture(scope="session")
def hopper_face(engine: Engine) -> Face:
    return largest(engine.faces(RgbCanvas(hopper())))


@pytest.fixture(scope="session")
def astronaut_face(engine: Engine) -> Face:
    return largest(engine.faces(RgbCanvas(astronaut())))


@pytest.fixture(scope="session")
def hopper_donor(engine: Engine, hopper_face: Face) -> MeshDonor:
    return engine.prepare([engine.study(RgbCanvas(hopper()), hopper_face)[0]])


@pytest.fixture(scope="session")
def astronaut_donor(engine: Engine, astronaut_face: Face) -> MeshDonor:
    return engine.prepare([engine.study(RgbCanvas(astronaut()), astronaut_face)[0]])
