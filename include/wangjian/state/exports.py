"""What left the warehouse as files (`state/exports.jsonl`): who, why, how much, and the hash of each file."""

from __future__ import annotations

import getpass

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field

from wangjian.paths import DataRoot
from wangjian.state import jsonl
from wangjian.state.clock import now


class ExportedFile(BaseModel):
    """One file that was written for somebody outside.

    Attributes:
        purpose: why, in the words of the person; null where the values were masked and nobody asked.
        is_clear: whether it holds personal data in clear.
        selection: which rows, by filter.
    """

    model_config = ConfigDict(frozen=True)

    exported_at: AwareDatetime = Field(default_factory=now)
    person: str = Field(default_factory=getpass.getuser)
    purpose: str | None
    is_clear: bool
    table_name: str
    selection: dict[str, str]
    file_name: str
    sha256: str
    row_count: int


def record_export(data: DataRoot, file: ExportedFile) -> None:
    """Append to the record of exports."""
    jsonl.append(data.state / "exports.jsonl", [file])
