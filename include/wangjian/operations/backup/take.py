"""Taking a backup: copy, read back, list; only then it counts. Cut off anywhere, the backups before are as they were."""

from __future__ import annotations

import hashlib
import time
from dataclasses import dataclass, field
from datetime import timedelta
from importlib.metadata import version
from pathlib import Path

from wangjian.core.disk import require_space
from wangjian.core.errors import BadArguments
from wangjian.core.files import remove_abandoned
from wangjian.core.locks import archive_lock
from wangjian.core.paths import DataRoot
from wangjian.ingestion.fetching.fetch import Progress
from wangjian.ingestion.landing.store import Landing, read_manifest
from wangjian.operations.backup.folder import Backup, BackupFolder, Metadata, sums_text
from wangjian.operations.backup.keys import copy_keys
from wangjian.operations.backup.metadata import dumped
from wangjian.operations.backup.snapshot import Cut, taken
from wangjian.state import Run, now, record_run
from wangjian.state.archives import archived


@dataclass(frozen=True)
class BackupReport:
    """What was done.

    Attributes:
        copied: objects that were written; what lay there from earlier backups is not counted.
        copied_bytes: of them.
        keys: how many versions of the key were written to the other place; null where nobody asked.
        pruned: how many older backups were removed.
    """

    backup: Backup
    copied: int
    copied_bytes: int
    seconds: float
    keys: int | None
    pruned: int


@dataclass
class _Copy:
    """A backup in the making."""

    target: BackupFolder
    progress: Progress
    files: dict[str, str] = field(default_factory=dict)
    byte_size: int = 0
    copied: int = 0
    copied_bytes: int = 0

    def note(self, name: str, kept: tuple[str, int], length: int) -> None:
        sha256, written = kept
        self.files[name] = sha256
        self.byte_size += length
        self.copied += written > 0
        self.copied_bytes += written


def back_up(
    data: DataRoot,
    folder: Path,
    *,
    keys_to: Path | None = None,
    metadata: bool = False,
    keep: int | None = None,
    progress: Progress | None = None,
) -> BackupReport:
    """Back up landing, state and the kept publications while pipelines go on. `raw/` and the warehouse are made anew.

    Args:
        data: the data root.
        folder: on another disk; several backups in it share their bytes.
        keys_to: where the key of hashed numbers goes, apart from the backup; null to leave it where it is.
        metadata: back up Airflow's metadata database too, as Airflow's configuration names it.
        keep: so many backups stay, this one counted; all if null.
        progress: told of the progress.

    Returns:
        What was done.

    Raises:
        BadArguments: the folder will not do.
        BackupDamaged: bytes are not what they should be; no backup was made, and those before are as they were.
        Busy: another process writes to the folder.
        WangjianError: there is no room, or the metadata database cannot be read.
    """
    if keep is not None and keep < 1:
        raise BadArguments("at least one backup must be kept", keep=keep, fix="give 1 or more")
    started, target = time.monotonic(), BackupFolder(folder)
    target.prepare(data)
    doing = "back up"
    with archive_lock(data, doing, wait=True), target.lock(doing), record_run(data, "backup") as run:
        # the lock says that nobody else is writing there
        remove_abandoned(target.root, timedelta(0))
        keys = copy_keys(data, keys_to, apart_from=target.root) if keys_to else None
        making = _Copy(target, progress or (lambda *_: None))
        database = _metadata(making) if metadata else None
        with taken(data) as cut:
            _require_space(data, target, cut)
            _copy_cut(data, making, cut)
        # after the state: what that speaks of is landed
        _copy_landing(data, making)
        backup = _header(data, making, cut, run, database)
        target.commit(backup, sums_text(making.files))
        pruned = target.prune(keep) if keep else 0
        run.files = making.copied
        run.message = f"{backup.backup_id} to {target.root}: {backup.files} files, {making.copied_bytes} bytes new"
    return BackupReport(backup, making.copied, making.copied_bytes, time.monotonic() - started, keys, pruned)


def _metadata(making: _Copy) -> Metadata:
    with dumped(making.target.root) as (kind, dump), dump.open("rb") as content:
        sha256, written = making.target.keep(content, None)
        making.copied_bytes += written
        return Metadata(kind=kind, sha256=sha256, byte_size=dump.stat().st_size)


def _copy_cut(data: DataRoot, making: _Copy, cut: Cut) -> None:
    for number, (name, opened) in enumerate(cut.opened.items(), start=1):
        making.note(name, making.target.keep(opened.content, opened.length), opened.length)
        making.progress(name, number, len(cut.opened))
    for name in cut.listed:
        try:
            _copy_file(data, making, data.root / name)
        except FileNotFoundError:
            # housekeeping has moved it to state/archive/, which is copied last
            continue


def _copy_landing(data: DataRoot, making: _Copy) -> None:
    """Every export that is complete, with its bytes, but for those that lie in an archive and not here."""
    landing = Landing(data.landing)
    is_archived, paths = archived(data).keys(), landing.manifests()
    for number, path in enumerate(paths, start=1):
        manifest = read_manifest(path)
        for file in manifest.files:
            here = landing.find(file.sha256)
            if here is None and manifest.export_id in is_archived:
                continue
            # what an erasure left lies under the hash of what was received, and has another one itself
            own = None if landing.is_erased(file.sha256) else file.sha256
            _copy_file(data, making, here or landing.path_of(file.sha256), own)
        _copy_file(data, making, path)
        making.progress(f"landing {manifest.key.source} {manifest.key.business_date}", number, len(paths))


def _copy_file(data: DataRoot, making: _Copy, path: Path, sha256: str | None = None) -> None:
    """Copy a file that never changes; bytes that belong to several exports count once."""
    name = path.relative_to(data.root).as_posix()
    if name not in making.files:
        with path.open("rb") as content:
            making.note(name, making.target.keep(content, None, sha256), path.stat().st_size)


def _header(data: DataRoot, making: _Copy, cut: Cut, run: Run, metadata: Metadata | None) -> Backup:
    return Backup(
        backup_id=run.run_id,
        taken_at=now(),
        version=version("wangjian"),
        data_root=str(data.root),
        entry_id=run.entry_id,
        files=len(making.files),
        byte_size=making.byte_size,
        sums_sha256=hashlib.sha256(sums_text(making.files).encode()).hexdigest(),
        shown=cut.shown,
        key_fingerprint=cut.key_fingerprint,
        audit_head=cut.audit_head,
        archives=cut.archives,
        metadata=metadata,
    )


def _require_space(data: DataRoot, target: BackupFolder, cut: Cut) -> None:
    """By what is known beforehand: landed bytes by their hash, publications by their path in the newest backup."""
    known = target.sums(found[-1]) if (found := target.backups()) else {}
    needed = sum(opened.length for name, opened in cut.opened.items() if not _is_known(name, known))
    sizes = {path.name: path.stat().st_size for path in (data.landing / "objects").glob("*/*")}
    needed += sum(size for sha256, size in sizes.items() if not target.zone.object_path(sha256).exists())
    require_space(target.root, needed, "back up", "choose another disk, or keep fewer backups (--keep)")


def _is_known(name: str, known: dict[str, str]) -> bool:
    return name.startswith("published/") and name in known
