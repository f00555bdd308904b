"""What a client asked for, and how far it is.

    queued ──► running ──► succeeded
       │          ├──────► failed
       └──────────┴──────► canceled

The three on the right are final. A task moves by one conditional UPDATE, in the same transaction as
the credits it settles or releases, so that only one of them can win.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from typing import Any, Literal

TaskKind = Literal["swap_image", "swap_video", "preview", "detect_image", "detect_video"]
TaskStatus = Literal["queued", "running", "succeeded", "failed", "canceled"]
FINAL: frozenset[str] = frozenset({"succeeded", "failed", "canceled"})
Priority = Literal["high", "normal", "low"]


@dataclass(frozen=True, slots=True)
class TaskProgress:
    """How far a task is.

    ``phase``: queued, fetching, analysing, swapping, joining or done.
    """

    phase: str = "queued"
    percent: float = 0.0
    frames_done: int | None = None
    frames_total: int | None = None
    fps: float | None = None
    remaining_s: float | None = None


@dataclass(frozen=True, slots=True)
class TaskError:
    """Why a task failed: a code of `personae.errors`, a sentence for the client, whose fault.

    ``reason``, ``facts``: of a policy's refusal, see `PolicyRefused`; the facts are the operator's.
    """

    code: str
    message: str
    retryable: bool = False
    fault: str = "platform"
    role: str | None = None
    reason: str | None = None
    facts: dict[str, float | str] | None = None

    def public(self) -> dict[str, Any]:
        """What clients may see."""
        shown = asdict(self)
        del shown["facts"]
        return shown


@dataclass(frozen=True, slots=True)
class Task:
    """One task.

    Attributes
    ----------
    id : str, ``task_…``; the workflow has the same name
    request : dict
        `SwapRequest.to_json`, or ``{"media": …, "scene": …}`` of a detection; of some dialects with
        ``echo``, what the client said in their words.
    credits_held, credits_charged : int
    result : dict or None
        Of a swap: ``assets`` (output ids), ``faces_swapped``, ``frames``, ``frames_lost``,
        ``warnings``, ``duration_s``, ``engine``, ``restorer``; with stills ``cover`` and
        ``thumbnail`` (ids of assets); ``manifest`` (embedded, sidecar, off), ``signed_by``,
        ``manifest_asset`` (id of a sidecar) and ``content_sha256`` (of the output before it was
        sealed, which adds the time and random numbers). Of a detection: ``faces``. Of both
        ``gate``, for operators: what the content gate saw by role, or ``{"off": …}`` and by whose
        wish.
    callback : dict or None
        Where a dialect's client wants to be told, in that dialect's own terms.
    dialect, dialect_id : str
        Through which API it came, and its name there.
    mark : int or None
        What its outputs carry invisibly; see `personae.domain.marks`. None for detections.
    consent : dict or None
        Who said that the people shown agree, how and when; see `personae.domain.consent`.
    scene_name : str or None
        What the client called the scene's file, to find the task again by.
    times : float, seconds since 1970, UTC
    """

    id: str
    tenant_id: str
    kind: TaskKind
    status: TaskStatus
    request: dict[str, Any]
    priority: Priority
    credits_held: int
    credits_charged: int
    progress: TaskProgress
    result: dict[str, Any] | None
    error: TaskError | None
    dialect: str
    dialect_id: str | None
    callback: dict[str, Any] | None
    label: str | None
    request_id: str | None
    attempt: int
    created_at: float
    started_at: float | None = None
    finished_at: float | None = None
    expires_at: float | None = None
    deleted_at: float | None = None
    notes: tuple[str, ...] = field(default=())
    mark: int | None = None
    consent: dict[str, Any] | None = None
    scene_name: str | None = None

    @property
    def final(self) -> bool:
        """Whether nothing more will happen to it."""
        return self.status in FINAL
