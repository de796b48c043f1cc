"""Which archives there are."""

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
    """What the state remembers of one archive.

    Attributes:
        exports: how many have their bytes there and not in landing.
        first, last: their business dates.
        is_within_reach: whether it lies where it was written.
    """

    folder: Path
    exports: int
    sources: tuple[str, ...]
    first: date
    last: date
    is_within_reach: bool


def archives(data: DataRoot) -> list[Archive]:
    """The archives that hold something that landing does not, by path."""
    events = defaultdict(list)
    for event in archived(data).values():
        events[Path(event.folder)].append(event)
    return [
        Archive(
            folder=folder,
            exports=len(found),
            sources=tuple(sorted({event.source for event in found})),
            first=min(event.business_date for event in found),
            last=max(event.business_date for event in found),
            is_within_reach=(folder / NOTE).exists(),
        )
        for folder, found in sorted(events.items())
    ]
