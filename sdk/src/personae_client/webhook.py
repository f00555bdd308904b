"""Whether an event is really the service's: Standard Webhooks, https://www.standardwebhooks.com"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, cast

from standardwebhooks import Webhook, WebhookVerificationError

from personae_client.errors import ConfigurationError, WebhookRefused


@dataclass(frozen=True)
class WebhookEvent:
    """What happened.

    Attributes
    ----------
    id : str
        The same in every attempt and redelivery: what has been handled already need not be again.
    type : str
        For example ``task.succeeded``; ignore those that you do not know.
    data : mapping
        Of a task's event: ``id``, ``kind``, ``status``, ``result``, ``error`` and so on.
    """

    id: str
    type: str
    at: datetime
    data: Mapping[str, Any]


def verify_webhook(
    headers: Mapping[str, str], body: bytes | str, secret: str | Sequence[str]
) -> WebhookEvent:
    """The event that a request brings, if it is signed, unaltered and not older than 5 minutes.

    Parameters
    ----------
    headers : mapping
        All headers of the request, in any case.
    body : bytes
        Exactly as it came: JSON that was read and written again is no longer what was signed.
    secret : str or sequence of str
        ``whsec_…``, as the endpoint was made with. Give the old and the new one while you change
        it; any of them will do.

    Raises
    ------
    WebhookRefused
        Answer with 400, and do nothing of what it says.
    ConfigurationError
        If a secret is none.
    """
    secrets = [secret] if isinstance(secret, str) else list(secret)
    if not secrets:
        raise ConfigurationError("Give the endpoint's secret; it begins with whsec_.")
    signed = {str(name).lower(): value for name, value in headers.items()}
    for one in secrets:
        try:
            checker = Webhook(one)
        except Exception as error:
            raise ConfigurationError(
                "That is no secret of an endpoint; it begins with whsec_."
            ) from error
        try:
            checker.verify(body, signed, json_parse=False)
        except (WebhookVerificationError, ValueError):  # ValueError: a header out of shape.
            continue
        return _event(signed, body)
    raise WebhookRefused(
        "The signature, the time or the body is not right; answer with 400. If all of them are "
        "refused, check the secret, and that the body is passed on byte by byte."
    )


def _event(headers: Mapping[str, str], body: bytes | str) -> WebhookEvent:
    told = cast("dict[str, Any]", json.loads(body))
    at = datetime.fromtimestamp(int(headers["webhook-timestamp"]), UTC)
    if "timestamp" in told:
        at = datetime.fromisoformat(str(told["timestamp"]))
    return WebhookEvent(
        headers["webhook-id"], str(told.get("type", "")), at, dict(told.get("data") or {})
    )
