"""Restore bytes from an archive into landing. The archive does not change."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from pathlib import Path

from wangjian.core.errors import ArchiveDamaged, BadArguments
from wangjian.core.locks import archive_lock, landing_in_use
from wangjian.core.paths import DataRoot
from wangjian.ingestion.fetching.fetch import Progress
from wangjian.ingestion.landing.manifest import Manifest
from wangjian.ingestion.landing.store import Landing
from wangjian.operations.archive.folder import CHUNK, ArchiveFolder
from wangjian.operations.archive.move import archive_event
from wangjian.state.archives import ArchiveEvent, append_archive_events, archived
from wangjian.state.runs import record_run


@dataclass(frozen=True)
class Selection:
    """The conditions that exports must meet; null or empty stands for any value.

    Attributes:
        sources: source codes.
        datasets: dataset names.
        first, last: the first and the last business date, both included.
    """

    sources: tuple[str, ...] = ()
    datasets: tuple[str, ...] = ()
    first: date | None = None
    last: date | None = None

    def takes(self, export: Manifest) -> bool:
        """Return whether an export meets the conditions.

        Args:
            export: its manifest.
        """
        key = export.key
        return (
            (not self.sources or key.source in self.sources)
            and (not self.datasets or key.dataset in self.datasets)
            and (self.first is None or self.first <= key.business_date)
            and (self.last is None or key.business_date <= self.last)
        )


@dataclass(frozen=True)
class RestoreReport:
    """The result of a restore.

    Attributes:
        exports: the number of complete exports.
        files: the number of files that were copied into landing.
        bytes: their size in bytes.
        new_exports: the number of exports without a manifest in landing: it was lost, or belongs to another installation.
    """

    exports: int
    files: int
    bytes: int
    new_exports: int


def restore(
    data: DataRoot, folder: Path, selection: Selection = Selection(), progress: Progress | None = None
) -> RestoreReport:
    """Copy exports from an archive back into landing, and check each file by its hash. It may be repeated at any time.

    Args:
        data: the data root.
        folder: the present folder of the archive; it need not be the one that it was written to.
        selection: the conditions that the exports must meet.
        progress: called after each export with its name, its number and the number of exports.

    Returns:
        The result.

    Raises:
        Busy: another process archives or restores.
        BadArguments: there is no archive, or no export in it meets the conditions.
        ArchiveDamaged: some files are missing or damaged. Every complete export was restored.
    """
    archive = ArchiveFolder(folder)
    archive.require()
    landing = Landing(data.landing)
    # Landing is in use from the first byte to the manifest: between the two the bytes belong to no export.
    with archive_lock(data, "restore"), landing_in_use(data, "restore"), record_run(data, "restore") as run:
        chosen = [export for export in archive.exports() if selection.takes(export)]
        _require_some(chosen, archive)
        report, damaged = _restore(data, landing, archive, chosen, run.run_id, progress or (lambda *_: None))
        _raise_on_damage(archive, damaged)
        run.files = report.files
        run.message = f"{report.exports} exports from {archive.root}: {report.bytes} bytes"
    return report


def _require_some(chosen: list[Manifest], archive: ArchiveFolder) -> None:
    if not chosen:
        raise BadArguments(
            "no export in the archive meets the conditions",
            folder=archive.root,
            fix="see `wangjian archive list` for its sources and dates",
        )


def _restore(
    data: DataRoot, landing: Landing, archive: ArchiveFolder, chosen: list[Manifest], run_id: str, progress: Progress
) -> tuple[RestoreReport, list[str]]:
    sizes: list[int] = []
    damaged: list[str] = []
    events: list[ArchiveEvent] = []
    known, whole, new = archived(data), 0, 0
    for number, export in enumerate(chosen, start=1):
        bad = [file.sha256 for file in export.files if not _restore_one(landing, archive, file.sha256, sizes)]
        damaged += bad
        # Damage to one export must not keep back the others: after a disaster every complete export counts.
        if not bad:
            whole += 1
            new += landing.commit(export)
            if export.export_id in known:
                events.append(archive_event("restored", archive, export, archive.names_of(export), run_id))
        progress(f"{export.key.source} {export.key.dataset} {export.key.business_date}", number, len(chosen))
    append_archive_events(data, events)
    return RestoreReport(whole, len(sizes), sum(sizes), new), damaged


def _restore_one(landing: Landing, archive: ArchiveFolder, sha256: str, sizes: list[int]) -> bool:
    """Copy bytes into landing unless they are there; return whether landing has them now."""
    if landing.object_path(sha256).exists():
        return True
    path = archive.zone.object_path(sha256)
    try:
        # `put` compares the hash: damaged bytes never get into landing.
        stored = landing.put(_chunks(path), sha256)
    except (FileNotFoundError, ArchiveDamaged):
        return False
    sizes.append(stored.byte_size)
    return True


def _chunks(path: Path) -> Iterator[bytes]:
    with path.open("rb") as file:
        while chunk := file.read(CHUNK):
            yield chunk


def _raise_on_damage(archive: ArchiveFolder, damaged: list[str]) -> None:
    if damaged:
        raise ArchiveDamaged(
            f"{len(damaged)} files of the archive are missing or damaged: {', '.join(sorted(damaged)[:5])}",
            folder=archive.root,
            fix="every complete export was restored; restore the others from another copy of the archive",
        )
