"""Move the landed bytes of old exports to another disk, checked by hash, and restore them. Only explicit commands do it."""

from wangjian.operations.archive.listing import Archive, archives
from wangjian.operations.archive.move import ArchiveReport, archive
from wangjian.operations.archive.plan import ArchivePlan, make_plan
from wangjian.operations.archive.restore import RestoreReport, Selection, restore
from wangjian.operations.archive.verify import Verification, verify

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
