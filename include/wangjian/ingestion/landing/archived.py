"""The landing zone together with the archives: what can be read, and which archive to fetch where something cannot."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from wangjian.core.errors import ArchiveUnavailable
from wangjian.core.paths import DataRoot
from wangjian.ingestion.landing.manifest import Manifest
from wangjian.ingestion.landing.store import Landing
from wangjian.state.archives import ArchiveEvent, archive_folders, archived


def landing_of(data: DataRoot) -> Landing:
    """The landing zone of a data root, which also reads what was moved into archives, where they are within reach."""
    return Landing(data.landing, lambda: archive_folders(data))


def require_bytes(data: DataRoot, landing: Landing, exports: Iterable[Manifest]) -> None:
    """Make sure that the bytes of exports can be read, before anything is made anew from them.

    Args:
        data: the data root.
        landing: of `landing_of`.
        exports: what is about to be read.

    Raises:
        ArchiveUnavailable: some lie in an archive that is not there. Bytes that are missing otherwise are told when they
            are read.
    """
    absent = [export for export in exports if any(landing.find(file.sha256) is None for file in export.files)]
    if absent:
        known = archived(data)
        away = [known[export.export_id] for export in absent if export.export_id in known]
        if away:
            raise _out_of_reach(away)


def require_everything(data: DataRoot) -> None:
    """Make sure that every landed byte can be read, and that what lies in archives is what it was.

    Args:
        data: the data root.

    Raises:
        ArchiveUnavailable: an archive is not there.
        ArchiveDamaged: an archive is damaged.
        WangjianError: landed bytes are missing.
    """
    landing = landing_of(data)
    exports = list(landing.exports())
    require_bytes(data, landing, exports)
    for sha256 in sorted({file.sha256 for export in exports for file in export.files}):
        if landing.path_of(sha256) != landing.object_path(sha256):
            landing.read(sha256)


def _out_of_reach(away: Sequence[ArchiveEvent]) -> ArchiveUnavailable:
    dates = sorted(event.business_date for event in away)
    sources, datasets, folders = (
        sorted({getattr(event, name) for event in away}) for name in ("source", "dataset", "folder")
    )
    selection = "".join(f" --source {source}" for source in sources) + f" --from {dates[0]} --to {dates[-1]}"
    return ArchiveUnavailable(
        f"the bytes of {len(away)} exports lie in an archive that is not within reach",
        source=", ".join(sources),
        dataset=", ".join(datasets),
        dates=f"{dates[0]} … {dates[-1]}",
        archive=", ".join(folders),
        fix="mount the archive at that path, or take the bytes back from wherever it lies now: "
        f"`wangjian archive restore FOLDER{selection}`",
    )
