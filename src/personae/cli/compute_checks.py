"""Where networks really compute, as `personae doctor` tells it."""

from __future__ import annotations

import json
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

from personae.cli.exit_codes import ExitCode
from personae.cli.findings import Finding
from personae.errors import PersonaeError

if TYPE_CHECKING:
    from personae.engine.sessions.providers import Provider

_CPU = "CPUExecutionProvider"
# Listed by every build of the runtime, but a client of a remote service and no accelerator.
_NO_ACCELERATOR = (_CPU, "AzureExecutionProvider")


def accelerators() -> Iterator[Finding]:
    """Where ONNX Runtime really computes, told by its own profile of a tiny network."""
    try:
        import onnxruntime

        runtime = cast("Any", onnxruntime)
        network = _tiny_network()
    except Exception as error:
        yield Finding("compute", "onnxruntime", f"cannot be used: {error}", False, True)
        return
    available: list[str] = runtime.get_available_providers()
    used = _really_used(runtime, network, [_CPU])
    yield Finding("compute", "onnxruntime on the CPU, as Personae asks", used, used == _CPU, True)
    others = [provider for provider in available if provider not in _NO_ACCELERATOR]
    for provider in others:
        used = _really_used(runtime, network, [provider])
        worked = used == provider
        detail = "works" if worked else f"installed, but it does not work: {used}"
        yield Finding("compute", provider, detail, worked)
    if not others:
        yield Finding("compute", "accelerator", "none in this installation of onnxruntime")


def _tiny_network() -> bytes:
    """A matrix product of 8 x 8, as ONNX."""
    from onnx import TensorProto, helper

    shape = [8, 8]
    left, right, out = (
        helper.make_tensor_value_info(name, TensorProto.FLOAT, shape) for name in "abc"
    )
    node = helper.make_node("MatMul", ["a", "b"], ["c"])
    graph = helper.make_graph([node], "tiny", [left, right], [out])
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 13)], ir_version=8)
    return model.SerializeToString()


def _really_used(runtime: Any, network: bytes, providers: Sequence[str]) -> str:
    """The provider on which the network's node ran, or why it did not run."""
    import numpy as np

    with tempfile.TemporaryDirectory() as folder:
        options = runtime.SessionOptions()
        options.enable_profiling = True
        options.profile_file_prefix = str(Path(folder) / "profile")
        options.log_severity_level = 4
        try:
            session = runtime.InferenceSession(network, options, providers=list(providers))
            square = np.ones((8, 8), np.float32)
            session.run(None, {"a": square, "b": square})
            events = json.loads(Path(session.end_profiling()).read_text("utf-8"))
        except Exception as error:  # The runtime raises a dozen classes of its own.
            return f"failed ({str(error).splitlines()[0][:120]})"
    used = {
        str(event["args"]["provider"])
        for event in events
        if event.get("cat") == "Node" and "provider" in event.get("args", {})
    }
    return " and ".join(sorted(used)) or "it did not say"


def running() -> Iterator[Finding]:
    """What PERSONAE_PROVIDERS asks for, by loading a tiny network there; threads and memory."""
    from personae import wiring
    from personae.adapters.networks.machine import multiplies_safely

    name = "PERSONAE_PROVIDERS"
    try:
        asked = wiring.providers()
        layout = wiring.layout()
        budget = wiring.networks().budget_bytes
        used = _loaded_on(asked)
    except PersonaeError as error:
        yield Finding("compute", name, error.message, False, True, ExitCode.MODEL)
        return
    told = ", ".join(map(str, asked))
    yield Finding("compute", name, f"{told}: networks run on {used}", True, True)
    each = "thread" if layout.threads == 1 else "threads"
    detail = (
        f"{layout.workers} frames at once, {layout.threads} {each} a network, "
        f"{layout.batch} faces at a time"
    )
    yield Finding("compute", "layout", detail)
    yield Finding("compute", "memory for networks", f"{budget / 2**30:.1f} GiB")
    quick = "has" if multiplies_safely() else "has not"
    detail = f"the processor {quick} VNNI or its like; see `personae models quantize`"
    yield Finding("compute", "8 bits", detail)


def _loaded_on(asked: Sequence[Provider]) -> str:
    """The first of the providers that a tiny network was really given to.

    Raises
    ------
    ModelError
        If one of them is not there, or is not used.
    """
    from personae.engine.session import OnnxModel

    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "tiny.onnx"
        path.write_bytes(_tiny_network())
        return OnnxModel(path, providers=asked, name="a tiny network").providers[0]
