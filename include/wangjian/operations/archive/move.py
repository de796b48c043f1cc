"""Archive exports: copy, read back, list, record, and only then remove. After a crash at any point a second run finishes it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path

from wangjian.core.disk import require_space
from wangjian.core.errors import ArchiveDamaged
from wangjian.core.files import remove_abandoned
from wangjian.core.locks import archive_lock, landing_lock, parse_lock
from wangjian.core.paths import DataRoot
from wangjian.ingestion.fetching.fetch import Progress
from wangjian.ingestion.landing.manifest import Manifest
from wangjian.ingestion.landing.store import Landing
from wangjian.ingestion.sources.registry import load_registry
from wangjian.operations.archive.folder import ArchiveFolder
from wangjian.operations.archive.plan import ArchivePlan, make_plan, needed_bytes
from wangjian.state.archives import ArchiveEvent, append_archive_events, archived
from wangjian.state.runs import record_run


@dataclass(frozen=True)
class ArchiveReport:
    """The result of archiving.

    Attributes:
        plan: the plan that was carried out.
        copied_bytes: the number of bytes written to the archive; bytes that it had already do not count.
        removed: the number of files that were removed from landing.
        removed_bytes: their size in bytes.
    """

    plan: ArchivePlan
    copied_bytes: int
    removed: int
    removed_bytes: int


def archive(
    data: DataRoot,
    before: date,
    folder: Path,
    sources: Sequence[str] = (),
    progress: Progress | None = None,
) -> ArchiveReport:
    """Move the bytes of old exports out of landing. Manifests and parsed rows stay, so the exports still count.

    Args:
        data: the data root.
        before: exports of earlier business dates are moved.
        folder: the folder of the archive. It may already hold other periods and sources.
        sources: source codes; all if empty.
        progress: called after each export with its name, its number and the number of exports.

    Returns:
        The result.

    Raises:
        Busy: another process archives.
        BadArguments: the folder is not suitable, or a source is unknown.
        ArchiveDamaged: bytes in landing or in the archive do not have their hash. Nothing was removed.
        WangjianError: an export is not parsed yet, or there is not enough room. Nothing was removed.
    """
    target = ArchiveFolder(folder)
    target.prepare(data)
    with archive_lock(data, "archive"), target.lock("archive"), record_run(data, "archive") as run:
        # Temporary files of any age are abandoned: the lock shows that no other process writes there.
        remove_abandoned(target.root, timedelta(0))
        plan = make_plan(data, before, target.root, sources or tuple(load_registry()))
        _require_space(target, plan)
        landing = Landing(data.landing)
        copied = _copy(landing, target, plan, progress or (lambda *_: None))
        _record(data, target, plan.exports, run.run_id)
        removed = _remove(data, landing, target, plan.exports)
        run.files = len(removed)
        run.message = f"{len(plan.exports)} exports before {before} to {target.root}: {sum(removed)} bytes moved"
    return ArchiveReport(plan, copied, len(removed), sum(removed))


def _require_space(target: ArchiveFolder, plan: ArchivePlan) -> None:
    sizes = {**plan.leaving, **plan.staying}
    needed = sum(size for sha256, size in sizes.items() if not target.zone.object_path(sha256).exists())
    fix = "archive an earlier --before or one --source, or choose another disk; nothing was moved"
    require_space(target.root, needed, "archive", fix)


def _copy(landing: Landing, target: ArchiveFolder, plan: ArchivePlan, progress: Progress) -> int:
    copied = 0
    done: set[str] = set()
    for number, export in enumerate(plan.exports, start=1):
        for file in export.files:
            if file.sha256 not in done:
                copied += target.copy_object(landing, file.sha256)
                done.add(file.sha256)
        target.write_manifest(export)
        progress(f"{export.key.source} {export.key.dataset} {export.key.business_date}", number, len(plan.exports))
    return copied


def _record(data: DataRoot, target: ArchiveFolder, exports: Iterable[Manifest], run_id: str) -> None:
    """Record the exports in the archive and in the state."""
    # The archive's own list comes first: whatever the state names must be listed there, also after a crash between the two.
    sums = target.sums()
    known = archived(data)
    events = []
    for export in exports:
        sums |= (own := target.names_of(export))
        if export.export_id not in known:
            events.append(archive_event("archived", target, export, own, run_id))
    target.write_sums(sums)
    append_archive_events(data, events)


def archive_event(
    kind: str, target: ArchiveFolder, export: Manifest, sums: dict[str, str], run_id: str
) -> ArchiveEvent:
    """Return the state's event for one export.

    Args:
        kind: `archived` or `restored`.
        target: the archive.
        export: the manifest of the export.
        sums: its entries of `SHA256SUMS`.
        run_id: the run that this event belongs to.

    Returns:
        The event, not written yet.
    """
    key = export.key
    return ArchiveEvent.model_validate(
        {
            "event": kind,
            "export_id": export.export_id,
            **{name: getattr(key, name) for name in ("source", "provider", "dataset", "business_date")},
            "folder": str(target.root),
            "manifest_sha256": sums[target.zone.manifest_path(export).relative_to(target.root).as_posix()],
            "run_id": run_id,
        }
    )


def _remove(data: DataRoot, landing: Landing, target: ArchiveFolder, exports: Iterable[Manifest]) -> list[int]:
    """Remove the bytes that no export needs in landing; return their sizes. The locks keep fetches and parses away."""
    with ExitStack() as stack:
        for source in load_registry():
            stack.enter_context(parse_lock(data, source, "archive"))
        stack.enter_context(landing_lock(data, "archive"))
        # Determined again: a fetch may have landed an export with the same bytes during the copy.
        needed = needed_bytes(landing, archived(data), set())
        hashes = {file.sha256 for export in exports for file in export.files} - needed
        return [size for sha256 in sorted(hashes) if (size := _remove_one(landing, target, sha256)) is not None]


def _remove_one(landing: Landing, target: ArchiveFolder, sha256: str) -> int | None:
    path, copy = landing.object_path(sha256), target.zone.object_path(sha256)
    if not path.exists():
        return None
    size = path.stat().st_size
    # The last look before the only other copy is removed. `samefile`: a link to landing is no copy.
    if not copy.exists() or copy.samefile(path) or copy.stat().st_size != size:
        raise ArchiveDamaged(
            "the copy in the archive is missing or incomplete", file=copy, fix="check the disk, then archive again"
        )
    path.unlink()
    return size
