"""The wall clock and run ids: the only place where `state/` learns what time it is."""

from __future__ import annotations

import secrets
from datetime import UTC, datetime


def now() -> datetime:
    """Return the current time in UTC. It is for records only: a result must not depend on the time of a run."""
    return datetime.now(UTC)


def new_run_id() -> str:
    """Return a unique run id that sorts by start time: `20240102T030405.678901Z-1a2b3c4d`."""
    return f"{now():%Y%m%dT%H%M%S.%f}Z-{secrets.token_hex(4)}"
