"""XLSX workbooks by a provider's layout: a sheet per county, a title, a header somewhere, a totals row, a cover sheet."""

from __future__ import annotations

import io
import re
import zipfile
from collections.abc import Sequence
from datetime import date, datetime, timedelta
from typing import Any

from wangjian.errors import RejectedFile
from wangjian.parsing.dates import iso_cell, iso_date
from wangjian.parsing.records import Declared, Field, ParsedFile, Row, fold, match_header
from wangjian.sources.provider import CoverSheet, FileLayout

MAX_UNPACKED_BYTES = 512 * 2**20
YEAR = re.compile(r"(20\d{2})\s*年?")

Cells = list[list[Any]]


def parse_workbook(
    content: bytes, layout: FileLayout, fields: Sequence[Field], date_fields: frozenset[str]
) -> ParsedFile:
    """Parse a provider's workbook.

    Args:
        content: the file's bytes.
        layout: how the provider lays it out.
        fields: the contract's columns, with the headers they bear.
        date_fields: names of the columns that hold dates, whose spellings are unified.

    Returns:
        The rows of all sheets, and the totals of the cover sheet.

    Raises:
        RejectedFile: no workbook, too large unpacked, or a sheet without the required columns.
    """
    sheets = _sheets(content)
    links = _hyperlinks(content) if any(field.hyperlink for field in fields) else {}
    parsed = ParsedFile()
    for name, cells in sheets.items():
        if name not in layout.sheets.exclude:
            _parse_sheet(parsed, name, cells, links.get(name, {}), layout, fields, date_fields)
    if isinstance(layout.control, CoverSheet):
        parsed.declared = _cover(sheets, layout.control)
    return parsed


def _sheets(content: bytes) -> dict[str, Cells]:
    from python_calamine import CalamineError, CalamineWorkbook

    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            unpacked = sum(item.file_size for item in archive.infolist())
        if unpacked > MAX_UNPACKED_BYTES:
            raise RejectedFile("TOO_LARGE", f"unpacks to {unpacked} bytes", mend="ask for the rows in several files")
        book = CalamineWorkbook.from_filelike(io.BytesIO(content))
        return {name: book.get_sheet_by_name(name).to_python(skip_empty_area=False) for name in book.sheet_names}
    except (zipfile.BadZipFile, CalamineError, OSError, ValueError) as error:
        raise RejectedFile(
            "UNREADABLE_FILE", f"no readable workbook: {error}", mend="the file is cut off or damaged: ask for it again"
        ) from None


def _hyperlinks(content: bytes) -> dict[str, dict[tuple[int, int], str]]:
    """Link targets by sheet and (row, column), both from 1. Only openpyxl reads them."""
    import openpyxl

    book = openpyxl.load_workbook(io.BytesIO(content))
    return {
        sheet.title: {
            (int(cell.row or 0), int(cell.column or 0)): str(cell.hyperlink.target)
            for row in sheet.iter_rows()
            for cell in row
            if cell.hyperlink and cell.hyperlink.target
        }
        for sheet in book.worksheets
    }


def _parse_sheet(
    parsed: ParsedFile,
    name: str,
    cells: Cells,
    links: dict[tuple[int, int], str],
    layout: FileLayout,
    fields: Sequence[Field],
    date_fields: frozenset[str],
) -> None:
    texts = [[cell_text(cell) for cell in row] for row in cells]
    header = _header_row(name, texts, layout, fields)
    known, unknown = match_header(texts[header], fields)
    ignored = {fold(text) for text in layout.ignored_headers}
    unknown = {index: text for index, text in unknown.items() if fold(text) not in ignored}
    parsed.extra_columns = sorted({*parsed.extra_columns, *unknown.values()})
    year = _year_above(texts[:header]) if layout.header.year_from_title else None
    for index, row in enumerate(texts[header + 1 :], start=header + 1):
        if layout.totals_marker and _first_filled(row) == layout.totals_marker:
            break
        if any(row):
            parsed.rows.append(_row(name, index + 1, row, links, known, unknown, layout, date_fields, year))


def _row(
    sheet: str,
    number: int,
    row: list[str],
    links: dict[tuple[int, int], str],
    known: dict[int, Field],
    unknown: dict[int, str],
    layout: FileLayout,
    date_fields: frozenset[str],
    year: int | None,
) -> Row:
    values: dict[str, str | None] = {}
    for column, field in known.items():
        link = links.get((number, column + 1)) if field.hyperlink else None
        text = field.text(link or row[column])
        values[field.name] = iso_date(text, year) if text and field.name in date_fields else text
    if layout.sheets.name_field and not values.get(layout.sheets.name_field):
        values[layout.sheets.name_field] = sheet
    extra = {name: row[column] for column, name in unknown.items() if row[column]}
    return Row(number, values, extra, sheet)


def _header_row(sheet: str, texts: list[list[str]], layout: FileLayout, fields: Sequence[Field]) -> int:
    wanted = [{fold(header) for header in field.headers} for field in fields if field.required]
    best, most = 0, 0
    for index, row in enumerate(texts[: layout.header.search_rows]):
        found = {fold(cell) for cell in row}
        hits = sum(bool(names & found) for names in wanted)
        if hits > most:
            best, most = index, hits
    if not most:
        raise RejectedFile(
            "MISSING_HEADER",
            f"no header row in the first {layout.header.search_rows} rows",
            sheet=sheet,
            mend="ask the provider, or correct the layout",
        )
    return best


def _year_above(rows: list[list[str]]) -> int | None:
    found = YEAR.search(" ".join(cell for row in rows for cell in row))
    return int(found[1]) if found else None


def _first_filled(row: list[str]) -> str:
    return next((cell for cell in row if cell), "")


def cell_text(cell: Any) -> str:
    """A cell as text: whole numbers without `.0`, dates as ISO, large numbers as the sheet shows them."""
    if isinstance(cell, bool):
        return str(cell).lower()
    if isinstance(cell, float):
        # beyond 15 digits the sheet has lost the number: what is shown is all there is
        return (
            str(int(cell))
            if cell.is_integer() and abs(cell) < 1e15
            else f"{cell:.6G}"
            if abs(cell) >= 1e15
            else repr(cell)
        )
    if isinstance(cell, (date, datetime)):
        return iso_cell(cell)
    if isinstance(cell, timedelta):
        return str(cell)
    return str(cell).strip() if cell is not None else ""


def _cover(sheets: dict[str, Cells], control: CoverSheet) -> list[Declared]:
    if control.sheet not in sheets:
        return []
    texts = [[cell_text(cell) for cell in row] for row in sheets[control.sheet]]
    scopes, counts = ({fold(header) for header in names} for names in (control.scope_headers, control.count_headers))
    for index, row in enumerate(texts):
        scope = next((i for i, cell in enumerate(row) if fold(cell) in scopes), None)
        count = next((i for i, cell in enumerate(row) if fold(cell) in counts), None)
        if scope is not None and count is not None:
            body = [(line[scope], line[count]) for line in texts[index + 1 :]]
            return [
                Declared(control.dataset, name, int(number))
                for name, number in body
                if name and name != control.totals_marker and number.isdigit()
            ]
    return []
