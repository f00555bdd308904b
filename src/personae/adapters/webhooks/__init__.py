"""How webhooks are signed: one scheme for the native API, one for each dialect that has its own."""

from personae.adapters.webhooks.standard import sign_standard

__all__ = ["sign_standard"]
