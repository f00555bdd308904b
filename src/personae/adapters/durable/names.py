"""What API and workers must agree on: the names of queues and workflows, and who goes first."""

from __future__ import annotations

from personae.domain.tasks import Priority, Task

APPLICATION = "personae"
VERSION = "1"
"""Of the workflows' shape, not of the package: a worker takes only work of its own version.

Raise it when the order of a workflow's steps changes; workers of the old version then finish what
they have begun.
"""

DEAD_AFTER_S = 15.0
"""Seconds after which a worker that does not beat is thought dead."""

EXPRESS = "express"
IMAGES = "images"
VIDEOS = "videos"
CHUNKS = "chunks"
WEBHOOKS = "webhooks"
QUEUES = (EXPRESS, IMAGES, VIDEOS, CHUNKS, WEBHOOKS)

RUN_TASK = "personae.task"
RUN_VIDEO = "personae.video"
RUN_PIECE = "personae.piece"
RUN_DELIVERY = "personae.delivery"

PRIORITIES: dict[Priority, int] = {"high": 1, "normal": 10, "low": 100}
RENDERING = 1
"""Added to a piece's priority when nothing waits for it but the join."""


def place_of(task: Task) -> tuple[str, str]:
    """The queue and the workflow of a task.

    Pictures of high priority, previews among them, have a queue of their own: they need not wait
    for a place that a long backlog holds. Looking for people in a video is as heavy as a chunk.
    """
    if task.kind == "swap_video":
        return VIDEOS, RUN_VIDEO
    if task.kind == "detect_video":
        return CHUNKS, RUN_TASK
    return (EXPRESS if task.priority == "high" else IMAGES), RUN_TASK


def piece_id(task_id: str, name: str) -> str:
    """The workflow of one piece of a video task: ``{task}-a3``."""
    return f"{task_id}-{name}"


def delivery_id(delivery: str, attempt: int) -> str:
    """The workflow of one attempt of a delivery: ``{delivery}-1``."""
    return f"{delivery}-{attempt}"
