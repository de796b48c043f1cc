"""What every parser gives back, whatever the format: rows as texts, with the place of each."""

from __future__ import annotations

import json
import re
import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from decimal import Decimal
from typing import NamedTuple

from wangjian.errors import RejectedFile


class Row(NamedTuple):
    """One row of a file.

    Attributes:
        number: as a person counts in the file; the first line or sheet row is 1.
        values: the contract's columns that the file has, as text.
        extra: unknown columns with their values.
        sheet: of a workbook.
    """

    number: int
    values: dict[str, str | None]
    extra: dict[str, str]
    sheet: str = ""

    @property
    def extra_json(self) -> str | None:
        return json.dumps(self.extra, ensure_ascii=False, sort_keys=True) if self.extra else None


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
    """The content of one file. `rows_read` counts rows and rejected lines, never titles, totals or blank rows."""

    rows: list[Row] = field(default_factory=list)
    rejected: list[RejectedLine] = field(default_factory=list)
    declared: list[Declared] = field(default_factory=list)
    extra_columns: list[str] = field(default_factory=list)

    @property
    def rows_read(self) -> int:
        return len(self.rows) + len(self.rejected)


@dataclass(frozen=True)
class Field:
    """Where a contract column stands in a file: the headers it may bear, and what is done to its text."""

    name: str
    headers: tuple[str, ...]
    required: bool
    scale: Decimal = Decimal(1)
    values: Mapping[str, str] = field(default_factory=dict)
    hyperlink: bool = False

    @property
    def is_plain(self) -> bool:
        """Whether nothing is done to a text but that it is trimmed."""
        return not self.values and self.scale == 1

    def text(self, cell: str) -> str | None:
        """The column's text from the cell's text: trimmed, translated, scaled; blank is null."""
        cell = cell.strip()
        cell = self.values.get(cell, cell)
        if cell and self.scale != 1:
            cell = _scaled(cell, self.scale)
        return cell or None


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
            "DUPLICATE_COLUMN", f"columns come twice: {', '.join(twice)}", mend="ask the source for a clean file"
        )
    if absent := [field.headers[0] for field in fields if field.required and field.name not in names]:
        raise RejectedFile(
            "MISSING_COLUMN",
            f"required columns are missing: {', '.join(absent)}; the file has {', '.join(c for c in cells if c)}",
            mend="ask the source, or add the column's new name to the contract or layout",
        )
    return known, unknown
