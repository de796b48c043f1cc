"""Verify a folder of backups: read every byte and compare every hash."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from wangjian.core.errors import BackupDamaged
from wangjian.core.files import sha256_on_disk
from wangjian.ingestion.fetching.fetch import Progress
from wangjian.operations.backup.folder import BackupFolder


@dataclass(frozen=True)
class Verification:
    """The result of a verification.

    Attributes:
        folder: the folder of backups.
        backups: the number of finished backups.
        files: the number of objects that were read.
        byte_size: their size in bytes.
        missing: the hashes of objects that a backup needs and the folder lacks, each with a path that needs it.
        damaged: the objects whose bytes do not match their name, and the lists of files that were changed.
        unneeded: the number of objects that no backup needs. An interrupted run left them; they are no fault.
    """

    folder: Path
    backups: int
    files: int
    byte_size: int
    missing: tuple[str, ...]
    damaged: tuple[str, ...]
    unneeded: int

    @property
    def is_whole(self) -> bool:
        """Return whether nothing is missing or damaged."""
        return not self.missing and not self.damaged


def verify(folder: Path, progress: Progress | None = None) -> Verification:
    """Read every object of a folder of backups, and compare its hash.

    Args:
        folder: the folder.
        progress: called after each object with the folder's name, its number and the number of objects.

    Returns:
        The result.

    Raises:
        BadArguments: the folder has no finished backup.
        BackupDamaged: a header cannot be read.
    """
    stored = BackupFolder(folder)
    stored.require()
    report = progress or (lambda *_: None)
    # Raises if there is no finished backup: an empty folder must not count as a good one.
    stored.chosen(None)
    backups, needed, damaged = stored.backups(), dict[str, str](), list[str]()
    for backup in backups:
        try:
            needed |= {sha256: name for name, sha256 in stored.sums(backup).items()}
        # One damaged list does not end the check: the other backups may be complete.
        except BackupDamaged:
            damaged.append(f"backups/{backup.backup_id}/SHA256SUMS")
        if backup.metadata:
            needed[backup.metadata.sha256] = "metadata"
    objects, read = {path.name: path for path in stored.objects()}, 0
    for number, (sha256, path) in enumerate(objects.items(), start=1):
        read += path.stat().st_size
        if sha256_on_disk(path) != sha256:
            damaged.append(f"objects/{sha256[:2]}/{sha256}")
        report(stored.root.name, number, len(objects))
    missing = sorted(f"{sha256}  {name}" for sha256, name in needed.items() if sha256 not in objects)
    unneeded = len(objects.keys() - needed.keys())
    return Verification(stored.root, len(backups), len(objects), read, tuple(missing), tuple(damaged), unneeded)
