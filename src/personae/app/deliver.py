"""Sending webhooks: one attempt at a time, the next one waiting in the queue, not in a worker."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any, Protocol

import structlog

from personae.app import audit
from personae.app.ports import Clock, Database, Fetcher, Transaction
from personae.domain.audit import WORKER
from personae.domain.hooks import RETRY_DELAYS_S, Attempt, Delivery
from personae.domain.media import Asset
from personae.domain.tasks import Task
from personae.errors import PersonaeError

_log = structlog.get_logger("personae.hooks")

TIMEOUT_S = 15.0
GONE = 410
"""A receiver that answers so wants no more: its endpoint is switched off."""


class Signer(Protocol):
    """How a scheme signs: the headers that go with a body."""

    def __call__(
        self, delivery: Delivery, secrets: Sequence[str], body: bytes, now: float
    ) -> Mapping[str, str]:
        """Headers that prove the sender by each of `secrets`: the newest comes first."""
        ...


CallbackBody = Callable[[Task, Mapping[str, Asset]], dict[str, Any]]
"""How a dialect tells a client of a final task and the files that it made."""
Due = tuple[Delivery, Sequence[str]]
"""What is to be sent, and the secrets to sign it with."""


class Deliverer:
    """Makes single attempts of deliveries.

    Parameters
    ----------
    signers : mapping
        By scheme: ``standard``, and each dialect's own. A delivery of an unknown scheme goes out
        unsigned.
    bodies : mapping
        By scheme, for deliveries to an address that came with a task. The body is made anew for
        every attempt, so that its links are fresh.
    """

    def __init__(
        self,
        database: Database,
        fetcher: Fetcher,
        signers: Mapping[str, Signer],
        clock: Clock,
        timeout_s: float = TIMEOUT_S,
        bodies: Mapping[str, CallbackBody] | None = None,
    ) -> None:
        self._database = database
        self._fetcher = fetcher
        self._signers = signers
        self._clock = clock
        self._timeout_s = timeout_s
        self._bodies = bodies or {}

    def deliver_once(self, delivery_id: str) -> None:
        """POST a delivery that is due; whatever comes of it is written down.

        A worker that dies between the POST and the note sends it again: receivers tell repeats by
        the event's id.
        """
        due = self._database.write(self._due(delivery_id))
        if due is None:
            return
        (delivery, secrets), at = due, self._clock()
        status, error, took_s = self._post(delivery, secrets, at)
        attempt = Attempt(delivery.id, delivery.attempts + 1, at, status, error, took_s)
        self._database.write(lambda tx: _note(tx, attempt, self._clock()))
        _log.info(
            "webhook sent",
            action="hook.attempt",
            delivery_id=delivery.id,
            task_id=delivery.task_id,
            attempt=attempt.number,
            status=status,
            error=error,
        )

    def _due(self, delivery_id: str) -> Callable[[Transaction], Due | None]:
        """What is to be sent; a delivery whose endpoint is gone or off is dropped.

        The secrets are the endpoint's as they are now: one that was replaced after the event was
        made, perhaps because somebody had learned it, must not vouch for retries.
        """

        def look(tx: Transaction) -> Due | None:
            delivery = tx.hooks.delivery(None, delivery_id)
            if delivery is None or delivery.status != "pending":
                return None
            secrets: Sequence[str] = (delivery.secret,)
            if delivery.endpoint_id is not None:
                endpoint = tx.hooks.endpoint(delivery.tenant_id, delivery.endpoint_id)
                if endpoint is None or not endpoint.enabled:
                    _drop(tx, delivery, "The endpoint has been switched off.", self._clock())
                    return None
                secrets = endpoint.secrets(self._clock())
            elif delivery.scheme in self._bodies and delivery.task_id is not None:
                task = tx.tasks.get(None, delivery.task_id)
                if task is None:
                    _drop(tx, delivery, "The task has been deleted.", self._clock())
                    return None
                files = {one.id: one for one in tx.assets.of_task(task.id)}
                delivery = replace(delivery, body=self._bodies[delivery.scheme](task, files))
            return delivery, secrets

        return look

    def _post(
        self, delivery: Delivery, secrets: Sequence[str], at: float
    ) -> tuple[int | None, str | None, float]:
        """Status, error in one sentence, seconds."""
        body = json.dumps(delivery.body, separators=(",", ":"), ensure_ascii=False).encode()
        headers = {"Content-Type": "application/json", "User-Agent": "Personae-Webhooks/1"}
        try:
            signer = self._signers.get(delivery.scheme)
            if signer is not None:
                headers |= signer(delivery, secrets, body, at)
            headers |= delivery.headers
            answer = asyncio.run(
                self._fetcher.post(delivery.url, body, headers, timeout_s=self._timeout_s)
            )
        except PersonaeError as error:
            return None, error.message, self._clock() - at
        except Exception:
            # A bug must not stop the attempts; the receiver's owner learns that it was not theirs.
            _log.exception("a webhook could not be sent", action="hook.error", id=delivery.id)
            return None, "The service failed to send it.", self._clock() - at
        if 200 <= answer.status < 300:
            return answer.status, None, answer.took_s
        return answer.status, f"The receiver answered {answer.status}.", answer.took_s


def _drop(tx: Transaction, delivery: Delivery, why: str, now: float) -> None:
    """Give a delivery up, and say why in its log."""
    dropped = Attempt(delivery.id, delivery.attempts + 1, now, None, why, 0.0)
    tx.hooks.note_attempt(
        dropped,
        replace(
            delivery,
            status="canceled",
            attempts=dropped.number,
            last_error=why,
            next_attempt_at=None,
        ),
    )


def _note(tx: Transaction, attempt: Attempt, now: float) -> None:
    """Write an attempt down and enqueue the next one, if there is to be one."""
    delivery = tx.hooks.delivery(None, attempt.delivery_id)
    # Another worker made the same attempt: this one was asleep, or taken for dead.
    if delivery is None or delivery.status != "pending" or delivery.attempts >= attempt.number:
        return
    noted = replace(
        delivery,
        attempts=attempt.number,
        last_status=attempt.status,
        last_error=attempt.error,
        next_attempt_at=None,
    )
    if attempt.error is None:
        tx.hooks.note_attempt(attempt, replace(noted, status="delivered", delivered_at=now))
        if delivery.endpoint_id is None:
            _tell_links(tx, delivery, now)
        return
    if attempt.status == GONE or attempt.number > len(RETRY_DELAYS_S):
        tx.hooks.note_attempt(attempt, replace(noted, status="failed"))
        if attempt.status == GONE:
            _switch_off(tx, delivery, now)
        return
    delay_s = float(RETRY_DELAYS_S[attempt.number - 1])
    later = replace(noted, next_attempt_at=now + delay_s)
    tx.hooks.note_attempt(attempt, later)
    tx.queue.put_delivery(later, delay_s)


def _tell_links(tx: Transaction, delivery: Delivery, now: float) -> None:
    """A dialect's callback has arrived, with links to what its task made."""
    for asset in () if delivery.task_id is None else tx.assets.of_task(delivery.task_id):
        if asset.state == "ready":
            audit.asset_linked(tx, delivery.tenant_id, asset.id, now, actor=WORKER)


def _switch_off(tx: Transaction, delivery: Delivery, now: float) -> None:
    if delivery.endpoint_id is None:
        return
    endpoint = tx.hooks.endpoint(delivery.tenant_id, delivery.endpoint_id)
    if endpoint is not None:
        tx.hooks.update_endpoint(replace(endpoint, enabled=False))
        audit.endpoint_updated(tx, delivery.tenant_id, endpoint.id, ["enabled"], now)
