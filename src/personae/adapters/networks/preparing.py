"""Let the runtime optimise a network for this processor and lay its weights out as it uses them."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Final, cast

from personae.adapters.networks.derived import NETWORK
from personae.engine.sessions.onnx_model import session_options
from personae.engine.sessions.providers import Provider

_WEIGHTS: Final = "network.weights"


def prepare(source: Path, folder: Path) -> None:
    """Write ``network.onnx`` and its weights into `folder`, to be mapped when they are loaded.

    Raises
    ------
    Exception
        The runtime's own, if it does not load the network.
    """
    import onnxruntime

    runtime = cast("Any", onnxruntime)  # The runtime has no types.
    options = session_options(runtime, [Provider("cpu")], 1)
    options.optimized_model_filepath = str(folder / NETWORK)
    for name, value in (
        ("session.optimized_model_external_initializers_file_name", _WEIGHTS),
        ("session.save_external_prepacked_constant_initializers", "1"),
    ):
        options.add_session_config_entry(name, value)
    runtime.InferenceSession(str(source), options, providers=[Provider("cpu").runtime_name])
