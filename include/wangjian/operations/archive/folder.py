"""The layout of an archive on disk. It is that of the landing zone, and can be checked without Wangjian.

<folder>/ARCHIVE.txt                                   explains the folder to a person
<folder>/SHA256SUMS                                    the hashes of all files; `sha256sum --check SHA256SUMS` compares them
<folder>/objects/<2 hex>/<sha256>                      the bytes as received
<folder>/manifests/<source>/<dataset>/<YYYY-MM>/…      the exports that the bytes belong to, one file for each
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping
from pathlib import Path

from wangjian.core.errors import ArchiveDamaged, WangjianError
from wangjian.core.files import sha256_of, sha256_on_disk, write_atomically, written_atomically
from wangjian.ingestion.landing.manifest import Manifest
from wangjian.ingestion.landing.store import Landing, manifest_text, read_manifest
from wangjian.operations.offsite_folder import OffsiteFolder

NOTE = "ARCHIVE.txt"
SUMS = "SHA256SUMS"
CHUNK = 1 << 20

_EXPLANATION = """网监数仓 归档. 各业务系统导出文件的原始字节, 由 `wangjian archive` 从落地区移入. 请勿改动或删除.
校验: sha256sum --check SHA256SUMS, 或 wangjian archive verify 本目录. 取回: wangjian archive restore 本目录.

Archive of Wangjian: the bytes of exports as received, moved out of the landing zone by `wangjian archive`. Do not change or delete it.
To check: sha256sum --check SHA256SUMS, or wangjian archive verify FOLDER. To restore: wangjian archive restore FOLDER.
"""


class ArchiveFolder(OffsiteFolder):
    """The folder of an archive.

    Args:
        root: the path of the folder.
    """

    NAME, NOTE, EXPLANATION = "archive", NOTE, _EXPLANATION

    def copy_object(self, landing: Landing, sha256: str) -> int:
        """Copy bytes from landing durably, and read them back from the disk. A correct copy is not written again.

        Args:
            landing: the landing zone with the bytes, unless the archive has them already.
            sha256: their hash.

        Returns:
            The number of bytes that were written.

        Raises:
            ArchiveDamaged: the disk returns other bytes than were written, or landing holds other bytes under that hash.
            WangjianError: neither the archive nor landing has the bytes.
        """
        target, source = self.zone.object_path(sha256), landing.object_path(sha256)
        if target.exists() and sha256_of(target) == sha256:
            return 0
        # Raises if landing lacks the bytes.
        landing.path_of(sha256)
        size = _copy_hashed(source, target, sha256)
        if sha256_on_disk(target) != sha256:
            raise ArchiveDamaged(
                "the archive's disk returns other bytes than were written",
                file=target,
                fix="nothing was removed from landing; check the disk",
            )
        return size

    def write_manifest(self, manifest: Manifest) -> str:
        """Write an export's manifest.

        Args:
            manifest: the manifest.

        Returns:
            The SHA-256 of the written text.
        """
        path, text = self.zone.manifest_path(manifest), manifest_text(manifest)
        if not path.exists() or path.read_text(encoding="utf-8") != text:
            write_atomically(path, text)
        return hashlib.sha256(text.encode()).hexdigest()

    def sums(self) -> dict[str, str]:
        """Return the hashes in `SHA256SUMS` by relative path; empty if the file is not written yet.

        Raises:
            ArchiveDamaged: the file does not have the format of `sha256sum`.
        """
        path = self.root / SUMS
        if not path.exists():
            return {}
        try:
            lines = (line.split("  ", 1) for line in path.read_text(encoding="utf-8").splitlines())
            return {name: sha256 for sha256, name in lines}
        except ValueError:
            raise ArchiveDamaged(
                "the list of hashes is damaged", file=path, fix="copy it from another copy of the archive"
            ) from None

    def write_sums(self, sums: Mapping[str, str]) -> None:
        """Replace `SHA256SUMS` in one step.

        Args:
            sums: all hashes by relative path.
        """
        text = "".join(f"{sha256}  {name}\n" for name, sha256 in sorted(sums.items()))
        write_atomically(self.root / SUMS, text)

    def exports(self) -> Iterator[Manifest]:
        """Yield the manifests of the archived exports, in a fixed order.

        Raises:
            ArchiveDamaged: a manifest was changed.
        """
        for path in self.zone.manifests():
            yield read_archived(self.zone, path)

    def names_of(self, manifest: Manifest) -> dict[str, str]:
        """Return the entries of `SHA256SUMS` that an export needs, hashes by relative path.

        Args:
            manifest: the manifest of the export.
        """
        objects = {self._name(self.zone.object_path(file.sha256)): file.sha256 for file in manifest.files}
        text = manifest_text(manifest).encode()
        return objects | {self._name(self.zone.manifest_path(manifest)): hashlib.sha256(text).hexdigest()}

    def files(self) -> Iterator[str]:
        """Yield the relative paths of all files that `SHA256SUMS` should list."""
        for part in ("objects", "manifests"):
            for path in sorted((self.root / part).rglob("*")):
                if path.is_file() and not path.name.startswith("."):
                    yield self._name(path)

    def _name(self, path: Path) -> str:
        return path.relative_to(self.root).as_posix()


def read_archived(zone: Landing, path: Path) -> Manifest:
    """Return a manifest of an archive.

    Args:
        zone: the archive's files.
        path: the path of the manifest.

    Raises:
        ArchiveDamaged: the manifest cannot be read or was changed.
    """
    # The file's name contains the hash of its content: another name means that the content was changed.
    try:
        manifest = read_manifest(path)
    except WangjianError:
        manifest = None
    if manifest is None or zone.manifest_path(manifest) != path:
        raise ArchiveDamaged(
            "a manifest of the archive is damaged",
            file=path,
            fix="copy it from another copy of the archive, or from the same path below landing/",
        )
    return manifest


def _copy_hashed(source: Path, target: Path, sha256: str) -> int:
    digest, size = hashlib.sha256(), 0
    with written_atomically(target) as temporary:
        # Hashed while it is copied: damage in landing must show before the original is removed.
        with source.open("rb") as original, temporary.open("wb") as copy:
            while chunk := original.read(CHUNK):
                digest.update(chunk)
                size += copy.write(chunk)
        if digest.hexdigest() != sha256:
            raise ArchiveDamaged(
                "landed bytes are not what they were",
                file=source,
                fix="restore this file of landing/ from the backup; nothing was removed",
            )
        temporary.chmod(0o440)
    return size
