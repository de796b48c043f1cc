"""What would be archived: which exports, which of their bytes can leave landing, and which must stay for others."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from pathlib import Path

from wangjian.core.errors import WangjianError
from wangjian.core.paths import DataRoot
from wangjian.ingestion.landing.manifest import Manifest
from wangjian.ingestion.landing.store import Landing
from wangjian.ingestion.parsing import unparsed
from wangjian.ingestion.sources.registry import get_source
from wangjian.state.archives import ArchiveEvent, archived


@dataclass(frozen=True)
class ArchivePlan:
    """What would be done.

    Attributes:
        exports: those to archive, by source, dataset and date.
        leaving: sizes in bytes, by hash, of what would leave landing.
        staying: likewise, of what is copied but stays in landing too, because an export that is not archived needs it.
        elsewhere: how many exports of the range lie in another archive already.
    """

    folder: Path
    before: date
    exports: tuple[Manifest, ...]
    leaving: Mapping[str, int]
    staying: Mapping[str, int]
    elsewhere: int


def make_plan(data: DataRoot, before: date, folder: Path, sources: Iterable[str]) -> ArchivePlan:
    """Look at what is landed. Nothing is changed.

    Args:
        data: the data root.
        before: exports of earlier business dates are chosen.
        folder: where they go.
        sources: source codes.

    Returns:
        The plan. An export that is archived there already, with nothing left in landing that could go, is not in it.

    Raises:
        BadArguments: an unknown source.
        WangjianError: an export of the range is not parsed: its rows would be lost to the next build.
    """
    landing, folder = Landing(data.landing), folder.absolute()
    names = [get_source(code).source for code in sources]
    chosen = [export for name in names for export in exports_before(landing, before, name)]
    known = archived(data)
    # what an erasure left of a file has no hash to be proven by: it stays in landing
    whole = [export for export in chosen if not any(landing.is_erased(file.sha256) for file in export.files)]
    there = [export for export in whole if not _is_elsewhere(known, export, folder)]
    needed = needed_bytes(landing, known, {export.export_id for export in there})
    todo = tuple(export for export in there if export.export_id not in known or _may_go(landing, export, needed))
    _require_parsed(data, names, todo)
    sizes = {file.sha256: file.byte_size for export in todo for file in export.files}
    leaving = {sha256: size for sha256, size in sizes.items() if sha256 not in needed}
    staying = {sha256: size for sha256, size in sizes.items() if sha256 in needed}
    return ArchivePlan(folder, before, todo, leaving, staying, len(whole) - len(there))


def exports_before(landing: Landing, before: date, source: str) -> list[Manifest]:
    """The landed exports of a source of business dates before a day, in a fixed order."""
    return [export for export in landing.exports(source) if export.key.business_date < before]


def needed_bytes(landing: Landing, known: Mapping[str, ArchiveEvent], chosen: set[str]) -> set[str]:
    """The hashes that some export needs in landing: one that is neither chosen nor archived, or is still being fetched.

    Args:
        landing: the landing zone.
        known: what is archived, by export id.
        chosen: export ids that are about to be archived.
    """
    staying = (
        export for export in landing.exports() if export.export_id not in chosen and export.export_id not in known
    )
    return {file.sha256 for export in staying for file in export.files} | landing.noted_bytes()


def _is_elsewhere(known: Mapping[str, ArchiveEvent], export: Manifest, folder: Path) -> bool:
    return export.export_id in known and Path(known[export.export_id].folder) != folder


def _may_go(landing: Landing, export: Manifest, needed: set[str]) -> bool:
    """Whether something of an archived export lies in landing still, or again, that nobody needs there."""
    return any(file.sha256 not in needed and landing.object_path(file.sha256).exists() for file in export.files)


def _require_parsed(data: DataRoot, sources: Iterable[str], exports: Iterable[Manifest]) -> None:
    for source in sources:
        waiting = unparsed(get_source(source), data)
        absent = [export for export in exports if export.export_id in waiting]
        if absent:
            raise WangjianError(
                f"{len(absent)} exports are not parsed under the present contract, so that their rows would be lost",
                source=source,
                dataset=absent[0].key.dataset,
                date=absent[0].key.business_date,
                fix=f"run `wangjian parse {source}` first",
            )
