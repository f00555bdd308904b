"""What an operator with a few models offers."""

from __future__ import annotations

from personae.domain.engine_menu import EngineMenu, Level
from personae.domain.engines import MESH_FACTS, EngineFacts, StepFacts

_TERMS = ("For research only", "https://example.org/terms", False)
MENU = EngineMenu(
    (
        MESH_FACTS,
        EngineFacts("swap_128", "A swapper.", *_TERMS, sizes_px=(128, 256), has_likeness=True),
    ),
    (
        StepFacts("fixer", "restorer", "A restorer.", *_TERMS),
        StepFacts("hands", "occluder", "An occluder.", "MIT"),
        StepFacts("areas", "parser", "A parser.", "MIT", regions=("skin", "mouth")),
    ),
    levels={
        "draft": Level(),
        "standard": Level("swap_128", restorer="fixer"),
        "best": Level("swap_128", 512, "fixer", 0.6, ("hands",), "areas"),
    },
)
"""Two engines and one model of each kind beside them."""
