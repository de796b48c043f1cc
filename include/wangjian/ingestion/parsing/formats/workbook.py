"""XLSX workbooks of a provider."""

from __future__ import annotations

import io
from collections.abc import Collection, Sequence
from dataclasses import dataclass

from wangjian.ingestion.parsing.fields import date_fields, erased_columns, layout_fields
from wangjian.ingestion.parsing.formats.base import FileFormat, Mark, Rows, Table
from wangjian.ingestion.parsing.formats.workbook_reader import cell_text, filled_sheets, header_row, parse_workbook
from wangjian.ingestion.parsing.records import Field, ParsedFile
from wangjian.ingestion.sources.contract import Dataset
from wangjian.ingestion.sources.provider import FileLayout


@dataclass(frozen=True)
class Workbook(Table):
    """Workbooks with a header row somewhere on each sheet.

    Attributes:
        layout: how the provider lays them out.
        fields: the columns, with the headers that they may bear.
        dates: names of the columns that hold dates, whose spellings are unified.
    """

    name = "xlsx"
    layout: FileLayout
    fields: Sequence[Field]
    dates: frozenset[str] = frozenset()

    @classmethod
    def of_layout(cls, layout: FileLayout, dataset: Dataset | None) -> FileFormat:
        assert dataset is not None
        return cls(layout, layout_fields(layout, dataset), date_fields(dataset))

    def read(self, content: bytes) -> ParsedFile:
        return parse_workbook(content, self.layout, self.fields, self.dates)

    def redact(self, content: bytes, columns: Collection[str], rows: Rows, mark: Mark) -> bytes:
        """Formulas become the values that they showed."""
        from openpyxl import load_workbook

        book, sheets, out = load_workbook(io.BytesIO(content), data_only=True), filled_sheets(content), io.BytesIO()
        for name, numbers in rows.items():
            texts = [(number, [cell_text(cell) for cell in row]) for number, row in sheets[name]]
            header = texts[header_row(name, texts, self.layout, self.fields)][1]
            erased = erased_columns(header, self.fields, columns)
            for number, row in texts:
                if number in numbers:
                    for index in erased & set(range(len(row))):
                        book[name].cell(number, index + 1).value = mark(row[index]) or None
        book.save(out)
        return out.getvalue()
