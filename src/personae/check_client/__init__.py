"""Whole sessions of the vendors' clients, played against a server to see whether it speaks them.

Each vendor's module plays what a client written for that vendor does, with nothing but its
addresses, credentials and media; it knows nothing of this service.
"""

from __future__ import annotations

NAMES = ("a2e", "crun", "aifaceswap", "vidnoz")
