"""Record holds (`state/holds.jsonl`): while one is in force, nothing is published before a person approves it."""

from __future__ import annotations

from typing import Literal

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field

from wangjian.core.clock import now
from wangjian.core.paths import DataRoot
from wangjian.state import jsonl


class Hold(BaseModel):
    """One line of the history: publication is held, or approved.

    Attributes:
        reason: why publication is held.
        decided_by: the person who approved; null for a hold.
    """

    model_config = ConfigDict(frozen=True)

    event: Literal["held", "approved"] = "held"
    reason: str
    decided_by: str | None = None
    at: AwareDatetime = Field(default_factory=now)


def record_hold(data: DataRoot, hold: Hold) -> None:
    """Append a line to the history."""
    jsonl.append(data.state / "holds.jsonl", [hold])


def approve(data: DataRoot, hold: Hold, person: str) -> None:
    """Record that a person approved what was held."""
    record_hold(data, Hold(event="approved", reason=hold.reason, decided_by=person))


def present_hold(data: DataRoot) -> Hold | None:
    """Return the hold in force; null where nothing is held."""
    # only the last line counts: an approval ends every hold before it
    lines = [Hold.model_validate(record) for record in jsonl.read(data.state / "holds.jsonl")]
    return lines[-1] if lines and lines[-1].event == "held" else None
