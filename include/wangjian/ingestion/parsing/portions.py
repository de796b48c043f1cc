"""Divide exports into portions that are parsed one at a time.

A portion has some hundred megabytes. So memory does not grow with the size of an export, and several processes can share the work.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby

from wangjian.ingestion.landing.manifest import ExportKey, LandedFile, Manifest

BYTES = 128 * 2**20
"""The size in bytes of files at which a portion is full."""


@dataclass(frozen=True)
class SomeFiles:
    """The part of an export that belongs to one portion.

    Attributes:
        export_id: the id of the whole export.
        files: all files of the export, or some of its pages.
    """

    export_id: str
    key: ExportKey
    files: tuple[LandedFile, ...]

    @property
    def byte_size(self) -> int:
        return sum(file.byte_size for file in self.files)


def portions(exports: Sequence[Manifest], *, are_pages: bool) -> list[list[SomeFiles]]:
    """Divide the exports of a partition into portions.

    Args:
        exports: the exports in their order.
        are_pages: whether a file can be parsed without the other files of its export.

    Returns:
        The portions. The same exports are always divided in the same way, so that the batches have the same names.
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
    """Yield the files of each export as one piece again."""
    for (export_id, key), pieces in groupby(portion, key=lambda piece: (piece.export_id, piece.key)):
        yield SomeFiles(export_id, key, tuple(file for piece in pieces for file in piece.files))
