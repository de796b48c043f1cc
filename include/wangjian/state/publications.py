"""Record the history of publications (`state/publications.jsonl`): published, rolled back to, removed."""

from __future__ import annotations

from datetime import date
from typing import Literal

from pydantic import AwareDatetime, BaseModel, ConfigDict

from wangjian.core.paths import DataRoot
from wangjian.state import jsonl


class Publication(BaseModel):
    """One published file: a row of `audit.publication`.

    Attributes:
        publication_id: `<as-of date>-<number on that date>`; sorts by the date of the data.
        as_of: the latest business date that counts in the daily sources.
        content_fingerprint: a hash of all published rows, columns and labels, independent of their order.
        held: the datasets that are held back, since which business date and why; null where none is.
        row_count: the number of rows in all published tables that dbt builds.
        byte_size: the size of the file; null in the file's own row, which is written before the size is known.
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
    """Append a line to the history."""
    jsonl.append(data.state / "publications.jsonl", [event])


def events(data: DataRoot) -> list[PublicationEvent]:
    """Return the history, oldest first."""
    return [PublicationEvent.model_validate(record) for record in jsonl.read(data.state / "publications.jsonl")]
