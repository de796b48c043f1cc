"""Turn figures into table cells, and build the tables that several parts share."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from decimal import Decimal

from wangjian.serving.bulletin.content import Cell, Column, Missing, Table
from wangjian.serving.bulletin.figures import RATE_UNITS, Figure, Figures, Member
from wangjian.serving.bulletin.wording import growth, month_text, plain, rounded

COMPARED = (Column("本月"), Column("上月"), Column("环比（%）"), Column("上年同月"), Column("同比（%）"))


def cell(figure: Figure) -> Cell:
    """Return a figure as the bulletin prints it; `※` if its base is too small."""
    if figure.is_suppressed:
        return Missing.SUPPRESSED
    return number(figure.value, figure.unit)


def number(value: Decimal | None, unit: str) -> Cell:
    """Return a number as the bulletin prints it; `—` for null."""
    return Missing.NONE if value is None else plain(value, unit)


def grown(value: Decimal | None, before: Decimal | None, unit: str) -> Cell:
    """Return the growth in per cent; for a rate, the difference in percentage points."""
    # growth of a rate in per cent would be read as percentage points; the difference is unambiguous
    if unit in RATE_UNITS:
        return Missing.NONE if value is None or before is None else plain(value, unit) - plain(before, unit)
    by = growth(value, before)
    return Missing.NONE if by is None else rounded(by, 1)


def compared_cells(figure: Figure) -> tuple[Cell, ...]:
    """Return the cells of the columns in `COMPARED`."""
    unit = figure.unit
    return (
        cell(figure),
        number(figure.last_month, unit),
        grown(figure.value, figure.last_month, unit),
        number(figure.last_year, unit),
        grown(figure.value, figure.last_year, unit),
    )


def summed(figures: Figures, section: str, members: Iterable[Member], kpi: str) -> Figure:
    """Return the sum of a KPI over members; null if one of them has no value. The KPI must be additive."""
    figures_of_members = [figures.of(section, member.code, kpi) for member in members]

    def together(values: Sequence[Decimal | None]) -> Decimal | None:
        known = [value for value in values if value is not None]
        # a sum without a missing member would look like a decrease
        return sum(known, Decimal(0)) if len(known) == len(values) else None

    unit = figures.total(kpi).unit
    return Figure(
        unit,
        together([item.value for item in figures_of_members]),
        together([item.last_month for item in figures_of_members]),
        together([item.last_year for item in figures_of_members]),
    )


def ranking(
    figures: Figures, section: str, kpi: str, *, nameless: str, top: int | None = None
) -> tuple[list[tuple[str, Figure]], list[tuple[str, Figure]]]:
    """Return the members of a section in the order of a count, the largest first.

    Args:
        figures: the figures of the month.
        section: a section of `rpt_monthly_bulletin`.
        kpi: the code of a count.
        nameless: the name of the row for what belongs to no member.
        top: how many members get a row of their own; the others share one.

    Returns:
        Names and figures: first the members, then the closing rows, with which the table adds up to the city.
    """
    everyone = figures.members.get(section, ())
    # `NONE` holds what belongs to no member: it closes the table, even if its count is the largest
    none = [member for member in everyone if member.code == "NONE"]
    named = [member for member in figures.ranked(section, kpi) if member.code != "NONE"]
    shown = named[:top]
    others = [member for member in everyone if member not in shown and member not in none]
    rows = [(member.name, figures.of(section, member.code, kpi)) for member in shown]
    closing = [("其余", summed(figures, section, others, kpi)), (nameless, summed(figures, section, none, kpi))]
    # rows of zeros say nothing and would only lengthen the table
    totals = [(name, figure) for name, figure in closing if figure.value or figure.last_month or figure.last_year]
    return rows, [*totals, ("合计", figures.total(kpi))]


def _month(month: date, *, is_first: bool) -> str:
    """Return a short name for the axis of a chart: the year appears only at its first month."""
    return month_text(month) if is_first or month.month == 1 else f"{month.month}月"


def trend(figures: Figures, kpis: Mapping[str, str], caption: str) -> Table:
    """Return a table of the city's values in each month up to this one.

    Args:
        figures: the figures of the month.
        kpis: KPI codes by the name of their column.
        caption: the caption of the table.
    """
    months = sorted({month for kpi in kpis.values() for month in figures.trend.get(kpi, {})})
    rows = tuple(
        (
            _month(month, is_first=month == months[0]),
            *(number(figures.trend.get(kpi, {}).get(month), figures.total(kpi).unit) for kpi in kpis.values()),
        )
        for month in months
    )
    return Table(caption, (Column("月份", is_text=True), *map(Column, kpis)), rows)
