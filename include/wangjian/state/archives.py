"""Which exports' bytes were moved out of landing, and where to (`state/archives.jsonl`)."""

from __future__ import annotations

import getpass
from collections.abc import Iterable
from datetime import date
from pathlib import Path
from typing import Literal

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field

from wangjian.core.clock import now
from wangjian.core.paths import DataRoot
from wangjian.state import jsonl


class ArchiveEvent(BaseModel):
    """One export's way out of landing or back into it. Its manifest stays in landing all the time: it goes on counting.

    Attributes:
        folder: the archive, by its absolute path when it was written.
        manifest_sha256: of the export's manifest as it lies in the archive; the manifest names the bytes by their hash.
        person: the account that ran the command.
    """

    model_config = ConfigDict(frozen=True)

    event: Literal["archived", "restored"]
    export_id: str
    source: str
    provider: str
    dataset: str
    business_date: date
    folder: str
    manifest_sha256: str
    run_id: str
    person: str = Field(default_factory=getpass.getuser)
    at: AwareDatetime = Field(default_factory=now)


def append_archive_events(data: DataRoot, found: Iterable[ArchiveEvent]) -> None:
    """Add to the history."""
    jsonl.append(data.state / "archives.jsonl", found)


def archived(data: DataRoot) -> dict[str, ArchiveEvent]:
    """What lies in an archive now.

    Args:
        data: the data root.

    Returns:
        The last event of each export whose last event is `archived`, by export id.
    """
    records = jsonl.read(data.state / "archives.jsonl")
    last = {event.export_id: event for event in map(ArchiveEvent.model_validate, records)}
    return {export_id: event for export_id, event in sorted(last.items()) if event.event == "archived"}


def archive_folders(data: DataRoot) -> tuple[Path, ...]:
    """The folders of all archives that hold something that landing does not."""
    return tuple(sorted({Path(event.folder) for event in archived(data).values()}))
