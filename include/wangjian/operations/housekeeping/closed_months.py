"""Old months of append-only logs: out of the file that every run reads, into one compressed file a month that stays for good."""

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
    """One thing that housekeeping took away, or would take away.

    Attributes:
        kind: the name of its period in `retention.yml`.
        name: which one.
        byte_size: how much room that gives.
        moved_to: where it lies now; null where it is gone.
    """

    kind: str
    name: str
    byte_size: int
    moved_to: Path | None = None


def first_kept_month(at: datetime, months: int) -> str:
    """The first month that stays: the running one and so many whole ones before it.

    Args:
        at: the moment to judge by.
        months: how many.

    Returns:
        `YYYY-MM`, UTC as in the logs.
    """
    count = at.year * 12 + at.month - 1 - months
    return f"{count // 12:04}-{count % 12 + 1:02}"


def move_months(
    data: DataRoot, kind: str, log: Path, time_field: str, first_kept: str, *, dry_run: bool = False
) -> list[Cleared]:
    """Move old months of a log to `state/archive/`. Cut off anywhere, nothing is lost and the next run finishes.

    Args:
        data: the data root.
        kind: the name of the period.
        log: a store of JSON lines.
        time_field: the field that says when; a line without it, or a torn one, stays.
        first_kept: the first month that stays.
        dry_run: only tell.

    Returns:
        What was moved, by month.

    Raises:
        WangjianError: the archive does not give back what was written; nothing was removed.
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
            for month, found in old.items():
                keep_for_good(_target(data, log.stem, month), found)
            gone = {line for found in old.values() for line in found}
            jsonl.replace(log, b"".join(line for line in lines if line not in gone))
    return moved


def move_files(
    data: DataRoot, kind: str, files: Mapping[str, Iterable[Path]], name: str, *, dry_run: bool = False
) -> list[Cleared]:
    """Move whole files of old months to `state/archive/`: the lines of a month's files become one compressed file.

    Args:
        data: the data root.
        kind: the name of the period.
        files: by month.
        name: begins the names of the archives.
        dry_run: only tell.

    Returns:
        What was moved, by month.

    Raises:
        WangjianError: the archive does not give back what was written; nothing was removed.
    """
    moved = []
    for month, paths in sorted(files.items()):
        found, target = sorted(paths), _target(data, name, month)
        moved.append(Cleared(kind, f"{name} {month}", sum(path.stat().st_size for path in found), target))
        if not dry_run:
            keep_for_good(target, [line for path in found for line in path.read_bytes().splitlines(keepends=True)])
            for path in found:
                path.unlink()
    return moved


def keep_for_good(target: Path, lines: Iterable[bytes]) -> None:
    """Add lines to a compressed file, unless they are in it, and prove that it gives them back.

    Args:
        target: the file, `….jsonl.gz`.
        lines: with their line breaks.

    Raises:
        WangjianError: it does not.
    """
    before = gzip.decompress(target.read_bytes()) if target.exists() else b""
    known = set(before.splitlines(keepends=True))
    # the last line of a file whose writer died may lack its break
    added = [line if line.endswith(b"\n") else line + b"\n" for line in lines]
    content = before + b"".join(dict.fromkeys(line for line in added if line not in known))
    # without a time in it, so that equal content gives equal files
    write_atomically(target, gzip.compress(content, mtime=0))
    target.chmod(0o600)
    if hashlib.sha256(gzip.decompress(target.read_bytes())).digest() != hashlib.sha256(content).digest():
        raise WangjianError("the archive gives back other lines than were written", file=target, fix="check the disk")


def _target(data: DataRoot, name: str, month: str) -> Path:
    return data.state / "archive" / f"{name}-{month}.jsonl.gz"


def _month_of(line: bytes, time_field: str) -> str | None:
    try:
        return datetime.fromisoformat(json.loads(line)[time_field]).strftime("%Y-%m")
    except (ValueError, KeyError, TypeError):
        return None
