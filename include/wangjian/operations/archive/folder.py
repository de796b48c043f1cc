"""An archive on disk. It is laid out as the landing zone is, and can be checked without Wangjian.

<folder>/ARCHIVE.txt                                   what this is, for whoever finds it
<folder>/SHA256SUMS                                    of every file below; `sha256sum --check SHA256SUMS`
<folder>/objects/<2 hex>/<sha256>                      bytes as received
<folder>/manifests/<source>/<dataset>/<YYYY-MM>/…      the exports that they belong to, one file each
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping
from pathlib import Path

from wangjian.core.errors import ArchiveDamaged, WangjianError
from wangjian.core.files import sha256_of, sha256_on_disk, write_atomically, written_atomically
from wangjian.ingestion.landing.manifest import Manifest
from wangjian.ingestion.landing.store import Landing, manifest_text, read_manifest
from wangjian.operations.kept_folder import KeptFolder

NOTE = "ARCHIVE.txt"
SUMS = "SHA256SUMS"
CHUNK = 1 << 20

_EXPLANATION = """网监数仓 归档. 各业务系统导出文件的原始字节, 由 `wangjian archive` 从落地区移入. 请勿改动或删除.
校验: sha256sum --check SHA256SUMS, 或 wangjian archive verify 本目录. 取回: wangjian archive restore 本目录.

Archive of Wangjian: bytes of exports as they were received, moved out of the landing zone by `wangjian archive`. Keep as it is.
To check: sha256sum --check SHA256SUMS, or wangjian archive verify FOLDER. To take back: wangjian archive restore FOLDER.
"""


class ArchiveFolder(KeptFolder):
    """An archive.

    Args:
        root: its folder.
    """

    NAME, NOTE, EXPLANATION = "archive", NOTE, _EXPLANATION

    def copy_object(self, landing: Landing, sha256: str) -> int:
        """Copy bytes from landing, durable, and read them back from the disk; what is there and right stays.

        Args:
            landing: holds them, unless they are here already.
            sha256: their hash.

        Returns:
            How many bytes were written.

        Raises:
            ArchiveDamaged: what was read back is not what was written.
            WangjianError: they are neither here nor in landing, or landing itself holds other bytes under that hash.
        """
        target, source = self.zone.object_path(sha256), landing.object_path(sha256)
        if target.exists() and sha256_of(target) == sha256:
            return 0
        landing.path_of(sha256)
        size = _copy_hashed(source, target, sha256)
        if sha256_on_disk(target) != sha256:
            raise ArchiveDamaged(
                "the archive's disk gives back other bytes than were written",
                file=target,
                fix="nothing was removed from landing; check the disk",
            )
        return size

    def write_manifest(self, manifest: Manifest) -> str:
        """Write an export's manifest; its SHA-256."""
        path, text = self.zone.manifest_path(manifest), manifest_text(manifest)
        if not path.exists() or path.read_text(encoding="utf-8") != text:
            write_atomically(path, text)
        return hashlib.sha256(text.encode()).hexdigest()

    def sums(self) -> dict[str, str]:
        """What `SHA256SUMS` says: hashes by relative path; empty where it is not written yet.

        Raises:
            ArchiveDamaged: it is not such a file.
        """
        path = self.root / SUMS
        if not path.exists():
            return {}
        try:
            lines = (line.split("  ", 1) for line in path.read_text(encoding="utf-8").splitlines())
            return {name: sha256 for sha256, name in lines}
        except ValueError:
            raise ArchiveDamaged("the list of hashes is damaged", file=path, fix="take it from a copy") from None

    def write_sums(self, sums: Mapping[str, str]) -> None:
        """Replace `SHA256SUMS`, in one step."""
        text = "".join(f"{sha256}  {name}\n" for name, sha256 in sorted(sums.items()))
        write_atomically(self.root / SUMS, text)

    def exports(self) -> Iterator[Manifest]:
        """The exports in it, in a fixed order.

        Raises:
            ArchiveDamaged: a manifest is not the one that was written.
        """
        for path in self.zone.manifests():
            yield read_archived(self.zone, path)

    def names_of(self, manifest: Manifest) -> dict[str, str]:
        """The lines of `SHA256SUMS` that an export needs, hashes by relative path."""
        found = {self._name(self.zone.object_path(file.sha256)): file.sha256 for file in manifest.files}
        text = manifest_text(manifest).encode()
        return found | {self._name(self.zone.manifest_path(manifest)): hashlib.sha256(text).hexdigest()}

    def files(self) -> Iterator[str]:
        """The relative paths of all files that `SHA256SUMS` should list."""
        for part in ("objects", "manifests"):
            for path in sorted((self.root / part).rglob("*")):
                if path.is_file() and not path.name.startswith("."):
                    yield self._name(path)

    def _name(self, path: Path) -> str:
        return path.relative_to(self.root).as_posix()


def read_archived(zone: Landing, path: Path) -> Manifest:
    """Read a manifest of an archive. Its name holds the hash of what it says.

    Raises:
        ArchiveDamaged: it is not the one that was written.
    """
    try:
        manifest = read_manifest(path)
    except WangjianError:
        manifest = None
    if manifest is None or zone.manifest_path(manifest) != path:
        raise ArchiveDamaged(
            "a manifest of the archive is damaged",
            file=path,
            fix="take it from another copy of the archive, or from the same place below landing/",
        )
    return manifest


def _copy_hashed(source: Path, target: Path, sha256: str) -> int:
    digest, size = hashlib.sha256(), 0
    with written_atomically(target) as temporary:
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
