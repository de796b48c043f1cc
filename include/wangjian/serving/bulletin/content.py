"""What a bulletin is made of, whatever file it is written to: parts with paragraphs, tables and charts."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from enum import Enum
from typing import Literal

from wangjian.state import Publication


class Missing(Enum):
    """Why a cell has no number: there is none; or its base is too small to tell it."""

    NONE = "—"
    SUPPRESSED = "※"


Cell = str | int | Decimal | Missing
"""Numbers are rounded as they are printed."""


@dataclass(frozen=True)
class Column:
    """A column of a table.

    Attributes:
        share: of the table's width, relative to the other columns.
    """

    name: str
    share: float = 1.0
    is_text: bool = False


@dataclass(frozen=True)
class Table:
    """A table; the rows of `totals` close it and are no members of their own."""

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
        series: the columns whose numbers are shown; the first column names the rows.
        kind: `bar` lies, `column` stands; a `line` is for what runs through time.
        first: so many rows only; all if null.
        lines: those of `series` that are shown as a line, on an axis of their own at the right.
    """

    caption: str
    table: Table
    series: tuple[int, ...]
    kind: Literal["bar", "column", "line"]
    first: int | None = None
    lines: tuple[int, ...] = ()

    @property
    def rows(self) -> tuple[tuple[Cell, ...], ...]:
        return self.table.rows[: self.first]


@dataclass(frozen=True)
class Paragraph:
    """A paragraph of running text."""

    text: str


@dataclass(frozen=True)
class Heading:
    """A heading below the part's own: level 2 is （一）."""

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
    """The whole.

    Attributes:
        organ: who issues it.
        masthead: the name of the series.
        title: of this issue.
        issue: `2023年第12期`.
        month: its first day.
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
