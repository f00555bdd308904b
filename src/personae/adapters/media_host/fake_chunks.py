"""Swaps of a `FakeMediaHost` in chunks: together they give what the swap would give at once."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Any

from personae.adapters.media_host.fake_media import facts_of, read, write
from personae.adapters.media_host.fake_swaps import Job, Script, digest_of, output_bytes, report
from personae.errors import InvalidRequest, TaskFailed


def plan_chunks(job: Job, script: Script) -> dict[str, Any]:
    """The answer to ``plan_chunks``: chunks of equal length; pictures have one."""
    facts = facts_of(Path(job["scene"]), script)
    frames, fps = int(facts["frames"] or 0), float(facts["fps"] or 25)
    step = max(1, round(float(job.get("target_s") or 10.0) * fps))
    if facts["kind"] != "video":
        step = max(1, frames)
    chunks = [
        {
            "index": i,
            "first_frame": first,
            "frames": min(step, frames - first),
            "start_pts": first,
            "key_pts": first,
        }
        for i, first in enumerate(range(0, frames, step))
    ]
    return {"chunks": chunks, "frames_total": frames}


def analyse_chunk(job: Job, script: Script) -> dict[str, Any]:
    """The answer to ``analyse_chunk``; state and plans are written."""
    chunk = job["chunk"]
    before = b"" if job.get("state_in") is None else read(Path(job["state_in"]))
    if (chunk["index"] == 0) != (not before):
        raise InvalidRequest("Only the first chunk starts without the state of the one before.")
    state = hashlib.sha256(before + digest_of(job, script).encode()).hexdigest()
    write(job["state_out"], state.encode())
    write(job["plans_out"], json.dumps({"index": chunk["index"], "state": state}).encode())
    if job.get("output") is not None:
        _write_part(job, script)
    frames = chunk["frames"]
    decided = chunk["first_frame"] + frames
    return {"frames": frames, "faces_swapped": frames, "decided_to": decided}


def render_chunk(job: Job, script: Script) -> dict[str, Any]:
    """The answer to ``render_chunk``; the part is written."""
    chunk = job["chunk"]
    plans = [json.loads(read(Path(path))) for path in job["plans"]]
    if chunk["index"] not in [plan["index"] for plan in plans]:
        raise InvalidRequest(f"The plans of chunk {chunk['index']} are missing.")
    _write_part(job, script)
    return {"frames": chunk["frames"]}


def join(job: Job, script: Script) -> dict[str, Any]:
    """The answer to ``join``; the output is written if no part is missing."""
    scene = Path(job["scene"])
    facts = facts_of(scene, script)
    parts = [json.loads(read(Path(path))) for path in job["chunks"]]
    expected = 0
    for part in parts:
        if part["first"] != expected:
            raise TaskFailed(f"A chunk is missing before frame {part['first']}.")
        expected += part["frames"]
    write(job["output"], output_bytes(scene, parts[0]["digest"], expected))
    return report(job, script, facts["kind"], expected)


def _write_part(job: Job, script: Script) -> None:
    chunk = job["chunk"]
    part = {"first": chunk["first_frame"], "frames": chunk["frames"]}
    write(job["output"], json.dumps({**part, "digest": digest_of(job, script)}).encode())
