"""Restore a backup into an empty data root. After a crash the same command continues; no other command runs there until it ends."""

from __future__ import annotations

import json
import os
import shutil
import time
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

from wangjian.core.disk import require_space
from wangjian.core.errors import BackupDamaged, BadArguments
from wangjian.core.files import (
    fsync_path,
    remove_abandoned,
    sha256_of,
    sha256_on_disk,
    temporary_beside,
    write_atomically,
)
from wangjian.core.locks import archive_lock, landing_lock, parse_lock, publishing_lock, warehouse_lock
from wangjian.core.paths import UNFINISHED_RESTORE, DataRoot
from wangjian.ingestion.fetching.fetch import Progress
from wangjian.ingestion.parsing.keyed_hash import HashKey
from wangjian.ingestion.sources.registry import load_registry
from wangjian.operations.backup.folder import Backup, BackupFolder
from wangjian.operations.backup.keys import backed_up_keys
from wangjian.operations.backup.metadata import load_dump, require_kind
from wangjian.publishing.shelf import swap_link
from wangjian.state import now, record_run, runs
from wangjian.state.runs import record_end

# A backup keeps no file modes. Landed files are read-only, and the state is private to its owner.
_MODES = {"landing/objects": 0o440, "landing/erased": 0o440, "state": 0o600}


@dataclass(frozen=True)
class RestoreReport:
    """The result of a restore.

    Attributes:
        backup: the restored backup.
        files: the number of files, all in place and read back.
        byte_size: their size in bytes.
        seconds: how long the restore took.
        has_key: whether the data root has the key of hashed numbers that was in use when the backup was taken.
        has_metadata: whether Airflow's metadata database was restored.
    """

    backup: Backup
    files: int
    byte_size: int
    seconds: float
    has_key: bool
    has_metadata: bool


def restore(
    data: DataRoot,
    folder: Path,
    *,
    backup_id: str | None = None,
    keys_from: Path | None = None,
    metadata: bool = False,
    progress: Progress | None = None,
) -> RestoreReport:
    """Copy a backup into an empty data root, and check the hash of every file after all are in place.

    Readers then see the publication of the backup. `raw/` and the warehouse are not in a backup: a rebuild makes them.

    Args:
        data: the data root. It must hold no data of a warehouse, except that of an interrupted restore of the same backup.
        folder: the folder of backups.
        backup_id: the identifier of the backup; null for the newest.
        keys_from: the folder with the copy of the key of hashed numbers; null to restore without the key.
        metadata: whether to restore Airflow's metadata database, which its configuration names. Airflow must not run.
        progress: called after each file with the step, its number and the number of files.

    Returns:
        The result.

    Raises:
        BadArguments: there is no such backup, the data root holds data, or the key is another one. Nothing was done.
        BackupDamaged: files of the backup are missing or damaged. The data root stays unusable until a restore succeeds.
        WangjianError: there is not enough room, or the metadata database could not be restored.
    """
    started, report = time.monotonic(), progress or (lambda *_: None)
    source = BackupFolder(folder)
    source.require()
    backup = source.chosen(backup_id)
    sums, keys = source.sums(backup), _checked_keys(backup, keys_from)
    _require_metadata(backup, metadata)
    # Before the first copy: a missing file must show now and not at the end of the restore.
    _require_objects(source, sums)
    with _under_way(data, source, backup):
        sizes = _copy_all(data, source, sums, report)
        _put_keys(data, keys)
        # One sync for all files is much faster than an fsync for each. It must precede the read: only then do the hashes describe
        # the disk and not the memory.
        os.sync()
        _read_back(data, sums, report)
        if backup.metadata and metadata:
            load_dump(backup.metadata.kind, source.zone.object_path(backup.metadata.sha256))
        # After the read: readers must never see a publication that is damaged.
        if backup.shown:
            swap_link(data, backup.shown)
        _end_runs(data, backup)
        with record_run(data, "restore") as run:
            run.files = len(sums)
            run.message = f"{backup.backup_id} from {source.root}: {sizes} bytes"
    has_key = bool(keys) or backup.key_fingerprint is None
    return RestoreReport(
        backup, len(sums), sizes, time.monotonic() - started, has_key, bool(backup.metadata and metadata)
    )


@contextmanager
def _under_way(data: DataRoot, source: BackupFolder, backup: Backup) -> Iterator[None]:
    """Keep every other command out of the data root, by a marker file and locks. Only a successful end removes the marker."""
    marker = data.root / UNFINISHED_RESTORE
    content = {"backup_id": backup.backup_id, "folder": str(source.root)}
    _require_empty(data, marker, content)
    data.root.mkdir(mode=0o700, parents=True, exist_ok=True)
    missing = sum(source.zone.object_path(sha256).stat().st_size for sha256 in source.sums(backup).values())
    require_space(data.root, missing, "restore", "give a larger disk; nothing was restored")
    write_atomically(marker, json.dumps(content), mode=0o600)
    doing = "restore a backup"
    with ExitStack() as locks:
        locks.enter_context(archive_lock(data, doing))
        locks.enter_context(warehouse_lock(data, doing))
        for code in load_registry():
            locks.enter_context(parse_lock(data, code, doing))
        locks.enter_context(landing_lock(data, doing))
        locks.enter_context(publishing_lock(data, doing))
        yield
    marker.unlink()
    fsync_path(data.root)


def _require_empty(data: DataRoot, marker: Path, content: Mapping[str, str]) -> None:
    if marker.exists():
        before = json.loads(marker.read_text(encoding="utf-8"))
        # Files of two backups in one data root would be a state that never existed.
        if before["backup_id"] != content["backup_id"]:
            raise BadArguments(
                "an unfinished restore of another backup is in this data root",
                backup=before["backup_id"],
                fix=f"finish it with --backup {before['backup_id']}, or remove the data root and start again",
            )
        return
    own = [data.landing, data.raw, data.published, data.warehouse, *data.state.glob("*.jsonl")]
    existing = next((path for path in own if path.exists()), None)
    if existing:
        raise BadArguments(
            "the data root holds data; a restore never overwrites data",
            found=existing,
            fix="move the old data root away, or give an empty folder with --to",
        )


def _checked_keys(backup: Backup, folder: Path | None) -> list[HashKey]:
    copies = backed_up_keys(folder) if folder else []
    # With another key the next parse would hash the same numbers otherwise than the restored publications.
    if copies and backup.key_fingerprint and backup.key_fingerprint not in {key.fingerprint for key in copies}:
        raise BadArguments(
            "the key is not the one that was in use when the backup was taken",
            found=copies[-1].fingerprint,
            wanted=backup.key_fingerprint,
            fix="give the folder of that key, or leave --keys-from out: the next parse then makes a new key and other hashes",
        )
    return copies


def _require_metadata(backup: Backup, is_wanted: bool) -> None:
    if is_wanted and backup.metadata is None:
        raise BadArguments(
            "the backup was made without --metadata", backup=backup.backup_id, fix="leave --metadata out"
        )
    if is_wanted and backup.metadata:
        require_kind(backup.metadata.kind)


def _require_objects(source: BackupFolder, sums: Mapping[str, str]) -> None:
    absent = next((name for name, sha256 in sums.items() if not source.zone.object_path(sha256).exists()), None)
    if absent:
        raise BackupDamaged(
            "bytes of the backup are missing",
            file=absent,
            sha256=sums[absent],
            fix=f"`wangjian backup verify {source.root}` lists all missing files; copy them from a copy of the folder, "
            "or choose another --backup",
        )


def _copy_all(data: DataRoot, source: BackupFolder, sums: Mapping[str, str], report: Progress) -> int:
    """Copy the files that are not in place yet; return the size of all files in bytes."""
    # Temporary files of any age are abandoned: the locks show that no other process works here.
    remove_abandoned(data.root, timedelta(0))
    total = 0
    for number, (name, sha256) in enumerate(sums.items(), start=1):
        target, stored = data.root / name, source.zone.object_path(sha256)
        total += stored.stat().st_size
        if not target.exists() or sha256_of(target) != sha256:
            _copy(stored, target, _mode(name))
        report(f"restore {name.split('/')[0]}", number, len(sums))
    return total


def _copy(stored: Path, target: Path, mode: int) -> None:
    temporary = temporary_beside(target)
    try:
        shutil.copyfile(stored, temporary)
        temporary.chmod(mode)
        temporary.replace(target)
    finally:
        temporary.unlink(missing_ok=True)


def _mode(name: str) -> int:
    return next((mode for place, mode in _MODES.items() if name.startswith(f"{place}/")), 0o644)


def _put_keys(data: DataRoot, copies: list[HashKey]) -> None:
    for key in copies:
        folder = data.state / "keys"
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        write_atomically(folder / key.path.name, key.path.read_bytes(), mode=0o600)


def _read_back(data: DataRoot, sums: Mapping[str, str], report: Progress) -> None:
    for number, (name, sha256) in enumerate(sums.items(), start=1):
        if sha256_on_disk(data.root / name) != sha256:
            raise BackupDamaged(
                "a restored file is not what it was",
                file=data.root / name,
                sha256=sha256,
                fix="run `wangjian backup verify`; if it finds no damage, check the disk of the data root",
            )
        report("read back", number, len(sums))


def _end_runs(data: DataRoot, backup: Backup) -> None:
    """End the runs that were under way when the backup was taken. Their processes do not exist in this data root."""
    for run in runs(data):
        if run.ended_at is None:
            run.outcome = "succeeded" if run.entry_id == backup.entry_id else "interrupted"
            run.ended_at = now()
            run.message = f"under way when backup {backup.backup_id} was taken, from which this was restored"
            record_end(data, run)
