"""Back up everything that a rebuild cannot make to another disk, and restore it. The reasons are in docs/decisions/backup.md."""

from wangjian.operations.backup.folder import Backup, BackupFolder
from wangjian.operations.backup.restore import RestoreReport, restore
from wangjian.operations.backup.take import BackupReport, back_up
from wangjian.operations.backup.verify import Verification, verify

__all__ = [
    "Backup",
    "BackupFolder",
    "BackupReport",
    "RestoreReport",
    "Verification",
    "back_up",
    "restore",
    "verify",
]
