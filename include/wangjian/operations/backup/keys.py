"""The key of hashed numbers, backed up apart from the data: whoever has both can find numbers by trying."""

from __future__ import annotations

from pathlib import Path

from wangjian.core.errors import BadArguments
from wangjian.core.files import write_atomically
from wangjian.core.paths import DataRoot
from wangjian.ingestion.parsing.keyed_hash import HashKey, keys, keys_in
from wangjian.operations.kept_folder import require_apart
from wangjian.state.audit_log import Access, record_access


def copy_keys(data: DataRoot, folder: Path, *, apart_from: Path) -> int:
    """Write every version of the key to another place, private to its owner; on record in the audit log.

    Args:
        data: the data root.
        folder: the place.
        apart_from: the backup, with which it must not lie together.

    Returns:
        How many versions lie there.

    Raises:
        BadArguments: the place lies in the backup or among the data, the backup lies in it, or it holds another key.
        WangjianError: others may read a key.
    """
    folder = folder.absolute()
    require_apart(folder, data, "key's backup")
    if folder.resolve().is_relative_to(apart_from.resolve()) or apart_from.resolve().is_relative_to(folder.resolve()):
        raise BadArguments(
            "the key must not lie with the backup: whoever has both can find numbers by trying",
            keys=folder,
            backup=apart_from,
            fix="give a folder on another disk, for instance one that goes into a safe",
        )
    found = keys(data.state)
    new = [key for key in found if not _lies_there(key, folder)]
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
    return len(found)


def _lies_there(key: HashKey, folder: Path) -> bool:
    there = folder / key.path.name
    if there.exists() and there.read_bytes() != key.path.read_bytes():
        raise BadArguments(
            "another key lies there under this name", file=there, fix="give the folder of this installation's key"
        )
    return there.exists()


def kept_keys(folder: Path) -> list[HashKey]:
    """The versions that lie in such a place.

    Raises:
        BadArguments: there is none.
        WangjianError: others may read one, or it is no key.
    """
    found = keys_in(folder)
    if not found:
        raise BadArguments(
            "there is no key", folder=folder, fix="give the folder that `wangjian backup --keys-to` wrote"
        )
    return found
