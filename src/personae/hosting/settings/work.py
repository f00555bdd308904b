"""How much is done at once, and how long it may take."""

from __future__ import annotations

from pydantic import BaseModel, Field

from personae.hosting.settings.kinds import GIB, MIB


class WorkSettings(BaseModel):
    """Workers, their children, and their patience."""

    worker_slots: int = Field(
        1, ge=1, le=64, description="Jobs that a worker runs at once, each in a child process."
    )
    media_threads: int = Field(
        0, ge=0, le=256, description="Threads of one job; 0 takes one per core."
    )
    media_memory_bytes: int = Field(
        6 * GIB, ge=512 * MIB, description="What one child process may hold."
    )
    probe_slots: int = Field(
        2, ge=1, le=32, description="Children in which the API looks at uploads."
    )
    chunk_s: float = Field(
        10.0,
        ge=1.0,
        le=3600.0,
        description="Seconds that pieces of long videos are aimed at; outputs depend on it.",
    )
    task_timeout_s: float = Field(6 * 3600.0, ge=1.0, description="Longest job, in seconds.")
    stall_s: float = Field(
        60.0,
        ge=1.0,
        description="Longest silence of a job, in seconds; ten times that with models.",
    )
    grace_s: float = Field(
        20.0,
        ge=0.0,
        description="Seconds that work may take to finish when a worker is told to stop.",
    )
