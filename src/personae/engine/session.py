"""Loaded models that are called like functions: arrays in, arrays out.

The runtimes are imported when the first model is loaded, not when Personae is imported.
"""

from __future__ import annotations

from personae.engine.sessions.onnx_model import OnnxModel
from personae.engine.sessions.providers import CPU
from personae.engine.sessions.tensors import TensorSpec
from personae.engine.sessions.tflite import TfLiteModel

__all__ = ["CPU", "OnnxModel", "TensorSpec", "TfLiteModel"]
