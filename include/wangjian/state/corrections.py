"""Record corrections (`state/corrections.jsonl`): a person replaces a wrong value of a source, and says why."""

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
        business_date: the delivery's date, where keys are unique only within one delivery; null where the key names the row for ever.
        row_key: the values of the dataset's key as the source sends them, separated by `|`.
        wrong_value: the value that the source sent. Rows with another value stay as they are: there the source has corrected itself.
        right_value: the replacement as text, before it is checked and typed; null for an empty value.
        is_withdrawn: whether this withdraws an earlier decision.
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
        """Return the id of the corrected value. A later decision with the same id replaces this one."""
        place = (self.source, self.provider, self.dataset, self.business_date, self.row_key, self.column_name)
        return hashlib.sha256("\n".join(map(str, place)).encode()).hexdigest()[:12]


def record_correction(data: DataRoot, correction: Correction) -> None:
    """Record a decision; it takes effect in the next build."""
    jsonl.append(data.state / "corrections.jsonl", [correction])


def corrections(data: DataRoot) -> list[Correction]:
    """Return the decisions in force: for each value the last one, unless it was withdrawn."""
    records = jsonl.read(data.state / "corrections.jsonl")
    last = {correction.correction_id: correction for correction in map(Correction.model_validate, records)}
    # sorted, because the fingerprint of a build's inputs depends on the order
    return [correction for _, correction in sorted(last.items()) if not correction.is_withdrawn]


def rewrite_corrections(data: DataRoot, is_meant: Callable[[Correction], bool], mark: Callable[[str], str]) -> None:
    """Replace the values in some corrections by marks, because the data of a person are erased.

    Args:
        data: the data root.
        is_meant: returns whether a correction is one of them.
        mark: returns the mark that replaces a value.
    """
    path = data.state / "corrections.jsonl"
    if not any(is_meant(Correction.model_validate(record)) for record in jsonl.read(path)):
        return
    # read again under the lock: another process may have added a correction meanwhile, which must not be lost
    with held_alone(path):
        kept = [Correction.model_validate(record) for record in jsonl.read(path)]
        lines = [_marked(item, mark) if is_meant(item) else item for item in kept]
        jsonl.replace(path, "".join(f"{item.model_dump_json()}\n" for item in lines).encode())


def _marked(item: Correction, mark: Callable[[str], str]) -> Correction:
    values = {"wrong_value": item.wrong_value, "right_value": item.right_value}
    return item.model_copy(update={name: mark(value) if value else value for name, value in values.items()})
