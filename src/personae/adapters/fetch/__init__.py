"""The one way out: a client that visits public addresses only."""

from personae.adapters.fetch.fake import FakeFetcher
from personae.adapters.fetch.guarded import GuardedFetcher

__all__ = ["FakeFetcher", "GuardedFetcher"]
