"""How large the published networks are: what the stand-ins of full size are made to cost.

Parameters follow from the size of the published file. Operations are the published structure's
(``known``) or a guess from networks of its kind (``guessed``): a stand-in's own count, which
`benchmarks.stand_ins` prints, is what a measurement has to be laid beside.
"""

from __future__ import annotations

from dataclasses import dataclass
from types import MappingProxyType


@dataclass(frozen=True)
class Figures:
    """Billions of multiplications with addition (a FLOP is half of one), millions of weights."""

    gmac: float
    mparams: float
    known: bool = True


@dataclass(frozen=True)
class Generator:
    """A swapper's structure: `base` channels at full size doubled `downs` times, then blocks.

    `flat` steps of the doubling keep the size; each block has two convolutions and two styles.
    `shrink`: by how much the crop is made smaller before anything else.
    """

    base: int
    downs: int
    blocks: int
    flat: int = 0
    shrink: int = 1


SMALL = Figures(0.0004, 0.001)
SMALL_GENERATOR = Generator(4, 1, 1, shrink=8)

GENERATORS = MappingProxyType(
    {
        "inswapper_128": Generator(128, 2, 6, flat=1),
        "inswapper_128_fp16": Generator(128, 2, 6, flat=1),
        "reswapper_128": Generator(128, 2, 6, flat=1),
        "reswapper_256": Generator(128, 2, 6, flat=1),
        "simswap_256": Generator(64, 3, 9),
        "simswap_unofficial_512": Generator(32, 4, 9),
        "ghost_1_256": Generator(64, 4, 5),
        "ghost_2_256": Generator(64, 4, 7),
        "ghost_3_256": Generator(64, 4, 9),
        "hififace_unofficial_256": Generator(64, 3, 8),
        "hyperswap_1a_256": Generator(64, 4, 8),
        "hyperswap_1b_256": Generator(64, 4, 8),
        "hyperswap_1c_256": Generator(64, 4, 8),
        "blendswap_256": Generator(96, 4, 8),
        "uniface_256": Generator(64, 3, 9),
    }
)
DEFAULT_GENERATOR = Generator(64, 3, 9)

FIGURES = MappingProxyType(
    {
        # K. He et al., CVPR 2016, at 112 pixels with a dense end; InsightFace's model zoo.
        "arcface_w600k_r50": Figures(6.3, 43.6),
        "fairface": Figures(3.7, 21.3),
        # J. Guo et al., ICLR 2022: 2.5 and 10 GFLOP at 640 x 480; here 640 x 640.
        "scrfd_2_5g": Figures(1.67, 0.7),
        "retinaface_10g": Figures(6.7, 3.9),
        "yoloface_8n": Figures(4.35, 3.2),
        # W. Wu et al., Machine Intelligence Research 20, 2023: 0.15 GFLOP at 320 x 320.
        "yunet_2023_mar": Figures(0.3, 0.076),
        "fan_2d_4": Figures(25.0, 23.8, known=False),
        "peppa_wutz": Figures(1.2, 8.0, known=False),
        "gfpgan_1_4": Figures(104.0, 85.0, known=False),
        "codeformer": Figures(297.0, 94.0, known=False),
        "restoreformer_plus_plus": Figures(340.0, 73.0, known=False),
        "gpen_bfr_256": Figures(34.0, 19.0, known=False),
        "gpen_bfr_512": Figures(138.0, 71.0, known=False),
        "gpen_bfr_1024": Figures(200.0, 71.0, known=False),
        "gpen_bfr_2048": Figures(300.0, 71.0, known=False),
        "bisenet_resnet_18": Figures(15.0, 13.3, known=False),
        "bisenet_resnet_34": Figures(24.0, 23.4, known=False),
        "nsfw_1": Figures(34.0, 20.1),
        "nsfw_2": Figures(5.0, 5.6, known=False),
        "nsfw_3": Figures(55.0, 86.0, known=False),
    }
)

BY_ROLE = MappingProxyType(
    {
        "embedder": Figures(6.3, 43.6, known=False),
        "detector": Figures(2.0, 1.0, known=False),
        "landmarker": Figures(5.0, 10.0, known=False),
        "restorer": Figures(104.0, 85.0, known=False),
        "occluder": Figures(13.0, 17.6, known=False),
        "parser": Figures(15.0, 13.3, known=False),
        "safety": Figures(5.0, 20.0, known=False),
        "features": Figures(6.0, 22.0, known=False),
    }
)


def figures_of(name: str, role: str) -> Figures:
    """What a network of full size is made to cost."""
    return FIGURES.get(name, BY_ROLE.get(role, SMALL))
