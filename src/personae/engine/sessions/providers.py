"""Where networks compute: processors and accelerators by name, and what the runtime is told.

One text says it for the whole program, such as ``tensorrt:fp16,cuda:0,cpu``: what is named first is
asked first, and each takes what those before it could not. ``cpu`` at the end lets it take single
operations that the accelerators lack; without it every heavy one must run on an accelerator.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from types import MappingProxyType
from typing import Final

from personae.errors import InvalidRequest

CPU: Final = "CPUExecutionProvider"

_RUNTIME_NAMES: Final[Mapping[str, str]] = MappingProxyType(
    {
        "cpu": CPU,
        "openvino": "OpenVINOExecutionProvider",
        "cuda": "CUDAExecutionProvider",
        "tensorrt": "TensorrtExecutionProvider",
        "coreml": "CoreMLExecutionProvider",
        "directml": "DmlExecutionProvider",
        "rocm": "ROCMExecutionProvider",
        "migraphx": "MIGraphXExecutionProvider",
        "qnn": "QNNExecutionProvider",
    }
)
PACKAGES: Final[Mapping[str, str]] = MappingProxyType(
    {
        "openvino": "onnxruntime-openvino",
        "cuda": "onnxruntime-gpu",
        "tensorrt": "onnxruntime-gpu",
        "directml": "onnxruntime-directml",
        "migraphx": "onnxruntime-migraphx",
        "rocm": "onnxruntime-rocm",
        "qnn": "onnxruntime-qnn",
    }
)
"""The distributions of the runtime that have each; CoreML is in the usual one on macOS."""

_HALF: Final[Mapping[str, Mapping[str, str]]] = MappingProxyType(
    {
        "tensorrt": {"trt_fp16_enable": "1"},
        "migraphx": {"migraphx_fp16_enable": "1"},
        "openvino": {"precision": "FP16"},
        "qnn": {"enable_htp_fp16_precision": "1"},
    }
)
_MEMORY: Final[Mapping[str, str]] = MappingProxyType(
    {"cuda": "cuda", "tensorrt": "cuda", "rocm": "cuda", "migraphx": "cuda", "directml": "dml"}
)
"""Those with memory of their own, as the runtime's bindings call it."""


@dataclass(frozen=True, slots=True)
class Provider:
    """One place to compute.

    Attributes
    ----------
    name : str
        Ours: ``cpu``, ``cuda`` and so on.
    device : int
        Which of several.
    half : bool
        Whether it may compute in 16 bits what the network has in 32.
    unit : str
        OpenVINO's device, such as ``GPU`` or ``NPU``; empty for its CPU.
    options : mapping
        Further options, as the runtime calls them.
    """

    name: str
    device: int = 0
    half: bool = False
    unit: str = ""
    options: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}), hash=False)

    @property
    def runtime_name(self) -> str:
        """What ONNX Runtime calls it."""
        return _RUNTIME_NAMES.get(self.name, self.name)

    @property
    def accelerator(self) -> bool:
        """Whether it is something else than the runtime's own code for the processor."""
        return self.name != "cpu"

    @property
    def on_cpu(self) -> bool:
        """Whether it computes on the processor, by whosever code."""
        return self.name == "cpu" or (self.name == "openvino" and self.unit in ("", "CPU"))

    @property
    def memory(self) -> str:
        """What the runtime calls its memory, if that is not the computer's own; else empty."""
        return _MEMORY.get(self.name, "")

    def __str__(self) -> str:
        parts = [self.name]
        if self.unit:
            parts.append(self.unit)
        if self.device:
            parts.append(str(self.device))
        if self.half:
            parts.append("fp16")
        return ":".join([*parts, *(f"{name}={value}" for name, value in self.options.items())])

    def settings(self, cache: Path | None, threads: int) -> dict[str, str]:
        """Options for the runtime.

        Parameters
        ----------
        cache : path, optional
            A folder for what takes minutes to build; nothing is kept without one.
        threads : int
            How many threads of the processor one call may use.
        """
        made = dict(_of_device(self))
        if self.name == "tensorrt" and cache:
            made |= {"trt_engine_cache_enable": "1", "trt_engine_cache_path": str(cache)}
            made |= {"trt_timing_cache_enable": "1", "trt_timing_cache_path": str(cache)}
        if self.name == "openvino":
            made["num_of_threads"] = str(threads)
            if cache:
                made["cache_dir"] = str(cache)
        if self.half:
            made |= _HALF[self.name]
        return {**made, **self.options}


def _of_device(provider: Provider) -> dict[str, str]:
    match provider.name:
        case "openvino":
            return {"device_type": provider.unit or "CPU"}
        case "cuda":
            # Memory grows by what is needed rather than by doubling: others share the device.
            return {
                "device_id": str(provider.device),
                "arena_extend_strategy": "kSameAsRequested",
            }
        case "coreml":
            return {"ModelFormat": "MLProgram", "MLComputeUnits": "ALL"}
        case "tensorrt" | "directml" | "rocm" | "migraphx":
            return {"device_id": str(provider.device)}
        case _:
            return {}


def parse_providers(text: str) -> tuple[Provider, ...]:
    """Read a list of providers.

    Parameters
    ----------
    text : str
        Names with commas between them, each with further words behind colons: the number of the
        device, ``fp16``, OpenVINO's ``GPU`` or ``NPU``, or ``option=value`` for the runtime.

    Returns
    -------
    tuple of Provider
        In the order asked for; the CPU alone for an empty text.

    Raises
    ------
    InvalidRequest
        If a name or a word is not known, or one is named twice.
    """
    made = tuple(_parse_one(part.strip()) for part in text.split(",") if part.strip())
    names = [one.name for one in made]
    if len(set(names)) != len(names):
        raise InvalidRequest(f"The providers {text!r} name one twice; name each once.")
    if "cpu" in names[:-1]:
        raise InvalidRequest(
            f"The providers {text!r} have something behind cpu, which takes everything; "
            "put cpu last."
        )
    return made or (Provider("cpu"),)


def _parse_one(text: str) -> Provider:
    name, *words = text.split(":")
    name = name.lower()
    if name not in _RUNTIME_NAMES:
        known = ", ".join(_RUNTIME_NAMES)
        raise InvalidRequest(f"There is no provider {name!r}; choose from {known}.")
    device, half, unit = 0, False, ""
    options: dict[str, str] = {}
    for word in words:
        option, equals, value = word.partition("=")
        if equals and option and value:
            options[option] = value
        elif word.isdecimal() and name not in ("cpu", "coreml", "openvino", "qnn"):
            device = int(word)
        elif word.lower() == "fp16" and name in _HALF:
            half = True
        elif name == "openvino" and word.isalnum() and not word.isdecimal():
            unit = word.upper()
        else:
            raise InvalidRequest(
                f"The provider {name} takes no {word!r}; see `PERSONAE_PROVIDERS` in the manual."
            )
    made = Provider(name, device, half, unit, MappingProxyType(options))
    if half and made.on_cpu:
        raise InvalidRequest(f"The provider {name} computes in 16 bits on its GPU and NPU only.")
    return made
