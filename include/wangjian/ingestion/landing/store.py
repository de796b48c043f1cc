"""The landing zone on disk: bytes once per SHA-256, a manifest file per export, and progress notes of unfinished exports.

landing/objects/<2 hex>/<sha256>                                        bytes as received, read-only
landing/erased/<2 hex>/<sha256>                                         what stands in their place after an erasure
landing/manifests/<source>/<dataset>/<YYYY-MM>/<date>.<export_id>.jsonl  one line per delivered file
landing/partial/<source>/<dataset>/<date>.v<version>.jsonl               what an unfinished fetch has so far
"""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Callable, Container, Iterable, Iterator
from dataclasses import dataclass
from datetime import date
from functools import cached_property
from pathlib import Path

from wangjian.core.errors import ArchiveDamaged, WangjianError
from wangjian.core.files import append_text, fsync_path, temporary_beside, write_atomically
from wangjian.ingestion.landing.manifest import ExportKey, LandedFile, Manifest


@dataclass(frozen=True)
class StoredBytes:
    """Address and size of bytes in the object store."""

    sha256: str
    byte_size: int


@dataclass(frozen=True)
class ListedExport:
    """An export that is landed, as the name of its manifest tells it.

    Attributes:
        path: of the manifest.
    """

    dataset: str
    business_date: date
    export_id: str
    path: Path


class Landing:
    """The landing zone below one folder. Nothing here is ever changed but by `wangjian erasures`; only `wangjian archive` moves bytes out.

    Args:
        root: the folder `landing/`.
        archives: gives the folders, laid out as landing is, to which bytes were moved; asked when bytes are not here.
    """

    def __init__(self, root: Path, archives: Callable[[], Iterable[Path]] = tuple) -> None:
        self.root = root
        self._archives = archives

    # objects ---------------------------------------------------------------------------------------------------------

    def object_path(self, sha256: str) -> Path:
        """Return the path of the bytes with that hash, whether they exist or not."""
        return self.root.joinpath("objects", sha256[:2], sha256)

    def put(self, chunks: Iterable[bytes], expected: str | None = None) -> StoredBytes:
        """Keep a stream of bytes, durable when this returns; bytes that are there already are not written again.

        Args:
            chunks: the content, in pieces; memory holds one piece at a time.
            expected: the hash that they must have, where it is known.

        Raises:
            ArchiveDamaged: they have another hash; nothing is kept.
        """
        temporary = temporary_beside(self.root / "objects" / "incoming")
        try:
            stored = _write_hashed(temporary, chunks)
            if expected not in (None, stored.sha256):
                raise ArchiveDamaged("other bytes came back than were landed", expected=expected, found=stored.sha256)
            self._keep(temporary, stored.sha256)
        finally:
            temporary.unlink(missing_ok=True)
        return stored

    def put_bytes(self, content: bytes) -> StoredBytes:
        """Keep bytes that are in memory."""
        return self.put((content,))

    def _keep(self, temporary: Path, sha256: str) -> None:
        final = self.object_path(sha256)
        # what was erased does not come back with the same bytes
        if final.exists() or self.is_erased(sha256):
            return
        is_new_folder = not final.parent.exists()
        final.parent.mkdir(exist_ok=True)
        temporary.chmod(0o440)
        temporary.replace(final)
        fsync_path(final.parent)
        if is_new_folder:
            fsync_path(final.parent.parent)

    def erased_path(self, sha256: str) -> Path:
        """Return the path of the file that replaces an erased file, named after the hash of the bytes received."""
        return self.root.joinpath("erased", sha256[:2], sha256)

    def is_erased(self, sha256: str) -> bool:
        """Whether personal data were erased from the bytes with that hash."""
        return self.erased_path(sha256).exists()

    def erase(self, sha256: str, left: bytes) -> None:
        """Put in the place of bytes what is left of them, then remove them. Killed in between, it is to be called again.

        Args:
            sha256: of the bytes as received; manifests and lineage go on naming them by it.
            left: the content without what is erased.
        """
        write_atomically(self.erased_path(sha256), left, mode=0o440)
        path = self.object_path(sha256)
        path.unlink(missing_ok=True)
        if path.parent.exists():
            fsync_path(path.parent)

    @cached_property
    def _elsewhere(self) -> tuple[Landing, ...]:
        return tuple(Landing(folder) for folder in self._archives())

    def find(self, sha256: str) -> Path | None:
        """Where the bytes with that hash can be read: here, else in an archive within reach; null where they cannot."""
        for here in (self.object_path(sha256), self.erased_path(sha256)):
            if here.exists():
                return here
        return next((found for zone in self._elsewhere if (found := zone.find(sha256))), None)

    def path_of(self, sha256: str) -> Path:
        """As `find`.

        Raises:
            WangjianError: a manifest names the bytes, but they are gone.
        """
        path = self.find(sha256)
        if path is None:
            raise WangjianError(
                "landed bytes are missing",
                file=self.object_path(sha256),
                fix="restore landing/ from the backup: a manifest names these bytes",
            )
        return path

    def read(self, sha256: str) -> bytes:
        """The bytes with that hash.

        Raises:
            WangjianError: a manifest names them, but they are gone.
            ArchiveDamaged: they lie in an archive, and are not what they were.
        """
        path = self.path_of(sha256)
        content = path.read_bytes()
        # other disks and other hands have had it since it was landed
        is_as_received = path not in (self.object_path(sha256), self.erased_path(sha256))
        if is_as_received and hashlib.sha256(content).hexdigest() != sha256:
            raise ArchiveDamaged(
                "archived bytes are not what they were",
                file=path,
                fix="`wangjian archive verify` lists all that is damaged; put a good copy in its place",
            )
        return content

    # manifests -------------------------------------------------------------------------------------------------------

    def manifest_path(self, manifest: Manifest) -> Path:
        """Return the path of an export's manifest, whether the manifest exists or not."""
        key = manifest.key
        return self.root / manifest_name(key.source, key.dataset, key.business_date, manifest.export_id)

    def commit(self, manifest: Manifest) -> bool:
        """Make an export part of the landing zone, in one step; its bytes must be there.

        Returns:
            Whether it is new; the same export fetched again changes nothing.
        """
        path = self.manifest_path(manifest)
        is_new = not path.exists()
        if is_new:
            write_atomically(path, manifest_text(manifest))
        self.forget_progress(manifest.key)
        return is_new

    def manifests(self, source: str | None = None, dataset: str | None = None, month: str | None = None) -> list[Path]:
        """The paths of the manifests, in a fixed order.

        Args:
            source: only of this source.
            dataset: only of this dataset.
            month: only of business dates in this month (YYYY-MM).
        """
        pattern = f"{source or '*'}/{dataset or '*'}/{month or '*'}/*.jsonl"
        return sorted((self.root / "manifests").glob(pattern))

    def listed(self, source: str) -> Iterator[ListedExport]:
        """Every landed export of a source as the names of their manifests tell it, in a fixed order; none is read."""
        for path in self.manifests(source):
            day, export_id, _ = path.name.split(".")
            yield ListedExport(path.parent.parent.name, date.fromisoformat(day), export_id, path)

    def exports(
        self, source: str | None = None, dataset: str | None = None, dates: Container[date] | None = None
    ) -> Iterator[Manifest]:
        """Every landed export, in a fixed order.

        Args:
            source: only of this source.
            dataset: only of this dataset.
            dates: only of these business dates; the manifests of others are not read.
        """
        for path in self.manifests(source, dataset):
            if dates is None or date.fromisoformat(path.name[:10]) in dates:
                yield read_manifest(path)

    def newest_date(self, source: str) -> date | None:
        """The greatest business date of a source's exports, from the names of their manifests alone; null where it has none."""
        datasets = (self.root / "manifests" / source).glob("*/")
        found = (_newest_name(folder) for folder in datasets)
        return max((date.fromisoformat(name[:10]) for name in found if name), default=None)

    # progress --------------------------------------------------------------------------------------------------------

    def _progress_path(self, key: ExportKey) -> Path:
        return self.root / "partial" / key.source / key.dataset / f"{_notes_of(key)}.v{key.version}.jsonl"

    def note_progress(self, key: ExportKey, file: LandedFile) -> None:
        """Note one file of an export that is still being fetched."""
        append_text(self._progress_path(key), f"{file.model_dump_json()}\n")

    def progress(self, key: ExportKey) -> dict[str, LandedFile]:
        """What an earlier, unfinished fetch of this export has landed, by part. Torn lines do not count."""
        try:
            lines = self._progress_path(key).read_bytes().splitlines()
        except FileNotFoundError:
            return {}
        files = [file for line in lines if (file := _noted(line))]
        return {file.part: file for file in files if self.object_path(file.sha256).exists()}

    def noted_bytes(self) -> set[str]:
        """The hashes of all that unfinished fetches have landed. Torn lines do not count."""
        notes = sorted((self.root / "partial").rglob("*.jsonl"))
        lines = (line for path in notes for line in path.read_bytes().splitlines())
        return {file.sha256 for line in lines if (file := _noted(line))}

    def forget_progress(self, key: ExportKey) -> None:
        """Drop the notes of a fetch that is finished, or must start again. The bytes stay."""
        self._progress_path(key).unlink(missing_ok=True)

    def forget_finished(self, source: str) -> None:
        """Drop notes that nobody will go on from, left by a crash: the export is landed, in that version or a higher one."""
        for path in sorted((self.root / "partial" / source).glob("*/*.jsonl")):
            export, _, version = path.stem.rpartition(".v")
            keys = (manifest.key for manifest in self.exports(source, path.parent.name))
            if any(_notes_of(key) == export and key.version >= int(version) for key in keys):
                path.unlink(missing_ok=True)


def _notes_of(key: ExportKey) -> str:
    return f"{key.business_date}.{key.provider}{key.delivery}"


def _noted(line: bytes) -> LandedFile | None:
    try:
        return LandedFile.model_validate_json(line)
    except ValueError:
        return None


def _newest_name(dataset: Path) -> str | None:
    """The last manifest's name of a dataset; names begin with the date, and so do their folders."""
    months = sorted((path for path in dataset.iterdir() if path.is_dir()), reverse=True)
    names = (max((path.name for path in month.glob("*.jsonl")), default=None) for month in months)
    return next((name for name in names if name), None)


def manifest_name(source: str, dataset: str, business_date: date, export_id: str) -> str:
    """The path of an export's manifest, relative to its zone."""
    return f"manifests/{source}/{dataset}/{business_date:%Y-%m}/{business_date}.{export_id}.jsonl"


def manifest_text(manifest: Manifest) -> str:
    """A manifest as it lies on disk: JSON lines, key and file flattened into one object each."""
    key = manifest.key.model_dump(mode="json")
    files = sorted(manifest.files, key=lambda file: file.part)
    return "".join(json.dumps(key | file.model_dump(mode="json"), ensure_ascii=False) + "\n" for file in files)


def read_manifest(path: Path) -> Manifest:
    """Read a manifest file.

    Raises:
        WangjianError: it is not a manifest.
    """
    try:
        # lines end with a line feed alone: names may hold other signs that Python counts as the end of a line
        records = [json.loads(line) for line in path.read_text(encoding="utf-8").split("\n") if line]
        key = ExportKey(**{name: records[0][name] for name in ExportKey.model_fields})
        files = tuple(LandedFile(**{name: record[name] for name in LandedFile.model_fields}) for record in records)
    except (ValueError, KeyError, IndexError) as error:
        raise WangjianError(f"unreadable manifest: {error}", file=path, fix="restore it from the backup") from error
    return Manifest(key=key, files=files)


def _write_hashed(path: Path, chunks: Iterable[bytes]) -> StoredBytes:
    digest, size = hashlib.sha256(), 0
    with path.open("wb") as file:
        for chunk in chunks:
            file.write(chunk)
            digest.update(chunk)
            size += len(chunk)
        file.flush()
        os.fsync(file.fileno())
    return StoredBytes(digest.hexdigest(), size)
