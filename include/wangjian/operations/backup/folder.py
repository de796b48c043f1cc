"""Backups on disk. Many of them share their bytes; without Wangjian they can be checked and taken back by plain tools.

<folder>/BACKUP.txt                        what this is, for whoever finds it, and how to take it back by hand
<folder>/objects/<2 hex>/<sha256>          the bytes of all backups, once each
<folder>/backups/<backup_id>/SHA256SUMS    what belongs to one: hash and path below the data root
<folder>/backups/<backup_id>/backup.json   when and of what it was made; written last: without it there is no such backup
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
from wangjian.operations.kept_folder import KeptFolder

SUMS = "SHA256SUMS"
HEADER = "backup.json"
CHUNK = 1 << 20

_EXPLANATION = """网监数仓 备份, 由 `wangjian backup` 写入. 请勿改动或删除. 含个人信息, 按落地区同样保管.
校验: wangjian backup verify 本目录. 恢复: wangjian restore --from 本目录.

Backups of Wangjian, written by `wangjian backup`. Keep as they are. They hold personal data: guard them as landing/ itself.
To check: wangjian backup verify FOLDER. To take back: wangjian restore --from FOLDER.

没有 Wangjian 时 without Wangjian: 每个对象的文件名就是其 SHA-256 the name of each file below objects/ is its SHA-256;
backups/<编号 id>/SHA256SUMS 列出每个文件的散列与路径 lists hash and path of each file:

    while read -r hash path; do install -D -m 600 "objects/${hash:0:2}/$hash" "TARGET/$path"; done < backups/ID/SHA256SUMS
"""


class Metadata(BaseModel):
    """The copy of Airflow's metadata database: its bytes are an object of the backup.

    Attributes:
        kind: of database; `sqlite` is a database file, `postgresql` an archive of `pg_dump`.
    """

    model_config = ConfigDict(frozen=True)

    kind: Literal["sqlite", "postgresql"]
    sha256: str
    byte_size: int


class Backup(BaseModel):
    """One backup, as its header tells it.

    Attributes:
        backup_id: of its run in the run log; sorts by the moment at which it was begun.
        entry_id: of the backup's own line in the run log, which had not ended when the run log was copied.
        sums_sha256: of its list of files.
        shown: the published file that readers saw; null where nothing was published.
        key_fingerprint: of the key of hashed numbers, which is backed up apart; null where there was none yet.
        audit_head: of the audit log in it.
        archives: folders in which bytes lie that landing has not; a rebuild needs them.
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


class BackupFolder(KeptFolder):
    """A folder with the backups of one data root.

    Args:
        root: the folder.
    """

    NAME, NOTE, EXPLANATION = "backup", "BACKUP.txt", _EXPLANATION

    @property
    def _shelf(self) -> Path:
        return self.root / "backups"

    def backups(self) -> list[Backup]:
        """All finished backups, the newest last.

        Raises:
            BackupDamaged: a header cannot be read.
        """
        return [_read_header(path) for path in sorted(self._shelf.glob(f"*/{HEADER}"))]

    def chosen(self, backup_id: str | None) -> Backup:
        """One of the backups; the newest if null.

        Raises:
            BadArguments: there is none, or none of that name.
        """
        found = {backup.backup_id: backup for backup in self.backups()}
        if not found:
            raise BadArguments("no backup was finished in this folder", folder=self.root, fix="give another folder")
        backup_id = backup_id or max(found)
        if backup_id not in found:
            raise BadArguments(
                "there is no such backup",
                backup=backup_id,
                folder=self.root,
                fix=f"choose from {', '.join(found)}; `wangjian backup list {self.root}`",
            )
        return found[backup_id]

    def sums(self, backup: Backup) -> dict[str, str]:
        """The files of a backup: hashes by path below the data root.

        Raises:
            BackupDamaged: the list is not the one that was written.
        """
        path = self._shelf / backup.backup_id / SUMS
        if not path.exists() or sha256_of(path) != backup.sums_sha256:
            raise BackupDamaged(
                "the list of a backup's files is missing or damaged",
                file=path,
                fix="choose another one with --backup, or take it from a copy of this folder",
            )
        lines = (line.split("  ", 1) for line in path.read_text(encoding="utf-8").splitlines())
        return {_below(name, path): sha256 for sha256, name in lines}

    def keep(self, content: BinaryIO, length: int | None, sha256: str | None = None) -> tuple[str, int]:
        """Keep bytes, durable, and read them back from the disk; what is there by hash is not written again.

        Args:
            content: a file that can be sought.
            length: so many bytes of it, from its beginning; all if null.
            sha256: their hash, where it is known.

        Returns:
            Their hash, and how many bytes were written.

        Raises:
            BackupDamaged: they have another hash than they should, here or there.
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
                fix="take this file from an earlier backup or from the source; nothing else is wrong with this run",
            ) from None
        if sha256_on_disk(target) != sha256:
            target.unlink()
            raise BackupDamaged(
                "the backup's disk gives back other bytes than were written",
                file=target,
                fix="check the disk; the backups before are as they were",
            )
        return sha256, written

    def commit(self, backup: Backup, text: str) -> None:
        """Make a backup one of the folder's, in one step: the header comes last."""
        folder = self._shelf / backup.backup_id
        write_atomically(folder / SUMS, text, mode=0o600)
        write_atomically(folder / HEADER, backup.model_dump_json(indent=1) + "\n", mode=0o600)

    def needed(self, backups: Iterable[Backup]) -> set[str]:
        """The hashes of all bytes that some backups need."""
        found = {sha256 for backup in backups for sha256 in self.sums(backup).values()}
        return found | {backup.metadata.sha256 for backup in backups if backup.metadata}

    def objects(self) -> Iterator[Path]:
        """All bytes that lie there, whoever needs them."""
        found = (self.root / "objects").glob("*/*")
        return (path for path in sorted(found) if not path.name.startswith("."))

    def prune(self, keep: int) -> int:
        """Remove all but the newest backups, and the bytes that no other one needs. Cut off, a second run finishes it.

        Args:
            keep: so many stay, at least 1.

        Returns:
            How many backups were removed.
        """
        found = self.backups()
        old, stay = found[:-keep], found[-keep:]
        needed = self.needed(stay)
        for backup in old:
            # without its header it is none: from here on nobody chooses it
            (self._shelf / backup.backup_id / HEADER).unlink()
        kept = {backup.backup_id for backup in stay}
        for folder in self._shelf.iterdir():
            if folder.name not in kept:
                shutil.rmtree(folder)
        for path in self.objects():
            if path.name not in needed:
                path.unlink()
        return len(old)


def sums_text(files: Mapping[str, str]) -> str:
    """A list of files as `sha256sum --check` reads it."""
    return "".join(f"{sha256}  {name}\n" for name, sha256 in sorted(files.items()))


def _read_header(path: Path) -> Backup:
    try:
        return Backup.model_validate_json(path.read_bytes())
    except ValidationError:
        raise BackupDamaged(
            "the header of a backup is damaged",
            file=path,
            fix="take it from a copy of this folder, or move the folder of this backup away",
        ) from None


def _below(name: str, listed_in: Path) -> str:
    path = PurePosixPath(name)
    if path.is_absolute() or ".." in path.parts or path.parts[0] not in {"landing", "state", "published", "docs"}:
        raise BackupDamaged("a backup names a file outside of the data root", path=name, file=listed_in)
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
