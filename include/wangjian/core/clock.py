"""The wall clock and run ids: the only place where `state/` learns what time it is."""

from __future__ import annotations

import secrets
from datetime import UTC, datetime


def now() -> datetime:
    """The present moment, with zone (UTC). For the record only: nothing may be decided by it."""
    return datetime.now(UTC)


def new_run_id() -> str:
    """A run id that no other run has and that sorts by start: `20240102T030405.678901Z-1a2b3c4d`."""
    return f"{now():%Y%m%dT%H%M%S.%f}Z-{secrets.token_hex(4)}"
