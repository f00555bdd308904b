"""Files that are not what they seem, given to real children."""

from __future__ import annotations

import os
import zlib
from contextlib import suppress
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from clips import truncated_copy
from host_media import LONG_S, left_in, swap_job
from personae.adapters.media_host.host import ChildMediaHost
from personae.errors import (
    FaceNotFound,
    InvalidRequest,
    MediaError,
    MediaTooLarge,
    MediaUnreadable,
    MediaUnsupported,
)


def png_bomb(path: Path, side: int) -> Path:
    """A PNG that announces `side` x `side` pixels in a few hundred bytes."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        body = kind + data
        return len(data).to_bytes(4, "big") + body + zlib.crc32(body).to_bytes(4, "big")

    size = side.to_bytes(4, "big") * 2
    header = chunk(b"IHDR", size + bytes([8, 2, 0, 0, 0]))
    pixels = chunk(b"IDAT", zlib.compress(bytes(100_000), 9))
    path.write_bytes(b"\x89PNG\r\n\x1a\n" + header + pixels + chunk(b"IEND", b""))
    return path


@pytest.fixture(scope="session")
def hostile(tmp_path_factory: pytest.TempPathFactory, real_media: Any) -> dict[str, Path]:
    """Files that are not what they seem, by what is wrong."""
    folder = tmp_path_factory.mktemp("hostile")
    noise = np.random.default_rng(1).integers(0, 256, 20_000, np.uint8).tobytes()
    clip: bytes = real_media.clip.read_bytes()
    playlist = f"#EXTM3U\n#EXTINF:1,\nfile://{real_media.clip}\n#EXT-X-ENDLIST\n"
    files = {
        "noise.mp4": noise,
        "noise.jpg": b"\xff\xd8\xff\xe0" + noise,
        "no_index.mp4": clip[: len(clip) // 3],
        "riddled.mp4": clip[:4000] + noise + clip[24_000:],
        "playlist.m3u8": playlist.encode(),
        "playlist.mp4": playlist.encode(),
        "concat.txt": f"ffconcat version 1.0\nfile {real_media.clip}\n".encode(),
        "drawing.svg": b"<svg xmlns='http://www.w3.org/2000/svg'><image href='/etc/passwd'/></svg>",
        "archive.png": b"PK\x03\x04" + noise,
    }
    for name, data in files.items():
        (folder / name).write_bytes(data)
    paths = {name: folder / name for name in files}
    paths["bomb.png"] = png_bomb(folder / "bomb.png", 60_000)
    paths["large_bomb.png"] = png_bomb(folder / "large_bomb.png", 7_900)
    paths["cut.png"] = truncated_copy(folder / "cut.png", real_media.scene)
    paths["pipe"] = folder / "pipe"
    if hasattr(os, "mkfifo"):
        os.mkfifo(paths["pipe"])
    paths["folder"] = folder
    return paths


HARMFUL = {
    "noise.mp4": MediaError,
    "noise.jpg": MediaUnreadable,
    "no_index.mp4": MediaUnreadable,
    "playlist.m3u8": MediaUnsupported,
    "playlist.mp4": MediaUnsupported,
    "concat.txt": MediaUnsupported,
    "drawing.svg": MediaUnsupported,
    "archive.png": MediaUnsupported,
    "bomb.png": MediaTooLarge,
    "pipe": MediaError,
    "folder": MediaError,
}


@pytest.mark.parametrize("name", sorted(HARMFUL))
def test_hostile_files_are_refused_and_the_child_stays(
    children: ChildMediaHost,
    hostile: dict[str, Path],
    real_media: Any,
    tmp_path: Path,
    name: str,
) -> None:
    path, pids = hostile[name], sorted(children.pids)
    with pytest.raises(HARMFUL[name]):
        children.run({"op": "probe", "path": str(path)}, timeout_s=LONG_S)
    for job in (
        swap_job(real_media, path, tmp_path / "out.mp4"),
        {**swap_job(real_media, real_media.scene, tmp_path / "out.png")}
        | {"mappings": [{"donors": [str(path)]}]},
        {"op": "detect", "path": str(path), "crops_dir": str(tmp_path / "crops")},
        {"op": "preview", "scene": str(path), "output": str(tmp_path / "p.jpg")}
        | {"mappings": real_media.mappings()},
    ):
        with pytest.raises((MediaError, InvalidRequest)):
            children.run(job, timeout_s=LONG_S)
    assert left_in(tmp_path) == []
    assert set(pids) <= set(children.pids)


@pytest.mark.parametrize("name", ["riddled.mp4", "large_bomb.png", "cut.png"])
def test_damaged_files_do_no_harm_whatever_becomes_of_them(
    children: ChildMediaHost, hostile: dict[str, Path], real_media: Any, tmp_path: Path, name: str
) -> None:
    output = tmp_path / f"out{hostile[name].suffix}"
    try:
        children.run(swap_job(real_media, hostile[name], output), timeout_s=LONG_S)
    except (MediaError, FaceNotFound):
        assert left_in(tmp_path) == []
    else:
        assert children.run({"op": "probe", "path": str(output)}, timeout_s=LONG_S)["frames"]


def test_a_wrong_name_does_not_matter(
    children: ChildMediaHost, real_media: Any, tmp_path: Path
) -> None:
    named = tmp_path / "holiday.mp4"
    named.write_bytes(real_media.scene.read_bytes())
    facts = children.run({"op": "probe", "path": str(named)}, timeout_s=LONG_S)
    assert facts["content_type"] == "image/png"
    job = {**swap_job(real_media, named, tmp_path / "o.png"), "options": {}}
    assert children.run(job, timeout_s=LONG_S)["kind"] == "picture"


@pytest.mark.parametrize("form", ["PNG", "JPEG", "WEBP", "GIF", "TIFF", "BMP", "AVIF"])
def test_bytes_changed_at_random_are_never_the_platforms_fault(
    children: ChildMediaHost, real_media: Any, tmp_path: Path, form: str
) -> None:
    Image.open(real_media.scene).resize((60, 70)).save(tmp_path / "whole", form)
    whole = (tmp_path / "whole").read_bytes()
    dice = np.random.default_rng(7)
    changed = tmp_path / "changed"
    for number in range(60):
        data = bytearray(whole)
        reach = [64, 400, len(data)][number % 3]
        for at in dice.integers(0, min(reach, len(data)), [1, 3, 20][number % 3]):
            data[at] = dice.integers(0, 256)
        changed.write_bytes(data)
        for job in (
            {"op": "probe", "path": str(changed)},
            {"op": "detect", "path": str(changed), "crops_dir": str(tmp_path / "crops")},
        ):
            with suppress(MediaError):
                children.run(job, timeout_s=LONG_S)
