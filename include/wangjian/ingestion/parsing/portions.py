"""What is parsed at a time: some hundred megabytes, so that memory does not grow with an export and processors can share the work."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby

from wangjian.ingestion.landing.manifest import ExportKey, LandedFile, Manifest

BYTES = 128 * 2**20
"""A portion ends with the file that brings it to this size."""


@dataclass(frozen=True)
class SomeFiles:
    """An export as far as it belongs to a portion.

    Attributes:
        export_id: of the whole export.
        files: all of its files, or some pages.
    """

    export_id: str
    key: ExportKey
    files: tuple[LandedFile, ...]

    @property
    def byte_size(self) -> int:
        return sum(file.byte_size for file in self.files)


def portions(exports: Sequence[Manifest], *, are_pages: bool) -> list[list[SomeFiles]]:
    """Share out exports.

    Args:
        exports: of one partition, in their order.
        are_pages: whether a file can be parsed without the others of its export.

    Returns:
        The portions; the same exports are always shared out in the same way.
    """
    whole = [SomeFiles(export.export_id, export.key, export.files) for export in exports if export.files]
    pieces = [piece for export in whole for piece in (_pages(export) if are_pages else [export])]
    return [list(_joined(portion)) for portion in _filled(pieces)]


def _pages(export: SomeFiles) -> Iterable[SomeFiles]:
    return (SomeFiles(export.export_id, export.key, (file,)) for file in export.files)


def _filled(pieces: Iterable[SomeFiles]) -> Iterator[list[SomeFiles]]:
    portion: list[SomeFiles] = []
    size = 0
    for piece in pieces:
        portion.append(piece)
        size += piece.byte_size
        if size >= BYTES:
            yield portion
            portion, size = [], 0
    if portion:
        yield portion


def _joined(portion: Iterable[SomeFiles]) -> Iterator[SomeFiles]:
    """Pages of one export stand together again."""
    for (export_id, key), pieces in groupby(portion, key=lambda piece: (piece.export_id, piece.key)):
        yield SomeFiles(export_id, key, tuple(file for piece in pieces for file in piece.files))
