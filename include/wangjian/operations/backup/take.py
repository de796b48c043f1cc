"""Take a backup: copy, read back, list the files, write the header. A crash at any point leaves the earlier backups unchanged."""

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
from wangjian.operations.backup.snapshot import Snapshot, open_snapshot
from wangjian.state import Run, now, record_run
from wangjian.state.archives import archived


@dataclass(frozen=True)
class BackupReport:
    """The result of a backup.

    Attributes:
        backup: the header of the new backup.
        copied: the number of objects that were written; objects of earlier backups do not count.
        copied_bytes: the size of these objects in bytes.
        seconds: how long the backup took.
        keys: the number of versions of the key in its own folder; null if the key was not copied.
        pruned: the number of older backups that were removed.
    """

    backup: Backup
    copied: int
    copied_bytes: int
    seconds: float
    keys: int | None
    pruned: int


@dataclass
class _Copy:
    """The state of a backup that is being made."""

    target: BackupFolder
    progress: Progress
    files: dict[str, str] = field(default_factory=dict)
    byte_size: int = 0
    copied: int = 0
    copied_bytes: int = 0

    def note(self, name: str, stored: tuple[str, int], length: int) -> None:
        sha256, written = stored
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
    """Back up landing, state and the kept publications while pipelines run. A rebuild makes `raw/` and the warehouse.

    Args:
        data: the data root.
        folder: the folder of backups, on another disk. Its backups share equal bytes.
        keys_to: a folder apart from the backup for the key of hashed numbers; null to leave the key out.
        metadata: whether to back up Airflow's metadata database too, which Airflow's configuration names.
        keep: the number of backups that stay, including this one; null to keep all.
        progress: called after each file with its name, its number and the number of files.

    Returns:
        The result.

    Raises:
        BadArguments: the folder is not suitable, or `keep` is less than 1.
        BackupDamaged: bytes do not have the hash that they should have. No backup was made; the earlier ones did not change.
        Busy: another process writes to the folder.
        WangjianError: there is not enough room, or the metadata database cannot be read.
    """
    if keep is not None and keep < 1:
        raise BadArguments("at least one backup must be kept", keep=keep, fix="give 1 or more")
    started, target = time.monotonic(), BackupFolder(folder)
    target.prepare(data)
    doing = "back up"
    # It waits: archiving and erasing would remove bytes from landing during the copy.
    with archive_lock(data, doing, wait=True), target.lock(doing), record_run(data, "backup") as run:
        # Temporary files of any age are abandoned: the lock shows that no other process writes there.
        remove_abandoned(target.root, timedelta(0))
        keys = copy_keys(data, keys_to, apart_from=target.root) if keys_to else None
        making = _Copy(target, progress or (lambda *_: None))
        database = _metadata(making) if metadata else None
        with open_snapshot(data) as snapshot:
            _require_space(data, target, snapshot)
            _copy_snapshot(data, making, snapshot)
        # Landing comes after the state: whatever the copied state names must be among the copied exports.
        _copy_landing(data, making)
        backup = _header(data, making, snapshot, run, database)
        target.commit(backup, sums_text(making.files))
        # Only now: a backup that fails must not cost an older one.
        pruned = target.prune(keep) if keep else 0
        run.files = making.copied
        run.message = f"{backup.backup_id} to {target.root}: {backup.files} files, {making.copied_bytes} bytes new"
    return BackupReport(backup, making.copied, making.copied_bytes, time.monotonic() - started, keys, pruned)


def _metadata(making: _Copy) -> Metadata:
    with dumped(making.target.root) as (kind, dump), dump.open("rb") as content:
        sha256, written = making.target.store(content, None)
        making.copied_bytes += written
        return Metadata(kind=kind, sha256=sha256, byte_size=dump.stat().st_size)


def _copy_snapshot(data: DataRoot, making: _Copy, snapshot: Snapshot) -> None:
    for number, (name, opened) in enumerate(snapshot.opened.items(), start=1):
        making.note(name, making.target.store(opened.content, opened.length), opened.length)
        making.progress(name, number, len(snapshot.opened))
    for name in snapshot.listed:
        try:
            _copy_file(data, making, data.root / name)
        except FileNotFoundError:
            # Housekeeping moved it to state/archive/, which is copied last.
            continue


def _copy_landing(data: DataRoot, making: _Copy) -> None:
    """Copy every complete export with its bytes, except for bytes that are in an archive only."""
    landing = Landing(data.landing)
    is_archived, paths = archived(data).keys(), landing.manifests()
    for number, path in enumerate(paths, start=1):
        manifest = read_manifest(path)
        for file in manifest.files:
            stored = landing.find(file.sha256)
            if stored is None and manifest.export_id in is_archived:
                continue
            # An erased file is stored under the hash of the received bytes; its present bytes have another hash.
            own = None if landing.is_erased(file.sha256) else file.sha256
            _copy_file(data, making, stored or landing.path_of(file.sha256), own)
        _copy_file(data, making, path)
        making.progress(f"landing {manifest.key.source} {manifest.key.business_date}", number, len(paths))


def _copy_file(data: DataRoot, making: _Copy, path: Path, sha256: str | None = None) -> None:
    """Copy a file that never changes, unless another export had the same file."""
    name = path.relative_to(data.root).as_posix()
    if name not in making.files:
        with path.open("rb") as content:
            making.note(name, making.target.store(content, None, sha256), path.stat().st_size)


def _header(data: DataRoot, making: _Copy, snapshot: Snapshot, run: Run, metadata: Metadata | None) -> Backup:
    return Backup(
        backup_id=run.run_id,
        taken_at=now(),
        version=version("wangjian"),
        data_root=str(data.root),
        entry_id=run.entry_id,
        files=len(making.files),
        byte_size=making.byte_size,
        sums_sha256=hashlib.sha256(sums_text(making.files).encode()).hexdigest(),
        shown=snapshot.shown,
        key_fingerprint=snapshot.key_fingerprint,
        audit_head=snapshot.audit_head,
        archives=snapshot.archives,
        metadata=metadata,
    )


def _require_space(data: DataRoot, target: BackupFolder, snapshot: Snapshot) -> None:
    """Check that the disk has room, without hashing: landed files are known by name, publications by their path in the newest backup."""
    known = target.sums(backups[-1]) if (backups := target.backups()) else {}
    needed = sum(opened.length for name, opened in snapshot.opened.items() if not _is_known(name, known))
    sizes = {path.name: path.stat().st_size for path in (data.landing / "objects").glob("*/*")}
    needed += sum(size for sha256, size in sizes.items() if not target.zone.object_path(sha256).exists())
    require_space(target.root, needed, "back up", "choose another disk, or keep fewer backups (--keep)")


def _is_known(name: str, known: dict[str, str]) -> bool:
    return name.startswith("published/") and name in known
