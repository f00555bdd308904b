"""Upload, swap, save, against a live service."""

from __future__ import annotations

from pathlib import Path

from PIL import Image

from personae_client import Client, UploadProgress
from personae_client.models import Swap


def test_a_swap_is_one_line(client: Client, media: dict[str, Path], tmp_path: Path) -> None:
    sent: list[UploadProgress] = []
    seen: list[Swap] = []
    task = client.swap(
        media["scene.png"], media["donor.jpg"], on_upload=sent.append, on_progress=seen.append
    )
    saved = task.save(tmp_path / "out.png")
    assert Image.open(saved).size == Image.open(media["scene.png"]).size
    assert {one.filename for one in sent} == {"scene.png", "donor.jpg"}
    assert sent[-1].sent_bytes == sent[-1].total_bytes == media["donor.jpg"].stat().st_size
    assert seen[-1].status == task.status == "succeeded"
    assert client.inspect(saved).verdict == "exact"
    assert [one.name for one in tmp_path.iterdir()] == ["out.png"]
