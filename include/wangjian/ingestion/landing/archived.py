"""Read the landing zone together with the archives, and name the archive that is needed but not available."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from wangjian.core.errors import ArchiveUnavailable
from wangjian.core.paths import DataRoot
from wangjian.ingestion.landing.manifest import Manifest
from wangjian.ingestion.landing.store import Landing
from wangjian.state.archives import ArchiveEvent, archive_folders, archived


def landing_of(data: DataRoot) -> Landing:
    """Return the landing zone of a data root. It also reads files that were moved into an available archive."""
    return Landing(data.landing, lambda: archive_folders(data))


def require_bytes(data: DataRoot, landing: Landing, exports: Iterable[Manifest]) -> None:
    """Check that the files of exports can be read, before data that was made from them is removed and made again.

    Args:
        data: the data root.
        landing: the result of `landing_of`.
        exports: the exports that are about to be read.

    Raises:
        ArchiveUnavailable: some files are in an archive that is not available. A file that is missing for another reason is
            reported when it is read.
    """
    absent = [export for export in exports if any(landing.find(file.sha256) is None for file in export.files)]
    if absent:
        known = archived(data)
        away = [known[export.export_id] for export in absent if export.export_id in known]
        if away:
            raise _unavailable(away)


def require_everything(data: DataRoot) -> None:
    """Check that every landed file can be read, and that archived files are undamaged.

    Args:
        data: the data root.

    Raises:
        ArchiveUnavailable: an archive is not available.
        ArchiveDamaged: an archive is damaged.
        WangjianError: a landed file is missing.
    """
    landing = landing_of(data)
    exports = list(landing.exports())
    require_bytes(data, landing, exports)
    for sha256 in sorted({file.sha256 for export in exports for file in export.files}):
        # reading checks the hash of an archived file; files in landing are not read, which would take too long
        if landing.path_of(sha256) != landing.object_path(sha256):
            landing.read(sha256)


def _unavailable(away: Sequence[ArchiveEvent]) -> ArchiveUnavailable:
    dates = sorted(event.business_date for event in away)
    sources, datasets, folders = (
        sorted({getattr(event, name) for event in away}) for name in ("source", "dataset", "folder")
    )
    selection = "".join(f" --source {source}" for source in sources) + f" --from {dates[0]} --to {dates[-1]}"
    return ArchiveUnavailable(
        f"the files of {len(away)} exports are in an archive that is not available",
        source=", ".join(sources),
        dataset=", ".join(datasets),
        dates=f"{dates[0]} … {dates[-1]}",
        archive=", ".join(folders),
        fix="mount the archive at that path, or restore the files from the archive's present folder: "
        f"`wangjian archive restore FOLDER{selection}`",
    )
