"""An accelerator that was asked for and is not used is an error, whoever leaves it out."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import pytest

from personae.engine.sessions.evidence import require_there, require_used
from personae.engine.sessions.providers import CPU, parse_providers
from personae.errors import ModelError

CUDA = "CUDAExecutionProvider"


@dataclass
class _Node:
    op_type: str


@dataclass
class _Part:
    ep_name: str
    nodes: list[_Node]

    def get_nodes(self) -> list[_Node]:
        return self.nodes


class _Session:
    """What the runtime would tell; no machine here has the accelerators in question."""

    def __init__(self, **operations: Sequence[str]) -> None:
        self._parts = [
            _Part({"cuda": CUDA, "cpu": CPU}[name], [_Node(one) for one in several])
            for name, several in operations.items()
        ]

    def get_provider_graph_assignment_info(self) -> list[_Part]:
        return self._parts


def test_shapes_may_be_worked_out_on_the_cpu() -> None:
    session = _Session(cuda=["Conv", "Add"], cpu=["Shape", "Gather", "Concat"])
    require_used(session, parse_providers("cuda"), "net")


def test_one_heavy_operation_elsewhere_is_an_error_unless_the_cpu_is_named() -> None:
    session = _Session(cuda=["Conv", "Conv", "Gemm"], cpu=["MatMul"])
    with pytest.raises(ModelError, match=r"cuda was asked for, but 1 of the 4 heavy .* cpu last"):
        require_used(session, parse_providers("cuda"), "net")
    require_used(session, parse_providers("cuda,cpu"), "net")


def test_naming_the_cpu_does_not_let_it_take_most() -> None:
    session = _Session(cuda=["Conv"], cpu=["Conv", "Gemm"])
    with pytest.raises(ModelError, match="2 of the 3 heavy operations of net"):
        require_used(session, parse_providers("cuda,cpu"), "net")


def test_a_runtime_that_cannot_tell_is_not_believed() -> None:
    with pytest.raises(ModelError, match=r"install version 1\.24"):
        require_used(object(), parse_providers("cuda"), "net")
    require_used(object(), parse_providers("cpu"), "net")


def test_says_which_package_has_a_missing_provider() -> None:
    with pytest.raises(ModelError, match=r"CUDA.* cannot be used here, .*install onnxruntime-gpu"):
        require_there(parse_providers("cuda"), [CPU], "here")
