"""Record waivers (`state/waivers.jsonl`): a person decides that a failing export holds nothing back, and says why."""

from __future__ import annotations

from datetime import date
from typing import Any

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field

from wangjian.core.clock import now
from wangjian.core.paths import DataRoot
from wangjian.state import jsonl


class Waiver(BaseModel):
    """One decision about one export: a row of `audit.waiver`.

    Attributes:
        export_id: the export's id, which depends on its content: a new version needs a new decision.
        fail_codes: why the export failed at the time of the decision.
        is_withdrawn: whether this withdraws an earlier decision.
    """

    model_config = ConfigDict(frozen=True)

    export_id: str
    source: str
    provider: str
    dataset: str
    business_date: date
    fail_codes: str
    reason: str
    waived_by: str
    waived_at: AwareDatetime = Field(default_factory=now)
    is_withdrawn: bool = False


def record_waiver(data: DataRoot, waiver: Waiver) -> None:
    """Record a decision; it takes effect in the next build."""
    jsonl.append(data.state / "waivers.jsonl", [waiver])


def waivers(data: DataRoot) -> list[Waiver]:
    """Return the decisions in force: for each export the last one, unless it was withdrawn."""
    records: list[dict[str, Any]] = list(jsonl.read(data.state / "waivers.jsonl"))
    last = {waiver.export_id: waiver for waiver in map(Waiver.model_validate, records)}
    # sorted, because the fingerprint of a build's inputs depends on the order
    return [waiver for _, waiver in sorted(last.items()) if not waiver.is_withdrawn]
