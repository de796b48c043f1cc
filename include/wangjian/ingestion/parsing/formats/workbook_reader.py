"""Parse XLSX workbooks by a provider's layout: a sheet per county, a title, a header row, a totals row, a cover sheet."""

from __future__ import annotations

import io
import re
import struct
import zipfile
import zlib
from collections.abc import Iterator, Sequence
from datetime import date, datetime, timedelta
from typing import Any

from wangjian.core.errors import RejectedFile
from wangjian.ingestion.parsing.dates import iso_cell, iso_date
from wangjian.ingestion.parsing.records import Declared, Field, ParsedFile, Row, fold, match_header
from wangjian.ingestion.sources.provider import CoverSheet, FileLayout

# The ledger keeps the message of a rejected file, and `audit.file_ledger` publishes it: another wording of the messages
# below would change published rows.
MAX_UNPACKED_BYTES = 512 * 2**20
YEAR = re.compile(r"(20\d{2})\s*年?")

# the reader allocates the whole rectangle up to the last cell, even if one cell far out is all: 30 million cells are
# about 1 GB
MAX_CELLS = 30_000_000
# a cell has four tags
MAX_TAGS = 50_000_000
MAX_MEMBERS = 10_000
MAX_LINKED_ROWS = 10_000
# the errors that the libraries raise for damaged files
_DAMAGE = (
    zipfile.BadZipFile,
    zlib.error,
    struct.error,
    OSError,
    EOFError,
    ValueError,
    KeyError,
    NotImplementedError,
    RuntimeError,
)
# rows, cells, and their `r` attributes with a position, in every spelling that XML allows
_MARK = re.compile(rb"""<(?:[\w.-]+:)?(row|c)(?=[\s/>])|\sr\s*=\s*["']([A-Z]{0,3})([0-9]{1,10})["']""")
# the reader accepts these formats too, but the limits here do not hold for them: one element may repeat a cell a
# million times
_OTHER_KINDS = {"content.xml", "xl/workbook.bin"}

Cells = list[tuple[int, list[Any]]]
"""The rows of a sheet that are not empty: (row number from 1, cells)."""
Links = dict[tuple[int, int], str]
"""Link targets by row and column, both from 1."""


def parse_workbook(
    content: bytes, layout: FileLayout, fields: Sequence[Field], date_fields: frozenset[str]
) -> ParsedFile:
    """Parse a provider's workbook.

    Args:
        content: the file's bytes.
        layout: the provider's layout of the file.
        fields: the contract's columns, with their possible headers.
        date_fields: the names of the columns with dates, which are rewritten as ISO dates.

    Returns:
        The rows of all sheets, and the totals of the cover sheet.

    Raises:
        RejectedFile: the file is no workbook, too large when unpacked, or has a sheet without the required columns.
    """
    sheets = filled_sheets(content)
    links = _hyperlinks(content) if any(field.hyperlink for field in fields) else {}
    parsed = ParsedFile()
    for name, cells in sheets.items():
        if name not in layout.sheets.exclude:
            _parse_sheet(parsed, name, cells, links.get(name, {}), layout, fields, date_fields)
    if isinstance(layout.control, CoverSheet):
        parsed.declared = _cover(sheets, layout.control)
    return parsed


def filled_sheets(content: bytes) -> dict[str, Cells]:
    """Return the rows of every sheet that are not empty, by the sheet's name.

    Raises:
        RejectedFile: the file is no workbook, or too large when unpacked.
    """
    from python_calamine import CalamineError, CalamineWorkbook

    try:
        _check_archive(content)
        book = CalamineWorkbook.from_filelike(io.BytesIO(content))
        return {name: _filled_rows(book.get_sheet_by_name(name).iter_rows()) for name in book.sheet_names}
    except (CalamineError, *_DAMAGE) as error:
        raise RejectedFile(
            "UNREADABLE_FILE",
            f"no readable workbook: {error}",
            fix="the file is cut off or damaged: ask for it again",
        ) from None


def _filled_rows(rows: Iterator[list[Any]]) -> Cells:
    return [(index, row) for index, row in enumerate(rows, start=1) if any(cell not in ("", None) for cell in row)]


def _check_archive(content: bytes) -> None:
    """Reject a hostile or broken archive before the reader unpacks it: by its real sizes and by its last cells."""
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        members = archive.infolist()
        if other := _OTHER_KINDS.intersection(archive.namelist()):
            raise RejectedFile(
                "UNREADABLE_FILE",
                f"no XLSX workbook: it holds {', '.join(other)}",
                fix="ask for it as XLSX",
            )
        unpacked = sum(item.file_size for item in members)
        if unpacked > MAX_UNPACKED_BYTES or len(members) > MAX_MEMBERS:
            raise RejectedFile(
                "TOO_LARGE",
                f"unpacks to {unpacked:,} bytes in {len(members):,} parts",
                fix="ask for the rows in several files",
            )
        for item in members:
            # reading to the end fails for a member that is damaged or longer than the archive declares
            member = archive.read(item)
            if item.filename.startswith("xl/worksheets/"):
                _check_extent(item.filename, member)


def _check_extent(name: str, sheet: bytes) -> None:
    if (tags := sheet.count(b"<")) > MAX_TAGS:
        raise RejectedFile("TOO_LARGE", f"{tags:,} tags", sheet=name, fix="ask for the rows in several files")
    widest, lowest = _extent(sheet)
    if widest * lowest > MAX_CELLS:
        raise RejectedFile(
            "TOO_LARGE",
            f"a cell stands in row {lowest} or column {widest}: {widest * lowest:,} cells",
            sheet=name,
            fix="ask for the sheet without the empty rows and columns",
        )


def _extent(sheet: bytes) -> tuple[int, int]:
    """Return the last column and row. A cell may name its position, or follow the one before without a name."""
    widest = lowest = 1
    columns = rows = 0
    for tag, letters, number in (match.groups() for match in _MARK.finditer(sheet)):
        if tag == b"row":
            columns, rows = 0, rows + 1
        elif tag:
            columns += 1
        else:
            columns, lowest = max(columns, _column_number(letters)), max(lowest, int(number))
        widest = max(widest, columns)
    return widest, max(lowest, rows)


def _column_number(letters: bytes) -> int:
    number = 0
    for letter in letters:
        number = number * 26 + letter - 64
    return number


def _hyperlinks(content: bytes) -> dict[str, Links]:
    """Return the link targets by sheet and position.

    The fast reader returns no links, and openpyxl would read every cell again. So only the parts with links are read here.
    """
    from openpyxl.reader.excel import ExcelReader

    try:
        reader = ExcelReader(io.BytesIO(content), keep_links=False)
        reader.read_manifest()
        reader.read_workbook()
        return {sheet.name: _links_of(reader.archive, place.target) for sheet, place in reader.parser.find_sheets()}
    except (KeyError, ValueError, TypeError, SyntaxError, AttributeError) as error:
        raise RejectedFile(
            "UNREADABLE_FILE",
            f"no readable links: {error}",
            fix="the file is damaged: ask for it again",
        ) from None


def _links_of(archive: zipfile.ZipFile, sheet: str) -> Links:
    from openpyxl.packaging.relationship import get_dependents, get_rels_path

    relations = str(get_rels_path(sheet))  # type: ignore[no-untyped-call]
    if relations not in archive.namelist():
        return {}
    targets = get_dependents(archive, relations).to_dict()
    links: Links = {}
    for attributes in _link_elements(archive.read(sheet)):
        target = targets.get(attributes.get(_RELATION, ""))
        if target and target.target:
            links |= dict.fromkeys(_places(attributes["ref"]), target.target)
    return links


def _link_elements(sheet: bytes) -> Iterator[dict[str, str]]:
    """Yield the attributes of the link elements. They follow the cells, so the cells are cut out before the XML is parsed."""
    from defusedxml.ElementTree import fromstring

    start, tail = _WORKSHEET.search(sheet), _CELLS_END.split(sheet)[-1]
    tree = fromstring(start[0] + tail if start else sheet)
    yield from (element.attrib for element in tree.iter() if element.tag.endswith("}hyperlink"))


def _places(ref: str) -> Iterator[tuple[int, int]]:
    from openpyxl.utils import range_boundaries

    left, top, right, bottom = (edge or 1 for edge in range_boundaries(ref))
    rows = range(top, min(bottom, top + MAX_LINKED_ROWS) + 1)
    return ((row, column) for row in rows for column in range(left, right + 1))


_WORKSHEET = re.compile(rb"<(?:\w+:)?worksheet\b[^>]*>")
_CELLS_END = re.compile(rb"</(?:\w+:)?sheetData\s*>|<(?:\w+:)?sheetData\s*/>")
_RELATION = "{http://schemas.openxmlformats.org/officeDocument/2006/relationships}id"


def _parse_sheet(
    parsed: ParsedFile,
    name: str,
    cells: Cells,
    links: Links,
    layout: FileLayout,
    fields: Sequence[Field],
    date_fields: frozenset[str],
) -> None:
    texts = [(number, [cell_text(cell) for cell in row]) for number, row in cells]
    header = header_row(name, texts, layout, fields)
    known, unknown = match_header(texts[header][1], fields)
    ignored = {fold(text) for text in layout.ignored_headers}
    unknown = {index: text for index, text in unknown.items() if fold(text) not in ignored}
    parsed.extra_columns = sorted({*parsed.extra_columns, *unknown.values()})
    year = _year_above(texts[:header]) if layout.header.year_from_title else None
    rows: list[Row] = []
    for number, row in texts[header + 1 :]:
        if layout.totals_marker and _first_filled(row) == layout.totals_marker:
            break
        if any(row):
            rows.append(_row(name, number, row, links, known, unknown, layout, date_fields, year))
    parsed.add_sheet(name, rows)


def _row(
    sheet: str,
    number: int,
    row: list[str],
    links: Links,
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
    return Row(number, values, extra)


def header_row(sheet: str, texts: list[tuple[int, list[str]]], layout: FileLayout, fields: Sequence[Field]) -> int:
    """Return the index of the row with the most required headers.

    Raises:
        RejectedFile: none of the rows that the layout allows has a required header.
    """
    wanted = [{fold(header) for header in field.headers} for field in fields if field.required]
    best, most = 0, 0
    for index, (number, row) in enumerate(texts):
        if number > layout.header.search_rows:
            break
        headers = {fold(cell) for cell in row}
        hits = sum(bool(names & headers) for names in wanted)
        if hits > most:
            best, most = index, hits
    if not most:
        raise RejectedFile(
            "MISSING_HEADER",
            f"no header row in the first {layout.header.search_rows} rows",
            sheet=sheet,
            fix="ask the provider, or correct the layout",
        )
    return best


def _year_above(rows: list[tuple[int, list[str]]]) -> int | None:
    match = YEAR.search(" ".join(cell for _, row in rows for cell in row))
    return int(match[1]) if match else None


def _first_filled(row: list[str]) -> str:
    return next((cell for cell in row if cell), "")


def cell_text(cell: Any) -> str:
    """Return a cell as text: whole numbers without `.0`, dates as ISO dates, large numbers as the sheet shows them."""
    if isinstance(cell, bool):
        return str(cell).lower()
    if isinstance(cell, float):
        # a sheet keeps 15 digits. Of a longer number (an ID card number) the rest is lost; the shown form tells a
        # person so, while more digits would be invented
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
    texts = [[cell_text(cell) for cell in row] for _, row in sheets[control.sheet]]
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
