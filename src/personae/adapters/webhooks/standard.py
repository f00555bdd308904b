"""Standard Webhooks signatures: https://www.standardwebhooks.com"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime

from standardwebhooks import Webhook

from personae.domain.hooks import Delivery


def sign_standard(
    delivery: Delivery, secrets: Sequence[str], body: bytes, now: float
) -> Mapping[str, str]:
    """The three headers by which a receiver knows who sent the body, when, and which event it is.

    ``webhook-id`` is the event's name: the same in every attempt, so that repeats can be told.
    ``webhook-timestamp`` is the attempt's time, which receivers allow to be a few minutes old.

    Parameters
    ----------
    secrets : sequence of str
        Each ``whsec_`` and base64. There is one signature for each; a receiver takes the event if
        any of them is right.
    body : bytes, UTF-8
        Exactly what will be sent.
    now : float, seconds since 1970, UTC
    """
    at = datetime.fromtimestamp(now, UTC)
    text = body.decode("utf-8")
    signatures = [Webhook(secret).sign(delivery.event_id, at, text) for secret in secrets]
    return {
        "webhook-id": delivery.event_id,
        "webhook-timestamp": str(int(at.timestamp())),
        "webhook-signature": " ".join(signatures),
    }
