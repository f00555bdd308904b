"""Swap a face over HTTP with the SDK: upload, watch, save.

    pip install ./sdk
    export PERSONAE_URL=http://127.0.0.1:8000 PERSONAE_API_KEY=pk_…
    python examples/sdk_swap.py scene.mp4 donor.jpg out.mp4

Several photos of the donor make a steadier likeness: scene.mp4 ann1.jpg ann2.jpg out.mp4
"""

from __future__ import annotations

import sys

from personae_client import Client, ClientError, UploadProgress
from personae_client.errors import ServiceProblem
from personae_client.models import Swap


def main(scene: str, *rest: str) -> int:
    """Swap, and say what happens."""
    *photos, output = rest
    try:
        with Client() as client:
            stored = client.upload(scene, on_upload=sent)
            price = client.estimate(stored, photos)
            print(f"{price.credits} of {price.available} credits")
            task = client.swap(stored, photos, label="sdk_swap.py", on_progress=how_far)
            print(f"saved as {task.save(output)}")
            for warning in task.state.result.warnings if task.state.result else ():
                print(f"note: {warning}")
    except ServiceProblem as problem:
        print(f"{problem} {problem.hint}", file=sys.stderr)
        return 1
    except ClientError as error:
        print(error, file=sys.stderr)
        return 1
    return 0


def sent(progress: UploadProgress) -> None:
    """One line for each piece that has gone out."""
    print(f"{progress.filename}: {progress.sent_bytes} of {progress.total_bytes} bytes")


def how_far(task: Swap) -> None:
    """One line whenever something has changed."""
    left = task.progress.remaining_s
    more = "" if left is None else f", {left:.0f} s left"
    print(f"{task.status}: {task.progress.phase}, {task.progress.percent:.0f} %{more}")


if __name__ == "__main__":
    if len(sys.argv) < 4:
        sys.exit("Usage: sdk_swap.py SCENE PHOTO [PHOTO …] OUTPUT")
    sys.exit(main(*sys.argv[1:]))
