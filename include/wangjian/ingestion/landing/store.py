"""The landing zone on disk: each content once per SHA-256, a manifest per export, and progress notes of unfinished exports.

landing/objects/<2 hex>/<sha256>                                        files as received, read-only
landing/erased/<2 hex>/<sha256>                                         the replacements of files after an erasure
landing/manifests/<source>/<dataset>/<YYYY-MM>/<date>.<export_id>.jsonl  one line per delivered file
landing/partial/<source>/<dataset>/<date>.v<version>.jsonl               the files of an unfinished fetch
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
    """Address and size of a content in the object store."""

    sha256: str
    byte_size: int


@dataclass(frozen=True)
class ListedExport:
    """A landed export, described by its manifest's name alone. Reading every manifest would be slow.

    Attributes:
        path: the manifest's path.
    """

    dataset: str
    business_date: date
    export_id: str
    path: Path


class Landing:
    """The landing zone in one folder. Only `wangjian erasures` changes files here, only `wangjian archive` moves files out.

    Args:
        root: the folder `landing/`.
        archives: returns the archive folders, laid out as landing is. It is called when a file is not in landing.
    """

    def __init__(self, root: Path, archives: Callable[[], Iterable[Path]] = tuple) -> None:
        self.root = root
        self._archives = archives

    # objects ---------------------------------------------------------------------------------------------------------

    def object_path(self, sha256: str) -> Path:
        """Return the path of the content with a hash, whether it exists or not."""
        return self.root.joinpath("objects", sha256[:2], sha256)

    def put(self, chunks: Iterable[bytes], expected: str | None = None) -> StoredBytes:
        """Store a stream of bytes, synced to disk; a content that is there already is not stored again.

        Args:
            chunks: the content in pieces; memory holds one piece at a time.
            expected: the hash that the content must have, where it is known.

        Raises:
            ArchiveDamaged: the content has another hash; nothing is stored.
        """
        temporary = temporary_beside(self.root / "objects" / "incoming")
        try:
            stored = _write_hashed(temporary, chunks)
            # checked before it gets its name: a wrong content must not be stored under any hash
            if expected not in (None, stored.sha256):
                raise ArchiveDamaged(
                    "a restored file differs from the file that was landed",
                    expected=expected,
                    found=stored.sha256,
                    fix="restore it from another copy of the archive",
                )
            self._keep(temporary, stored.sha256)
        finally:
            temporary.unlink(missing_ok=True)
        return stored

    def put_bytes(self, content: bytes) -> StoredBytes:
        """Store a content that is in memory."""
        return self.put((content,))

    def _keep(self, temporary: Path, sha256: str) -> None:
        final = self.object_path(sha256)
        # a file that was erased must not come back when the source sends the same file again
        if final.exists() or self.is_erased(sha256):
            return
        is_new_folder = not final.parent.exists()
        final.parent.mkdir(exist_ok=True)
        # read-only, so that no program changes a landed file by mistake
        temporary.chmod(0o440)
        temporary.replace(final)
        fsync_path(final.parent)
        # the new folder is an entry of its parent, which must be on disk too
        if is_new_folder:
            fsync_path(final.parent.parent)

    def erased_path(self, sha256: str) -> Path:
        """Return the path of the file that replaces an erased file, named after the hash of the bytes received."""
        return self.root.joinpath("erased", sha256[:2], sha256)

    def is_erased(self, sha256: str) -> bool:
        """Return whether personal data was erased from the file with a hash."""
        return self.erased_path(sha256).exists()

    def erase(self, sha256: str, left: bytes) -> None:
        """Store what is left of a file after an erasure, then remove the file. After a crash in between, call it again.

        Args:
            sha256: the hash of the file as received, by which manifests and lineage continue to name it.
            left: the content without the erased values.
        """
        # the replacement first: with neither file, a crash in between would lose the other rows
        write_atomically(self.erased_path(sha256), left, mode=0o440)
        path = self.object_path(sha256)
        path.unlink(missing_ok=True)
        if path.parent.exists():
            fsync_path(path.parent)

    @cached_property
    def _elsewhere(self) -> tuple[Landing, ...]:
        return tuple(Landing(folder) for folder in self._archives())

    def find(self, sha256: str) -> Path | None:
        """Return the path at which a content can be read: in landing, or in an available archive; null where nowhere."""
        for here in (self.object_path(sha256), self.erased_path(sha256)):
            if here.exists():
                return here
        return next((path for zone in self._elsewhere if (path := zone.find(sha256))), None)

    def path_of(self, sha256: str) -> Path:
        """Return the path at which a content can be read.

        Raises:
            WangjianError: the content is neither in landing nor in an available archive.
        """
        path = self.find(sha256)
        if path is None:
            raise WangjianError(
                "a landed file is missing although a manifest names it",
                file=self.object_path(sha256),
                fix="restore landing/ from the backup",
            )
        return path

    def read(self, sha256: str) -> bytes:
        """Return the content with a hash.

        Raises:
            WangjianError: the content is neither in landing nor in an available archive.
            ArchiveDamaged: the content is in an archive and differs from its hash.
        """
        path = self.path_of(sha256)
        content = path.read_bytes()
        # an archive was on other disks and in other hands since, so its content is checked again; landing's is not
        is_as_received = path not in (self.object_path(sha256), self.erased_path(sha256))
        if is_as_received and hashlib.sha256(content).hexdigest() != sha256:
            raise ArchiveDamaged(
                "an archived file is damaged: its content differs from its hash",
                file=path,
                fix="replace it by a good copy; `wangjian archive verify` lists all damaged files",
            )
        return content

    # manifests -------------------------------------------------------------------------------------------------------

    def manifest_path(self, manifest: Manifest) -> Path:
        """Return the path of an export's manifest, whether the manifest exists or not."""
        key = manifest.key
        return self.root / manifest_name(key.source, key.dataset, key.business_date, manifest.export_id)

    def commit(self, manifest: Manifest) -> bool:
        """Add an export to the landing zone in one step. Its files must be stored before.

        Returns:
            Whether the export is new. Fetching the same export again changes nothing.
        """
        path = self.manifest_path(manifest)
        is_new = not path.exists()
        if is_new:
            write_atomically(path, manifest_text(manifest))
        # after the manifest: a crash in between leaves notes of a landed export, which `forget_finished` removes
        self.forget_progress(manifest.key)
        return is_new

    def manifests(self, source: str | None = None, dataset: str | None = None, month: str | None = None) -> list[Path]:
        """Return the paths of the manifests in a fixed order.

        Args:
            source: only of this source.
            dataset: only of this dataset.
            month: only of business dates in this month (YYYY-MM).
        """
        pattern = f"{source or '*'}/{dataset or '*'}/{month or '*'}/*.jsonl"
        return sorted((self.root / "manifests").glob(pattern))

    def listed(self, source: str) -> Iterator[ListedExport]:
        """Yield every landed export of a source in a fixed order, from the names of the manifests alone."""
        for path in self.manifests(source):
            day, export_id, _ = path.name.split(".")
            yield ListedExport(path.parent.parent.name, date.fromisoformat(day), export_id, path)

    def exports(
        self, source: str | None = None, dataset: str | None = None, dates: Container[date] | None = None
    ) -> Iterator[Manifest]:
        """Yield every landed export in a fixed order.

        Args:
            source: only of this source.
            dataset: only of this dataset.
            dates: only of these business dates; the manifests of others are not read.
        """
        for path in self.manifests(source, dataset):
            if dates is None or date.fromisoformat(path.name[:10]) in dates:
                yield read_manifest(path)

    def newest_date(self, source: str) -> date | None:
        """Return the latest business date of a source's exports, from the names of the manifests; null without exports."""
        datasets = (self.root / "manifests" / source).glob("*/")
        names = (_newest_name(folder) for folder in datasets)
        return max((date.fromisoformat(name[:10]) for name in names if name), default=None)

    # progress --------------------------------------------------------------------------------------------------------

    def _progress_path(self, key: ExportKey) -> Path:
        return self.root / "partial" / key.source / key.dataset / f"{_notes_of(key)}.v{key.version}.jsonl"

    def note_progress(self, key: ExportKey, file: LandedFile) -> None:
        """Record one landed file of an export whose fetch is not finished."""
        append_text(self._progress_path(key), f"{file.model_dump_json()}\n")

    def progress(self, key: ExportKey) -> dict[str, LandedFile]:
        """Return the files, by part, that an earlier unfinished fetch of this export has landed. Torn lines are skipped."""
        try:
            lines = self._progress_path(key).read_bytes().splitlines()
        except FileNotFoundError:
            return {}
        files = [file for line in lines if (file := _noted(line))]
        return {file.part: file for file in files if self.object_path(file.sha256).exists()}

    def noted_bytes(self) -> set[str]:
        """Return the hashes of all files that unfinished fetches have landed. Torn lines are skipped."""
        notes = sorted((self.root / "partial").rglob("*.jsonl"))
        lines = (line for path in notes for line in path.read_bytes().splitlines())
        return {file.sha256 for line in lines if (file := _noted(line))}

    def forget_progress(self, key: ExportKey) -> None:
        """Remove the notes of a fetch that is finished, or must start again. The landed files stay."""
        self._progress_path(key).unlink(missing_ok=True)

    def forget_finished(self, source: str) -> None:
        """Remove the notes of interrupted fetches whose export is landed meanwhile, in the noted version or a higher one."""
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
    """Return the name of a dataset's last manifest. Names and their folders begin with the date, so names sort by date."""
    months = sorted((path for path in dataset.iterdir() if path.is_dir()), reverse=True)
    names = (max((path.name for path in month.glob("*.jsonl")), default=None) for month in months)
    return next((name for name in names if name), None)


def manifest_name(source: str, dataset: str, business_date: date, export_id: str) -> str:
    """Return the path of an export's manifest, relative to landing or to an archive."""
    return f"manifests/{source}/{dataset}/{business_date:%Y-%m}/{business_date}.{export_id}.jsonl"


def manifest_text(manifest: Manifest) -> str:
    """Return the text of a manifest file: JSON lines, each with the key and one file in one flat object."""
    key = manifest.key.model_dump(mode="json")
    files = sorted(manifest.files, key=lambda file: file.part)
    return "".join(json.dumps(key | file.model_dump(mode="json"), ensure_ascii=False) + "\n" for file in files)


def read_manifest(path: Path) -> Manifest:
    """Return the content of a manifest file.

    Raises:
        WangjianError: the file is not a manifest.
    """
    try:
        # split at the line feed alone: names may hold other characters that `splitlines` takes for the end of a line
        records = [json.loads(line) for line in path.read_text(encoding="utf-8").split("\n") if line]
        key = ExportKey(**{name: records[0][name] for name in ExportKey.model_fields})
        files = tuple(LandedFile(**{name: record[name] for name in LandedFile.model_fields}) for record in records)
    except (ValueError, KeyError, IndexError) as error:
        raise WangjianError(
            f"a manifest cannot be read: {error}", file=path, fix="restore it from the backup"
        ) from error
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
