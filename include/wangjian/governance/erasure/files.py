"""Remove values from one landed file, and prove that nothing else changed."""

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
    """A landed file with the source and dataset that are needed to read it.

    Attributes:
        provider: the provider of a third-party file, otherwise empty.
        part: the file's name in the export.
    """

    source: Source
    dataset: Dataset
    provider: str
    part: str
    sha256: str


def redacted(file: Landed, content: bytes, columns: Collection[str], rows: Rows, mark: Mark) -> bytes:
    """Return a file without the values of some columns in some rows.

    Args:
        file: the file.
        content: the bytes of the file.
        columns: the warehouse's names of the columns; unknown columns that look personal are erased, too.
        rows: row numbers by sheet.
        mark: a function that returns the replacement of a value.

    Raises:
        WangjianError: something else would change, or no layout fits the file any more. Nothing is erased.
    """
    format_ = format_of(file.source, file.dataset, file.provider, file.part)
    left = format_.redact(content, columns, rows, mark)
    # the original is deleted afterwards: a mistake of the rewriting could not be corrected any more
    before, after = (format_.comparable(body, columns, rows, ERASED) for body in (content, left))
    if before != after:
        raise WangjianError(
            "the erasure would change more than the requested values",
            file=file.part,
            sha256=file.sha256,
            fix="nothing was erased: report the error with the file's layout to the maintainers",
        )
    return left
