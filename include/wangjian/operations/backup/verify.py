"""Whether a folder holds what its backups say: every byte read, every hash compared."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from wangjian.core.errors import BackupDamaged
from wangjian.core.files import sha256_on_disk
from wangjian.ingestion.fetching.fetch import Progress
from wangjian.operations.backup.folder import BackupFolder


@dataclass(frozen=True)
class Verification:
    """What was found.

    Attributes:
        backups: how many finished ones there are.
        files: how many objects were read.
        byte_size: of them.
        missing: what some backup needs and is not there, by hash, with the first path that needs it.
        damaged: with other bytes than its name says; or a list that is not the one that was written.
        unneeded: objects that no backup needs: left by a run that was cut off. Not a fault.
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
        return not self.missing and not self.damaged


def verify(folder: Path, progress: Progress | None = None) -> Verification:
    """Read everything in a folder of backups.

    Args:
        folder: the folder.
        progress: told of the progress.

    Returns:
        What was found.

    Raises:
        BadArguments: there are no backups.
        BackupDamaged: a header cannot be read.
    """
    kept = BackupFolder(folder)
    kept.require()
    tell = progress or (lambda *_: None)
    kept.chosen(None)
    backups, needed, damaged = kept.backups(), dict[str, str](), list[str]()
    for backup in backups:
        try:
            needed |= {sha256: name for name, sha256 in kept.sums(backup).items()}
        except BackupDamaged:
            damaged.append(f"backups/{backup.backup_id}/SHA256SUMS")
        if backup.metadata:
            needed[backup.metadata.sha256] = "metadata"
    objects, read = {path.name: path for path in kept.objects()}, 0
    for number, (sha256, path) in enumerate(objects.items(), start=1):
        read += path.stat().st_size
        if sha256_on_disk(path) != sha256:
            damaged.append(f"objects/{sha256[:2]}/{sha256}")
        tell(kept.root.name, number, len(objects))
    missing = sorted(f"{sha256}  {name}" for sha256, name in needed.items() if sha256 not in objects)
    unneeded = len(objects.keys() - needed.keys())
    return Verification(kept.root, len(backups), len(objects), read, tuple(missing), tuple(damaged), unneeded)
