"""Builds that wait for a person's approval before readers see them (`state/holds.jsonl`)."""

from __future__ import annotations

from typing import Literal

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field

from wangjian.paths import DataRoot
from wangjian.state import jsonl
from wangjian.state.clock import now


class Hold(BaseModel):
    """One line of the history: publication is held, or let go.

    Attributes:
        build_id: the build that was looked at; null where the backfill that holds has not come so far yet.
        reason: why it was held, or let go.
        decided_by: who let it go.
    """

    model_config = ConfigDict(frozen=True)

    event: Literal["held", "approved"] = "held"
    build_id: str | None = None
    run_id: str
    reason: str
    decided_by: str | None = None
    at: AwareDatetime = Field(default_factory=now)


def record_hold(data: DataRoot, hold: Hold) -> None:
    """Add a line."""
    jsonl.append(data.state / "holds.jsonl", [hold])


def present_hold(data: DataRoot) -> Hold | None:
    """The hold that is in force: nothing is published before it is approved."""
    lines = [Hold.model_validate(record) for record in jsonl.read(data.state / "holds.jsonl")]
    return lines[-1] if lines and lines[-1].event == "held" else None
