"""Moving landed bytes of old exports to another disk, by explicit command, proven by hash; and taking them back."""

from wangjian.archive.listing import Archive, archives
from wangjian.archive.move import ArchiveReport, archive
from wangjian.archive.plan import ArchivePlan, make_plan
from wangjian.archive.restore import RestoreReport, Selection, restore
from wangjian.archive.verify import Verification, verify

__all__ = [
    "Archive",
    "ArchivePlan",
    "ArchiveReport",
    "RestoreReport",
    "Selection",
    "Verification",
    "archive",
    "archives",
    "make_plan",
    "restore",
    "verify",
]
