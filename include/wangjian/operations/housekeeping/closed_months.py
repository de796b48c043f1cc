"""Move old months of append-only logs out of the file that every run reads, into one compressed file for each month."""

from __future__ import annotations

import gzip
import hashlib
import json
from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from wangjian.core.errors import WangjianError
from wangjian.core.files import held_alone, write_atomically
from wangjian.core.paths import DataRoot
from wangjian.state import jsonl


@dataclass(frozen=True)
class Cleared:
    """One item that housekeeping removed or moved, or would in a dry run.

    Attributes:
        kind: the name of its period in `retention.yml`.
        name: the item: a file, a month of a log, a publication.
        byte_size: its size in bytes.
        moved_to: the file that it was moved to; null if it was removed.
    """

    kind: str
    name: str
    byte_size: int
    moved_to: Path | None = None


def first_kept_month(at: datetime, months: int) -> str:
    """Return the first month that stays, if the current month and a number of whole months before it stay.

    Args:
        at: the time to judge by.
        months: the number of whole months.

    Returns:
        `YYYY-MM` in UTC, like the times in the logs.
    """
    count = at.year * 12 + at.month - 1 - months
    return f"{count // 12:04}-{count % 12 + 1:02}"


def move_months(
    data: DataRoot, kind: str, log: Path, time_field: str, first_kept: str, *, dry_run: bool = False
) -> list[Cleared]:
    """Move old months of a log to `state/archive/`. A crash at any point loses nothing, and the next run finishes.

    Args:
        data: the data root.
        kind: the name of the period.
        log: the log, a file of JSON lines.
        time_field: the field with the time. A line without it, or an incomplete line, stays.
        first_kept: the first month that stays.
        dry_run: whether to report only.

    Returns:
        The moved months.

    Raises:
        WangjianError: the archive does not return the written lines; nothing was removed.
    """
    if not log.exists():
        return []
    with held_alone(log):
        lines = log.read_bytes().splitlines(keepends=True)
        old: dict[str, list[bytes]] = defaultdict(list)
        for line in lines:
            month = _month_of(line, time_field)
            if month and month < first_kept:
                old[month].append(line)
        moved = [
            Cleared(kind, f"{log.stem} {month}", sum(map(len, old[month])), _target(data, log.stem, month))
            for month in sorted(old)
        ]
        if old and not dry_run:
            # First all lines into the archive, then the log without them: after a crash a line may be in both, never in neither.
            for month, of_month in old.items():
                keep_for_good(_target(data, log.stem, month), of_month)
            archived = {line for of_month in old.values() for line in of_month}
            jsonl.replace(log, b"".join(line for line in lines if line not in archived))
    return moved


def move_files(
    data: DataRoot, kind: str, files: Mapping[str, Iterable[Path]], name: str, *, dry_run: bool = False
) -> list[Cleared]:
    """Move whole files of old months to `state/archive/`. The lines of a month's files become one compressed file.

    Args:
        data: the data root.
        kind: the name of the period.
        files: the files by month.
        name: the beginning of the archives' names.
        dry_run: whether to report only.

    Returns:
        The moved months.

    Raises:
        WangjianError: the archive does not return the written lines; nothing was removed.
    """
    moved = []
    for month, paths in sorted(files.items()):
        of_month, target = sorted(paths), _target(data, name, month)
        moved.append(Cleared(kind, f"{name} {month}", sum(path.stat().st_size for path in of_month), target))
        if not dry_run:
            keep_for_good(target, [line for path in of_month for line in path.read_bytes().splitlines(keepends=True)])
            for path in of_month:
                path.unlink()
    return moved


def keep_for_good(target: Path, lines: Iterable[bytes]) -> None:
    """Add lines to a compressed file, except those that are in it, and check that it returns them.

    Args:
        target: the file, `….jsonl.gz`.
        lines: the lines with their line breaks.

    Raises:
        WangjianError: the file does not return the written lines.
    """
    before = gzip.decompress(target.read_bytes()) if target.exists() else b""
    # A round that was interrupted before it shortened the log gives the same lines again.
    known = set(before.splitlines(keepends=True))
    # The last line may lack its line break if its writer crashed; without one it would merge with the next line.
    added = [line if line.endswith(b"\n") else line + b"\n" for line in lines]
    content = before + b"".join(dict.fromkeys(line for line in added if line not in known))
    # gzip stores the time of writing by default. Without it equal content gives equal files, which backups store once.
    write_atomically(target, gzip.compress(content, mtime=0))
    target.chmod(0o600)
    if hashlib.sha256(gzip.decompress(target.read_bytes())).digest() != hashlib.sha256(content).digest():
        raise WangjianError(
            "the archive of a log returns other lines than were written; nothing was removed",
            file=target,
            fix="check the disk",
        )


def _target(data: DataRoot, name: str, month: str) -> Path:
    return data.state / "archive" / f"{name}-{month}.jsonl.gz"


def _month_of(line: bytes, time_field: str) -> str | None:
    try:
        return datetime.fromisoformat(json.loads(line)[time_field]).strftime("%Y-%m")
    except (ValueError, KeyError, TypeError):
        return None
