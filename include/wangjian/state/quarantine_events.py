"""Record when bad rows entered and left quarantine, and why (`state/quarantine.jsonl`)."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date
from typing import Literal

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field

from wangjian.core.clock import now
from wangjian.core.paths import DataRoot
from wangjian.state import jsonl

Cause = Literal["broke_contract", "taken_up", "superseded", "withdrawn"]


class QuarantineEvent(BaseModel):
    """One row entered quarantine or left it.

    Attributes:
        publication_id: the first publication that shows the row in this state.
        cause: why it entered: `broke_contract`; why it left: `taken_up` (a contract, alias or code table was fixed, and the row was
            loaded), `superseded` (the source sent a higher version) or `withdrawn` (its export is no longer landed).
        reason_codes: why the row is bad, or was bad before it left.
    """

    model_config = ConfigDict(frozen=True)

    quarantine_key: str
    event: Literal["entered", "left"]
    cause: Cause
    publication_id: str
    noted_at: AwareDatetime = Field(default_factory=now)
    source: str
    provider: str
    dataset: str
    business_date: date
    export_id: str
    part: str
    reason_codes: str


def quarantine_events(data: DataRoot) -> list[QuarantineEvent]:
    """Return all events in the order in which they were recorded."""
    return [QuarantineEvent.model_validate(record) for record in jsonl.read(data.state / "quarantine.jsonl")]


def append_quarantine_events(data: DataRoot, new_events: Iterable[QuarantineEvent]) -> None:
    """Append events to the history."""
    jsonl.append(data.state / "quarantine.jsonl", new_events)
