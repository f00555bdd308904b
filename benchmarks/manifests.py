"""What manifests cost: time beside the swap that they are about, and memory by size of the file.

The whole file is sealed each time: IPTC's fields, the manifest, the hashes, the signature.
"""

from __future__ import annotations

import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from itertools import islice
from pathlib import Path
from typing import Any

import av
import numpy as np
from PIL import Image

from benchmarks import scenes
from benchmarks.speed import Row
from personae import library
from personae.adapters.provenance.keeper import Keeper, SigningConfig
from personae.adapters.provenance.sealing import Seal
from personae.adapters.provenance.statement import Statement

SIZE_WH, FRAMES, FACE_PX, REPEATS = (1280, 720), 250, 220, 20
LARGE_BYTES = 320_000_000
_MEMORY = """
import sys, time
from pathlib import Path
from personae.adapters.provenance.keeper import Keeper, SigningConfig
from personae.adapters.provenance.sealing import Seal
from personae.adapters.provenance.statement import Statement
keeper = Keeper(SigningConfig(Path(sys.argv[2])), time.time)
Seal(keeper.signer.credential, keeper.sign).put_on(Path(sys.argv[1]), None, Statement(0.0))
print([one for one in open("/proc/self/status") if one.startswith("VmHWM")][0].split()[1])
"""


def rows(folder: Path) -> Iterator[Row]:
    """A picture, ten seconds of 720p, and files of two sizes."""
    keeper = Keeper(SigningConfig(folder / "signing"), time.time)
    seal = Seal(keeper.signer.credential, keeper.sign)
    picture = folder / "scene.jpg"
    for frame in islice(scenes.one_face(SIZE_WH, FACE_PX, 1), 1):
        Image.fromarray(frame).save(picture, quality=92)
    seal_ms, swap_ms = _times(seal, picture, folder)
    text = f"{seal_ms:.1f} ms (the swap takes {swap_ms:.0f})"
    yield "manifest of a 720p picture", "<= 30 ms", text, seal_ms <= 30
    clip = scenes.write(folder / "scene.mp4", scenes.one_face(SIZE_WH, FACE_PX, FRAMES))
    seal_ms, swap_ms = _times(seal, clip, folder)
    share = seal_ms / swap_ms
    text = f"{share:.2%} ({seal_ms:.0f} ms of {swap_ms:.0f})"
    yield "manifest of ten seconds of 720p", "<= 1 % of the job", text, share <= 0.01
    small, large = folder / "output.mp4", _large(folder / "large.mp4")
    one, many = _memory_mib(small, folder), _memory_mib(large, folder)
    text = f"{many:.0f} MiB for {large.stat().st_size / 1e6:.0f} MB, {one:.0f} MiB for a small one"
    yield "memory for the manifest of a large MP4", "< 100 MiB", text, many < 100


def _times(seal: Seal, scene: Path, folder: Path) -> tuple[float, float]:
    """Milliseconds that sealing takes on average, and the swap."""
    output = folder / f"output{scene.suffix}"
    donor = library.prepare_donor(scenes.hopper())
    started = time.perf_counter()
    library.swap_file(scene, output, donor, manifest=False)
    swap_ms = (time.perf_counter() - started) * 1e3
    times = [_seal_ms(seal, output, scene, folder) for _ in range(REPEATS + 1)][1:]
    return sum(times) / len(times), swap_ms


def _seal_ms(seal: Seal, output: Path, scene: Path, folder: Path) -> float:
    path = folder / f"sealed{output.suffix}"
    shutil.copy(output, path)
    started = time.perf_counter()
    seal.put_on(path, scene, Statement(0.0, ((b"0" * 32,),), 5))
    return (time.perf_counter() - started) * 1e3


def _large(path: Path) -> Path:
    """An MP4 of one frame, again and again."""
    noise = np.random.default_rng(1).integers(0, 255, (720, 1280, 3), np.uint8)
    with av.open(str(path), "w", options={"movflags": "faststart"}) as out:
        stream: Any = out.add_stream("mjpeg", rate=25, width=1280, height=720, pix_fmt="yuvj420p")
        stream.bit_rate = 500_000_000
        [packet] = stream.encode(av.VideoFrame.from_ndarray(noise, format="rgb24"))
        for number in range(LARGE_BYTES // packet.size):
            again = av.Packet(bytes(packet))
            again.stream, again.pts, again.dts = stream, number, number
            again.time_base = packet.time_base
            out.mux(again)
    return path


def _memory_mib(path: Path, folder: Path) -> float:
    """The most that sealing a file holds, in a process of its own."""
    command = [sys.executable, "-c", _MEMORY, str(path), str(folder / "signing")]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    return round(int(done.stdout) / 1024, 1)
