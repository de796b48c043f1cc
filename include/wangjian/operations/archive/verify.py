"""Whether an archive holds what it should: every file by its hash, every export with all its bytes, nothing unknown."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from wangjian.core.errors import ArchiveDamaged
from wangjian.core.files import sha256_of
from wangjian.core.paths import DataRoot
from wangjian.ingestion.fetching.fetch import Progress
from wangjian.ingestion.landing.manifest import Manifest
from wangjian.ingestion.landing.store import manifest_name
from wangjian.operations.archive.folder import SUMS, ArchiveFolder, read_archived
from wangjian.state.archives import archived


@dataclass(frozen=True)
class Verification:
    """What was found; names are paths relative to the archive.

    Attributes:
        files: how many were read.
        missing: listed, but not there; or needed by an export, but not listed.
        damaged: with another hash than listed, or a manifest that is not the one that the state remembers.
        unlisted: there, but not listed: left by a run that was cut off, or put there by somebody. Not a fault.
    """

    folder: Path
    files: int
    byte_size: int
    exports: int
    missing: tuple[str, ...]
    damaged: tuple[str, ...]
    unlisted: tuple[str, ...]

    @property
    def is_whole(self) -> bool:
        return not self.missing and not self.damaged


def verify(folder: Path, data: DataRoot | None = None, progress: Progress | None = None) -> Verification:
    """Read every file of an archive.

    Args:
        folder: the archive.
        data: a data root, to compare with what its state remembers of this archive; null to look at the archive alone.
        progress: told of the progress.

    Returns:
        What was found.

    Raises:
        BadArguments: there is no archive.
        ArchiveDamaged: its list of hashes cannot be read.
    """
    archive = ArchiveFolder(folder)
    archive.require()
    sums, there = archive.sums(), set(archive.files())
    remembered = _remembered(archive, data) if data else {}
    expected = {name: _expected(name, sums, remembered) for name in there}
    damaged = set(_other_bytes(archive, expected, progress or (lambda *_: None)))
    exports = list(_whole_manifests(archive, damaged))
    wanted = {name for export in exports for name in archive.names_of(export)} | sums.keys() | remembered.keys()
    is_listed = bool(sums) or not there
    return Verification(
        folder=archive.root,
        files=len(there),
        byte_size=sum((archive.root / name).stat().st_size for name in there),
        exports=len(exports),
        missing=tuple(sorted(wanted - there | (set() if is_listed else {SUMS}))),
        damaged=tuple(sorted(damaged)),
        unlisted=tuple(sorted(there - sums.keys())),
    )


def _expected(name: str, sums: Mapping[str, str], remembered: Mapping[str, str]) -> str | None:
    """The hash that a file should have: what we remember counts more than a list that lies beside it; bytes bear theirs as name."""
    if name.startswith("objects/"):
        return Path(name).name
    return remembered.get(name) or sums.get(name)


def _other_bytes(archive: ArchiveFolder, expected: Mapping[str, str | None], progress: Progress) -> Iterator[str]:
    for number, (name, sha256) in enumerate(sorted(expected.items()), start=1):
        if sha256 and sha256_of(archive.root / name) != sha256:
            yield name
        progress(archive.root.name, number, len(expected))


def _whole_manifests(archive: ArchiveFolder, damaged: set[str]) -> Iterator[Manifest]:
    """The manifests that can be read; the others join the damaged."""
    for path in archive.zone.manifests():
        try:
            yield read_archived(archive.zone, path)
        except ArchiveDamaged:
            damaged.add(path.relative_to(archive.root).as_posix())


def _remembered(archive: ArchiveFolder, data: DataRoot) -> dict[str, str]:
    """The manifests that the state says are here: hashes by relative path."""
    return {
        manifest_name(event.source, event.dataset, event.business_date, event.export_id): event.manifest_sha256
        for event in archived(data).values()
        if Path(event.folder) == archive.root
    }
