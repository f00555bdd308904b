"""Whether a network really computes where it was asked to.

A runtime that lacks an operation on an accelerator quietly takes the CPU for it, and a graphics
card whose driver is missing is quietly left out. Neither may pass for what was asked for.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import Any, Final

from personae.engine.sessions.providers import CPU, PACKAGES, Provider
from personae.errors import ModelError

HEAVY: Final = frozenset(
    {
        *("Conv", "ConvTranspose", "FusedConv", "QLinearConv", "ConvInteger", "NhwcFusedConv"),
        *("MatMul", "FusedMatMul", "QLinearMatMul", "MatMulInteger", "MatMulNBits"),
        *("Gemm", "FusedGemm", "QGemm", "Attention", "MultiHeadAttention"),
    }
)
"""Operations that nearly all of a network's time goes into."""

RECORD: Final = "session.record_ep_graph_assignment_info"
"""The runtime's setting without which it does not tell."""


def require_there(asked: Sequence[Provider], there: Sequence[str], where: str) -> None:
    """Raise a ModelError unless every provider that was asked for is there."""
    missing = [one for one in asked if one.runtime_name not in there]
    if not missing:
        return
    names = " and ".join(one.runtime_name for one in missing)
    packages = {PACKAGES[one.name] for one in missing if one.name in PACKAGES}
    install = (
        f"install {' or '.join(sorted(packages))} and its drivers"
        if packages
        else ("install the runtime for this accelerator")
    )
    raise ModelError(
        f"{names} cannot be used {where}, which has {', '.join(there)}; {install}, or choose the "
        "CPU."
    )


def require_used(session: Any, asked: Sequence[Provider], name: str) -> None:
    """Raise a ModelError unless the accelerators asked for take a network's heavy operations.

    With the CPU among those asked for it may take some of them, but not most.

    Parameters
    ----------
    session
        ONNX Runtime's, made with `RECORD` on.
    asked : sequence of Provider
    name : str
        The network's, for messages.
    """
    accelerators = [one for one in asked if one.accelerator]
    if not accelerators:
        return
    if not hasattr(session, "get_provider_graph_assignment_info"):
        raise ModelError(
            "This onnxruntime cannot tell where it computes; install version 1.24 or later."
        )
    count: Counter[str] = Counter()
    for part in session.get_provider_graph_assignment_info():
        count[part.ep_name] += sum(node.op_type in HEAVY for node in part.get_nodes())
    there = sum(count.values())
    elsewhere = count[CPU]
    allowed = there // 2 if len(accelerators) < len(asked) else 0
    if elsewhere > allowed:
        places = " and ".join(str(one) for one in accelerators)
        more = (
            "name cpu last to let it take them, or choose another model"
            if elsewhere <= there // 2 and not allowed
            else "choose another model, or the CPU"
        )
        raise ModelError(
            f"{places} was asked for, but {elsewhere} of the {there} heavy operations of {name} "
            f"would run on the CPU; {more}."
        )
