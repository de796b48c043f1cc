"""What every parser gives back, whatever the format: rows as texts, with the place of each."""

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
        number: as a person counts in the file; the first line or sheet row is 1.
        values: the contract's columns that the file has, as text.
        extra: unknown columns with their values.
    """

    number: int
    values: Mapping[str, str | None]
    extra: Mapping[str, str]


@dataclass(frozen=True)
class RejectedLine:
    """A line that is no row at all."""

    number: int
    code: str
    text: str


@dataclass(frozen=True)
class Declared:
    """A control total: how many rows of a dataset the source says there are, in all or in one scope (county)."""

    dataset: str
    scope: str
    rows: int


@dataclass
class ParsedFile:
    """The content of one file, column by column: a large one has a hundred thousand rows. Titles, totals and blank rows are none.

    Attributes:
        numbers: of each row, as a person counts in the file.
        sheets: of each row, where the file is a workbook; else nothing.
        columns: a text a row, of each of the contract's columns that the file has.
        extras: unknown columns with their values, of each row.
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
        """Rows and rejected lines."""
        return len(self.numbers) + len(self.rejected)

    def rows(self) -> Iterator[tuple[str, Row]]:
        """The rows one by one, each with its sheet; outside of a workbook that has no name."""
        cells = zip(*self.columns.values(), strict=True) if self.columns else repeat((), len(self.numbers))
        sheets = self.sheets or [""] * len(self.numbers)
        for sheet, number, texts, extra in zip(sheets, self.numbers, cells, self.extras, strict=True):
            yield sheet, Row(number, dict(zip(self.columns, texts, strict=True)), extra)

    def add_sheet(self, sheet: str, rows: Sequence[Row]) -> None:
        """Add the rows of a sheet, which may have other columns than those before."""
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
    # a file without its header shows a row of data where the names should stand
    return masked(json.dumps(columns, ensure_ascii=False)) if columns else None


@dataclass(frozen=True)
class Field:
    """Where a contract column stands in a file: the headers it may bear, and what is done to its text."""

    name: str
    headers: tuple[str, ...]
    required: bool
    scale: Decimal = Decimal(1)
    values: Mapping[str, str] = field(default_factory=dict)
    hyperlink: bool = False

    def text(self, cell: str) -> str | None:
        """The column's text from the cell's text: trimmed, translated, scaled; blank is null."""
        cell = cell.strip()
        cell = self.values.get(cell, cell)
        if cell and self.scale != 1:
            cell = _scaled(cell, self.scale)
        return cell or None

    def texts(self, cells: Iterable[str]) -> list[str | None]:
        """The column's texts from the texts of its cells. A large file has millions, and most are only trimmed."""
        if self.values or self.scale != 1:
            return [self.text(cell) for cell in cells]
        return [cell.strip() or None for cell in cells]


def _scaled(text: str, scale: Decimal) -> str:
    """The number in the contract's unit. What is no number keeps its unit, so that nobody takes it for one."""
    plain = text.replace(",", "") if _THOUSANDS.fullmatch(text) else text
    try:
        return f"{(Decimal(plain) * scale).normalize():f}"
    except ArithmeticError:
        return f"{text} × {scale}"


_THOUSANDS = re.compile(r"-?\d{1,3}(,\d{3})+(\.\d*)?")
# 万元: the contracts count in yuan
_WAN = Decimal(10_000)


def fold(header: str) -> str:
    """A header's text for comparison: NFKC, lower case, without blanks or a byte-order mark."""
    return "".join(unicodedata.normalize("NFKC", header).lower().replace("\ufeff", "").split())


def match_header(cells: Sequence[str], fields: Sequence[Field]) -> tuple[dict[int, Field], dict[int, str]]:
    """Find which column holds which field.

    Args:
        cells: the header row.
        fields: what the contract or layout knows.

    Returns:
        Fields by column index; unknown headers by column index.

    Raises:
        RejectedFile: a required column is missing, or a column comes twice.
    """
    by_name = {fold(header): field for field in fields for header in field.headers}
    # the same column headed 万元 in place of 元
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
