"""Erasures (`state/erasures.jsonl`): who asked to erase what from landing and why, who approved it, and when it was done."""

from __future__ import annotations

import hashlib
from datetime import date
from typing import Literal

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field

from wangjian.core.clock import now
from wangjian.core.paths import DataRoot
from wangjian.state import jsonl


class Erasure(BaseModel):
    """One step of one erasure; a later step of the same takes its place.

    Attributes:
        step: `REQUESTED`; `APPROVED`, from where on it is carried out; `DONE`; `WITHDRAWN` before anybody approved it.
        row_key: the values of the dataset's key as the source sends them, with `|` between; null where it is about time or a file.
        business_date: of the delivery, where numbers are unique within a delivery only.
        before: all rows of exports of earlier business dates.
        file_sha256: a whole file that holds no rows: evidence, or a file that was rejected.
        column_names: the warehouse's names of the columns that are erased; empty for a whole file.
        person: who took this step.
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
        """Names the request, the same through all its steps."""
        about = (
            self.source, self.provider, self.dataset, self.row_key, self.business_date, self.before, self.file_sha256,
            self.requested_at,
        )  # fmt: skip
        return hashlib.sha256("\n".join(map(str, about)).encode()).hexdigest()[:12]


def record_erasure(data: DataRoot, erasure: Erasure) -> None:
    """Write a step down."""
    jsonl.append(data.state / "erasures.jsonl", [erasure])


def erasures(data: DataRoot) -> list[Erasure]:
    """Where each erasure stands, the oldest first."""
    found: dict[str, Erasure] = {}
    for record in jsonl.read(data.state / "erasures.jsonl"):
        erasure = Erasure.model_validate(record)
        found[erasure.erasure_id] = erasure
    return list(found.values())
