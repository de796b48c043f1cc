"""Run one round of housekeeping: apply each retention period to its files."""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

from wangjian.core.errors import Busy
from wangjian.core.locks import publishing_lock, warehouse_lock
from wangjian.core.paths import DataRoot
from wangjian.core.retention import Retention
from wangjian.core.settings import settings
from wangjian.operations.housekeeping.closed_months import Cleared, first_kept_month, move_files, move_months
from wangjian.publishing.shelf import clear_old, old_publications
from wangjian.quality.report import clear_reports, old_reports

RUN_ID = re.compile(r"(\d{4})(\d{2})\d{2}T\d{6}\.\d{6}Z-[0-9a-f]{8}")


@dataclass(frozen=True)
class Housekeeping:
    """The result of one round.

    Attributes:
        cleared: the items that were moved or removed.
        left: messages about the items that another process is using; the next round handles them.
    """

    cleared: tuple[Cleared, ...]
    left: tuple[str, ...]

    @property
    def summary(self) -> str:
        """Return the number of items of each kind and the freed bytes, as text for a person."""
        counts = Counter(item.kind for item in self.cleared)
        kinds = ", ".join(f"{kind} {count}" for kind, count in counts.items()) or "nothing is older than its period"
        return f"{kinds}; {sum(item.byte_size for item in self.cleared)} bytes"


def clear_away(
    data: DataRoot, retention: Retention, at: datetime, run_id: str, *, dry_run: bool = False
) -> Housekeeping:
    """Apply every retention period once.

    Args:
        data: the data root.
        retention: the periods.
        at: the time to judge by.
        run_id: the run that this round is part of.
        dry_run: whether to report only.

    Returns:
        The removed, moved and skipped items.
    """
    cleared: list[Cleared] = []
    left: list[str] = []
    for step in (_publications, _logs, _check_results, _check_reports, _airflow_logs, _scratch):
        try:
            cleared += step(data, retention, at, run_id, dry_run)
        # One busy lock must not keep the other periods from being applied.
        except Busy as error:
            left.append(str(error))
    return Housekeeping(tuple(cleared), tuple(left))


def _publications(data: DataRoot, retention: Retention, at: datetime, run_id: str, dry_run: bool) -> list[Cleared]:
    with publishing_lock(data, "clear away old publications"):
        keep = retention.publications.keep
        old = [(item, data.published / item.file_name) for item in old_publications(data, keep)]
        cleared = [Cleared("publications", item.publication_id, path.stat().st_size) for item, path in old]
        if not dry_run:
            clear_old(data, run_id, keep)
    return cleared


def _logs(data: DataRoot, retention: Retention, at: datetime, run_id: str, dry_run: bool) -> list[Cleared]:
    """Move old months of the run log."""
    # Not of the audit log: its chain could hardly be followed in pieces.
    first = first_kept_month(at, retention.run_log.months)
    return move_months(data, "run_log", data.state / "run_log.jsonl", "started_at", first, dry_run=dry_run)


def _check_results(data: DataRoot, retention: Retention, at: datetime, run_id: str, dry_run: bool) -> list[Cleared]:
    first = first_kept_month(at, retention.check_results.months)
    old: dict[str, list[Path]] = defaultdict(list)
    for path in (data.state / "check_results").glob("*.jsonl"):
        # A file with another name is not the result of a run and stays.
        named = RUN_ID.fullmatch(path.stem)
        if named and (month := f"{named[1]}-{named[2]}") < first:
            old[month].append(path)
    return move_files(data, "check_results", old, "check_results", dry_run=dry_run)


def _check_reports(data: DataRoot, retention: Retention, at: datetime, run_id: str, dry_run: bool) -> list[Cleared]:
    old = old_reports(data.docs, retention.check_reports.keep)
    cleared = [Cleared("check_reports", path.name.removeprefix(".checks-"), _size(path)) for path in old]
    if not dry_run:
        clear_reports(old)
    return cleared


def _airflow_logs(data: DataRoot, retention: Retention, at: datetime, run_id: str, dry_run: bool) -> list[Cleared]:
    """Remove old task logs of Airflow, if they are below the data root."""
    # Elsewhere they may belong to an Airflow that other projects use too.
    home = settings().airflow_home or data.root / "airflow"
    logs = settings().airflow_logs or home / "logs"
    if not logs.resolve().is_relative_to(data.root.resolve()):
        return []
    first = first_kept_month(at, retention.airflow_logs.months)
    oldest = datetime.fromisoformat(f"{first}-01T00:00:00+00:00")
    return _remove_older("airflow_logs", logs, oldest, dry_run=dry_run)


def _scratch(data: DataRoot, retention: Retention, at: datetime, run_id: str, dry_run: bool) -> list[Cleared]:
    # A build uses these files. It does not wait: the next round can remove them.
    with warehouse_lock(data, "clear away work files", wait=False):
        return _remove_older("scratch", data.scratch, at - timedelta(days=retention.scratch.days), dry_run=dry_run)


def _remove_older(kind: str, root: Path, oldest: datetime, *, dry_run: bool) -> list[Cleared]:
    """Remove the files that were last written before `oldest`, and the folders that become empty. Links stay."""
    old = [path for path in sorted(root.rglob("*")) if _is_older(path, oldest)]
    cleared = [Cleared(kind, str(path.relative_to(root)), path.stat().st_size) for path in old]
    if not dry_run:
        for path in old:
            path.unlink(missing_ok=True)
        _remove_empty({path.parent for path in old}, root)
    return cleared


def _is_older(path: Path, oldest: datetime) -> bool:
    return path.is_file() and not path.is_symlink() and path.stat().st_mtime < oldest.timestamp()


def _remove_empty(folders: Iterable[Path], root: Path) -> None:
    below = {place for folder in folders for place in (folder, *folder.parents) if root in place.parents}
    for place in sorted(below, key=lambda path: -len(path.parts)):
        if not any(place.iterdir()):
            place.rmdir()


def _size(folder: Path) -> int:
    return sum(path.stat().st_size for path in folder.rglob("*") if path.is_file() and not path.is_symlink())
