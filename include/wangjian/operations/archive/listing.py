"""List the archives that the state knows."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from datetime import date
from pathlib import Path

from wangjian.core.paths import DataRoot
from wangjian.operations.archive.folder import NOTE
from wangjian.state.archives import archived


@dataclass(frozen=True)
class Archive:
    """One archive, as the state knows it.

    Attributes:
        folder: the folder that it was written to.
        exports: the number of exports whose bytes are there and not in landing.
        sources: the source codes of these exports.
        first, last: their first and last business date.
        is_within_reach: whether the archive is available in its folder now.
    """

    folder: Path
    exports: int
    sources: tuple[str, ...]
    first: date
    last: date
    is_within_reach: bool


def archives(data: DataRoot) -> list[Archive]:
    """Return the archives that hold bytes which landing does not have.

    Args:
        data: the data root.

    Returns:
        The archives in the order of their paths.
    """
    events = defaultdict(list)
    for event in archived(data).values():
        events[Path(event.folder)].append(event)
    return [
        Archive(
            folder=folder,
            exports=len(in_folder),
            sources=tuple(sorted({event.source for event in in_folder})),
            first=min(event.business_date for event in in_folder),
            last=max(event.business_date for event in in_folder),
            is_within_reach=(folder / NOTE).exists(),
        )
        for folder, in_folder in sorted(events.items())
    ]
