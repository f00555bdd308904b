"""The API process never loads pixels."""

from __future__ import annotations

import subprocess
import sys

FORBIDDEN = ("numpy", "av", "onnxruntime", "onnx", "cv2", "PIL", "ai_edge_litert", "dbos")


def test_the_http_side_loads_no_engine() -> None:
    code = (
        "import sys, personae.wire.factory, personae.wire.native.dialect\n"
        f"print([name for name in {FORBIDDEN!r} if name in sys.modules])"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, timeout=120, check=True
    )
    assert done.stdout.strip() == "[]"


def test_the_http_side_knows_no_adapter() -> None:
    code = (
        "import sys, personae.wire.factory\n"
        "print([name for name in sys.modules if name.startswith('personae.adapters')])"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, timeout=120, check=True
    )
    assert done.stdout.strip() == "[]"
