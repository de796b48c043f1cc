"""Back up the key of hashed numbers apart from the data: a person with both can find the numbers by trying."""

from __future__ import annotations

from pathlib import Path

from wangjian.core.errors import BadArguments
from wangjian.core.files import write_atomically
from wangjian.core.paths import DataRoot
from wangjian.ingestion.parsing.keyed_hash import HashKey, keys, keys_in
from wangjian.operations.offsite_folder import require_apart
from wangjian.state.audit_log import Access, record_access


def copy_keys(data: DataRoot, folder: Path, *, apart_from: Path) -> int:
    """Copy every version of the key to a folder that only its owner can read, and record the copy in the audit log.

    Args:
        data: the data root.
        folder: the folder for the key.
        apart_from: the folder of the backup, which must be elsewhere.

    Returns:
        The number of versions in the folder.

    Raises:
        BadArguments: the folder is in the backup or among the data, contains the backup, or holds another key.
        WangjianError: other users may read a key.
    """
    folder = folder.absolute()
    require_apart(folder, data, "key's backup")
    if folder.resolve().is_relative_to(apart_from.resolve()) or apart_from.resolve().is_relative_to(folder.resolve()):
        raise BadArguments(
            "the key must not be stored with the backup: a person with both can find the numbers by trying",
            keys=folder,
            backup=apart_from,
            fix="give a folder on another disk, for instance one that goes into a safe",
        )
    versions_of_key = keys(data.state)
    new = [key for key in versions_of_key if not _is_copied(key, folder)]
    # Recorded before the files are written: a crash between the two leaves a record without a copy, never a copy without a record.
    if new:
        versions = ", ".join(f"{key.version}:{key.fingerprint}" for key in new)
        record_access(
            data,
            Access(action="KEY_COPIED", table_name="keyed_hash", selection={"versions": versions}, row_count=len(new)),
        )
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    folder.chmod(0o700)
    for key in new:
        write_atomically(folder / key.path.name, key.path.read_bytes(), mode=0o600)
    return len(versions_of_key)


def _is_copied(key: HashKey, folder: Path) -> bool:
    copy = folder / key.path.name
    # Never overwritten: it may be the only copy of another installation's key.
    if copy.exists() and copy.read_bytes() != key.path.read_bytes():
        raise BadArguments(
            "the folder holds another key under this name", file=copy, fix="give the folder of this installation's key"
        )
    return copy.exists()


def backed_up_keys(folder: Path) -> list[HashKey]:
    """Return the versions of the key in a folder that `copy_keys` wrote.

    Args:
        folder: the folder of the key.

    Raises:
        BadArguments: there is no key.
        WangjianError: other users may read a key, or a file is not a key.
    """
    copies = keys_in(folder)
    if not copies:
        raise BadArguments(
            "there is no key", folder=folder, fix="give the folder that `wangjian backup --keys-to` wrote"
        )
    return copies
