"""The content of a bulletin, independent of the file format: parts with paragraphs, tables and charts."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from enum import Enum
from typing import Literal

from wangjian.state import Publication


class Missing(Enum):
    """Why a cell has no number: there is no data, or the base of the rate is too small to publish it."""

    NONE = "—"
    SUPPRESSED = "※"


Cell = str | int | Decimal | Missing
"""The content of a cell. Numbers are rounded already: every format prints the same digits."""


@dataclass(frozen=True)
class Column:
    """A column of a table.

    Attributes:
        share: the column's width, relative to the other columns.
    """

    name: str
    share: float = 1.0
    is_text: bool = False


@dataclass(frozen=True)
class Table:
    """A table. The rows of `totals` close it: sums, which are emphasised and never drawn in a chart."""

    caption: str
    columns: tuple[Column, ...]
    rows: tuple[tuple[Cell, ...], ...]
    totals: tuple[tuple[Cell, ...], ...] = ()
    note: str = ""
    is_small: bool = False


@dataclass(frozen=True)
class Chart:
    """A chart of a table's rows.

    Attributes:
        series: the indexes of the columns to draw; the first column names the rows.
        kind: `bar` is horizontal, `column` vertical; `line` is for a development over time.
        first: draw only the first rows, this many; all if null.
        lines: the series to draw as a line, on a second axis at the right.
    """

    caption: str
    table: Table
    series: tuple[int, ...]
    kind: Literal["bar", "column", "line"]
    first: int | None = None
    lines: tuple[int, ...] = ()

    @property
    def rows(self) -> tuple[tuple[Cell, ...], ...]:
        """Return the rows to draw: never the totals, next to which all other bars would be too short to compare."""
        return self.table.rows[: self.first]


@dataclass(frozen=True)
class Paragraph:
    """A paragraph of running text."""

    text: str


@dataclass(frozen=True)
class Heading:
    """A heading below the heading of the part; level 2 is （一）."""

    text: str
    level: int = 2


Block = Paragraph | Heading | Table | Chart


@dataclass(frozen=True)
class Part:
    """A part of the bulletin: one heading of the first level, one sheet of the workbook.

    Attributes:
        sheet: the sheet's name.
    """

    heading: str
    sheet: str
    blocks: tuple[Block, ...]


@dataclass(frozen=True)
class Bulletin:
    """The whole bulletin.

    Attributes:
        organ: the bureau that issues it.
        masthead: the name of the series.
        title: the title of this issue.
        issue: the number of this issue, such as `2023年第12期`.
        month: the first day of the month.
        appendices: tables that follow the text.
    """

    organ: str
    masthead: str
    title: str
    issue: str
    month: date
    publication: Publication
    parts: Sequence[Part]
    appendices: Sequence[Part] = field(default_factory=tuple)
