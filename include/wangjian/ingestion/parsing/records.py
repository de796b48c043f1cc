"""The result of every parser, in the same form for all file formats: rows as texts, with the place of each."""

from __future__ import annotations

import json
import re
import unicodedata
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from decimal import Decimal
from itertools import repeat
from typing import NamedTuple

from wangjian.core.errors import RejectedFile
from wangjian.core.masking import masked


class Row(NamedTuple):
    """One row of a file.

    Attributes:
        number: the number as a person counts in the file; the first line or sheet row is 1.
        values: the contract's columns that the file has, as text.
        extra: unknown columns with their values.
    """

    number: int
    values: Mapping[str, str | None]
    extra: Mapping[str, str]


@dataclass(frozen=True)
class RejectedLine:
    """A line that is not a row, such as one with too few fields."""

    number: int
    code: str
    text: str


@dataclass(frozen=True)
class Declared:
    """A control total: the number of rows of a dataset that the source declares, in total or for one scope (county)."""

    dataset: str
    scope: str
    rows: int


@dataclass
class ParsedFile:
    """The content of one file, column by column. Titles, totals and blank rows are not rows.

    A large file has a hundred thousand rows: an object for each would take much more memory than lists of texts.

    Attributes:
        numbers: the number of each row, as a person counts in the file.
        sheets: the sheet of each row if the file is a workbook, otherwise empty.
        columns: for each of the contract's columns that the file has, a text per row.
        extras: for each row, the unknown columns with their values.
    """

    numbers: list[int] = field(default_factory=list)
    sheets: list[str] = field(default_factory=list)
    columns: dict[str, list[str | None]] = field(default_factory=dict)
    extras: list[Mapping[str, str]] = field(default_factory=list)
    rejected: list[RejectedLine] = field(default_factory=list)
    declared: list[Declared] = field(default_factory=list)
    extra_columns: list[str] = field(default_factory=list)

    @property
    def rows_read(self) -> int:
        """Return the number of rows and rejected lines."""
        return len(self.numbers) + len(self.rejected)

    def rows(self) -> Iterator[tuple[str, Row]]:
        """Yield the rows one by one, each with the name of its sheet; the name is empty outside of a workbook."""
        cells = zip(*self.columns.values(), strict=True) if self.columns else repeat((), len(self.numbers))
        sheets = self.sheets or [""] * len(self.numbers)
        for sheet, number, texts, extra in zip(sheets, self.numbers, cells, self.extras, strict=True):
            yield sheet, Row(number, dict(zip(self.columns, texts, strict=True)), extra)

    def add_sheet(self, sheet: str, rows: Sequence[Row]) -> None:
        """Add the rows of a sheet. It may have other columns than the sheets before it."""
        # every column gets a text for every row: a column that one sheet lacks is null there, or the rows would shift
        before = len(self.numbers)
        for name in dict.fromkeys(name for row in rows for name in row.values):
            column = self.columns.setdefault(name, [])
            column.extend([None] * (before - len(column)))
        for name, column in self.columns.items():
            column.extend(row.values.get(name) for row in rows)
        self.numbers.extend(row.number for row in rows)
        self.sheets.extend([sheet] * len(rows))
        self.extras.extend(row.extra for row in rows)


def columns_as_json(columns: Sequence[str]) -> str | None:
    """Return the names of unknown columns as JSON, masked; null where there are none."""
    # a file without a header has a row of data in place of the names, maybe with personal data
    return masked(json.dumps(columns, ensure_ascii=False)) if columns else None


@dataclass(frozen=True)
class Field:
    """A contract's column in a file: the headers that it may have, and the changes to its text.

    Attributes:
        scale: the factor from the file's unit to the contract's.
        values: the texts to replace, and their replacements.
        hyperlink: whether the address of the cell's hyperlink, if it has one, takes the place of its text.
    """

    name: str
    headers: tuple[str, ...]
    required: bool
    scale: Decimal = Decimal(1)
    values: Mapping[str, str] = field(default_factory=dict)
    hyperlink: bool = False

    def text(self, cell: str) -> str | None:
        """Return the column's text for a cell's text: trimmed, translated, scaled; null for blank."""
        cell = cell.strip()
        cell = self.values.get(cell, cell)
        if cell and self.scale != 1:
            cell = _scaled(cell, self.scale)
        return cell or None

    def texts(self, cells: Iterable[str]) -> list[str | None]:
        """Return the column's texts for the texts of its cells."""
        # a large file has millions of cells, and most columns are only trimmed: a call per cell would be expensive
        if self.values or self.scale != 1:
            return [self.text(cell) for cell in cells]
        return [cell.strip() or None for cell in cells]


def _scaled(text: str, scale: Decimal) -> str:
    """Return the number in the contract's unit. A text that is not a number keeps its unit, so that nobody takes it for one."""
    plain = text.replace(",", "") if _THOUSANDS.fullmatch(text) else text
    try:
        return f"{(Decimal(plain) * scale).normalize():f}"
    except ArithmeticError:
        return f"{text} × {scale}"


_THOUSANDS = re.compile(r"-?\d{1,3}(,\d{3})+(\.\d*)?")
# one 万元 is ten thousand 元; the contracts count in 元
_WAN = Decimal(10_000)


def fold(header: str) -> str:
    """Return a header's text for comparison: NFKC, lower case, without blanks and byte-order mark."""
    # people type headers with full-width brackets and stray blanks; a spelling variant must not reject the whole file
    return "".join(unicodedata.normalize("NFKC", header).lower().replace("\ufeff", "").split())


def match_header(cells: Sequence[str], fields: Sequence[Field]) -> tuple[dict[int, Field], dict[int, str]]:
    """Return the field of each column, and the unknown headers.

    Args:
        cells: the header row.
        fields: the fields of the contract or layout.

    Returns:
        Fields by column index; unknown headers by column index.

    Raises:
        RejectedFile: a required column is missing, or a column comes twice.
    """
    by_name = {fold(header): field for field in fields for header in field.headers}
    # a provider may head the same column with 万元 in place of 元
    in_wan = {
        name.replace("元", "万元"): replace(field, scale=_WAN) for name, field in by_name.items() if "(元)" in name
    }
    by_name = in_wan | by_name
    known = {index: by_name[fold(cell)] for index, cell in enumerate(cells) if fold(cell) in by_name}
    unknown = {index: cell.strip() for index, cell in enumerate(cells) if cell.strip() and fold(cell) not in by_name}
    names = [field.name for field in known.values()]
    if twice := sorted({name for name in names if names.count(name) > 1}):
        raise RejectedFile(
            "DUPLICATE_COLUMN", f"columns come twice: {', '.join(twice)}", fix="ask the source for a clean file"
        )
    if absent := [field.headers[0] for field in fields if field.required and field.name not in names]:
        raise RejectedFile(
            "MISSING_COLUMN",
            f"required columns are missing: {', '.join(absent)}; the file has {', '.join(c for c in cells if c)}",
            fix="ask the source, or add the column's new name to the contract or layout",
        )
    return known, unknown
