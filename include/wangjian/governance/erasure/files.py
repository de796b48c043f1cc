"""One landed file without some values, and the proof that nothing else is gone."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

from wangjian.core.errors import WangjianError
from wangjian.governance.erasure.marks import ERASED
from wangjian.ingestion.parsing.formats import format_of
from wangjian.ingestion.parsing.formats.base import Mark, Rows
from wangjian.ingestion.sources.contract import Dataset
from wangjian.ingestion.sources.registry import Source


@dataclass(frozen=True)
class Landed:
    """A file with what is needed to read it.

    Attributes:
        provider: of the third-party source, else empty.
        part: its name in the export.
    """

    source: Source
    dataset: Dataset
    provider: str
    part: str
    sha256: str


def redacted(file: Landed, content: bytes, columns: Collection[str], rows: Rows, mark: Mark) -> bytes:
    """Return a file without the values of some columns in some rows.

    Args:
        file: which.
        content: its bytes.
        columns: the warehouse's names of the columns; unknown columns that look personal are erased, too.
        rows: row numbers by sheet.
        mark: gives the text that replaces a value.

    Raises:
        WangjianError: something else would be changed, or no layout knows the file any more. Nothing is erased.
    """
    format_ = format_of(file.source, file.dataset, file.provider, file.part)
    left = format_.redact(content, columns, rows, mark)
    before, after = (format_.comparable(body, columns, rows, ERASED) for body in (content, left))
    if before != after:
        raise WangjianError(
            "more than the values in question would be lost",
            file=file.part,
            sha256=file.sha256,
            fix="nothing was erased; report the file's layout",
        )
    return left
