"""One landed file, by its source's format: what is left of it, and proof that nothing else is gone."""

from __future__ import annotations

import json
from collections.abc import Collection
from dataclasses import dataclass
from typing import Any

from wangjian.core.errors import WangjianError
from wangjian.governance.erasure.marks import ERASED, Mark
from wangjian.governance.erasure.redact import Rows, redact_csv, redact_page, redact_workbook
from wangjian.ingestion.parsing.fields import contract_fields, date_fields, is_personal, layout_fields
from wangjian.ingestion.parsing.formats.csv_reader import parse_csv
from wangjian.ingestion.parsing.formats.workbook_reader import parse_workbook
from wangjian.ingestion.parsing.records import ParsedFile
from wangjian.ingestion.sources.contract import Dataset
from wangjian.ingestion.sources.provider import FileLayout, load_provider
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


def left_of(file: Landed, content: bytes, names: Collection[str], rows: Rows, mark: Mark) -> bytes:
    """A file without the values of some columns in some rows.

    Args:
        file: which.
        content: its bytes.
        names: the warehouse's names of the columns; unknown columns that look personal are erased, too.
        rows: row numbers by sheet.
        mark: gives what stands there instead.

    Raises:
        WangjianError: something else would be changed.
    """
    if file.source.format == "json_pages":
        left = _left_of_page(file, content, names, rows, mark)
        before, after = (_records(file, body, names, rows) for body in (content, left))
    else:
        left = _left_of_table(file, content, names, rows, mark)
        before, after = (_rows(_parsed(file, body), names, rows) for body in (content, left))
    if before != after:
        raise WangjianError(
            "more than the values in question would be lost",
            file=file.part,
            sha256=file.sha256,
            fix="nothing was erased; report the file's layout",
        )
    return left


def _left_of_page(file: Landed, content: bytes, names: Collection[str], rows: Rows, mark: Mark) -> bytes:
    headers = {column.header for column in file.dataset.columns if column.name in names}
    return redact_page(content, headers, rows, mark)


def _records(file: Landed, content: bytes, names: Collection[str], rows: Rows) -> Any:
    """The page with every erased value replaced by one sign."""
    headers = {column.header for column in file.dataset.columns if column.name in names}
    body = json.loads(content, parse_float=str, parse_int=str)
    for number in rows.get("", ()):
        record = body["records"][number - 1]
        gone = [name for name, value in record.items() if value is not None and (name in headers or is_personal(name))]
        record |= dict.fromkeys(gone, ERASED)
    return body


def _layout(file: Landed) -> FileLayout | None:
    if not file.provider:
        return None
    found = load_provider(file.provider).recognise(file.part)
    if found is None:
        raise WangjianError(
            "no layout knows the file any more", file=file.part, fix="describe it in the provider's YAML"
        )
    return found.layout


def _left_of_table(file: Landed, content: bytes, names: Collection[str], rows: Rows, mark: Mark) -> bytes:
    layout = _layout(file)
    if layout is None:
        return redact_csv(content, contract_fields(file.dataset), file.source.encodings, names, rows, mark)
    fields = layout_fields(layout, file.dataset)
    if layout.format == "csv":
        return redact_csv(content, fields, layout.encodings, names, rows, mark)
    return redact_workbook(content, layout, fields, names, rows, mark)


def _parsed(file: Landed, content: bytes) -> ParsedFile:
    layout = _layout(file)
    if layout is None:
        return parse_csv(content, contract_fields(file.dataset), file.source.encodings)
    fields = layout_fields(layout, file.dataset)
    if layout.format == "csv":
        return parse_csv(content, fields, layout.encodings, layout.ignored_headers)
    return parse_workbook(content, layout, fields, date_fields(file.dataset))


def _rows(parsed: ParsedFile, names: Collection[str], rows: Rows) -> tuple[Any, ...]:
    """All that was parsed, with every erased value replaced by one sign."""
    told = []
    for sheet, row in parsed.rows():
        values, extra = dict(row.values), dict(row.extra)
        if row.number in rows.get(sheet, ()):
            values |= {name: ERASED for name, value in values.items() if name in names and value}
            extra |= dict.fromkeys(filter(is_personal, extra), ERASED)
        told.append((sheet, row.number, values, extra))
    return told, parsed.rejected, parsed.declared, parsed.extra_columns
