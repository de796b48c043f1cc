"""The layout of backups on disk. Backups share equal bytes. Plain tools can check and restore them without Wangjian.

<folder>/BACKUP.txt                        explains the folder to a person, and how to restore by hand
<folder>/objects/<2 hex>/<sha256>          the bytes of all backups, each once
<folder>/backups/<backup_id>/SHA256SUMS    the files of one backup: hash and path below the data root
<folder>/backups/<backup_id>/backup.json   the header, written last: without it the backup does not count
"""

from __future__ import annotations

import hashlib
import shutil
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path, PurePosixPath
from typing import BinaryIO, Literal

from pydantic import AwareDatetime, BaseModel, ConfigDict, ValidationError

from wangjian.core.errors import ArchiveDamaged, BackupDamaged, BadArguments
from wangjian.core.files import sha256_of, sha256_on_disk, write_atomically
from wangjian.operations.offsite_folder import OffsiteFolder

SUMS = "SHA256SUMS"
HEADER = "backup.json"
CHUNK = 1 << 20

_EXPLANATION = """网监数仓 备份, 由 `wangjian backup` 写入. 请勿改动或删除. 含个人信息, 按落地区同样保管.
校验: wangjian backup verify 本目录. 恢复: wangjian restore --from 本目录.

Backups of Wangjian, written by `wangjian backup`. Do not change or delete them. They hold personal data: protect them like landing/.
To check: wangjian backup verify FOLDER. To restore: wangjian restore --from FOLDER.

没有 Wangjian 时 without Wangjian: 每个对象的文件名就是其 SHA-256 the name of each file below objects/ is its SHA-256;
backups/<编号 id>/SHA256SUMS 列出每个文件的散列与路径 lists hash and path of each file:

    while read -r hash path; do install -D -m 600 "objects/${hash:0:2}/$hash" "TARGET/$path"; done < backups/ID/SHA256SUMS
"""


class Metadata(BaseModel):
    """The copy of Airflow's metadata database. Its bytes are an object of the backup.

    Attributes:
        kind: the kind of database: `sqlite` for a database file, `postgresql` for an archive of `pg_dump`.
        sha256: the hash of the copy.
        byte_size: the size of the copy in bytes.
    """

    model_config = ConfigDict(frozen=True)

    kind: Literal["sqlite", "postgresql"]
    sha256: str
    byte_size: int


class Backup(BaseModel):
    """The header of one backup.

    Attributes:
        backup_id: the identifier of its run in the run log. Identifiers sort by the time at which the run started.
        taken_at: when the backup was finished.
        version: the version of Wangjian that made it.
        data_root: the data root that it was made from.
        entry_id: the backup's own entry in the run log, which was still open when the run log was copied.
        files: the number of files.
        byte_size: their size in bytes.
        sums_sha256: the hash of the list of files.
        shown: the published file that readers saw; null if nothing was published.
        key_fingerprint: the fingerprint of the key of hashed numbers, which is not in the backup; null if there was no key yet.
        audit_head: the head of the copied audit log.
        archives: the archive folders with bytes that are not in landing. A rebuild needs them.
        metadata: the copy of Airflow's metadata database; null if it was not asked for.
    """

    model_config = ConfigDict(frozen=True)

    backup_id: str
    taken_at: AwareDatetime
    version: str
    data_root: str
    entry_id: str
    files: int
    byte_size: int
    sums_sha256: str
    shown: str | None
    key_fingerprint: str | None
    audit_head: str
    archives: tuple[str, ...] = ()
    metadata: Metadata | None = None


class BackupFolder(OffsiteFolder):
    """A folder with the backups of one data root.

    Args:
        root: the path of the folder.
    """

    NAME, NOTE, EXPLANATION = "backup", "BACKUP.txt", _EXPLANATION

    @property
    def _shelf(self) -> Path:
        return self.root / "backups"

    def backups(self) -> list[Backup]:
        """Return all finished backups, the newest last.

        Raises:
            BackupDamaged: a header cannot be read.
        """
        return [_read_header(path) for path in sorted(self._shelf.glob(f"*/{HEADER}"))]

    def chosen(self, backup_id: str | None) -> Backup:
        """Return one of the backups.

        Args:
            backup_id: its identifier; null for the newest backup.

        Raises:
            BadArguments: the folder has no finished backup, or none with this identifier.
        """
        backups = {backup.backup_id: backup for backup in self.backups()}
        if not backups:
            raise BadArguments("the folder has no finished backup", folder=self.root, fix="give another folder")
        backup_id = backup_id or max(backups)
        if backup_id not in backups:
            raise BadArguments(
                "there is no such backup",
                backup=backup_id,
                folder=self.root,
                fix=f"choose from {', '.join(backups)}; `wangjian backup list {self.root}`",
            )
        return backups[backup_id]

    def sums(self, backup: Backup) -> dict[str, str]:
        """Return the hashes of a backup's files by their path below the data root.

        Args:
            backup: the backup.

        Raises:
            BackupDamaged: the list is missing or was changed.
        """
        path = self._shelf / backup.backup_id / SUMS
        if not path.exists() or sha256_of(path) != backup.sums_sha256:
            raise BackupDamaged(
                "the list of a backup's files is missing or damaged",
                file=path,
                fix="choose another backup with --backup, or copy the list from a copy of this folder",
            )
        lines = (line.split("  ", 1) for line in path.read_text(encoding="utf-8").splitlines())
        return {_below(name, path): sha256 for sha256, name in lines}

    def store(self, content: BinaryIO, length: int | None, sha256: str | None = None) -> tuple[str, int]:
        """Write bytes durably, and read them back from the disk. Bytes that the folder has already are not written again.

        Args:
            content: a file open for reading, with random access.
            length: the number of bytes from its beginning; null for all of them.
            sha256: their hash, if it is known.

        Returns:
            Their hash, and the number of bytes that were written.

        Raises:
            BackupDamaged: the bytes do not have the known hash, or the disk returns other bytes than were written.
        """
        sha256 = sha256 or _hash_of(content, length)
        target = self.zone.object_path(sha256)
        if target.exists():
            return sha256, 0
        try:
            written = self.zone.put(_chunks(content, length), sha256).byte_size
        except ArchiveDamaged as error:
            raise BackupDamaged(
                "bytes are not what they were when they were landed",
                file=content.name,
                found=error.where.get("found"),
                fix="take this file from an earlier backup or from the source, then run the backup again",
            ) from None
        if sha256_on_disk(target) != sha256:
            # The file must not stay: the next backup would take it for a good copy, because its name exists.
            target.unlink()
            raise BackupDamaged(
                "the backup's disk returns other bytes than were written",
                file=target,
                fix="check the disk; the earlier backups did not change",
            )
        return sha256, written

    def commit(self, backup: Backup, text: str) -> None:
        """Add a finished backup to the folder.

        Args:
            backup: its header.
            text: its list of files.
        """
        # The header comes last: a crash before it leaves no backup, not half a one.
        folder = self._shelf / backup.backup_id
        write_atomically(folder / SUMS, text, mode=0o600)
        write_atomically(folder / HEADER, backup.model_dump_json(indent=1) + "\n", mode=0o600)

    def needed(self, backups: Iterable[Backup]) -> set[str]:
        """Return the hashes of all objects that the given backups need."""
        files = {sha256 for backup in backups for sha256 in self.sums(backup).values()}
        return files | {backup.metadata.sha256 for backup in backups if backup.metadata}

    def objects(self) -> Iterator[Path]:
        """Yield the paths of all objects, whether a backup needs them or not."""
        # A leading dot marks a temporary file of an interrupted run.
        paths = (self.root / "objects").glob("*/*")
        return (path for path in sorted(paths) if not path.name.startswith("."))

    def prune(self, keep: int) -> int:
        """Remove all but the newest backups, and the objects that only they need. After a crash a second run finishes it.

        Args:
            keep: the number of backups that stay, at least 1.

        Returns:
            The number of removed backups.
        """
        backups = self.backups()
        old, stay = backups[:-keep], backups[-keep:]
        needed = self.needed(stay)
        for backup in old:
            # The header goes first: without it nobody can choose the backup while its objects disappear.
            (self._shelf / backup.backup_id / HEADER).unlink()
        kept = {backup.backup_id for backup in stay}
        # All other folders: an interrupted backup leaves one without a header.
        for folder in self._shelf.iterdir():
            if folder.name not in kept:
                shutil.rmtree(folder)
        for path in self.objects():
            if path.name not in needed:
                path.unlink()
        return len(old)


def sums_text(files: Mapping[str, str]) -> str:
    """Return a list of files in the format of `sha256sum --check`.

    Args:
        files: hashes by path.
    """
    return "".join(f"{sha256}  {name}\n" for name, sha256 in sorted(files.items()))


def _read_header(path: Path) -> Backup:
    try:
        return Backup.model_validate_json(path.read_bytes())
    except ValidationError:
        raise BackupDamaged(
            "the header of a backup is damaged",
            file=path,
            fix="copy the header from a copy of this folder, or move the folder of this backup away",
        ) from None


def _below(name: str, listed_in: Path) -> str:
    # The list comes from another disk. A path with `..` in it would let a restore overwrite any file of the user.
    path = PurePosixPath(name)
    if path.is_absolute() or ".." in path.parts or path.parts[0] not in {"landing", "state", "published", "docs"}:
        raise BackupDamaged(
            "a backup names a file outside of the data root",
            path=name,
            file=listed_in,
            fix="do not restore this backup; find out who changed it",
        )
    return name


def _chunks(content: BinaryIO, length: int | None) -> Iterator[bytes]:
    content.seek(0)
    left = length
    while chunk := content.read(CHUNK if left is None else min(CHUNK, left)):
        left = None if left is None else left - len(chunk)
        yield chunk


def _hash_of(content: BinaryIO, length: int | None) -> str:
    digest = hashlib.sha256()
    for chunk in _chunks(content, length):
        digest.update(chunk)
    return digest.hexdigest()
