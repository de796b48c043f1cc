"""Plan an archiving: the exports, the bytes that can leave landing, and the bytes that must stay for other exports."""

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
    """The exports and bytes that archiving would move.

    Attributes:
        folder: the folder of the archive.
        before: exports of earlier business dates are archived.
        exports: the exports to archive, by source, dataset and date.
        leaving: the bytes that would leave landing: sizes by hash.
        staying: the bytes that are copied and stay in landing too, because an export that is not archived needs them: sizes by hash.
        elsewhere: the number of exports of the period that are in another archive already.
    """

    folder: Path
    before: date
    exports: tuple[Manifest, ...]
    leaving: Mapping[str, int]
    staying: Mapping[str, int]
    elsewhere: int


def make_plan(data: DataRoot, before: date, folder: Path, sources: Iterable[str]) -> ArchivePlan:
    """Return what archiving would move. Nothing is changed.

    Args:
        data: the data root.
        before: exports of earlier business dates are chosen.
        folder: the folder of the archive.
        sources: source codes.

    Returns:
        The plan. It leaves out exports that are archived in the folder already and have no bytes in landing that could go.

    Raises:
        BadArguments: a source is unknown.
        WangjianError: an export of the period is not parsed: the next build would miss its rows.
    """
    landing, folder = Landing(data.landing), folder.absolute()
    names = [get_source(code).source for code in sources]
    chosen = [export for name in names for export in exports_before(landing, before, name)]
    known = archived(data)
    # An erased file no longer has the bytes of its hash. A copy could not be checked, so its export stays in landing.
    whole = [export for export in chosen if not any(landing.is_erased(file.sha256) for file in export.files)]
    here = [export for export in whole if not _is_elsewhere(known, export, folder)]
    needed = needed_bytes(landing, known, {export.export_id for export in here})
    todo = tuple(export for export in here if export.export_id not in known or _may_go(landing, export, needed))
    _require_parsed(data, names, todo)
    sizes = {file.sha256: file.byte_size for export in todo for file in export.files}
    leaving = {sha256: size for sha256, size in sizes.items() if sha256 not in needed}
    staying = {sha256: size for sha256, size in sizes.items() if sha256 in needed}
    return ArchivePlan(folder, before, todo, leaving, staying, len(whole) - len(here))


def exports_before(landing: Landing, before: date, source: str) -> list[Manifest]:
    """Return the landed exports of a source with business dates before a day, in a fixed order.

    Args:
        landing: the landing zone.
        before: the day; exports of this day are not included.
        source: source code.
    """
    return [export for export in landing.exports(source) if export.key.business_date < before]


def needed_bytes(landing: Landing, known: Mapping[str, ArchiveEvent], chosen: set[str]) -> set[str]:
    """Return the hashes of the bytes that must stay in landing.

    Exports that are neither chosen nor archived need their bytes there, and so does a fetch that is not finished.

    Args:
        landing: the landing zone.
        known: the archived exports by their identifier.
        chosen: the identifiers of the exports that are about to be archived.
    """
    # Bytes that a fetch noted (`noted_bytes`) belong to no manifest yet.
    staying = (
        export for export in landing.exports() if export.export_id not in chosen and export.export_id not in known
    )
    return {file.sha256 for export in staying for file in export.files} | landing.noted_bytes()


def _is_elsewhere(known: Mapping[str, ArchiveEvent], export: Manifest, folder: Path) -> bool:
    return export.export_id in known and Path(known[export.export_id].folder) != folder


def _may_go(landing: Landing, export: Manifest, needed: set[str]) -> bool:
    """Return whether landing has bytes of an archived export that no other export needs, left by a crash or restored since."""
    return any(file.sha256 not in needed and landing.object_path(file.sha256).exists() for file in export.files)


def _require_parsed(data: DataRoot, sources: Iterable[str], exports: Iterable[Manifest]) -> None:
    for source in sources:
        waiting = unparsed(get_source(source), data)
        absent = [export for export in exports if export.export_id in waiting]
        if absent:
            raise WangjianError(
                f"{len(absent)} exports are not parsed under the present contract; their rows would be lost",
                source=source,
                dataset=absent[0].key.dataset,
                date=absent[0].key.business_date,
                fix=f"run `wangjian parse {source}` first",
            )
