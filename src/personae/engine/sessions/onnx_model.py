"""ONNX graphs on the CPU or on accelerators."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final, cast

import numpy as np

from personae.engine.sessions.evidence import RECORD, require_there, require_used
from personae.engine.sessions.memory import NoMemory, lacks_memory
from personae.engine.sessions.providers import CPU, Provider
from personae.engine.sessions.tensors import (
    Numbers,
    TensorSpec,
    described,
    fitting,
    is_shared,
)
from personae.engine.sessions.tflite import PULL_AGAIN
from personae.engine.types import Float32
from personae.errors import ModelError

_DTYPES: Final = {
    "tensor(float)": "float32",
    "tensor(float16)": "float16",
    "tensor(double)": "float64",
    "tensor(uint8)": "uint8",
    "tensor(int8)": "int8",
    "tensor(int32)": "int32",
    "tensor(int64)": "int64",
    "tensor(bool)": "bool",
}


class OnnxModel:
    """An ONNX graph on the CPU or on an accelerator that was asked for by name.

    Safe to call from several threads at once: on the CPU each call computes in its caller's thread.

    Parameters
    ----------
    path : path
        The file.
    threads : int
        How many threads one call may use on the CPU.
    providers : sequence of Provider or str, optional
        In order of preference; names are ONNX Runtime's, such as ``"CUDAExecutionProvider"``.
        Those that are named must really compute: see `evidence`.
    name : str
        What messages call it; the file's name if it is left out.
    batch : int
        How many items callers are asked to give at a time, where the graph leaves it free.
    cache : path, optional
        A folder where an accelerator keeps what takes it minutes to build.
    prepared : bool
        Whether the runtime has optimised the file before, for this processor.

    Raises
    ------
    ModelError
        If the file is missing or does not load, or an accelerator cannot be used; `NoMemory` if
        there is too little of that.
    """

    def __init__(
        self,
        path: Path | str,
        threads: int = 1,
        providers: Sequence[Provider | str] | None = None,
        *,
        name: str = "",
        batch: int = 1,
        cache: Path | None = None,
        prepared: bool = False,
    ) -> None:
        import onnxruntime

        runtime = cast("Any", onnxruntime)  # The runtime has no types.
        runtime.set_default_logger_severity(4)  # What matters is raised.
        self.name = name or Path(path).name
        asked = [Provider(one) if isinstance(one, str) else one for one in providers or [CPU]]
        asked = [Provider("cpu") if one.runtime_name == CPU else one for one in asked]
        require_there(asked, runtime.get_available_providers(), "in this onnxruntime")
        options = session_options(runtime, asked, threads)
        if prepared:
            options.graph_optimization_level = runtime.GraphOptimizationLevel.ORT_DISABLE_ALL
        wanted = [(one.runtime_name, one.settings(cache, threads)) for one in asked]
        if all(one.accelerator for one in asked) and not _strict(asked):
            # Shapes and single numbers are the CPU's work everywhere; `require_used` looks after
            # everything else.
            wanted.append((CPU, {}))
        try:
            session = runtime.InferenceSession(
                str(path), options, providers=wanted, enable_fallback=0
            )
        except Exception as error:  # The runtime raises a dozen classes of its own.
            if lacks_memory(error):
                raise NoMemory(
                    f"There is no memory for the model {self.name}; free some, or choose a smaller "
                    "one."
                ) from error
            raise ModelError(self._why(error, asked)) from error
        self.providers: tuple[str, ...] = tuple(session.get_providers())
        require_there(asked, self.providers, f"for {self.name}")
        require_used(session, asked, self.name)
        self._session = session
        self.notes: dict[str, str] = dict(session.get_modelmeta().custom_metadata_map)
        self._memory = next(((one.memory, one.device) for one in asked if one.memory), None)
        self.inputs = _specs(self.name, session.get_inputs())
        self.outputs = _specs(self.name, session.get_outputs())
        self._names = [spec.name for spec in self.outputs]
        items = [spec for spec in self.inputs if not is_shared(spec)]
        self._free = bool(items) and all(
            spec.shape[:1] == (None,) for spec in (*items, *self.outputs)
        )
        self.batch: int = batch if self._free else 1

    def __call__(self, *arrays: Numbers) -> list[Float32]:
        """Run the model.

        Parameters
        ----------
        *arrays : one for each of `inputs`
            Not modified. float32 also where the network takes floats of 16 or 64 bits.

        Returns
        -------
        list of arrays, one for each of `outputs`
            The caller's own copies; floats of 16 or 64 bits come as float32.

        Raises
        ------
        ModelError
            If a shape or a type does not fit, or there is no memory even for one item.
        """
        made = self._run(fitting(self.name, self.inputs, arrays))
        return [
            array.astype(np.float32) if array.dtype in (np.float16, np.float64) else array
            for array in made
        ]

    def _run(self, given: list[Numbers]) -> list[Any]:
        """Run it; with too little memory for all items, for half of them at a time."""
        try:
            return self._bound(given) if self._memory else self._plain(given)
        except Exception as error:
            items = self._items(given)
            if not lacks_memory(error):
                # What the runtime says may name files of this machine: it goes to the log alone.
                raise ModelError(
                    f"The model {self.name} failed while it computed ({type(error).__name__})."
                ) from error
            if not self._free or items < 2:
                raise NoMemory(
                    f"There is no memory for one run of the model {self.name}; free some, or "
                    "choose a smaller one."
                ) from error
        half = items // 2
        parts = [
            self._run(
                [
                    array if is_shared(spec) else array[part]
                    for spec, array in zip(self.inputs, given, strict=True)
                ]
            )
            for part in (slice(half), slice(half, None))
        ]
        return [np.concatenate(pair) for pair in zip(*parts, strict=True)]

    def _items(self, given: list[Numbers]) -> int:
        """How many items there are in what is given."""
        pairs = zip(self.inputs, given, strict=True)
        return next((len(array) for spec, array in pairs if not is_shared(spec)), 1)

    def _plain(self, given: list[Numbers]) -> list[Any]:
        feed = {spec.name: array for spec, array in zip(self.inputs, given, strict=True)}
        return self._session.run(None, feed)

    def _bound(self, given: list[Numbers]) -> list[Any]:
        """With what goes in and out laid into the accelerator's memory once each."""
        assert self._memory is not None
        binding = self._session.io_binding()
        for spec, array in zip(self.inputs, given, strict=True):
            binding.bind_cpu_input(spec.name, array)
        for name in self._names:
            binding.bind_output(name, *self._memory)
        self._session.run_with_iobinding(binding)
        return binding.copy_outputs_to_cpu()

    def _why(self, error: Exception, asked: Sequence[Provider]) -> str:
        """One sentence for a file that does not load."""
        kind = type(error).__name__
        if kind == "NoSuchFile":
            return f"The model {self.name} does not load: it is missing; {PULL_AGAIN}."
        places = " and ".join(str(one) for one in asked if one.accelerator)
        if places and kind not in ("InvalidProtobuf", "InvalidGraph"):
            return f"The model {self.name} does not load on {places} ({kind}); choose the CPU."
        if kind in ("InvalidProtobuf", "InvalidGraph", "InvalidArgument"):
            return f"The model {self.name} does not load: it is no ONNX network; {PULL_AGAIN}."
        return f"The model {self.name} does not load ({kind}); {PULL_AGAIN}."

    def __repr__(self) -> str:
        return (
            f"OnnxModel({self.name}: {described(self.inputs)} -> {described(self.outputs)}, "
            f"{self.providers[0]})"
        )


def session_options(runtime: Any, asked: Sequence[Provider], threads: int) -> Any:
    """How sessions run, for those who make one themselves."""
    options = runtime.SessionOptions()
    options.intra_op_num_threads = threads
    options.inter_op_num_threads = 1
    options.log_severity_level = 4
    # Threads that spin while they wait would take the CPU from decoder and encoder.
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")
    if any(one.accelerator for one in asked):
        options.add_session_config_entry(RECORD, "1")
    if any(one.name == "directml" for one in asked):
        options.enable_mem_pattern = False  # DirectML works with neither that nor parallel nodes.
    if _strict(asked):
        options.add_session_config_entry("session.disable_cpu_ep_fallback", "1")
    return options


def _strict(asked: Sequence[Provider]) -> bool:
    """Whether the runtime must not know the CPU at all.

    OpenVINO compiles for its own CPU what another device of it refuses, and counts that as its own.
    """
    return any(one.name == "openvino" and not one.on_cpu for one in asked) and all(
        one.accelerator for one in asked
    )


def _specs(name: str, values: list[Any]) -> tuple[TensorSpec, ...]:
    unknown = [value.type for value in values if value.type not in _DTYPES]
    if unknown:
        raise ModelError(f"The model {name} takes or gives {unknown[0]}, which no card describes.")
    return tuple(
        TensorSpec(
            value.name,
            tuple(size if isinstance(size, int) else None for size in value.shape),
            _DTYPES[value.type],
        )
        for value in values
    )
