"""Stored files."""

from __future__ import annotations

from personae.wire.native.routing import group

router = group("/assets", "assets")
