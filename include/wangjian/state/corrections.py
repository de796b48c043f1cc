"""Corrections (`state/corrections.jsonl`): a person says that a source's value is wrong, what is right, and why."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from datetime import date

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field

from wangjian.core.clock import now
from wangjian.core.files import held_alone
from wangjian.core.paths import DataRoot
from wangjian.state import jsonl


class Correction(BaseModel):
    """One decision about one value of one row: a row of `audit.correction`, without the values.

    Attributes:
        business_date: of the delivery, where numbers are unique within a delivery only; null where the key names the row for good.
        row_key: the values of the dataset's key as the source sends them, with `|` between.
        wrong_value: what the source sent. Rows that say something else are left alone: the source has corrected itself.
        right_value: what stands in its place, as text, before it is checked and typed; null for nothing.
        is_withdrawn: takes an earlier decision back.
    """

    model_config = ConfigDict(frozen=True)

    source: str
    provider: str = ""
    dataset: str
    business_date: date | None = None
    row_key: str
    column_name: str
    wrong_value: str | None
    right_value: str | None
    reason: str
    corrected_by: str
    corrected_at: AwareDatetime = Field(default_factory=now)
    is_withdrawn: bool = False

    @property
    def correction_id(self) -> str:
        """Names the value that it is about; a later decision about the same value takes its place."""
        place = (self.source, self.provider, self.dataset, self.business_date, self.row_key, self.column_name)
        return hashlib.sha256("\n".join(map(str, place)).encode()).hexdigest()[:12]


def record_correction(data: DataRoot, correction: Correction) -> None:
    """Write a decision down; the next build acts on it."""
    jsonl.append(data.state / "corrections.jsonl", [correction])


def corrections(data: DataRoot) -> list[Correction]:
    """The decisions that hold, one a value: the last one, unless it was withdrawn."""
    records = jsonl.read(data.state / "corrections.jsonl")
    last = {correction.correction_id: correction for correction in map(Correction.model_validate, records)}
    return [correction for _, correction in sorted(last.items()) if not correction.is_withdrawn]


def rewrite_corrections(data: DataRoot, is_meant: Callable[[Correction], bool], mark: Callable[[str], str]) -> None:
    """Put something else in the place of the values of some corrections, since a person's data are erased.

    Args:
        data: the data root.
        is_meant: which corrections.
        mark: gives what stands there instead of a value.
    """
    path = data.state / "corrections.jsonl"
    if not any(is_meant(Correction.model_validate(record)) for record in jsonl.read(path)):
        return
    with held_alone(path):
        kept = [Correction.model_validate(record) for record in jsonl.read(path)]
        lines = [_marked(item, mark) if is_meant(item) else item for item in kept]
        jsonl.replace(path, "".join(f"{item.model_dump_json()}\n" for item in lines).encode())


def _marked(item: Correction, mark: Callable[[str], str]) -> Correction:
    values = {"wrong_value": item.wrong_value, "right_value": item.right_value}
    return item.model_copy(update={name: mark(value) if value else value for name, value in values.items()})
