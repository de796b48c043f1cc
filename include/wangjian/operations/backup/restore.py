"""Taking a backup back into an empty data root. Cut off anywhere, the same command goes on; until then nothing else runs there."""

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
from wangjian.operations.backup.keys import kept_keys
from wangjian.operations.backup.metadata import load_dump, require_kind
from wangjian.publishing.shelf import swap_link
from wangjian.state import now, record_run, runs
from wangjian.state.runs import record_end

_MODES = {"landing/objects": 0o440, "landing/erased": 0o440, "state": 0o600}


@dataclass(frozen=True)
class RestoreReport:
    """What was done.

    Attributes:
        files: of the backup, all of them in place and read back.
        byte_size: of them.
        has_key: whether the key of hashed numbers lies there now, as it was when the backup was taken.
        has_metadata: whether Airflow's metadata database was put back.
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
    """Copy a backup into an empty data root, each file proven by its hash when it is read and when it is in place.

    Readers see the publication that they saw. `raw/` and the warehouse are not in a backup: a rebuild makes them.

    Args:
        data: the data root; nothing of a warehouse lies in it, unless a restore of the same backup was cut off.
        folder: the folder of backups.
        backup_id: which one; the newest if null.
        keys_from: where the key of hashed numbers was backed up.
        metadata: put Airflow's metadata database back, where its configuration says. Airflow must not run.
        progress: told of the progress.

    Returns:
        What was done.

    Raises:
        BadArguments: there is no such backup, the data root holds data, or the key is another one. Nothing was done.
        BackupDamaged: the backup does not hold what it says. What was restored so far is of no use to anybody else.
        WangjianError: there is no room, or the metadata database refuses.
    """
    started, tell = time.monotonic(), progress or (lambda *_: None)
    source = BackupFolder(folder)
    source.require()
    backup = source.chosen(backup_id)
    sums, keys = source.sums(backup), _checked_keys(backup, keys_from)
    _require_metadata(backup, metadata)
    _require_objects(source, sums)
    with _begun(data, source, backup):
        sizes = _copy_all(data, source, sums, tell)
        _put_keys(data, keys)
        # once for all files, of which there are many; then what the disk has, not the memory
        os.sync()
        _read_back(data, sums, tell)
        if backup.metadata and metadata:
            load_dump(backup.metadata.kind, source.zone.object_path(backup.metadata.sha256))
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
def _begun(data: DataRoot, source: BackupFolder, backup: Backup) -> Iterator[None]:
    """Say in the data root what is going on, so that nothing else begins there; unsaid only when it has ended well."""
    note = data.root / UNFINISHED_RESTORE
    said = {"backup_id": backup.backup_id, "folder": str(source.root)}
    _require_empty(data, note, said)
    data.root.mkdir(mode=0o700, parents=True, exist_ok=True)
    missing = sum(source.zone.object_path(sha256).stat().st_size for sha256 in source.sums(backup).values())
    require_space(data.root, missing, "restore", "give a larger disk; nothing was restored")
    write_atomically(note, json.dumps(said), mode=0o600)
    doing = "restore a backup"
    with ExitStack() as locks:
        locks.enter_context(archive_lock(data, doing))
        locks.enter_context(warehouse_lock(data, doing))
        for code in load_registry():
            locks.enter_context(parse_lock(data, code, doing))
        locks.enter_context(landing_lock(data, doing))
        locks.enter_context(publishing_lock(data, doing))
        yield
    note.unlink()
    fsync_path(data.root)


def _require_empty(data: DataRoot, note: Path, said: Mapping[str, str]) -> None:
    if note.exists():
        before = json.loads(note.read_text(encoding="utf-8"))
        if before["backup_id"] != said["backup_id"]:
            raise BadArguments(
                "the restore of another backup was begun here and has not ended",
                backup=before["backup_id"],
                fix=f"finish that one with --backup {before['backup_id']}, or remove the data root and begin anew",
            )
        return
    own = [data.landing, data.raw, data.published, data.warehouse, *data.state.glob("*.jsonl")]
    there = next((path for path in own if path.exists()), None)
    if there:
        raise BadArguments(
            "the data root holds data; a restore never writes over any",
            found=there,
            fix="move the old data root away, or give an empty folder with --to",
        )


def _checked_keys(backup: Backup, folder: Path | None) -> list[HashKey]:
    found = kept_keys(folder) if folder else []
    if found and backup.key_fingerprint and backup.key_fingerprint not in {key.fingerprint for key in found}:
        raise BadArguments(
            "the key is not the one that was in use when the backup was taken",
            found=found[-1].fingerprint,
            wanted=backup.key_fingerprint,
            fix="give the folder of that key, or leave --keys-from out: then a new key is made, and hashes are others",
        )
    return found


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
            fix=f"`wangjian backup verify {source.root}` lists all; take them from a copy, or choose another --backup",
        )


def _copy_all(data: DataRoot, source: BackupFolder, sums: Mapping[str, str], tell: Progress) -> int:
    """Copy what is not there yet; how many bytes the backup has."""
    # nobody else is at work here
    remove_abandoned(data.root, timedelta(0))
    total = 0
    for number, (name, sha256) in enumerate(sums.items(), start=1):
        target, kept = data.root / name, source.zone.object_path(sha256)
        total += kept.stat().st_size
        if not target.exists() or sha256_of(target) != sha256:
            _copy(kept, target, _mode(name))
        tell(f"restore {name.split('/')[0]}", number, len(sums))
    return total


def _copy(kept: Path, target: Path, mode: int) -> None:
    temporary = temporary_beside(target)
    try:
        shutil.copyfile(kept, temporary)
        temporary.chmod(mode)
        temporary.replace(target)
    finally:
        temporary.unlink(missing_ok=True)


def _mode(name: str) -> int:
    return next((mode for place, mode in _MODES.items() if name.startswith(f"{place}/")), 0o644)


def _put_keys(data: DataRoot, found: list[HashKey]) -> None:
    for key in found:
        folder = data.state / "keys"
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        write_atomically(folder / key.path.name, key.path.read_bytes(), mode=0o600)


def _read_back(data: DataRoot, sums: Mapping[str, str], tell: Progress) -> None:
    for number, (name, sha256) in enumerate(sums.items(), start=1):
        if sha256_on_disk(data.root / name) != sha256:
            raise BackupDamaged(
                "a restored file is not what it was",
                file=data.root / name,
                sha256=sha256,
                fix="run `wangjian backup verify`; where that finds nothing, check the disk of the data root",
            )
        tell("read back", number, len(sums))


def _end_runs(data: DataRoot, backup: Backup) -> None:
    """Whatever was under way when the backup was taken has ended: it ran in the world that was lost."""
    for run in runs(data):
        if run.ended_at is None:
            run.outcome = "succeeded" if run.entry_id == backup.entry_id else "interrupted"
            run.ended_at = now()
            run.message = f"under way when backup {backup.backup_id} was taken, from which this was restored"
            record_end(data, run)
