"""The history of publications (`state/publications.jsonl`): what was published, rolled back to, and removed."""

from __future__ import annotations

from datetime import date
from typing import Literal

from pydantic import AwareDatetime, BaseModel, ConfigDict

from wangjian.core.paths import DataRoot
from wangjian.state import jsonl


class Publication(BaseModel):
    """One published file: a row of `audit.publication`.

    Attributes:
        publication_id: `<as-of date>-<number within it>`; sorts by date of the data.
        as_of: greatest business date that counts in the daily sources.
        content_fingerprint: of all published rows, columns and labels, whatever their order.
        held: which datasets are held back in it, since which business date and why; null where none is.
        row_count: of all published tables that dbt builds.
        byte_size: of the file; null in the file's own row, which is written before its size is known.
    """

    model_config = ConfigDict(frozen=True)

    publication_id: str
    as_of: date
    run_id: str
    build_id: str
    published_at: AwareDatetime
    content_fingerprint: str
    table_count: int
    row_count: int
    storage_version: str
    byte_size: int | None = None
    held: str | None = None

    @property
    def file_name(self) -> str:
        return f"warehouse-{self.publication_id}.duckdb"


class PublicationEvent(BaseModel):
    """One line of the history."""

    model_config = ConfigDict(frozen=True)

    event: Literal["published", "rolled_back", "removed"]
    at: AwareDatetime
    run_id: str
    publication: Publication


def append_event(data: DataRoot, event: PublicationEvent) -> None:
    """Add a line to the history."""
    jsonl.append(data.state / "publications.jsonl", [event])


def events(data: DataRoot) -> list[PublicationEvent]:
    """The history, oldest first."""
    return [PublicationEvent.model_validate(record) for record in jsonl.read(data.state / "publications.jsonl")]
