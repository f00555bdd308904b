"""A client of Personae: swap faces in pictures and videos on your own service.

from personae_client import Client

with Client() as client:
    client.swap("scene.mp4", "donor.jpg").save("out.mp4")
"""

from personae_client import errors, models
from personae_client._version import __version__
from personae_client.client import AsyncClient, Client
from personae_client.core.config import Retries
from personae_client.core.sources import UploadProgress
from personae_client.errors import ClientError, ServiceProblem
from personae_client.inputs import (
    Consent,
    EngineOptions,
    OutputOptions,
    Stored,
    SwapMapping,
    Url,
    VisibleLabel,
)
from personae_client.task import SwapTask
from personae_client.webhook import WebhookEvent, verify_webhook

__all__ = [
    "AsyncClient",
    "Client",
    "ClientError",
    "Consent",
    "EngineOptions",
    "OutputOptions",
    "Retries",
    "ServiceProblem",
    "Stored",
    "SwapMapping",
    "SwapTask",
    "UploadProgress",
    "Url",
    "VisibleLabel",
    "WebhookEvent",
    "__version__",
    "errors",
    "models",
    "verify_webhook",
]
