"""Record erasures (`state/erasures.jsonl`): who asked to erase what from landing and why, who approved it, when it was done."""

from __future__ import annotations

import hashlib
from datetime import date
from typing import Literal

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field

from wangjian.core.clock import now
from wangjian.core.paths import DataRoot
from wangjian.state import jsonl


class Erasure(BaseModel):
    """One step of one erasure; a later step of the same erasure replaces it.

    Attributes:
        step: `REQUESTED`; `APPROVED`: may be carried out; `DONE`; `WITHDRAWN`: taken back before it was approved.
        row_key: the values of the dataset's key as the source sends them, separated by `|`; null for an erasure by date or of a file.
        business_date: the delivery's date, where keys are unique only within one delivery.
        before: erase all rows of exports with an earlier business date.
        file_sha256: erase a whole file that holds no rows: evidence, or a rejected file.
        column_names: the erased columns, by their names in the warehouse; empty for a whole file.
        person: the person who took this step.
    """

    model_config = ConfigDict(frozen=True)

    step: Literal["REQUESTED", "APPROVED", "DONE", "WITHDRAWN"] = "REQUESTED"
    source: str
    provider: str = ""
    dataset: str
    row_key: str | None = None
    business_date: date | None = None
    before: date | None = None
    file_sha256: str | None = None
    column_names: tuple[str, ...] = ()
    reason: str
    person: str
    requested_at: AwareDatetime = Field(default_factory=now)
    at: AwareDatetime = Field(default_factory=now)

    @property
    def erasure_id(self) -> str:
        """Return the id of the request, which is the same in all its steps."""
        # with the time of the request: the same data can be the subject of a second request
        about = (
            self.source, self.provider, self.dataset, self.row_key, self.business_date, self.before, self.file_sha256,
            self.requested_at,
        )  # fmt: skip
        return hashlib.sha256("\n".join(map(str, about)).encode()).hexdigest()[:12]


def record_erasure(data: DataRoot, erasure: Erasure) -> None:
    """Record a step of an erasure."""
    jsonl.append(data.state / "erasures.jsonl", [erasure])


def erasures(data: DataRoot) -> list[Erasure]:
    """Return the last step of each erasure, the oldest erasure first."""
    last: dict[str, Erasure] = {}
    for record in jsonl.read(data.state / "erasures.jsonl"):
        erasure = Erasure.model_validate(record)
        last[erasure.erasure_id] = erasure
    return list(last.values())
