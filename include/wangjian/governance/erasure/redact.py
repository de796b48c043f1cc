"""A landed file without some values, and otherwise as it was: JSON pages, CSV files, workbooks."""

from __future__ import annotations

import csv
import io
import json
import re
from collections.abc import Callable, Collection, Mapping, Sequence
from contextlib import suppress

from wangjian.core.errors import WangjianError
from wangjian.governance.erasure.marks import Mark
from wangjian.ingestion.parsing.fields import is_personal
from wangjian.ingestion.parsing.formats.csv_reader import decode, lines_of, numbered_records
from wangjian.ingestion.parsing.formats.workbook_reader import cell_text, filled_sheets, header_row
from wangjian.ingestion.parsing.records import Field, match_header
from wangjian.ingestion.sources.provider import FileLayout

Rows = Mapping[str, Collection[int]]
"""Row numbers by sheet; the sheet of what is no workbook is empty."""

_BREAKS = re.compile(r"\r\n|\r|\n")
_KEPT_NUMBER = re.compile(r'"\\u0000([^"]*)"')


def redact_page(content: bytes, headers: Collection[str], rows: Rows, mark: Mark) -> bytes:
    """A page of a JSON export without some values.

    Args:
        content: its bytes.
        headers: the fields that are erased, by their names in the page; unknown ones that look personal are, too.
        rows: which records, from 1.
        mark: gives what stands there instead.
    """
    # numbers as they are written: 12.50 stays 12.50. NUL stands in no page that was parsed
    body = json.loads(content, parse_float=_kept, parse_int=_kept)
    for number in rows.get("", ()):
        record = body["records"][number - 1]
        record |= {
            name: mark(_text(value))
            for name, value in record.items()
            if value is not None and (name in headers or is_personal(name))
        }
    text = json.dumps(body, ensure_ascii=False, separators=(",", ":"))
    return _KEPT_NUMBER.sub(r"\1", text).encode()


def _kept(number: str) -> str:
    return f"\x00{number}"


def _text(value: object) -> str:
    return value.removeprefix("\x00") if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


def redact_csv(
    content: bytes, fields: Sequence[Field], encodings: Sequence[str], names: Collection[str], rows: Rows, mark: Mark
) -> bytes:
    """A CSV file without some values; every other line keeps its bytes.

    Args:
        content: its bytes.
        fields: the columns, with the headers they bear.
        encodings: as for parsing.
        names: the columns that are erased; unknown ones that look personal are, too.
        rows: the lines on which the rows start.
        mark: gives what stands there instead.
    """
    text = decode(content, encodings)
    lines, records = list(lines_of(text)), list(numbered_records(text))
    is_erased = _erased_columns(records[0][1], fields, names)
    ends = [start - 1 for start, _ in records[1:]] + [len(lines)]
    wanted = set(rows.get("", ()))
    for (start, cells), end in zip(records, ends, strict=True):
        if start in wanted:
            left = [_marked(cell, mark) if is_erased(index) else cell for index, cell in enumerate(cells)]
            lines[start - 1 : end] = [_line(left, like=lines[end - 1]), *[""] * (end - start)]
    return _encoded("".join(lines), content, encodings, text)


def _marked(cell: str, mark: Mark) -> str:
    """With the cell's line breaks, so that the rows below keep their numbers; blanks around a value do not count."""
    return mark(cell.strip()) + "".join(_BREAKS.findall(cell))


def _line(cells: list[str], like: str) -> str:
    out = io.StringIO()
    # the writer puts in quotes only those line breaks that it ends lines with
    csv.writer(out, lineterminator="\r\n").writerow(cells)
    return out.getvalue().removesuffix("\r\n") + like[len(like.rstrip("\r\n")) :]


def _encoded(left: str, content: bytes, encodings: Sequence[str], text: str) -> bytes:
    """In the encoding that gives the very bytes that were read; a contract's encoding may add a byte-order mark."""
    for encoding in (*encodings, "utf-8"):
        with suppress(UnicodeError):
            if text.encode(encoding) == content:
                return left.encode(encoding)
    raise WangjianError("what was read cannot be written again as the same bytes", fix="report it: nothing was erased")


def redact_workbook(
    content: bytes, layout: FileLayout, fields: Sequence[Field], names: Collection[str], rows: Rows, mark: Mark
) -> bytes:
    """A workbook without some values; formulas become the values that they showed.

    Args:
        content: its bytes.
        layout: how the provider lays it out.
        fields: the columns, with the headers they bear.
        names: the columns that are erased; unknown ones that look personal are, too.
        rows: row numbers by sheet.
        mark: gives what stands there instead.
    """
    from openpyxl import load_workbook

    book, sheets, out = load_workbook(io.BytesIO(content), data_only=True), filled_sheets(content), io.BytesIO()
    for name, numbers in rows.items():
        texts = [(number, [cell_text(cell) for cell in row]) for number, row in sheets[name]]
        is_erased = _erased_columns(texts[header_row(name, texts, layout, fields)][1], fields, names)
        for number, row in texts:
            if number in numbers:
                for index in filter(is_erased, range(len(row))):
                    book[name].cell(number, index + 1).value = mark(row[index]) or None
    book.save(out)
    return out.getvalue()


def _erased_columns(header: Sequence[str], fields: Sequence[Field], names: Collection[str]) -> Callable[[int], bool]:
    known, unknown = match_header(header, fields)
    chosen = {index for index, field in known.items() if field.name in names}
    chosen |= {index for index, name in unknown.items() if is_personal(name)}
    return chosen.__contains__
