"""Archiving: copy, read back, list, write down; only then remove. Cut off anywhere, a second run finishes it."""

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
    """What archiving did.

    Attributes:
        copied_bytes: written to the archive; what lay there already is not counted.
        removed: files that left landing.
        removed_bytes: of them.
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
    """Move the bytes of old exports out of landing. Manifests and parsed rows stay: the exports go on counting.

    Args:
        data: the data root.
        before: exports of earlier business dates are moved.
        folder: the archive; several ranges and sources may go to the same.
        sources: source codes; all if empty.
        progress: told of the progress.

    Returns:
        What was done.

    Raises:
        Busy: another process archives.
        BadArguments: the folder will not do, or a source is unknown.
        ArchiveDamaged: bytes are not what they should be, in landing or in the archive. Nothing was removed.
        WangjianError: something is not parsed yet, or there is no room. Nothing was removed.
    """
    target = ArchiveFolder(folder)
    target.prepare(data)
    with archive_lock(data, "archive"), target.lock("archive"), record_run(data, "archive") as run:
        # the lock says that nobody else is writing there
        remove_abandoned(target.root, timedelta(0))
        plan = make_plan(data, before, target.root, sources or tuple(load_registry()))
        _require_space(target, plan)
        landing = Landing(data.landing)
        copied = _copy(landing, target, plan, progress or (lambda *_: None))
        _write_down(data, target, plan.exports, run.run_id)
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


def _write_down(data: DataRoot, target: ArchiveFolder, exports: Iterable[Manifest], run_id: str) -> None:
    """First in the archive, then in the state: what the state names can be found."""
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
    """The line of the history for one export."""
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
    """Remove from landing what no export needs there. Nobody may be fetching or parsing meanwhile."""
    with ExitStack() as stack:
        for source in load_registry():
            stack.enter_context(parse_lock(data, source, "archive"))
        stack.enter_context(landing_lock(data, "archive"))
        # looked at anew: something may have been landed while the bytes were copied
        needed = needed_bytes(landing, archived(data), set())
        found = {file.sha256 for export in exports for file in export.files} - needed
        return [size for sha256 in sorted(found) if (size := _remove_one(landing, target, sha256)) is not None]


def _remove_one(landing: Landing, target: ArchiveFolder, sha256: str) -> int | None:
    path, kept = landing.object_path(sha256), target.zone.object_path(sha256)
    if not path.exists():
        return None
    size = path.stat().st_size
    if not kept.exists() or kept.samefile(path) or kept.stat().st_size != size:
        raise ArchiveDamaged("the copy in the archive is gone", file=kept, fix="check the disk, then run it again")
    path.unlink()
    return size
