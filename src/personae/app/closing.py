"""How a task ends: its row, its credits, its outputs and its events, all in one transaction."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from personae.app import audit, hooks
from personae.app.ports import Transaction
from personae.domain.credits import close_key, counted, hold_key
from personae.domain.media import Asset
from personae.domain.tasks import Task, TaskError
from personae.errors import Canceled, InsufficientCredits, PersonaeError, PolicyRefused, TaskFailed


def succeed(
    tx: Transaction,
    task_id: str,
    *,
    result: dict[str, Any],
    assets: Sequence[Asset],
    charge: int,
    expires_at: float | None,
    now: float,
) -> bool:
    """Finish a task, keep its outputs, charge for it and announce it.

    False, and nothing is written, if somebody (a cancel, another worker) was faster; the caller
    then deletes the blobs.

    Parameters
    ----------
    charge : int, credits
        Taken from what is held; the rest of that goes back.
    """
    if not tx.tasks.finish(
        task_id,
        "succeeded",
        result=result,
        credits_charged=charge,
        expires_at=expires_at,
        at=now,
    ):
        return False
    for asset in assets:
        tx.assets.insert(asset)
    # Read after the row is ours: nobody can enlarge the hold from here on.
    task = _task(tx, task_id)
    _settle(tx, task, charge, now)
    hooks.announce(tx, task, now)
    gate: Mapping[str, Any] = result.get("gate") or {}
    if gate.get("off") == "asked":
        audit.policy_bypassed(tx, task.tenant_id, task_id, ["nsfw"], now)
    audit.task_ended(tx, task, now)
    return True


def fail(tx: Transaction, task_id: str, error: TaskError, now: float) -> bool:
    """Finish a task without success, give all its credits back and announce it.

    False, and nothing is written, if it is final already.
    """
    if not tx.tasks.finish(task_id, "failed", error=error, at=now):
        return False
    task = _task(tx, task_id)
    _release(tx, task, task.credits_held, close_key(task_id), now)
    hooks.announce(tx, task, now)
    audit.task_ended(tx, task, now)
    return True


def enlarge_hold(tx: Transaction, task_id: str, price: int, now: float) -> None:
    """Hold as much as the measured scene costs, if that is more than was held so far.

    Raises
    ------
    Canceled
        If the task is final.
    InsufficientCredits
    """
    task = _task(tx, task_id)
    # An update that takes the row, so that a cancel at this moment comes before or after, not
    # between the look and the transfer.
    if not tx.tasks.set_progress(task_id, replace(task.progress, phase="fetching")):
        raise Canceled
    task = _task(tx, task_id)
    missing = price - task.credits_held
    if missing <= 0:
        return
    step = 1
    try:
        while not tx.credits.transfer(
            task.tenant_id, "hold", missing, hold_key(task_id, step), task_id=task_id, at=now
        ):
            step += 1
    except InsufficientCredits:
        left = tx.credits.balance(task.tenant_id).available
        raise InsufficientCredits(
            f"This takes {counted(price)}, as was measured: {task.credits_held} held for it and "
            f"{left} available leave {missing - left} missing."
        ) from None
    tx.tasks.set_held(task_id, price)


def task_error(error: PersonaeError) -> TaskError:
    """An error as the task's row keeps it."""
    told = TaskError(error.code, error.message, error.retryable, error.fault, error.role)
    if isinstance(error, PolicyRefused):
        return replace(told, reason=error.reason, facts=error.facts)
    return told


def _task(tx: Transaction, task_id: str) -> Task:
    task = tx.tasks.get(None, task_id)
    if task is None:
        raise TaskFailed(f"The task {task_id} has no row.")
    return task


def _settle(tx: Transaction, task: Task, charge: int, now: float) -> None:
    held = task.credits_held
    if held == 0:
        return
    key = close_key(task.id)
    if charge == 0:
        _release(tx, task, held, key, now)
        return
    tx.credits.transfer(task.tenant_id, "settle", charge, key, task_id=task.id, at=now)
    _release(tx, task, held - charge, f"{key}:rest", now)


def _release(tx: Transaction, task: Task, amount: int, key: str, now: float) -> None:
    if amount > 0:
        tx.credits.transfer(task.tenant_id, "release", amount, key, task_id=task.id, at=now)
