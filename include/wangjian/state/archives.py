"""Record which exports' files were moved from landing into an archive (`state/archives.jsonl`)."""

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
    """One export was moved out of landing, or back into it. Its manifest stays in landing: the export still counts.

    Attributes:
        folder: the archive's absolute path at that time.
        manifest_sha256: the hash of the export's manifest in the archive; the manifest names the files by their hashes.
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


def append_archive_events(data: DataRoot, new_events: Iterable[ArchiveEvent]) -> None:
    """Append events to the history."""
    jsonl.append(data.state / "archives.jsonl", new_events)


def archived(data: DataRoot) -> dict[str, ArchiveEvent]:
    """Return the exports that are in an archive now.

    Args:
        data: the data root.

    Returns:
        The last event of each export whose last event is `archived`, by export id.
    """
    records = jsonl.read(data.state / "archives.jsonl")
    # an export can be archived, restored and archived again: its last event counts
    last = {event.export_id: event for event in map(ArchiveEvent.model_validate, records)}
    return {export_id: event for export_id, event in sorted(last.items()) if event.event == "archived"}


def archive_folders(data: DataRoot) -> tuple[Path, ...]:
    """Return the folders of all archives that hold files which are no longer in landing."""
    return tuple(sorted({Path(event.folder) for event in archived(data).values()}))
