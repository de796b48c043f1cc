"""Verify an archive: every file has its hash, every export has all its bytes, and no file is unknown."""

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
    """The result of a verification; names are paths relative to the archive.

    Attributes:
        folder: the folder of the archive.
        files: the number of files that were read.
        byte_size: their size in bytes.
        exports: the number of readable manifests.
        missing: the files that are listed or needed by an export, and do not exist.
        damaged: the files whose hash is not the listed one, and the manifests that the state knows with another hash.
        unlisted: the files that exist and are not listed: an interrupted run or a person left them. They are no fault.
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
        """Return whether nothing is missing or damaged."""
        return not self.missing and not self.damaged


def verify(folder: Path, data: DataRoot | None = None, progress: Progress | None = None) -> Verification:
    """Read every file of an archive, and compare its hash.

    Args:
        folder: the folder of the archive.
        data: a data root whose state knows this archive; null to check the archive alone.
        progress: called after each file with the folder's name, its number and the number of files.

    Returns:
        The result.

    Raises:
        BadArguments: there is no archive.
        ArchiveDamaged: its list of hashes cannot be read.
    """
    archive = ArchiveFolder(folder)
    archive.require()
    sums, present = archive.sums(), set(archive.files())
    remembered = _remembered(archive, data) if data else {}
    expected = {name: _expected(name, sums, remembered) for name in present}
    damaged = set(_other_bytes(archive, expected, progress or (lambda *_: None)))
    exports = list(_whole_manifests(archive, damaged))
    wanted = {name for export in exports for name in archive.names_of(export)} | sums.keys() | remembered.keys()
    # An archive with files must have its list; one that is still empty has none.
    is_listed = bool(sums) or not present
    return Verification(
        folder=archive.root,
        files=len(present),
        byte_size=sum((archive.root / name).stat().st_size for name in present),
        exports=len(exports),
        missing=tuple(sorted(wanted - present | (set() if is_listed else {SUMS}))),
        damaged=tuple(sorted(damaged)),
        unlisted=tuple(sorted(present - sums.keys())),
    )


def _expected(name: str, sums: Mapping[str, str], remembered: Mapping[str, str]) -> str | None:
    """Return the hash that a file should have; null if nobody knows it."""
    # The state counts more than the archive's own list: a person who changes a file there can change the list too.
    if name.startswith("objects/"):
        return Path(name).name
    return remembered.get(name) or sums.get(name)


def _other_bytes(archive: ArchiveFolder, expected: Mapping[str, str | None], progress: Progress) -> Iterator[str]:
    for number, (name, sha256) in enumerate(sorted(expected.items()), start=1):
        if sha256 and sha256_of(archive.root / name) != sha256:
            yield name
        progress(archive.root.name, number, len(expected))


def _whole_manifests(archive: ArchiveFolder, damaged: set[str]) -> Iterator[Manifest]:
    """Yield the readable manifests, and add the others to `damaged`."""
    for path in archive.zone.manifests():
        try:
            yield read_archived(archive.zone, path)
        except ArchiveDamaged:
            damaged.add(path.relative_to(archive.root).as_posix())


def _remembered(archive: ArchiveFolder, data: DataRoot) -> dict[str, str]:
    """Return the manifests that the state knows in this folder: hashes by relative path."""
    return {
        manifest_name(event.source, event.dataset, event.business_date, event.export_id): event.manifest_sha256
        for event in archived(data).values()
        if Path(event.folder) == archive.root
    }
